# The workflow, executable. `make demo` and `make test` are the two commands of the README.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check venv bench lock translations screens pinyin offline-kit clean

demo: $(VENV)/.run            ## a city on loopback; ARGS="--once" runs the journey without a person and ends
	@$(BIN)/bianmin-demo $(ARGS)

test: $(VENV)/.dev            ## all tests
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev           ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

venv: $(VENV)/.dev            ## the environment alone

bench: $(VENV)/.dev           ## one benchmark: make bench NAME=replication
	@$(BIN)/python -m bench $(NAME) $(ARGS)

# --only-binary: nothing is compiled and no package's own code runs while installing. couchdb ships a wheel too.
$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "bianmin needs Python 3.11 or later; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/run.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

lock:                         ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  pyproject.toml requirements/build.in -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  --group dev -c requirements/run.txt -o requirements/dev.txt

translations: $(VENV)/.dev    ## collect messages, update the English catalogue, compile it
	@mkdir -p build
	$(BIN)/pybabel extract -F babel.cfg -k N_ -o build/messages.pot --no-location --sort-output --omit-header . 
	$(BIN)/pybabel update -i build/messages.pot -d station/translations -l en --no-fuzzy-matching --omit-header --ignore-obsolete
	$(BIN)/pybabel compile -f -d station/translations

screens: $(VENV)/.dev         ## a picture of every page into docs/screens (needs chromium)
	$(BIN)/python -m tests.scenes docs/screens

pinyin: $(VENV)/.dev          ## write anew how names of items and plain talk sound
	$(BIN)/python -m tests.schemas.pinyin

offline-kit: $(VENV)/.dev      ## a folder that sets stations up without a network: build/bianmin-kit-<version>
	$(BIN)/python kit/build.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info

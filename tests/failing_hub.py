"""A hub as its command runs it, in which some requests fail inside their handlers. `python -m tests.failing_hub OPTIONS serve`.

What fails quotes everything it was given, as the errors of libraries do.
"""

from __future__ import annotations

import flask
from flask import Flask

from hub import cli
from station import commands
from station.app import Parts
from station.settings import Settings

FAIL = "X-Fail"


def build(settings: Settings) -> tuple[Flask, Parts]:
    """The hub's own application, which fails where a request asks for it."""
    app, parts = cli.build(settings)

    @app.before_request
    def fail() -> None:
        request = flask.request
        if FAIL in request.headers:
            words = f"{request.url} {request.headers} {request.get_data(as_text=True)} {request.form}"
            try:
                int(words)
            except ValueError as error:
                raise RuntimeError(f"cannot read {words}") from error

    return app, parts


@cli.main.command("serve-failing")
@cli.click.pass_obj
def serve_failing(settings: Settings) -> None:
    """Run it until Ctrl-C."""
    commands.serve(settings, build)


if __name__ == "__main__":
    cli.main()

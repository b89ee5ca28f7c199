"""Measures, each against a named peer or limit in the same run. `python -m bench NAME`; see `__main__`."""

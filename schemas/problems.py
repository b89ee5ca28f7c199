"""What may be wrong, told to a person: Problem, the exception that carries one, and the mark for
translatable text.

Holds no problems of its own and never will: each module states its own, beside the rule that finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def N_(text: str) -> str:
    """Mark `text` for translation (pybabel collects the arguments of N_) and give it back unchanged.

    The package knows no language but Chinese; a page translates `problem.text` and then fills in the params.
    """
    return text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stands in the way.

    code    a stable word for programs and tests, e.g. "wrong_state"
    text    a Chinese sentence for people with str.format fields, already marked by N_
    params  the values of those fields; values are plain str, int or date
    """

    code: str
    text: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """The Chinese sentence with its params filled in."""
        return self.text.format(**self.params)


class DomainError(Exception):
    """A value that cannot be used, with the Problem that says why; str(error) is the Chinese sentence."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

"""What can be wrong with a file of policy tests or facts.

PolicyError
└── SuiteError      the file cannot be used; the message names file and line, and what is known there
"""

from collections.abc import Iterable
from difflib import get_close_matches

from services.workflow.policy.errors import PolicyError


class SuiteError(PolicyError):
    """A file of policy tests or facts cannot be used; ``place`` is file and line."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean …?`` where a known name is near, else what is known."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(names) or 'nothing'}"

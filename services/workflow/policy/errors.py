"""What can be wrong with facts and with policy packs. Each message names the place and what to do.

PolicyError
├── FactsError          the facts are incomplete or contradict each other
├── UnknownPackError    nobody knows a pack or version of that name
└── PackError           a pack cannot be used
    ├── SettingError    a setting is unknown, missing, of the wrong type, out of bounds, or contradicts another
    ├── TableError      a decision table cannot be read
    │   ├── GapError        a situation that no row answers
    │   └── OverlapError    a situation that several rows answer
    └── ClauseError     a published clause is missing or lacks a language
"""


class PolicyError(ValueError):
    """The base of everything that can be wrong with policy."""


class FactsError(PolicyError):
    """The facts are incomplete or contradict each other: nothing is decided, and no default gives money away."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{f'facts.{field}' if field else 'facts'}: {problem}; {remedy}")
        self.field = field


class UnknownPackError(PolicyError):
    """No such pack or version was loaded."""

    def __init__(self, asked: str, known: list[str]) -> None:
        super().__init__(f"policy {asked} is not known: use one of {', '.join(sorted(known)) or '(none loaded)'}")


class PackError(PolicyError):
    """A pack cannot be used; ``place`` says where to look."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place


class SettingError(PackError):
    """A setting is unknown, missing, of the wrong type, out of bounds, or contradicts another."""


class TableError(PackError):
    """A decision table cannot be read."""


class GapError(TableError):
    """A situation that no row of the table answers."""


class OverlapError(TableError):
    """A situation that several rows of the table answer."""


class ClauseError(PackError):
    """A published clause is missing or lacks a language."""

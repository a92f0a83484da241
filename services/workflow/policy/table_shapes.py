"""What each decision table asks for and says: the columns that every pack must fill, with the values that may stand in them."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.case_state import OptionCode
from contracts.decision_facts import EvidenceKind, SpecialApproval
from contracts.decision_result import FreightPayer, NextStep, Priority, ProblemType
from contracts.roles import Role
from contracts.scenes import Scene


class Hits(StrEnum):
    """How many rows may answer one situation."""

    EXACTLY_ONE = "exactly one"
    AT_MOST_ONE = "at most one"
    ALL = "all"


class Kind(StrEnum):
    """What stands in an output cell."""

    WORD = "word"
    WORDS = "words"
    NUMBER = "number"
    RULES = "rules"
    CLAUSE = "clause"
    DURATION = "duration"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True)
class Output:
    """An output column. ``words`` are the values allowed (empty: any); ``optional`` allows ``-``."""

    kind: Kind
    words: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The inputs of a table with all the values each can have, its outputs, and how many rows may answer."""

    hits: Hits
    inputs: dict[str, tuple[str, ...]]
    outputs: dict[str, Output]


def _words(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


SCENES = _words(Scene)
YES_NO = ("yes", "no")
WINDOWS = ("inside", "exchange_only", "outside")
RULES = Output(Kind.RULES)
CLAUSE = Output(Kind.CLAUSE)
REASON_TEXT = "reason"

SHAPES: dict[str, Shape] = {
    "scenes": Shape(
        Hits.EXACTLY_ONE,
        {"scene": SCENES},
        {
            "flow": Output(Kind.WORD),
            "problem type": Output(Kind.WORD, _words(ProblemType)),
            "judged on usable": Output(Kind.WORD, YES_NO),
            "rule": RULES,
        },
    ),
    "priority": Shape(
        Hits.EXACTLY_ONE,
        {"scene": SCENES, "hazard hint": YES_NO, "high loss": YES_NO},
        {"priority": Output(Kind.WORD, _words(Priority)), "confirmed": Output(Kind.WORD, YES_NO), "rule": RULES},
    ),
    "departments": Shape(
        Hits.ALL,
        {"scene": SCENES, "priority": _words(Priority)},
        {"role": Output(Kind.WORD, _words(Role)), "reason": Output(Kind.WORD), "rule": RULES},
    ),
    "evidence": Shape(
        Hits.ALL,
        {"scene": SCENES, "window": WINDOWS},
        {
            "kinds": Output(Kind.WORDS, (*_words(EvidenceKind), REASON_TEXT)),
            "count": Output(Kind.NUMBER),
            "shows": Output(Kind.WORD),
            "review": Output(Kind.WORD, YES_NO),
            "rule": RULES,
        },
    ),
    "windows": Shape(
        Hits.EXACTLY_ONE,
        {"scene": SCENES},
        {"window": Output(Kind.DURATION), "exchange window": Output(Kind.DURATION, optional=True), "rule": RULES},
    ),
    "eligibility": Shape(
        Hits.EXACTLY_ONE,
        {
            "scene": SCENES,
            "window": WINDOWS,
            "resale": ("sound", "affected"),
            "goods": ("normal", "excluded"),
            "cause": ("other", "usage_wear"),
            "evidence": ("fine", "not_provided", "contradicted"),
            "special approval": _words(SpecialApproval),
            "exchange possible": YES_NO,
        },
        {
            "outcome": Output(Kind.WORD, ("eligible", "special_approval", "rejected")),
            "reason": Output(Kind.WORD),
            "alternatives": Output(Kind.WORDS, optional=True),
            "clause": CLAUSE,
            "rule": RULES,
        },
    ),
    "remedies": Shape(
        Hits.EXACTLY_ONE,
        {
            "scene": SCENES,
            "window": ("inside", "exchange_only"),
            "usable": YES_NO,
            "standard offer": ("open", "rejected"),
            "freight quote": ("within_cap", "above_cap"),
        },
        {
            "options": Output(Kind.WORDS, _words(OptionCode)),
            "freight": Output(Kind.WORD, _words(FreightPayer)),
            "urgent remedy": Output(Kind.WORD, YES_NO),
            "clause": CLAUSE,
            "rule": RULES,
        },
    ),
    "compensation": Shape(
        Hits.AT_MOST_ONE,
        {"scene": SCENES},
        {"unit amount": Output(Kind.AMOUNTS), "rule": RULES},
    ),
    "options": Shape(
        Hits.EXACTLY_ONE,
        {"option": _words(OptionCode)},
        {
            "money": Output(Kind.WORD, ("refund", "standard", "raised", "none")),
            "needs stock": Output(Kind.WORD, YES_NO),
            "steps": Output(Kind.WORDS),
            "within": Output(Kind.DURATION, optional=True),
            "rule": RULES,
        },
    ),
    "limits": Shape(
        Hits.ALL,
        {"priority": _words(Priority), "next step": _words(NextStep)},
        {"sla": RULES, "limit": Output(Kind.DURATION), "start": Output(Kind.WORD, ("recorded", "now"))},
    ),
}
"""Every table a policy has, by the name of its file."""

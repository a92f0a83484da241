"""What each decision table asks for and says: the columns a pack may fill, with the values that may stand in them.

A table need not have an input column that it does not ask about, nor an optional output. What a pack decides at all is its own: the scenes of its table
``scenes`` (C-17) and the options of its table ``options`` are the values that its other tables know.
"""

from dataclasses import dataclass
from enum import StrEnum

from contracts.case_state import OptionCode
from contracts.decision_circumstances import BenefitKind, InspectionResult, PlannedKind
from contracts.decision_facts import EvidenceKind, SpecialApproval
from contracts.decision_result import FreightPayer, NextStep, Priority, ProblemType
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.policy.vocabulary import FINDINGS, STARTS, WARRANTY, YES_NO, Vocabulary


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
    """An output column. ``words`` are the values allowed (empty: any); ``optional`` allows ``-``, and a table without the column."""

    kind: Kind
    words: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The inputs of a table with all the values each can have, its outputs, how many rows may answer, and whether a pack needs the table."""

    hits: Hits
    inputs: dict[str, tuple[str, ...]]
    outputs: dict[str, Output]
    optional: bool = False


def _words(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


SCENES = _words(Scene)
RULES = Output(Kind.RULES)
CLAUSE = Output(Kind.CLAUSE)
REASON_TEXT = "reason"
PAYER = Output(Kind.WORD, _words(FreightPayer))
STEP = _words(NextStep)
SCENES_SHAPE = Shape(
    Hits.AT_MOST_ONE,
    {"scene": SCENES},
    {
        "flow": Output(Kind.WORD),
        "problem type": Output(Kind.WORD, _words(ProblemType)),
        "judged on usable": Output(Kind.WORD, YES_NO),
        "first step": Output(Kind.WORD, STEP, optional=True),
        "fault": Output(Kind.WORD, ("merchant", "customer", "none"), optional=True),
        "units": Output(Kind.WORD, ("delivered", "ordered", "none"), optional=True),
        "responsible": Output(Kind.WORDS, _words(Role), optional=True),
        "rule": RULES,
    },
)
OPTIONS_SHAPE = Shape(
    Hits.AT_MOST_ONE,
    {"option": _words(OptionCode)},
    {
        "money": Output(
            Kind.WORD, ("refund", "standard", "raised", "none", "less_freight", "extra", "deposit", "settlement", "exchange", "substitute")
        ),
        "needs stock": Output(Kind.WORD, YES_NO),
        "steps": Output(Kind.WORDS),
        "within": Output(Kind.DURATION, optional=True),
        "rule": RULES,
    },
)


def shapes_of(words: Vocabulary) -> dict[str, Shape]:
    """Every table that a policy may have, by the name of its file."""
    return {
        "scenes": SCENES_SHAPE,
        "options": OPTIONS_SHAPE,
        **_triage(words),
        **_claims(words),
        **_money(words),
        **_afterwards(),
    }


def _triage(words: Vocabulary) -> dict[str, Shape]:
    return {
        "priority": Shape(
            Hits.EXACTLY_ONE,
            {"scene": words.scenes, "hazard hint": YES_NO, "high loss": YES_NO},
            {"priority": Output(Kind.WORD, _words(Priority)), "confirmed": Output(Kind.WORD, YES_NO), "rule": RULES},
        ),
        "departments": Shape(
            Hits.ALL,
            {"scene": words.scenes, "priority": _words(Priority)},
            {"role": Output(Kind.WORD, _words(Role)), "reason": Output(Kind.WORD), "rule": RULES},
        ),
        "actions": Shape(
            Hits.ALL,
            {
                "scene": words.scenes,
                "priority": _words(Priority),
                "hazard confirmed": YES_NO,
                "evidence": ("open", "accepted"),
                "next step": STEP,
            },
            {
                "action": Output(Kind.WORD),
                "role": Output(Kind.WORD, _words(Role), optional=True),
                "within": Output(Kind.DURATION, optional=True),
                "rule": RULES,
            },
            optional=True,
        ),
        "limits": Shape(
            Hits.ALL,
            {"scene": words.scenes, "priority": _words(Priority), "next step": STEP},
            {
                "sla": RULES,
                "what": Output(Kind.WORD, optional=True),
                "limit": Output(Kind.DURATION, optional=True),
                "start": Output(Kind.WORD, STARTS),
                "counted": Output(Kind.WORD, ("wall_clock", "days", "working_days", "dispatch"), optional=True),
                "waits": Output(Kind.WORD, YES_NO, optional=True),
            },
        ),
    }


def _claims(words: Vocabulary) -> dict[str, Shape]:
    return {
        "evidence": Shape(
            Hits.ALL,
            {"scene": words.scenes, "window": words.windows, "finding": FINDINGS},
            {
                "kinds": Output(Kind.WORDS, (*_words(EvidenceKind), REASON_TEXT)),
                "count": Output(Kind.NUMBER),
                "shows": Output(Kind.WORDS),
                "review": Output(Kind.WORD, YES_NO),
                "rule": RULES,
            },
        ),
        "windows": Shape(
            Hits.EXACTLY_ONE,
            {"scene": words.remedied},
            {
                "window": Output(Kind.DURATION, optional=True),
                "exchange window": Output(Kind.DURATION, optional=True),
                "counted": Output(Kind.WORD, ("days", "hours"), optional=True),
                WARRANTY: Output(Kind.WORD, YES_NO, optional=True),
                "rule": RULES,
            },
        ),
        "eligibility": Shape(
            Hits.EXACTLY_ONE,
            {
                "scene": words.remedied,
                "window": words.windows,
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
    }


def _money(words: Vocabulary) -> dict[str, Shape]:
    return {
        "remedies": Shape(
            Hits.EXACTLY_ONE,
            {
                "scene": words.remedied,
                "window": tuple(state for state in words.windows if state != "outside"),
                "usable": YES_NO,
                "unsafe": YES_NO,
                "standard offer": ("open", "rejected"),
                "freight quote": ("within_cap", "above_cap"),
                "finding": FINDINGS,
                "special approval": _words(SpecialApproval),
            },
            {
                "step": Output(Kind.WORD, STEP, optional=True),
                "options": Output(Kind.WORDS, words.options, optional=True),
                "freight": PAYER,
                "pickup": Output(Kind.WORD, YES_NO, optional=True),
                "urgent remedy": Output(Kind.WORD, YES_NO),
                "tier": Output(Kind.WORD, _words(Role), optional=True),
                "reason": Output(Kind.WORD, optional=True),
                "clause": CLAUSE,
                "rule": RULES,
            },
        ),
        "compensation": Shape(
            Hits.AT_MOST_ONE,
            {"scene": words.scenes},
            {"unit amount": Output(Kind.AMOUNTS), "final amount": Output(Kind.AMOUNTS, optional=True), "rule": RULES},
        ),
        "benefits": Shape(
            Hits.ALL,
            {"benefit": _words(BenefitKind)},
            {"up to": Output(Kind.AMOUNTS, optional=True), "tier": Output(Kind.WORD, _words(Role)), "rule": RULES},
            optional=True,
        ),
    }


def _afterwards() -> dict[str, Shape]:
    return {
        "inspection": Shape(
            Hits.EXACTLY_ONE,
            {"result": _words(InspectionResult), "answer": ("none", "take_back", "partial_refund", "mediation"), "time": ("in", "over")},
            {
                "step": Output(Kind.WORD, STEP),
                "action": Output(Kind.WORDS, optional=True),
                "tier": Output(Kind.WORD, _words(Role), optional=True),
                "rule": RULES,
            },
            optional=True,
        ),
        "violations": Shape(
            Hits.ALL,
            {
                "action": _words(PlannedKind),
                "cash on delivery": YES_NO,
                "free shipping": YES_NO,
                "agreed": YES_NO,
                "shipping promise": YES_NO,
            },
            {
                "violation": Output(Kind.RULES),
                "points": Output(Kind.NUMBER, optional=True),
                "repeat points": Output(Kind.NUMBER, optional=True),
                "block": Output(Kind.WORD, YES_NO),
                "exposure": Output(Kind.WORD, YES_NO),
            },
            optional=True,
        ),
    }


TABLES = frozenset(shapes_of(Vocabulary((), (), (), ())))
"""The names of all tables that a policy may have."""

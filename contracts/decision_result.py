"""A decision: what the policy says to the facts, with its trace."""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from contracts.base import Model, Moment
from contracts.case_state import OptionCode
from contracts.decision_facts import EvidenceKind
from contracts.quote import Quote, RefundRequest
from contracts.roles import Role


class Priority(StrEnum):
    """How urgent a case is (R-PRI-01)."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"


class NextStep(StrEnum):
    """What a case needs now."""

    ASK_EVIDENCE = "ask_evidence"
    REVIEW_EVIDENCE = "review_evidence"
    SPECIAL_APPROVAL = "special_approval"
    OFFER = "offer"
    REJECT = "reject"


class FreightPayer(StrEnum):
    """Who bears the freight of an option's return leg."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"
    NONE = "none"


class Clause(Model):
    """A published clause of the policy that was applied (R-ELIG-10)."""

    clause_id: str
    rule: str
    text: dict[str, str]


class Eligibility(Model):
    """Whether the claim stands.

    ``window_ends_at`` is the last moment of the window that was looked at; alternatives are for a refusal (R-ELIG-11).
    """

    eligible: bool
    reason: str
    clause: Clause
    window_ends_at: Moment | None = None
    alternatives: tuple[str, ...] = ()


class EvidenceNeed(Model):
    """Evidence still missing: at least ``count`` items of one of the kinds, showing what ``shows`` says (R-EVD-07)."""

    kinds: tuple[EvidenceKind, ...]
    count: int
    shows: str
    rule: str


class ApprovalNeed(Model):
    """An approval that must be had: the tier that decides and why (R-AUTH-02). ``countersign`` asks for finance as well.

    ``amount_minor`` is the money in question, in the order's currency.
    """

    tier: Role
    reason: str
    rule: str
    countersign: bool = False
    amount_minor: int = 0


class Option(Model):
    """A remedy the customer can choose (R-DEC-02). ``approval`` None means the system's own authority covers it.

    ``amount_minor`` is what the customer gets, in the order's currency; ``request`` is what is refunded and ``quote`` explains it, both None where no
    money moves. ``steps`` are the codes of what happens once it is chosen, ``within`` how long the platform takes for its own part of it.
    """

    code: OptionCode
    amount_minor: int
    quote: Quote | None = None
    goods_come_back: bool
    freight_payer: FreightPayer
    freight_cap_minor: int | None = None
    needs_stock: bool = False
    approval: ApprovalNeed | None = None
    clause: Clause
    rule: str
    request: RefundRequest | None = None
    steps: tuple[str, ...] = ()
    within: timedelta | None = None


class TimeLimit(Model):
    """A limit that runs: what must have happened by when (rules, section 5.2)."""

    sla: str
    due_at: Moment
    limit: timedelta


class Department(Model):
    """A department that is told (R-PRI-05)."""

    role: Role
    reason: str


class TraceEntry(Model):
    """Why: the rule, what it said, the values it looked at, and the table row or setting each number comes from."""

    rule: str
    says: str
    values: dict[str, str | int | bool | None] = Field(default_factory=dict)
    source: str = ""


class ProblemType(StrEnum):
    """What kind of problem a case counts as in statistics (R-SCN-02)."""

    QUALITY = "quality"
    LOGISTICS = "logistics"
    SERVICE = "service"


class Decision(Model):
    """What a shop owes in a situation, and why. Options stand in the order of the table, the first is recommended (R-DEC-05).

    ``flow`` is the process of the scene (R-POL-04). A ``special_approval`` whose rule is R-EVD-08 is about the evidence, any other about an exception.
    """

    policy_version: str
    priority: Priority
    next_step: NextStep
    eligibility: Eligibility
    evidence_needed: tuple[EvidenceNeed, ...] = ()
    special_approval: ApprovalNeed | None = None
    options: tuple[Option, ...] = ()
    only_option_reason: str | None = None
    limits: tuple[TimeLimit, ...] = ()
    departments: tuple[Department, ...] = ()
    compliance_risks: tuple[str, ...] = ()
    trace: tuple[TraceEntry, ...] = ()
    flow: str = "decision"
    problem_type: ProblemType = ProblemType.SERVICE

    def option(self, code: OptionCode) -> Option | None:
        """The option of that code, None where it is not offered."""
        return next((option for option in self.options if option.code is code), None)

"""A decision: what the policy says to the facts, with its trace."""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from contracts.base import Model, Moment
from contracts.case_state import OptionCode
from contracts.decision_facts import AffectedUnits, EvidenceKind
from contracts.quote import Quote, RefundRequest
from contracts.roles import Role
from contracts.scenes import Scene


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
    ANSWER = "answer"
    VERIFY = "verify"
    TROUBLESHOOT = "troubleshoot"
    CHANGE_ORDER = "change_order"
    ISSUE_INVOICE = "issue_invoice"
    EXECUTE = "execute"
    WAIT = "wait"
    INSPECTION_DISPUTE = "inspection_dispute"
    MEDIATION = "mediation"
    CLOSE = "close"


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

    ``window_ends_at`` is the last moment of the window that was looked at; alternatives are for a refusal (R-ELIG-11). Where a discounted settlement is
    one of them, ``settlement_max_minor`` is the most that a supervisor may set (R-DEC-28), in minor units of the order's currency.
    """

    eligible: bool
    reason: str
    clause: Clause
    window_ends_at: Moment | None = None
    alternatives: tuple[str, ...] = ()
    settlement_max_minor: int | None = None


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

    ``freight_payer`` bears the return leg, ``outbound_payer`` the leg of new goods (R-FRT-08, R-FRT-10); with ``pickup`` the merchant sends for the
    goods and nobody else pays anything (R-FRT-05). ``collect_minor`` is what the customer has to pay first, ``available_at`` the date of goods that are
    waited for. ``units`` are the units it is for, ``group`` their place where a case has units in several conditions: one option of each group is
    chosen (R-DEC-06).
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
    outbound_payer: FreightPayer = FreightPayer.NONE
    pickup: bool = False
    collect_minor: int = 0
    available_at: Moment | None = None
    units: tuple[AffectedUnits, ...] = ()
    group: int = 0


class TimeLimit(Model):
    """A limit that runs: what must have happened by when (rules, section 5.2).

    ``warn_at`` is when its owner is warned (R-SLA-21), None for short limits. ``paused``: it waits for the customer, and ``due_at`` moves on by as long
    as that takes (R-SLA-25). ``breached``: it was missed at the moment of the decision, or met too late (R-SLA-20).
    """

    sla: str
    due_at: Moment
    limit: timedelta
    what: str = ""
    started_at: Moment | None = None
    warn_at: Moment | None = None
    met_at: Moment | None = None
    paused: bool = False
    breached: bool = False


class Department(Model):
    """A department that is told (R-PRI-05)."""

    role: Role
    reason: str


class Action(Model):
    """Something the platform or a department does without asking the customer (R-CASE-03 lists what may), with the rule that wants it."""

    code: str
    rule: str
    role: Role | None = None
    due_at: Moment | None = None
    amount_minor: int | None = None


class ComplianceRisk(Model):
    """A violation that the case touches (rules, section 21). ``points`` None: not known; ``blocked``: what was planned must not be done.

    ``exposure_minor`` is the most that compensation for it can come to (R-VIO-14), in minor units of the order's currency.
    """

    violation: str
    raised_by: str
    points: int | None
    repeated: bool = False
    delisting: bool = False
    blocked: bool = False
    exposure_minor: int | None = None


class FreightShare(Model):
    """Who bears what of a return's freight, in minor units (rules, section 9).

    ``merchant_minor`` is the merchant's top-up, a payout of its own (R-FRT-14); ``approval_minor`` waits for a person who finds the receipt genuine
    (R-FRT-04); ``customer_minor`` stays with the customer after ``insurance_minor``.
    """

    freight_minor: int
    faulty_share_minor: int
    insurance_minor: int
    merchant_minor: int
    customer_minor: int
    approval_minor: int = 0
    rule: str


class InvoiceAnswer(Model):
    """The invoice that is due: its amount, and by when it is sent (R-INV-05, R-INV-09, R-INV-11)."""

    amount_minor: int
    due_at: Moment
    customer_pays_minor: int = 0


class WarrantyAnswer(Model):
    """Whether the goods are in warranty, until when, and who pays for the repair (R-WAR-03, R-WAR-04)."""

    in_warranty: bool
    ends_at: Moment
    free: bool
    freight_payer: FreightPayer
    repair_due_at: Moment | None = None


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
    With ``execute`` the options are what is carried out now, without another question. ``opens_scene``: a question turned out to be a case of that
    scene (R-SCN-04). ``owner`` is who answers for the case, raised by ``escalations`` (R-AUTH-07, R-AUTH-08).
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
    scene: Scene | None = None
    needs_triage: bool = False
    opens_scene: Scene | None = None
    responsible: tuple[Role, ...] = ()
    owner: Role | None = None
    escalations: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    risks: tuple[ComplianceRisk, ...] = ()
    freight: FreightShare | None = None
    invoice: InvoiceAnswer | None = None
    warranty: WarrantyAnswer | None = None
    benefit_approval: ApprovalNeed | None = None
    closes_as: str | None = None

    def option(self, code: OptionCode) -> Option | None:
        """The option of that code, None where it is not offered."""
        return next((option for option in self.options if option.code is code), None)

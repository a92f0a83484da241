"""Facts: everything a decision may depend on, and nothing else. The same facts under the same policy give the same decision for ever."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import AmountMinor, Model, Moment, Quantity
from contracts.case_state import OptionCode
from contracts.decision_circumstances import (
    Benefit,
    Clocks,
    ComplaintFacts,
    DeliveryFacts,
    Demand,
    DepositFacts,
    Escalation,
    ExchangeFacts,
    InvoiceFacts,
    OrderTerms,
    PaymentFacts,
    PlannedAction,
    PriorViolation,
    Promise,
    ReshipFacts,
    ReturnFacts,
    ReturnFreightFacts,
    Standing,
    StockoutFacts,
    TroubleshootingFacts,
    WarrantyFacts,
)
from contracts.order_v1 import Order
from contracts.quote import PriorRefunds
from contracts.scenes import Scene


class Cause(StrEnum):
    """Where a defect comes from (R-EVD-03)."""

    QUALITY = "quality"
    TRANSPORT = "transport"
    USAGE_WEAR = "usage_wear"
    UNKNOWN = "unknown"


class EvidenceKind(StrEnum):
    """What a piece of evidence is (R-EVD-01)."""

    PHOTO = "photo"
    VIDEO = "video"
    INSPECTION_REPORT = "inspection_report"
    PAYMENT_VOUCHER = "payment_voucher"
    COURIER_RECEIPT = "courier_receipt"


class Verdict(StrEnum):
    """An agent's verdict on the evidence (R-EVD-08)."""

    ACCEPTED = "accepted"
    INSUFFICIENT = "insufficient"
    CONTRADICTED = "contradicted"


class SpecialApproval(StrEnum):
    """Whether a special approval was asked for on this case, and its answer (R-AUTH-06)."""

    NOT_ASKED = "not_asked"
    GRANTED = "granted"
    DECLINED = "declined"


class Attributes(Model):
    """What is said of the affected goods. None means nobody has said (R-EVD-13).

    ``safety_worry``: the customer fears for their safety (R-DEC-15). ``present_on_receipt``: a scratch was there when the goods came (R-EVD-03).
    """

    usable: bool | None = None
    contaminated: bool | None = None
    cause: Cause | None = None
    affects_secondary_sale: bool | None = None
    safety_worry: bool | None = None
    present_on_receipt: bool | None = None


class AffectedUnits(Model):
    """Units of one line that the case is about."""

    line_id: str
    quantity: Quantity


class UnitGroup(Model):
    """Affected units of one line that are alike, where a case has units in different conditions (R-DEC-06).

    ``sound`` units have no fault and are sent back along with faulty ones (R-DEC-36); ``reviewed`` replaces what was reviewed of the case as a whole.
    """

    line_id: str
    quantity: Quantity
    sound: bool = False
    reviewed: Attributes = Attributes()


class EvidenceItem(Model):
    """A stored piece of evidence, by its hash; the bytes stay in intake. ``shows`` says what is on it: goods, parcel, label."""

    evidence_id: str
    kind: EvidenceKind
    shows: str = "goods"
    sha256: str
    size_bytes: Annotated[int, Field(ge=1)]
    media_type: str
    received_at: Moment


class EvidenceFacts(Model):
    """The evidence there is, and the last verdict on it. ``insufficient_count`` counts verdicts that asked for more."""

    items: tuple[EvidenceItem, ...] = ()
    verdict: Verdict | None = None
    insufficient_count: int = 0
    refused: bool = False


class Facts(Model):
    """The facts of a case at ``moment``.

    ``requested_at`` is the application's time, which decides the windows (R-ELIG-02); ``time_zone`` is the merchant's.
    ``recorded_at`` is when the case was recorded, where the clocks of section 5.2 start (None: ``moment``).

    ``claimed`` is what the customer says, ``reviewed`` what an agent confirmed; only reviewed values enter the decision table
    except in urgent cases (R-EVD-13). ``evidence.verdict`` is None again once evidence arrived after the last verdict.

    ``stock`` is units on hand by line id, absent where unknown. ``first_tier_paid_minor`` is compensation already given on the
    order (R-COMP-02); ``case_money_minor`` money already given on this case (R-AUTH-02). ``freight_quote_minor`` is the courier's
    quote for the return, of which the faulty units' share counts (R-FRT-06). ``reshipped`` and ``merchant_fault_refunded`` count
    units by line id that earlier remedies sent again (R-RSH-06), or gave back for the merchant's fault (R-FRT-12).

    ``scene`` None: nobody could classify the contact (R-SCN-01). ``order`` may be left out where no order is meant, such as a question before buying.
    ``groups`` divide the affected units where their conditions differ. ``agreed_option`` is the remedy that the customer accepted, once there is one;
    ``rejected_options`` those turned down, ``compensation_rejections`` how often money for kept goods was (R-COMP-01; None: as often as offers were).
    ``compensation_agreed_minor`` is the raised amount that a supervisor chose (R-COMP-05).
    ``policy_version`` names the policy the case is fixed to; asking another one is an error. The parts of :mod:`contracts.decision_circumstances` are
    there as far as something of their kind has happened.
    """

    facts_version: Literal[1] = 1
    policy_version: str | None = None

    moment: Moment
    requested_at: Moment
    time_zone: str
    scene: Scene | None
    order: Order | None = None
    affected: tuple[AffectedUnits, ...] = ()
    claimed: Attributes = Attributes()
    reviewed: Attributes = Attributes()
    evidence: EvidenceFacts = EvidenceFacts()
    reason_given: bool = False
    hazard_hints: tuple[str, ...] = ()
    wanted_remedy: OptionCode | None = None
    special_approval: SpecialApproval = SpecialApproval.NOT_ASKED
    rejected_offers: Annotated[int, Field(ge=0)] = 0
    rejected_options: tuple[OptionCode, ...] = ()
    unavailable_options: tuple[OptionCode, ...] = ()
    stock: dict[str, int] = Field(default_factory=dict)
    prior: PriorRefunds = PriorRefunds()
    first_tier_paid_minor: Annotated[int, Field(ge=0)] = 0
    case_money_minor: Annotated[int, Field(ge=0)] = 0
    recorded_at: Moment | None = None
    claimed_loss_minor: AmountMinor | None = None
    freight_quote_minor: AmountMinor | None = None
    reshipped: dict[str, int] = Field(default_factory=dict)
    merchant_fault_refunded: dict[str, int] = Field(default_factory=dict)
    groups: tuple[UnitGroup, ...] = ()
    agreed_option: OptionCode | None = None
    compensation_rejections: Annotated[int, Field(ge=0)] | None = None
    compensation_agreed_minor: AmountMinor | None = None
    hazard_confirmed: bool = False
    refund_insisted: bool = False
    retention_attempts: Annotated[int, Field(ge=0)] = 0
    demands: tuple[Demand, ...] = ()
    benefit: Benefit | None = None
    customer: Standing = Standing()
    terms: OrderTerms = OrderTerms()
    clocks: Clocks = Clocks()
    promises: tuple[Promise, ...] = ()
    delivery: DeliveryFacts | None = None
    freight: ReturnFreightFacts = ReturnFreightFacts()
    returned: ReturnFacts | None = None
    reship: ReshipFacts | None = None
    exchange: ExchangeFacts | None = None
    troubleshooting: TroubleshootingFacts | None = None
    warranty: WarrantyFacts | None = None
    stockout: StockoutFacts | None = None
    invoice: InvoiceFacts | None = None
    payment: PaymentFacts | None = None
    deposit: DepositFacts | None = None
    complaint: ComplaintFacts | None = None
    planned: tuple[PlannedAction, ...] = ()
    prior_violations: tuple[PriorViolation, ...] = ()
    escalation: Escalation = Escalation()

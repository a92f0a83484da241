"""Facts: everything a decision may depend on, and nothing else. The same facts under the same policy give the same decision for ever."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.base import AmountMinor, Model, Moment, Quantity
from contracts.case_state import OptionCode
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
    """What is said of the affected goods. None means nobody has said (R-EVD-13)."""

    usable: bool | None = None
    contaminated: bool | None = None
    cause: Cause | None = None
    affects_secondary_sale: bool | None = None


class AffectedUnits(Model):
    """Units of one line that the case is about."""

    line_id: str
    quantity: Quantity


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
    """

    moment: Moment
    requested_at: Moment
    time_zone: str
    scene: Scene
    order: Order
    affected: Annotated[tuple[AffectedUnits, ...], Field(min_length=1)]
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

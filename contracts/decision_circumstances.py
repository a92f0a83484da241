"""What is known around a claim, by topic: parcels, freight, inspection, warranty, stock, invoices, payments, complaints, planned actions.

Each part of :class:`contracts.decision_facts.Facts` here is None where nothing of the kind has happened. None inside a part means that nobody has said:
no rule takes silence for consent or for a fault.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.base import AmountMinor, Model, Moment
from contracts.roles import Role
from contracts.scenes import Scene

Units = Annotated[int, Field(ge=0, le=1_000_000)]
"""A number of units, possibly none."""


class Party(StrEnum):
    """Who is found responsible (R-CMP-05)."""

    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    PRODUCT_QUALITY = "product_quality"
    SERVICE = "service"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    UNCLEAR = "unclear"


class FailedAttempt(Model):
    """The carrier's record of a delivery that failed (R-FRT-15)."""

    at: Moment
    reason: str
    calls: Annotated[int, Field(ge=0)] = 0


class DeliveryFacts(Model):
    """The parcel to the customer.

    ``last_scan_at`` is its last sign of life (R-LOG-04, R-LOG-05). ``return_leg_minor`` and ``extra_fees_minor`` are what the carrier billed for a
    delivery that failed or was intercepted (R-FRT-09, R-FRT-16); ``customer_told_minor`` the deduction the customer was told before (R-FRT-15).
    ``cancel_requested_at`` before ``handed_over_at`` leaves everything with the merchant (R-FRT-16). ``refused_for_fault``: refused at the door because
    of visible damage (R-FRT-13). ``parcel_units`` counts the units of this parcel where the order went out in several (R-FRT-12).
    """

    promised_at: Moment | None = None
    handed_over_at: Moment | None = None
    last_scan_at: Moment | None = None
    confirmed_lost: bool = False
    found_damaged: bool = False
    responsible: Party | None = None
    failed_attempts: tuple[FailedAttempt, ...] = ()
    refused_for_fault: bool = False
    address_was_right: bool | None = None
    disputed: bool = False
    customer_told_minor: AmountMinor | None = None
    return_leg_minor: AmountMinor = 0
    extra_fees_minor: AmountMinor = 0
    cancel_requested_at: Moment | None = None
    intercept_requested_at: Moment | None = None
    intercept_confirmed_at: Moment | None = None
    return_scan_at: Moment | None = None
    delivered_meanwhile: bool = False
    parcel_units: dict[str, Units] = Field(default_factory=dict)


class ReturnFreightFacts(Model):
    """What sending goods back cost.

    ``receipt_minor`` is the courier's receipt (R-EVD-11), ``insurance_minor`` what the freight insurance paid; ``approved`` says that a person agreed to
    the actual freight (R-FRT-04); ``prepaid_pickup`` that the merchant arranged the transport (R-FRT-05).
    """

    receipt_minor: AmountMinor | None = None
    insurance_minor: AmountMinor = 0
    approved: bool = False
    prepaid_pickup: bool = False


class InspectionResult(StrEnum):
    """What the warehouse found (R-RTN-03)."""

    MATCH = "match"
    MISMATCH_ITEM = "mismatch_item"
    MISMATCH_CONDITION = "mismatch_condition"
    SHORT_QUANTITY = "short_quantity"


class DisputeChoice(StrEnum):
    """The customer's answer to a mismatch (R-RTN-05)."""

    TAKE_BACK = "take_back"
    PARTIAL_REFUND = "partial_refund"
    MEDIATION = "mediation"


class ReturnFacts(Model):
    """The parcel coming back.

    ``arrived`` counts units by line id where fewer came than agreed. ``partial_refund_minor`` is what a supervisor proposed for goods that do not match.
    """

    approved_at: Moment
    handed_in_at: Moment | None = None
    merchant_arranged: bool = False
    last_scan_at: Moment | None = None
    confirmed_lost: bool = False
    received_at: Moment | None = None
    result: InspectionResult | None = None
    arrived: dict[str, Units] = Field(default_factory=dict)
    disputed_at: Moment | None = None
    answer: DisputeChoice | None = None
    partial_refund_minor: AmountMinor | None = None


class ReshipFacts(Model):
    """New goods on their way: ``reservation_failed_at`` when stock ran out after the choice (R-RSH-04), ``failed_again`` when they were bad as well."""

    accepted_at: Moment | None = None
    reservation_failed_at: Moment | None = None
    failed_again: bool = False
    address_confirmed: bool | None = None


class ExchangeFacts(Model):
    """The goods wanted instead: price and tax of one unit in minor units, None for the same goods, and whether they are in stock (R-EXC-01 to R-EXC-03)."""

    unit_minor: AmountMinor | None = None
    in_stock: bool | None = None


class TroubleshootingFacts(Model):
    """Where the guided search for a fault stands (R-WAR-02): nothing tried, solved, or a quality problem confirmed (R-DEC-23, R-DEC-24)."""

    solved: bool | None = None
    quality_confirmed: bool | None = None


class WarrantyFacts(Model):
    """The product's own warranty in months where it has one, what was added as a benefit, and what was found (R-WAR-03 to R-WAR-08).

    ``recent_faults`` counts the same fault of the SKU in the window of ``quality.alert``, this case included.
    """

    months: Annotated[int, Field(ge=0, le=600)] | None = None
    extension_months: Annotated[int, Field(ge=0, le=600)] = 0
    human_caused: bool | None = None
    repair_began_at: Moment | None = None
    repaired: bool = False
    recent_faults: Annotated[int, Field(ge=0)] = 0


class StockoutFacts(Model):
    """Stock ran out after the order: the substitute's price, the discount asked for in percent, when stock returns, what the customer said."""

    informed_at: Moment | None = None
    substitute_unit_minor: AmountMinor | None = None
    discount_pct: Annotated[int, Field(ge=0, le=100)] | None = None
    agreed_to_pay_more: bool = False
    restock_at: Moment | None = None
    listing_active: bool | None = None


class InvoiceFacts(Model):
    """An invoice asked for: whether it can be issued now, until when it is promised otherwise, and how it would be issued (R-INV-01 to R-INV-11)."""

    possible_now: bool = True
    promised_at: Moment | None = None
    kind: str = "ordinary"
    seller: str | None = None
    issuer: str | None = None
    amount_minor: AmountMinor | None = None


class PaymentFacts(Model):
    """A problem with paying. ``extra_payment_id`` is the later of two captures (R-PAY-04); ``transferred_at`` starts the reply limit (R-SLA-16)."""

    extra_payment_id: str | None = None
    confirmed: bool | None = None
    transferred_at: Moment | None = None


class DepositFacts(Model):
    """A pre-sale deposit (R-DEC-42), in minor units of the order's currency."""

    amount_minor: AmountMinor
    merchant_caused: bool | None = None


class Breach(StrEnum):
    """What kind of promise was broken (R-COMP-10, R-DEC-43)."""

    LATE_SHIPMENT = "late_shipment"
    STOCKOUT_CLOSING = "stockout_closing"
    PRICE = "price"
    FREIGHT = "freight"
    GIFT = "gift"
    INVOICE_DATE = "invoice_date"
    PAYMENT_METHOD = "payment_method"
    OTHER = "other"


class Verification(StrEnum):
    """What the check of a complaint found (R-CMP-04)."""

    CONFIRMED = "confirmed"
    PARTLY = "partly"
    NOT_CONFIRMED = "not_confirmed"


class ComplaintFacts(Model):
    """A complaint: what it is about, what was verified, and what was charged that should not have been.

    ``about`` is the scene of the problem behind a complaint on goods (R-DEC-38). ``promise_possible`` says that the promise can still be kept.
    """

    about: Scene | None = None
    verification: Verification | None = None
    breach: Breach | None = None
    wrongly_charged_minor: AmountMinor = 0
    promise_possible: bool | None = None


class Demand(StrEnum):
    """Demands that no policy decides by itself (R-DEC-39, R-COMP-11)."""

    MULTIPLE_DAMAGES = "multiple_damages"
    ACTUAL_LOSS = "actual_loss"
    ABOVE_DEPOSIT = "above_deposit"
    PERSONAL_INJURY = "personal_injury"


class BenefitKind(StrEnum):
    """A benefit besides money (R-COMP-08)."""

    COUPON = "coupon"
    VOUCHER = "voucher"
    WARRANTY_EXTENSION = "warranty_extension"


class Benefit(Model):
    """A benefit that staff want to give: its value in minor units, and why (R-COMP-08, R-COMP-09)."""

    kind: BenefitKind
    value_minor: AmountMinor = 0
    basis: str = ""


class PlannedKind(StrEnum):
    """What staff or a system want to do, checked against the catalogue of violations before it is done (rules, section 21)."""

    REFUSE_INVOICE = "refuse_invoice"
    CONDITION_INVOICE = "condition_invoice"
    CHARGE_FOR_INVOICE = "charge_for_invoice"
    INVOICE_BY_OTHER_COMPANY = "invoice_by_other_company"
    CLOSE_ORDER = "close_order"
    REFUSE_COD = "refuse_cod"
    SURCHARGE_COD = "surcharge_cod"
    REFUSE_CARD = "refuse_card"
    SURCHARGE_CARD = "surcharge_card"
    RAISE_PRICE = "raise_price"
    CHARGE_OUTBOUND_FREIGHT = "charge_outbound_freight"
    BREAK_PROMISE = "break_promise"
    REFUSE_DEPOSIT = "refuse_deposit"
    LIST_WITHOUT_STOCK = "list_without_stock"
    BREAK_TRIAL = "break_trial"


class PlannedAction(Model):
    """An action somebody plans. ``agreed`` says that the customer's consent is on record, for surcharges from before the order (R-ORD-06)."""

    kind: PlannedKind
    agreed: bool = False
    promise: Breach | None = None


class OrderTerms(Model):
    """What was agreed on with the order beyond goods and prices."""

    cash_on_delivery: bool = False
    free_shipping: bool = False
    trial: bool = False


class PriorViolation(Model):
    """A violation that happened before on the same listing; blocked attempts do not count (R-VIO-16)."""

    rule: str
    at: Moment
    blocked: bool = False


class Promise(Model):
    """A time that a customer was told (R-SLA-24). ``commercial``: a promise of price, gift, freight, shipping time or invoice date (R-VIO-09)."""

    what: str
    due_at: Moment
    commercial: Breach | None = None
    kept_at: Moment | None = None


class FirstResponse(Model):
    """The first answer to a contact. An automatic one counts only if it names the customer's matter and the case number (R-SLA-22)."""

    at: Moment
    automatic: bool = False
    names_matter: bool = False
    names_case_number: bool = False


class Clocks(Model):
    """When things happened that limits run from, and how long the customer was waited for (rules, section 5.2).

    ``urgent_since``: re-classified as urgent later than recorded (R-SCN-03). ``met`` says when a limit was met, by the id of its rule.
    ``waited_seconds`` is the time spent waiting for the customer so far, ``waiting_since`` is set while the case waits (R-SLA-25).
    """

    urgent_since: Moment | None = None
    accepted_at: Moment | None = None
    decided_at: Moment | None = None
    attributed_at: Moment | None = None
    rated_at: Moment | None = None
    completed_at: Moment | None = None
    waited_seconds: Annotated[int, Field(ge=0)] = 0
    waiting_since: Moment | None = None
    met: dict[str, Moment] = Field(default_factory=dict)
    first_response: FirstResponse | None = None


class Standing(Model):
    """Who the customer is to the shop: extends what a policy gives, never what it is worth (R-ELIG-12, R-ELIG-13)."""

    member_level: str | None = None
    campaigns: tuple[str, ...] = ()


class Escalation(Model):
    """What may raise a case to a higher owner (R-AUTH-08, R-AUTH-10)."""

    dissatisfied: bool = False
    agreement_failed_with: Role | None = None

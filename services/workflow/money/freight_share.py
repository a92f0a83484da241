"""Who pays how much of a return parcel's freight, once its receipt is there (rules, section 9). Amounts in minor units of one currency.

The merchant's share is a payout of its own, not part of the goods refund, and counts against no cap of the order (R-FRT-14); its entry is
:func:`services.workflow.money.journal.payout_journal`. What a customer owes for a parcel is held back from the refund as a fee, never below zero.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FreightSplit:
    """A return parcel's freight, divided: the four parts sum to it.

    ``insurance_minor`` is what of the insurance's payout was needed, ``topup_minor`` the merchant pays now, ``to_approve_minor`` waits for a person
    (R-FRT-04), ``customer_minor`` the customer bears.
    """

    insurance_minor: int
    topup_minor: int
    to_approve_minor: int
    customer_minor: int


def faulty_share_minor(freight_minor: int, faulty_units: int, all_units: int) -> int:
    """The faulty units' part of a mixed parcel's freight, rounded up for the customer (R-FRT-06)."""
    if not 0 <= faulty_units <= all_units or all_units == 0:
        raise ValueError(f"{faulty_units} faulty units of {all_units} in the parcel is impossible")
    return -(-freight_minor * faulty_units // all_units)


def within_cap(faulty_share_minor: int, cap_minor: int) -> bool:
    """Whether a quote or receipt is accepted by itself; it is compared by its faulty share, and the cap itself is within (R-FRT-03, R-FRT-06)."""
    return faulty_share_minor <= cap_minor


def merchant_topup_minor(faulty_share_minor: int, insurance_minor: int, cap_minor: int) -> int:
    """What the merchant adds to the freight insurance for a merchant-fault return; both together reach at most ``cap_minor`` (R-FRT-01)."""
    return max(0, min(faulty_share_minor, cap_minor) - insurance_minor)


def approved_topup_minor(faulty_share_minor: int, insurance_minor: int) -> int:
    """What the merchant adds where a supervisor approved the actual freight: all that insurance leaves (R-FRT-04)."""
    return max(0, faulty_share_minor - insurance_minor)


def customer_share_minor(freight_minor: int, insurance_minor: int) -> int:
    """What a no-reason return costs the customer: the freight beyond the insurance (R-FRT-07, R-FRT-08)."""
    return max(0, freight_minor - insurance_minor)


def split_receipt(
    receipt_minor: int, insurance_minor: int, cap_minor: int, *, faulty_units: int, all_units: int, approved: bool = False
) -> FreightSplit:
    """Divide the receipt of a parcel that the customer paid for (R-FRT-01, R-FRT-03, R-FRT-04, R-FRT-06, R-FRT-07).

    Insurance is set first against the faulty units' share, and what is left of it against the customer's. The merchant tops the faulty share up to
    ``cap_minor``; above it, without a prior approval of the actual freight, the rest waits for one, and never stays with the customer. Without faulty
    units the customer bears what insurance leaves. Raises ``ValueError`` for impossible numbers of units or negative amounts.
    """
    if min(receipt_minor, insurance_minor, cap_minor) < 0:
        raise ValueError("freight, insurance and cap are never negative")
    faulty = faulty_share_minor(receipt_minor, faulty_units, all_units)
    on_faulty = min(insurance_minor, faulty)
    topup = approved_topup_minor(faulty, insurance_minor) if approved else merchant_topup_minor(faulty, insurance_minor, cap_minor)
    good = receipt_minor - faulty
    customer = customer_share_minor(good, insurance_minor - on_faulty)
    return FreightSplit(
        insurance_minor=on_faulty + good - customer,
        topup_minor=topup,
        to_approve_minor=faulty - on_faulty - topup,
        customer_minor=customer,
    )


def prepaid_pickup() -> FreightSplit:
    """A pickup that the merchant arranged: the customer pays nothing, and there is nothing to top up (R-FRT-05)."""
    return FreightSplit(insurance_minor=0, topup_minor=0, to_approve_minor=0, customer_minor=0)


def failed_delivery_minor(return_leg_minor: int, billed_minor: int = 0) -> int:
    """The freight that a customer-fault failed delivery caused: the return leg, and what the carrier billed for re-delivery or intercept (R-FRT-09).

    Insurance does not count, and neither does the outbound leg. It is held back from the refund, which never falls below zero.
    """
    return return_leg_minor + billed_minor


def late_cancel_minor(billed_minor: int, *, asked_before_handover: bool) -> int:
    """What a cancellation after handover costs the customer: the intercept and return fees billed (R-FRT-16).

    Nothing where it was asked for before the handover: then the merchant bears everything.
    """
    return 0 if asked_before_handover else billed_minor


def outbound_share_minor(freight_minor: int, units_in_parcel: int, all_units: int) -> int:
    """The part of the outbound freight paid for one of several parcels, by number of units, rounded down (R-FRT-12)."""
    if not 0 <= units_in_parcel <= all_units or all_units == 0:
        raise ValueError(f"{units_in_parcel} units of {all_units} in the parcel is impossible")
    return freight_minor * units_in_parcel // all_units

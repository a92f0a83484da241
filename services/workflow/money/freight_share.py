"""Who pays how much of a return parcel's freight, once its receipt is there (rules, section 9). Amounts in minor units of one currency."""


def faulty_share_minor(freight_minor: int, faulty_units: int, all_units: int) -> int:
    """The faulty units' part of a mixed parcel's freight, rounded up for the customer (R-FRT-06)."""
    if not 0 <= faulty_units <= all_units or all_units == 0:
        raise ValueError(f"{faulty_units} faulty units of {all_units} in the parcel is impossible")
    return -(-freight_minor * faulty_units // all_units)


def merchant_topup_minor(faulty_share_minor: int, insurance_minor: int, cap_minor: int) -> int:
    """What the merchant adds to the freight insurance for a merchant-fault return; both together reach at most ``cap_minor`` (R-FRT-01)."""
    return max(0, min(faulty_share_minor, cap_minor) - insurance_minor)


def customer_share_minor(freight_minor: int, insurance_minor: int) -> int:
    """What a no-reason return costs the customer: the freight beyond the insurance (R-FRT-07)."""
    return max(0, freight_minor - insurance_minor)

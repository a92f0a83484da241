"""Who bears what of a return's freight, once there is a quote or a receipt (rules, section 9)."""

from contracts.decision_result import FreightPayer, FreightShare
from services.workflow.money.freight_share import FreightSplit, failed_delivery_minor, faulty_share_minor, split_receipt, within_cap
from services.workflow.policy.situation import Situation


def compared_minor(situation: Situation, freight_minor: int) -> int:
    """The part of a quote or receipt that is compared with the limit: the faulty units' share, rounded up (R-FRT-06)."""
    faulty, every = situation.parcel_units
    share = faulty_share_minor(freight_minor, faulty, every) if every else freight_minor
    if faulty != every:
        situation.trace.note(
            "R-FRT-06", "only the faulty units' share counts", freight_minor=freight_minor, share_minor=share, faulty=faulty, units=every
        )
    return share


def above_cap(situation: Situation) -> bool:
    """Whether the quote's share is above what is paid without asking (R-FRT-03, R-FRT-04)."""
    quote, cap = situation.facts.freight_quote_minor, situation.amount("freight.return_cap")
    return quote is not None and cap is not None and not within_cap(compared_minor(situation, quote), cap)


def share_freight(situation: Situation, payer: FreightPayer) -> FreightShare | None:
    """Divide the freight of the receipt (R-FRT-03, R-EVD-11); None without a receipt, unless a pickup makes it nothing (R-FRT-05)."""
    facts, trace = situation.facts.freight, situation.trace
    if facts.prepaid_pickup:
        trace.note("R-FRT-05", "the merchant sends for the goods: nobody else pays")
        return FreightShare(freight_minor=0, faulty_share_minor=0, insurance_minor=0, merchant_minor=0, customer_minor=0, rule="R-FRT-05")
    if facts.receipt_minor is None:
        return None
    trace.note("R-EVD-11", "freight is divided by the courier's receipt", receipt_minor=facts.receipt_minor)
    faulty, every = (0, 1) if payer is FreightPayer.CUSTOMER else situation.parcel_units
    cap = situation.amount("freight.return_cap")
    if cap is None or not every:
        return None
    share = compared_minor(situation, facts.receipt_minor) if faulty else 0
    split = split_receipt(facts.receipt_minor, facts.insurance_minor, cap, faulty_units=faulty, all_units=every, approved=facts.approved)
    rule = "R-FRT-07" if not faulty else ("R-FRT-04" if share > cap else "R-FRT-01")
    _explain(situation, split, rule, share)
    return FreightShare(
        freight_minor=facts.receipt_minor,
        faulty_share_minor=share,
        insurance_minor=facts.insurance_minor,
        merchant_minor=split.topup_minor,
        customer_minor=split.customer_minor,
        approval_minor=split.to_approve_minor,
        rule=rule,
    )


def _explain(situation: Situation, split: FreightSplit, rule: str, share_minor: int) -> None:
    trace = situation.trace
    if rule == "R-FRT-07":
        trace.note(rule, "the customer bears what the insurance does not", customer_minor=split.customer_minor)
        return
    trace.note("R-FRT-03", "reimbursed by the receipt, automatically up to the limit", source="freight.return_cap")
    trace.note(rule, "insurance and top-up", share_minor=share_minor, topup_minor=split.topup_minor, waiting_minor=split.to_approve_minor)
    trace.note("R-FRT-14", "the top-up is a payout of its own, no part of the refund", topup_minor=split.topup_minor)
    if rule == "R-FRT-04":
        trace.note("R-NOT-10", "nothing of a faulty unit's freight is left with the customer", waiting_minor=split.to_approve_minor)


def deduction_minor(situation: Situation) -> int:
    """What a delivery that failed through the customer costs: the way back and what the carrier billed besides (R-FRT-09).

    No more than the customer was told before (R-FRT-15, R-FRT-16).
    """
    delivery = situation.facts.delivery
    if delivery is None:
        return 0
    caused, told = failed_delivery_minor(delivery.return_leg_minor, delivery.extra_fees_minor), delivery.customer_told_minor or 0
    situation.trace.note("R-FRT-09", "the freight that was caused is held back", caused_minor=caused, told_minor=told)
    return min(caused, told)

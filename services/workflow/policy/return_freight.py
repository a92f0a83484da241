"""Who bears what of a return's freight, once there is a quote or a receipt (rules, section 9)."""

from contracts.decision_result import FreightPayer, FreightShare
from services.workflow.money.freight_share import customer_share_minor, faulty_share_minor, merchant_topup_minor
from services.workflow.policy.situation import Situation


def parcel_units(situation: Situation) -> tuple[int, int]:
    """The faulty and all units of the parcel that goes back: sound ones are sent along at the customer's cost (R-FRT-06)."""
    every = sum(each.quantity for each in situation.facts.affected)
    sound = sum(group.quantity for group in situation.facts.groups if group.sound)
    return every - sound, every


def compared_minor(situation: Situation, freight_minor: int) -> int:
    """The part of a quote or receipt that is compared with the limit: the faulty units' share, rounded up (R-FRT-06)."""
    faulty, every = parcel_units(situation)
    share = faulty_share_minor(freight_minor, faulty, every) if every else freight_minor
    if faulty != every:
        situation.trace.note(
            "R-FRT-06", "only the faulty units' share counts", freight_minor=freight_minor, share_minor=share, faulty=faulty, units=every
        )
    return share


def above_cap(situation: Situation) -> bool:
    """Whether the quote's share is above what is paid without asking (R-FRT-03, R-FRT-04)."""
    quote, cap = situation.facts.freight_quote_minor, situation.amount("freight.return_cap")
    return quote is not None and cap is not None and compared_minor(situation, quote) > cap


def share_freight(situation: Situation, payer: FreightPayer) -> FreightShare | None:
    """Divide the freight of the receipt (R-FRT-03, R-EVD-11); None without a receipt, unless a pickup makes it nothing (R-FRT-05)."""
    facts, trace = situation.facts.freight, situation.trace
    if facts.prepaid_pickup:
        trace.note("R-FRT-05", "the merchant sends for the goods: nobody else pays")
        return FreightShare(freight_minor=0, faulty_share_minor=0, insurance_minor=0, merchant_minor=0, customer_minor=0, rule="R-FRT-05")
    if facts.receipt_minor is None:
        return None
    trace.note("R-EVD-11", "freight is divided by the courier's receipt", receipt_minor=facts.receipt_minor)
    if payer is FreightPayer.CUSTOMER:
        customer = customer_share_minor(facts.receipt_minor, facts.insurance_minor)
        trace.note("R-FRT-07", "the customer bears what the insurance does not", customer_minor=customer)
        return FreightShare(
            freight_minor=facts.receipt_minor,
            faulty_share_minor=0,
            insurance_minor=facts.insurance_minor,
            merchant_minor=0,
            customer_minor=customer,
            rule="R-FRT-07",
        )
    return _merchant_fault(situation, facts.receipt_minor, facts.insurance_minor, approved=facts.approved)


def _merchant_fault(situation: Situation, receipt_minor: int, insurance_minor: int, *, approved: bool) -> FreightShare | None:
    cap = situation.amount("freight.return_cap")
    if cap is None:
        return None
    share = compared_minor(situation, receipt_minor)
    topup = max(0, share - insurance_minor) if approved else merchant_topup_minor(share, insurance_minor, cap)
    waiting = 0 if approved else max(0, share - max(cap, insurance_minor))
    rule = "R-FRT-04" if share > cap else "R-FRT-01"
    situation.trace.note("R-FRT-03", "reimbursed by the receipt, automatically up to the limit", source="freight.return_cap", cap_minor=cap)
    situation.trace.note(
        rule, "insurance and top-up", share_minor=share, insurance_minor=insurance_minor, topup_minor=topup, waiting_minor=waiting
    )
    situation.trace.note("R-FRT-14", "the top-up is a payout of its own, no part of the refund", topup_minor=topup)
    if share > cap:
        situation.trace.note("R-NOT-10", "nothing of a faulty unit's freight is left with the customer", waiting_minor=waiting)
    return FreightShare(
        freight_minor=receipt_minor,
        faulty_share_minor=share,
        insurance_minor=insurance_minor,
        merchant_minor=topup,
        customer_minor=max(0, receipt_minor - share - max(0, insurance_minor - share)),
        approval_minor=waiting,
        rule=rule,
    )


def deduction_minor(situation: Situation) -> int:
    """What a delivery that failed through the customer costs: the way back and what the carrier billed besides (R-FRT-09)."""
    delivery = situation.facts.delivery
    caused = delivery.return_leg_minor + delivery.extra_fees_minor if delivery else 0
    situation.trace.note("R-FRT-09", "the freight that was caused is held back", amount_minor=caused)
    return caused

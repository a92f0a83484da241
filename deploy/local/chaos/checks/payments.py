"""No refund is paid twice, and none is short: the provider's own records against the platform's refunds."""

from collections import defaultdict
from collections.abc import Iterator

from contracts.case_state import CaseOutcome
from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import ProviderRefund, Traces

_PAID = frozenset({CaseOutcome.REFUNDED, CaseOutcome.PARTLY_REFUNDED, CaseOutcome.COMPENSATED})


def refunds_are_paid_once(traces: Traces) -> Iterator[Finding]:
    """Per refund and payment at most one refund stands at the provider, of at most what was asked; of a settled one all of it, to the penny."""
    refunds = {refund.refund_id: refund for refund in traces.refunds}
    asked: dict[tuple[str, str], int] = {}
    for submission in traces.submissions:
        asked[submission.refund_id, submission.payment] = submission.amount_minor
    stands: dict[tuple[str, str], list[ProviderRefund]] = defaultdict(list)
    for one in traces.provider:
        if one.status in {"succeeded", "pending"}:
            stands[one.refund_id, one.payment].append(one)
    paid: dict[str, int] = defaultdict(int)
    for (refund_id, payment), standing in stands.items():
        total = sum(one.amount_minor for one in standing)
        paid[refund_id] += sum(one.amount_minor for one in standing if one.status == "succeeded")
        number = refunds[refund_id].number if refund_id in refunds else payment
        look = f"provider: GET /v1/refunds?payment_id={payment}; " + _submissions(refund_id)
        if len(standing) > 1:
            keys = ", ".join(sorted(one.key for one in standing))
            yield Finding(f"refund {refund_id} is paid {len(standing)} times to {payment}, {total} in all (keys {keys})", number, look)
        if total > asked.get((refund_id, payment), 0):
            yield Finding(f"{total} paid for refund {refund_id}, {asked.get((refund_id, payment), 0)} asked", number, look)
    for refund in traces.refunds:
        if refund.state == "settled" and paid[refund.refund_id] != refund.amount_minor:
            words = f"refund {refund.refund_id} is settled over {refund.amount_minor}, the provider paid {paid[refund.refund_id]}"
            yield Finding(words, refund.number, _submissions(refund.refund_id))


def what_cases_say_was_paid_was_paid(traces: Traces) -> Iterator[Finding]:
    """A case that ended refunded or compensated has refunds, all of them settled; one that came back on purpose waits for finance."""
    came_back = {one.refund_id for one in traces.provider if one.provider_id in traces.reversed_on_purpose}
    of_case = defaultdict(list)
    for refund in traces.refunds:
        of_case[refund.case_id].append(refund)
    for case in traces.cases:
        if case.outcome not in _PAID:
            continue
        look = rows("workflow.refunds", "case_id", case.case_id)
        if not of_case[case.case_id]:
            yield Finding(f"ended {case.outcome}, but there is no refund", case.number, look)
        for refund in of_case[case.case_id]:
            if refund.state != "settled" and refund.refund_id not in came_back:
                yield Finding(f"ended {case.outcome}, but refund {refund.refund_id} is {refund.state}", case.number, look)


def no_payment_gives_back_more_than_it_took(traces: Traces) -> Iterator[Finding]:
    """Of each payment at most what was captured."""
    back: dict[str, int] = defaultdict(int)
    for one in traces.provider:
        if one.status in {"succeeded", "pending"}:
            back[one.payment] += one.amount_minor
    for payment, amount in back.items():
        if amount > traces.captured.get(payment, 0):
            words = f"{amount} given back of {traces.captured.get(payment, 0)} captured"
            yield Finding(words, payment, f"provider: GET /v1/refunds?payment_id={payment}")


def _submissions(refund_id: str) -> str:
    return rows("workflow.refund_submissions", "refund_id", refund_id)

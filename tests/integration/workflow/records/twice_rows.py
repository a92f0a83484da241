"""The table of the workflow service's commands: how each is made possible, and what it leaves behind when it is done once."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from contracts.roles import Role
from services.kit.postgres import transaction
from services.workflow.payloads.refund import IssueRefundInput, RefundTimers
from tests.integration.workflow.records.twice_office import Office, Row, two
from tests.integration.workflow.records.twice_rows_finance import FINANCE_ROWS
from tests.support.builders import a_payment, an_order
from tests.support.twice import Key, Ready, Twice
from tests.support.workflow_records import RecordsDesk, an_issue, word


async def an_approval(office: Office) -> Ready:
    """R-AUTH-03, R-AUTH-05."""
    case = await office.desk.take()
    approval_id = await office.approvals.opened(case)

    async def effect() -> Counter[str]:
        decided = await office.desk.pool.fetchval(
            "SELECT count(*) FROM approvals WHERE approval_id = $1 AND state = 'granted'", approval_id
        )
        woken = await office.desk.deliveries(f"case/{case.case_id}")
        return Counter(decided=decided, deliveries=len(woken)) + Counter(await office.approvals.events(approval_id))

    return Ready(
        path=f"/v1/approvals/{approval_id}/decision",
        clients=two(Role.SUPERVISOR),
        effect=effect,
        once={"decided": 1, "deliveries": 1, "approval_requested": 1, "approval_decided": 1},
        body={"decision": "grant", "reason": "The customer called in time."},
    )


async def _stuck(office: Office) -> IssueRefundInput:
    """A refund whose one attempt failed, by the provider's word: finance must order what follows (R-RFD-09)."""
    issue = an_issue(await office.desk.take(), timers=RefundTimers(retry_count=0))
    await office.desk.request(issue)
    (submission,) = await office.desk.submissions(issue.refund.refund_id)
    await office.desk.record(word(submission, "failed"))
    return issue


async def another_attempt(office: Office) -> Ready:
    return _about_refund(
        office,
        await _stuck(office),
        "attempts",
        {"requested": 1, "approved": 1, "submitted": 1, "failed": 1, "submissions": 2, "reserved": 850, "tasks done": 1, "wake-ups": 1},
        body={},
    )


async def an_attempt_of_a_refused_refund(office: Office) -> Ready:
    """One that could not be reserved, and has become possible."""
    order = an_order(uuid4().hex[:12], payments=(a_payment(1275, refunded_elsewhere_minor=600),))
    issue = an_issue(await office.desk.take(order), agreed_minor=850)
    await office.desk.request(issue)
    await office.desk.apply(order.model_copy(update={"order_version": 5, "payments": (a_payment(1275),)}))
    once = {"requested": 1, "approved": 1, "submissions": 1, "reserved": 850, "tasks done": 1, "wake-ups": 1}
    return _about_refund(office, issue, "attempts", once, body={})


async def a_refund_given_up(office: Office) -> Ready:
    once = {"requested": 1, "approved": 1, "submitted": 1, "failed": 2, "submissions": 1, "given up": 1, "tasks done": 1, "wake-ups": 1}
    return _about_refund(office, await _stuck(office), "give-up", once, body={"code": "paid_by_hand"})


def _about_refund(office: Office, issue: IssueRefundInput, what: str, once: dict[str, int], body: dict[str, Any]) -> Ready:
    refund_id = issue.refund.refund_id
    path = f"/v1/refunds/{refund_id}/{what}"
    return Ready(path=path, clients=two(Role.FINANCE), effect=_refund_effect(office.desk, issue), once=once, body=body)


def _refund_effect(desk: RecordsDesk, issue: IssueRefundInput) -> Callable[[], Awaitable[Counter[str]]]:
    refund_id: UUID = issue.refund.refund_id

    async def effect() -> Counter[str]:
        counted = await desk.pool.fetchrow(_REFUND, refund_id, issue.refund.order_id, str(refund_id), f"refund/{refund_id}")
        assert counted is not None
        return +Counter(dict(counted)) + Counter(await desk.events(refund_id))

    return effect


async def a_task(office: Office) -> Ready:
    case = await office.desk.take()
    task = uuid4()
    async with transaction(office.desk.pool) as conn:
        await office.desk.work_items.open(conn, task, case.case_id, "finance_check", Role.FINANCE, {}, workflow_id=f"case/{case.case_id}")

    async def effect() -> Counter[str]:
        done = await office.desk.pool.fetchval("SELECT count(*) FROM work_items WHERE work_item_id = $1 AND state = 'done'", task)
        return Counter(done=done, deliveries=len(await office.desk.deliveries(f"case/{case.case_id}")))

    path = f"/v1/work-items/{task}/resolve"
    return Ready(path=path, clients=two(Role.FINANCE), effect=effect, once={"done": 1, "deliveries": 1}, body={"resolution": "done"})


async def a_providers_webhook(office: Office) -> Ready:
    """Providers repeat themselves: the money of one refund is booked once."""
    order = an_order(uuid4().hex[:12], payments=(a_payment(1275, provider_reference=office.provider.capture(1275)),))
    issue = an_issue(await office.desk.take(order))
    await office.desk.request(issue)
    (waiting,) = await office.desk.activities(office.provider)._steps.open_submissions(issue.refund.refund_id)
    await office.provider.submit(waiting.submission)
    told = office.provider.webhook_about(waiting.submission.submission_id)
    once = {"requested": 1, "approved": 1, "submitted": 1, "settled": 1, "submissions": 1, "reserved": 850, "ledger entries": 1}
    return Ready(
        path="/v1/providers/sandbox/webhooks",
        clients=(told.headers, told.headers),
        effect=_refund_effect(office.desk, issue),
        once=once,
        content=told.body,
    )


ROWS: tuple[Row, ...] = (
    Twice(route="POST /v1/approvals/{approval_id}/decision", ready=an_approval, key=Key.REQUIRED, refusal=(409, "already_decided")),
    Twice(
        route="POST /v1/refunds/{refund_id}/attempts", ready=another_attempt, key=Key.REQUIRED, refusal=(409, "refund_goes_on_by_itself")
    ),
    Twice(
        route="POST /v1/refunds/{refund_id}/attempts",
        ready=an_attempt_of_a_refused_refund,
        key=Key.REQUIRED,
        refusal=(409, "refund_goes_on_by_itself"),
    ),
    Twice(route="POST /v1/refunds/{refund_id}/give-up", ready=a_refund_given_up, key=Key.REQUIRED, refusal=(409, "refund_given_up")),
    Twice(route="POST /v1/work-items/{work_item_id}/resolve", ready=a_task, key=Key.REQUIRED, refusal=(409, "already_resolved")),
    Twice(route="POST /v1/providers/{provider}/webhooks", ready=a_providers_webhook, key=Key.UNKNOWN, gate="refunds"),
    *FINANCE_ROWS,
)

EXEMPT = {
    "POST /v1/reconciliations": "compares and repeats harmlessly: see test_reconciliation",
    "POST /v1/policy/decisions": "a question: nothing is stored",
    "POST /v1/refunds/quotes": "a question: nothing is stored",
}

_REFUND = """
SELECT (SELECT count(*) FROM refund_submissions WHERE refund_id = $1) AS submissions,
    (SELECT count(*) FROM refunds WHERE refund_id = $1 AND state = 'failed') AS "given up",
    (SELECT sum(reserved_minor)::bigint FROM payment_caps WHERE order_id = $2) AS reserved,
    (SELECT count(*) FROM ledger_entries WHERE refund_id = $1) AS "ledger entries",
    (SELECT count(*) FROM work_items WHERE detail ->> 'refund_id' = $3 AND state = 'done') AS "tasks done",
    (SELECT count(*) FROM delivery WHERE key = $4) AS "wake-ups"
"""

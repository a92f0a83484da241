"""The table of finance's own commands: payouts and entries that are posted by hand (R-RFD-15)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.workflow.adapters.paying_out import pay
from tests.integration.workflow.records.twice_office import Office, Row, two
from tests.support.twice import Key, Ready, Twice

TOPUP = {"kind": "freight_topup", "amount_minor": 450, "currency": "GBP", "reason": "faulty_goods"}


async def a_payout_asked_for(office: Office) -> Ready:
    case = await office.desk.take()
    return Ready(
        path="/v1/payouts",
        clients=two(Role.SUPERVISOR),
        effect=_effect(office, case.case_id),
        once={"payouts": 1, "tasks": 1},
        body={**TOPUP, "case_id": str(case.case_id)},
    )


async def _requested(office: Office) -> tuple[UUID, UUID]:
    case, payout_id = await office.desk.take(), uuid4()
    async with transaction(office.desk.pool) as conn:
        header = await office.desk.cases.header(conn, case.case_id)
        await office.ask_for_payout(conn, header, payout_id, utc_now())
    return case.case_id, payout_id


def _ending(word: str, body: dict[str, Any] | None, once: dict[str, int]) -> Callable[[Office], Awaitable[Ready]]:
    async def ready(office: Office) -> Ready:
        case_id, payout_id = await _requested(office)
        path = f"/v1/payouts/{payout_id}/{word}"
        return Ready(
            path=path, clients=two(Role.FINANCE), effect=_effect(office, case_id), once=once, body=body or {"document": f"BANK-{payout_id}"}
        )

    return ready


async def an_entry(office: Office) -> Ready:
    case = await office.desk.take()
    lines = [{"account": "carrier.claims", "amount_minor": 850}, {"account": "carrier.recoveries", "amount_minor": -850}]
    body = {"case_id": str(case.case_id), "currency": "GBP", "document": f"CLAIM-{uuid4().hex}", "reason": "parcel_lost", "lines": lines}
    once = {"entries": 1, "events": 1}
    return Ready(path="/v1/ledger/entries", clients=two(Role.FINANCE), effect=_effect(office, case.case_id), once=once, body=body)


def _effect(office: Office, case_id: UUID) -> Callable[[], Awaitable[Counter[str]]]:
    async def effect() -> Counter[str]:
        counted = await office.desk.pool.fetchrow(_COUNTED, case_id)
        assert counted is not None
        return +Counter(dict(counted))

    return effect


async def a_payout_returned(office: Office) -> Ready:
    case_id, payout_id = await _requested(office)
    async with transaction(office.desk.pool) as conn:
        await pay(conn, office.desk.settlements, office.desk.bookkeeper, payout_id, f"BANK-{payout_id}", "finn", utc_now())
    once = {"payouts": 1, "tasks": 1, "tasks done": 1, "entries": 2, "events": 2}
    path = f"/v1/payouts/{payout_id}/returned"
    return Ready(path=path, clients=two(Role.FINANCE), effect=_effect(office, case_id), once=once, body={"code": "account_closed"})


PAID = {"payouts": 1, "paid": 1, "tasks": 1, "tasks done": 1, "entries": 1, "events": 1}
ENDED = {"payouts": 1, "tasks": 1, "tasks done": 1}

FINANCE_ROWS: tuple[Row, ...] = (
    Twice(route="POST /v1/payouts", ready=a_payout_asked_for, key=Key.REQUIRED, refusal=(409, "payout_already_requested")),
    Twice(
        route="POST /v1/payouts/{payout_id}/paid",
        ready=_ending("paid", None, PAID),
        key=Key.REQUIRED,
        refusal=(409, "payout_ended"),
    ),
    Twice(
        route="POST /v1/payouts/{payout_id}/failed",
        ready=_ending("failed", {"code": "account_unknown"}, ENDED),
        key=Key.REQUIRED,
        refusal=(409, "payout_ended"),
    ),
    Twice(
        route="POST /v1/payouts/{payout_id}/cancel",
        ready=_ending("cancel", {"code": "asked_for_twice"}, ENDED),
        key=Key.REQUIRED,
        refusal=(409, "payout_ended"),
    ),
    Twice(route="POST /v1/payouts/{payout_id}/returned", ready=a_payout_returned, key=Key.REQUIRED, refusal=(409, "payout_not_paid")),
    Twice(route="POST /v1/ledger/entries", ready=an_entry, key=Key.REQUIRED, refusal=(409, "entry_document_used")),
)

_COUNTED = """
SELECT (SELECT count(*) FROM payouts WHERE case_id = $1) AS payouts,
    (SELECT count(*) FROM payouts WHERE case_id = $1 AND state = 'paid') AS paid,
    (SELECT count(*) FROM work_items WHERE case_id = $1) AS tasks,
    (SELECT count(*) FROM work_items WHERE case_id = $1 AND state = 'done') AS "tasks done",
    (SELECT count(*) FROM ledger_entries WHERE case_id = $1) AS entries,
    (SELECT count(*) FROM outbox WHERE topic = 'aftersales.refund.v1' AND key = (SELECT order_id::text FROM cases WHERE case_id = $1)) AS events
"""

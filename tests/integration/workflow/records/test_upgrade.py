"""An installation of before has refunds and a ledger: they come through the migration whole, and go on as new ones do."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.case_v1 import CaseOpened
from contracts.quote import PriorRefunds
from services.kit.migrate import apply_migrations
from services.kit.postgres import Connection, open_pool, transaction
from services.workflow.adapters.cases import SUBMITTED
from services.workflow.money.quote import quote
from services.workflow.payloads.refund import IssueRefundInput
from services.workflow.refunds.submission import submission_id_for
from tests.support.builders import a_case, an_order
from tests.support.stack import DsnFactory
from tests.support.workflow_records import a_desk, an_issue, word

pytestmark = pytest.mark.engines

AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
BEFORE = "0003"


async def opened_before(conn: Connection, case: CaseOpened) -> None:
    """A case as the version of before wrote it: its application as plain JSON."""
    opened = case.model_dump(mode="json", exclude={"order"})
    order = case.order
    await conn.execute(
        _CASE, case.case_id, case.merchant_id, case.case_number, order.order_id, order.number, case.customer_ref, SUBMITTED, opened, AT
    )


async def settled_before(conn: Connection, issue: IssueRefundInput, number: str) -> None:
    """A settled refund as the version of before wrote it: no history, no date of the merchant's, no credit note."""
    refund, order = issue.refund, an_order("of-before")
    found = quote(order, refund.request, PriorRefunds())
    await conn.execute(
        _REFUND, refund.refund_id, refund.case_id, number, order.order_id, order.customer_ref, found.amount_minor, issue, found, AT
    )
    allocation = found.allocations[0]
    submission = submission_id_for(refund.refund_id, allocation.payment_id, 1)
    await conn.execute(_SUBMISSION, submission, refund.refund_id, allocation.payment_id, found.amount_minor, AT)
    entry = uuid4()
    await conn.execute(_ENTRY, entry, refund.refund_id, order.order_id, AT)
    for place, line in enumerate(found.journal, 1):
        await conn.execute("INSERT INTO ledger_lines VALUES ($1, $2, $3, $4, $5)", entry, place, line.account, line.amount_minor, line.memo)


async def test_refunds_and_ledger_of_before_go_on(empty_postgres_dsn_for: DsnFactory) -> None:
    dsn = await empty_postgres_dsn_for("workflow")
    await asyncio.to_thread(apply_migrations, dsn, "workflow", "services.workflow.migrations", until=BEFORE)
    case = a_case(order=an_order("of-before"))
    issue = an_issue(case)
    async with a_desk(dsn) as desk, transaction(desk.pool) as conn:
        await desk.orders.apply(conn, case.order)
        await opened_before(conn, case)
        await settled_before(conn, issue, case.case_number)
    await asyncio.to_thread(apply_migrations, dsn, "workflow", "services.workflow.migrations")

    async with a_desk(dsn) as desk:
        refund_id = issue.refund.refund_id
        (entry,) = await desk.pool.fetch("SELECT * FROM ledger_entries")
        assert (entry["case_number"], entry["test"], str(entry["accounting_date"])) == (case.case_number, True, "2026-03-02")
        happened = await desk.pool.fetch("SELECT kind FROM refund_facts ORDER BY position")
        assert [fact["kind"] for fact in happened] == ["requested", "attempt_committed", "submitted", "succeeded", "settled"]
        (submission,) = await desk.submissions(refund_id)
        assert submission["entry_id"] == entry["entry_id"]
        await desk.pool.execute("UPDATE payment_caps SET reserved_minor = 850")
        await desk.record(word(submission, "failed", failure_code="returned_by_bank"))
        rows = await desk.pool.fetch("SELECT account, sum(amount_minor)::bigint AS minor FROM ledger_lines GROUP BY 1")
        sums = {row["account"]: row["minor"] for row in rows}
        assert (sums["refunds.payable"], sums["clearing:sandbox"], sum(sums.values())) == (-850, 0, 0)


async def test_every_version_of_before_can_be_upgraded_when_empty(empty_postgres_dsn_for: DsnFactory) -> None:
    dsn = await empty_postgres_dsn_for("workflow")
    for version in ("0001", "0002", BEFORE, "0004", "head"):
        await asyncio.to_thread(apply_migrations, dsn, "workflow", "services.workflow.migrations", until=version)
    async with open_pool(dsn, service="workflow-test") as pool:
        assert await pool.fetchval("SELECT count(*) FROM credit_notes") == 0


_CASE = """
INSERT INTO cases (case_id, merchant_id, case_number, order_id, order_number, customer_ref, locale, currency, test, scene, status, progress, opened,
    opened_at, run_started_at)
VALUES ($1, $2, $3, $4, $5, $6, 'en', 'GBP', true, 'return.no_reason', 'submitted', $7, $8, $9, $9)
"""

_REFUND = """
INSERT INTO refunds (refund_id, case_id, case_number, case_workflow_id, merchant_id, order_id, order_number, customer_ref, locale, test, currency,
    amount_minor, remedy, reason, policy_version, approver, tier, process, quote, state, attempts_allowed, requested_at, settled_at)
VALUES ($1, $2, $3, 'case/1', 'demo-shop', $4, 'of-before', $5, 'en', true, 'GBP', $6, 'return_refund', 'no_reason', 'uk-retail/1', 'system',
    'system', $7, $8, 'settled', 4, $9, $9)
"""

_SUBMISSION = """
INSERT INTO refund_submissions (submission_id, refund_id, payment_id, attempt, provider, provider_reference, method, amount_minor, currency, state,
    ordered_by, created_at, submitted_at, ended_at)
VALUES ($1, $2, $3, 1, 'sandbox', 'pay_0001', 'card', $4, 'GBP', 'succeeded', 'system', $5, $5, $5)
"""

_ENTRY = """
INSERT INTO ledger_entries (entry_id, kind, refund_id, order_id, merchant_id, currency, posted_at)
VALUES ($1, 'refund_settled', $2, $3, 'demo-shop', 'GBP', $4)
"""

"""What PostgreSQL says, read as its administrator in one snapshot."""

import asyncpg
import orjson

from deploy.local.chaos.traces import Case, Fact, IntakeCase, LedgerLine, Quarantined, Refund, Sent, Submission, Traces
from deploy.local.provision.postgres import SERVICES

Connection = asyncpg.Connection
"""As :func:`asyncpg.connect` gives it."""

_CASES = """
SELECT c.case_id::text, c.case_number, c.status, c.outcome, c.workflow_open,
    ARRAY(SELECT due_at FROM workflow.approvals a WHERE a.case_id = c.case_id AND a.state = 'open')
    || ARRAY(SELECT due_at FROM workflow.work_items w WHERE w.case_id = c.case_id AND w.state = 'open' AND w.due_at IS NOT NULL) AS others,
    (c.progress ->> 'due_at')::timestamptz AS due
FROM workflow.cases c ORDER BY c.opened_at
"""
_LEDGER = """
SELECT e.entry_id::text, e.kind, e.refund_id::text, e.merchant_id, e.currency, l.account, l.amount_minor
FROM workflow.ledger_entries e LEFT JOIN workflow.ledger_lines l USING (entry_id) ORDER BY e.posted_at, e.entry_id, l.line_number
"""
_OUTBOX = "SELECT event_id::text, event_type, topic, key, sequence FROM {schema}.outbox ORDER BY id"
_QUARANTINE = """
SELECT id, topic, coalesce(hold_key, encode(key, 'escape')) AS key, kind, reason, resolved_at IS NOT NULL AS resolved FROM {schema}.quarantine ORDER BY id
"""
_REFUNDS = "SELECT refund_id::text, case_id::text, case_number, state, amount_minor, currency FROM workflow.refunds ORDER BY requested_at"
_SUBMISSIONS = "SELECT submission_id::text, refund_id::text, provider_reference, amount_minor, state FROM workflow.refund_submissions ORDER BY created_at"


async def read_database(dsn: str, traces: Traces) -> None:
    """Add everything that the checks want to know of PostgreSQL."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await _cases(connection, traces)
            await _money(connection, traces)
            for schema in SERVICES:
                await _plumbing(connection, schema, traces)
    finally:
        await connection.close()


async def _cases(connection: Connection, traces: Traces) -> None:
    rows = await connection.fetch("SELECT case_id::text, case_number, status FROM intake.cases ORDER BY opened_at")
    traces.intake += [IntakeCase(*row) for row in rows]
    for row in await connection.fetch(_CASES):
        deadlines = tuple(due for due in (row["due"], *row["others"]) if due is not None)
        traces.cases.append(Case(row["case_id"], row["case_number"], row["status"], row["outcome"], row["workflow_open"], deadlines))
    facts = await connection.fetch("SELECT event_id::text, case_id::text, workflow_id, kind FROM workflow.case_facts ORDER BY position")
    traces.facts += [Fact(*row) for row in facts]
    late = await connection.fetch("SELECT detail ->> 'event_id' AS event_id FROM workflow.work_items WHERE detail ? 'event_id'")
    traces.answered_facts |= {row["event_id"] for row in late}
    values = await connection.fetch("SELECT value FROM workflow.outbox WHERE event_type LIKE '%refused%' AND value IS NOT NULL")
    traces.answered_facts |= {str(orjson.loads(row["value"]).get("source_event_id")) for row in values}


async def _money(connection: Connection, traces: Traces) -> None:
    traces.refunds += [Refund(*row) for row in await connection.fetch(_REFUNDS)]
    traces.submissions += [Submission(*row) for row in await connection.fetch(_SUBMISSIONS)]
    for row in await connection.fetch(_LEDGER):
        account, amount = row["account"] or "", row["amount_minor"] or 0
        traces.ledger.append(
            LedgerLine(row["entry_id"], row["kind"], row["refund_id"], row["merchant_id"], row["currency"], account, amount)
        )


async def _plumbing(connection: Connection, schema: str, traces: Traces) -> None:
    traces.outbox += [Sent(schema, *row) for row in await connection.fetch(_OUTBOX.format(schema=schema))]
    traces.inboxes[schema] = {row[0] for row in await connection.fetch(f"SELECT event_id::text FROM {schema}.inbox")}  # noqa: S608 - one of four known names
    traces.quarantine += [Quarantined(schema, *row) for row in await connection.fetch(_QUARANTINE.format(schema=schema))]

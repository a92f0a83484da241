"""A year of refunds: the rows, events and provider's records of one real refund, again and again under new ids, spread over the days before today."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg

from contracts.envelope import Envelope, to_headers
from contracts.identifiers import EventId
from contracts.refund_v1 import RefundSettled
from contracts.registry import parse
from contracts.topics import Topic
from deploy.local.bench.place import Place
from deploy.local.provision.postgres import DATABASE, with_login
from services.kit.broker import make_producer
from services.kit.postgres import prepare_connection
from services.workflow.reconciliation.payments import Days

_TABLES = ("orders", "refunds", "refund_submissions", "ledger_entries", "ledger_lines")
_PATTERNS = {
    "orders": "SELECT * FROM workflow.orders WHERE order_id = (SELECT order_id FROM workflow.refunds WHERE refund_id = $1)",
    "refunds": "SELECT * FROM workflow.refunds WHERE refund_id = $1",
    "refund_submissions": "SELECT * FROM workflow.refund_submissions WHERE refund_id = $1",
    "ledger_entries": "SELECT * FROM workflow.ledger_entries WHERE refund_id = $1",
    "ledger_lines": "SELECT line.* FROM workflow.ledger_lines AS line JOIN workflow.ledger_entries USING (entry_id) WHERE refund_id = $1",
}
_EVENT = "SELECT event_type, value FROM workflow.outbox WHERE event_type = $1 AND position($2::bytea IN value) > 0"
_DAYS = 365
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class _Shift:
    """How a value of the pattern becomes that of the n-th refund."""

    number: int
    back: timedelta

    def __call__(self, value: Any) -> Any:
        if isinstance(value, UUID):
            return uuid5(value, str(self.number))
        if isinstance(value, datetime):
            return value - self.back
        return (value - self.back) if type(value).__name__ == "date" else value


async def plant_year(place: Place, refund_id: UUID, count: int) -> Days:
    """Plant ``count`` refunds like this one, which must be settled and be the only one; the days they lie in."""
    shifts = [_Shift(number, timedelta(days=1 + number * _DAYS // count, seconds=number % 3_600)) for number in range(count)]
    connection = await asyncpg.connect(with_login(place.admin_dsn, database=DATABASE))
    try:
        await prepare_connection(connection)
        await connection.execute("SET session_replication_role = replica")  # the rows balance as their pattern does
        patterns = {table: await connection.fetch(_PATTERNS[table], refund_id) for table in _TABLES}
        for table in _TABLES:
            columns = list(patterns[table][0].keys())
            records = [tuple(_column(name, row[name], shift) for name in columns) for shift in shifts for row in patterns[table]]
            await connection.copy_records_to_table(table, schema_name="workflow", columns=columns, records=records)
        event = await connection.fetchrow(_EVENT, RefundSettled.event_type, str(refund_id).encode())
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    settled = parse(event["event_type"], bytes(event["value"])) if event is not None else None
    if not isinstance(settled, RefundSettled):
        raise LookupError(f"there is no event that says that refund {refund_id} was settled")  # noqa: TRY004 - it is missing, not of a wrong type
    await _publish(place, settled, shifts)
    _tell_provider(place, patterns["refund_submissions"][0], shifts)
    today = datetime.now(UTC).date()
    return Days(since=today - timedelta(days=_DAYS + 2), until=today - timedelta(days=1))


def _column(name: str, value: Any, shift: _Shift) -> Any:
    if name == "position":
        return value + shift.number + 1
    return f"{value}-{shift.number}" if name in {"case_number", "order_number", "number", "provider_refund_id"} else shift(value)


async def _publish(place: Place, settled: RefundSettled, shifts: Sequence[_Shift]) -> None:
    """The events that told finance systems of them, written when they occurred."""
    producer = make_producer(place.kafka)
    await producer.start()
    try:
        promises = []
        for shift in shifts:
            fields = ("refund_id", "order_id", "case_id", "ledger_entry_id", "settled_at")
            body = settled.model_copy(update={name: shift(getattr(settled, name)) for name in fields})
            event_id = EventId(uuid5(settled.refund_id, f"event/{shift.number}"))
            envelope = Envelope(
                event_id, body.event_type, "aftersales/workflow", body.partition_key, body.settled_at, 1, body.merchant_id, test=True
            )
            promises.append(
                await producer.send(
                    Topic.REFUND.value,
                    value=body.model_dump_json().encode(),
                    key=body.partition_key.encode(),
                    headers=to_headers(envelope),
                    timestamp_ms=int(body.settled_at.timestamp() * 1000),
                )
            )
            if len(promises) >= _AT_ONCE:
                for promise in promises:
                    await promise
                promises.clear()
        for promise in promises:
            await promise
    finally:
        await producer.stop()


def _tell_provider(place: Place, submission: asyncpg.Record, shifts: Sequence[_Shift]) -> None:
    """The provider's own records of them."""
    rows = []
    for shift in shifts:
        at_ms = int(shift(submission["ended_at"]).timestamp() * 1000)
        key = str(shift(submission["submission_id"]))
        provider_id = _column("provider_refund_id", submission["provider_refund_id"], shift)
        paid = (provider_id, submission["provider_reference"], submission["amount_minor"], submission["currency"], "bench", "{}", key)
        rows.append((*paid, "succeeded", f"SET-{shift.number}", at_ms, at_ms, at_ms, at_ms))
    with sqlite3.connect(place.stack.home / "sandbox" / "payments.sqlite3", timeout=30) as book:
        book.executemany(_PROVIDER, rows)


_PROVIDER = """
INSERT INTO refund (id, payment_id, amount_minor, currency, merchant_reference, metadata, idempotency_key, status, settlement_reference,
  settle_due_ms, created_ms, updated_ms, settled_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

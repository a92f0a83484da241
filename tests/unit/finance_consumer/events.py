"""Records of refund events, as Kafka gives them, and books to take them into."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from contracts.envelope import Envelope, to_headers
from contracts.events import EventBody
from contracts.identifiers import EventId, OrderId
from contracts.quote import JournalLine
from contracts.refund_v1 import Booked
from deploy.examples.finance_consumer.record import Record
from deploy.examples.finance_consumer.report import Report, report_of
from deploy.examples.finance_consumer.state import Mode, State
from deploy.examples.finance_consumer.taking import Taking
from tests.support.sample_events import LATER, sample_events

SAMPLES = {body.event_type.split(".")[2]: body for body in sample_events() if body.event_type.startswith("aftersales.refund.")}


def a_record(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]], offset: int = 0) -> Record:
    """A record of the only partition."""
    return Record(topic="refunds", partition=0, offset=offset, key=key, value=value, headers=headers)


def a_body(word: str, **changes: Any) -> EventBody:
    """The sample event of a type, such as ``settled``, with a ledger entry of its own."""
    own = {"ledger_entry_id": uuid5(UUID(int=0), word)} if isinstance(SAMPLES[word], Booked) else {}
    return SAMPLES[word].model_copy(update=own | changes)


def an_event(body: EventBody, sequence: int = 1, *, offset: int = 0, **changes: Any) -> Record:
    """A record of an event of a live merchant; changes are of the envelope."""
    defaults: dict[str, Any] = {
        "id": EventId(uuid4()),
        "type": body.event_type,
        "source": "aftersales/workflow",
        "subject": body.partition_key,
        "time": LATER,
        "sequence": sequence,
        "merchant_id": body.merchant_id,
    }
    envelope = Envelope(**(defaults | changes))
    return a_record(body.partition_key.encode(), body.model_dump_json().encode(), [*to_headers(envelope)], offset)


def a_story() -> list[Record]:
    """A refund of one order that was settled, came back, was paid again, and came back and was given up; and what finance paid and posted itself."""
    order = OrderId(uuid4())
    repaid = a_body("settled", settlement=2, settled_minor=850, journal=a_lines("refunds.payable", "clearing:sandbox"), credit_note=None)
    failed = a_body("failed", given_up=False, journal=(), cancellation=None)
    words = ("requested", "approved", "submitted", "settled", "reversed")
    bodies = [*map(a_body, words), failed, repaid, *map(a_body, ("reversed", "failed", "payout_paid", "entry_posted"))]
    own = [
        body.model_copy(update={"order_id": order, **({"ledger_entry_id": uuid4()} if getattr(body, "journal", ()) else {})})
        for body in bodies
    ]
    return [an_event(body, number, offset=number) for number, body in enumerate(own, 1)]


def a_lines(debit: str, credit: str, amount_minor: int = 850) -> tuple[JournalLine, ...]:
    """A journal of two lines."""
    return JournalLine(account=debit, amount_minor=amount_minor), JournalLine(account=credit, amount_minor=-amount_minor)


def take(path: Path, *records: Record, mode: Mode = "live") -> Report:
    """What the books say once they have taken records."""
    with State.opened(path / "books.sqlite", mode) as state:
        Taking(state, mode).take(records)
        return report_of(state)


def balances(report: Report) -> dict[str, int]:
    """By account."""
    return {balance.account: balance.amount_minor for balance in report.balances}


def key_of(record: Record) -> str:
    """The key of a record, which has one."""
    return (record.key or b"").decode()

"""What the topics say of a run: its own cases only, each event once."""

from uuid import uuid4

from contracts.envelope import Envelope, to_headers
from contracts.events import CaseEvent
from contracts.identifiers import EventId
from contracts.message_v1 import MessageSent
from contracts.refund_v1 import RefundEvent, RefundSettled
from contracts.resolution_v1 import ApprovalDecided, ApprovalEscalated
from deploy.local.demo.events import RunEvents, take
from tests.support.builders import OPENED_AT
from tests.support.sample_events import sample_events

TOLD = [event for event in sample_events() if isinstance(event, CaseEvent | RefundEvent)]
CASES = {str(event.case_id) for event in TOLD}


def headers(event: CaseEvent | RefundEvent) -> list[tuple[str, bytes | None]]:
    envelope = Envelope(
        id=EventId(uuid4()),
        type=event.event_type,
        source="aftersales/test",
        subject=event.partition_key,
        time=OPENED_AT,
        sequence=1,
        merchant_id=event.merchant_id,
    )
    return list(to_headers(envelope))


def read(*records: tuple[list[tuple[str, bytes | None]], bytes], cases: set[str] = CASES) -> RunEvents:
    found = RunEvents()
    seen: set[object] = set()
    for of_record, value in records:
        take(found, of_record, value, seen, cases)
    return found


def test_every_kind_is_counted_where_it_belongs() -> None:
    found = read(*((headers(event), event.model_dump_json().encode()) for event in TOLD))
    kinds = [type(event) for event in TOLD]
    assert len(found.settled) == kinds.count(RefundSettled) == 1
    assert found.granted == kinds.count(ApprovalDecided) == 1
    assert (found.declined, found.escalated) == (0, kinds.count(ApprovalEscalated))
    assert found.messages_sent == kinds.count(MessageSent) == 1


def test_a_declined_approval_is_told_apart() -> None:
    event = next(event for event in TOLD if isinstance(event, ApprovalDecided)).model_copy(update={"granted": False})
    found = read((headers(event), event.model_dump_json().encode()))
    assert (found.granted, found.declined) == (0, 1)


def test_an_event_sent_twice_counts_once() -> None:
    event = next(event for event in TOLD if isinstance(event, RefundSettled))
    once = headers(event)
    value = event.model_dump_json().encode()
    assert len(read((once, value), (once, value)).settled) == 1
    assert len(read((once, value), (headers(event), value)).settled) == 2, "under another id it is another event, and found out as one"


def test_cases_of_other_runs_and_records_that_are_none_of_ours_do_not_count() -> None:
    event = next(event for event in TOLD if isinstance(event, RefundSettled))
    value = event.model_dump_json().encode()
    assert read((headers(event), value), cases={"another"}) == RunEvents()
    assert read(([], b"no JSON"), (headers(event), b"{}"), ([("ce_id", None)], value)) == RunEvents()

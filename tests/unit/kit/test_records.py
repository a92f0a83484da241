"""Reading records never raises, whatever the bytes, and says what each record is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.case_v1 import CaseWithdrawn, SatisfactionStated
from contracts.identifiers import CaseId, MerchantId
from contracts.topics import Topic
from services.kit.handlers import Handlers, RawRecord, Received
from services.kit.postgres import Connection
from services.kit.records import Kind, Problem, Reader, Record, Work, record_time

CASE = CaseId(UUID(int=7))
MOMENT = datetime(2026, 3, 2, tzinfo=UTC)


async def _ignore(_connection: Connection, _event: Received[SatisfactionStated]) -> None: ...


async def _ignore_raw(_connection: Connection, _record: RawRecord) -> None: ...


HANDLERS = Handlers()
HANDLERS.on(SatisfactionStated)(_ignore)
HANDLERS.raw(Topic.STOREFRONT_ORDER)(_ignore_raw)
READER = Reader(HANDLERS)
BODY = SatisfactionStated(merchant_id=MerchantId("demo-shop"), case_id=CASE, satisfied=True, stated_at=MOMENT)


def _record(*, topic: Topic = Topic.CASE, key: bytes | None = str(CASE).encode(), value: bytes | None = None, **headers: str) -> Record:
    defaults = {
        "ce_specversion": "1.0",
        "ce_id": str(UUID(int=1)),
        "ce_type": SatisfactionStated.event_type,
        "ce_source": "test",
        "ce_subject": str(CASE),
        "ce_time": "2026-03-02T00:00:00Z",
        "ce_sequence": "1",
        "ce_merchantid": "demo-shop",
    }
    merged = defaults | {f"ce_{name}": text for name, text in headers.items()}
    encoded = tuple((name, text.encode()) for name, text in merged.items())
    return Record(topic, 0, 5, MOMENT, key, BODY.model_dump_json().encode() if value is None else value, encoded)


def _kind(record: Record) -> Kind | None:
    found = READER.open(READER.read(record))
    return found.kind if isinstance(found, Problem) else None


def test_an_event_with_a_handler_is_called() -> None:
    incoming = READER.read(_record())
    assert incoming.event_id == UUID(int=1)
    work = READER.open(incoming)
    assert isinstance(work, Work)
    assert isinstance(work.argument, Received)
    assert work.argument.body == BODY


def test_an_event_without_a_handler_is_none_of_our_business_even_with_a_broken_body() -> None:
    incoming = READER.read(_record(type=CaseWithdrawn.event_type, value=b"{"))
    assert not incoming.concerns_us
    assert READER.open(incoming) is None


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (_record(value=b"{"), Kind.MALFORMED),
        (_record(subject="other"), Kind.MALFORMED),
        (_record(sequence="0"), Kind.MALFORMED),
        (_record(sequence=str(2**63)), Kind.MALFORMED),
        (_record(sequence="9" * 5000), Kind.MALFORMED),
        (_record(time="2026-03-02T00:00:00"), Kind.MALFORMED),
        (_record(time="0001-01-01T00:00:00+14:00"), Kind.MALFORMED),
        (_record(topic=Topic.RESOLUTION), Kind.MALFORMED),
        (_record(type="aftersales.case.opened.v2"), Kind.UNKNOWN_TYPE),
        (_record(key=None), Kind.MALFORMED),
        (_record(key=b""), Kind.MALFORMED),
        (_record(key=b"\xff"), Kind.MALFORMED),
        (_record(key=b"a\x00b"), Kind.MALFORMED),
        (_record(key=b"k" * 501), Kind.MALFORMED),
        (_record(topic=Topic.STOREFRONT_ORDER, value=b"[" * 100_000), Kind.MALFORMED),
    ],
)
def test_what_cannot_be_handled_says_why(record: Record, kind: Kind) -> None:
    assert _kind(record) is kind


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_a_record_without_a_valid_key_holds_back_nothing(key: bytes | None) -> None:
    assert READER.read(_record(key=key)).key is None


_headers = st.lists(
    st.tuples(st.sampled_from(["ce_id", "ce_type", "ce_time", "ce_sequence", "x"]), st.none() | st.binary(max_size=40))
).map(tuple)


@given(
    topic=st.sampled_from([Topic.CASE, Topic.STOREFRONT_ORDER, Topic.CONTACT]),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=40),
    headers=_headers,
    timestamp=st.integers(min_value=-(2**63), max_value=2**63 - 1),
)
def test_no_bytes_make_the_reader_raise(topic: Topic, key: bytes | None, value: bytes | None, headers: Any, timestamp: int) -> None:
    incoming = READER.read(Record(topic, 0, 1, record_time(timestamp), key, value, headers))
    assert incoming.record.key == key
    READER.open(incoming)


def test_a_thing_has_one_handler() -> None:
    with pytest.raises(ValueError, match="already"):
        HANDLERS.on(SatisfactionStated)(_ignore)
    with pytest.raises(ValueError, match="already"):
        HANDLERS.raw(Topic.STOREFRONT_ORDER)(_ignore_raw)
    assert HANDLERS.topics == [Topic.CASE, Topic.STOREFRONT_ORDER]

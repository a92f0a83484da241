"""Canaries are seen wherever a record can hold one: key, value or header of a Kafka record, any column of a table, any line of a log."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord

from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.records.logs import read_logs
from deploy.local.chaos.records.tables import contents
from deploy.local.chaos.records.topics import take
from deploy.local.chaos.traces import Traces
from services.kit.packing import Packing

CANARIES = Canaries(7)
WORDS = CANARIES.words(1).encode()


@pytest.fixture
def traces() -> Traces:
    return Traces(taken_at=datetime.now(UTC))


def a_record(key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord("aftersales.case.v1", 0, 7, 0, 0, key, value, None, 0, 0, headers)


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [(WORDS, None, ()), (None, WORDS, ()), (None, None, (("ce_subject", WORDS),))],
    ids=["key", "value", "header"],
)
def test_a_canary_in_a_kafka_record_is_seen(
    traces: Traces, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]
) -> None:
    take(a_record(key, value, headers), CANARIES, traces)
    assert {(one.kind, one.place) for one in traces.sightings} == {
        ("name", "topic aftersales.case.v1"),
        ("free text", "topic aftersales.case.v1"),
    }
    assert traces.sightings[0].detail == "partition 0, offset 7"


def test_a_record_that_nobody_can_read_is_one_too(traces: Traces) -> None:
    take(a_record(b"key", b"{}", ()), CANARIES, traces)
    assert [(one.key, one.event_type) for one in traces.kafka] == [("key", "unreadable")]


@pytest.mark.parametrize("value", [WORDS, WORDS.decode(), [WORDS.decode()], [[WORDS]]], ids=["bytea", "text", "array", "nested"])
def test_every_column_that_can_say_something_is_looked_into(value: object) -> None:
    assert CANARIES.look(b" ".join(contents(value)), "table", "")


def test_packed_documents_are_looked_into() -> None:
    packed = Packing.of("services.intake").pack({"words": [WORDS.decode() + CANARIES.words(2)]})
    assert CANARIES.look(b" ".join(contents(packed, "intake")), "table", "")
    assert list(contents(b"\x07sealed", "intake")) == [b"\x07sealed", b""]


def test_other_columns_say_nothing() -> None:
    assert [list(contents(value)) for value in (None, 7, uuid4(), datetime.now(UTC))] == [[], [], [], []]


def test_canaries_and_irregular_sequences_in_logs_are_told_with_file_and_line(tmp_path: Path, traces: Traces) -> None:
    late = b'{"event":"inbox.sequence_late","topic":"aftersales.case.v1","key":"k","sequence":3,"last_sequence":5,"missing":0}'
    (tmp_path / "intake.log").write_bytes(b"all is well\n" + WORDS + b"\n")
    (tmp_path / "workflow.log.1").write_bytes(late + b"\n")
    read_logs(tmp_path, CANARIES, traces)
    assert {(one.place, one.detail) for one in traces.sightings} == {("log intake.log", "line 2")}
    assert traces.irregular == [
        "workflow.log.1 line 1: event inbox.sequence_late, topic aftersales.case.v1, key k, sequence 3, last_sequence 5, missing 0"
    ]

"""The published language does not change under its readers."""

import json

import pytest

from contracts.envelope import Envelope, EnvelopeError, from_headers, to_headers
from contracts.export import differences
from contracts.identifiers import EventId, MerchantId
from contracts.registry import EVENT_TYPES, MalformedEventError, UnknownEventTypeError, parse
from contracts.samples import samples
from tests.support.builders import OPENED_AT, a_case, a_case_id


def test_generated_files_and_frozen_samples_agree_with_the_models() -> None:
    assert differences() == []


def test_every_sample_reads_back_to_the_same_event() -> None:
    for _, sample in samples():
        event = parse(sample["headers"]["ce_type"], json.dumps(sample["body"]).encode())
        assert parse(event.event_type, event.model_dump_json().encode()) == event


def test_a_reader_ignores_what_a_later_minor_version_adds() -> None:
    body = json.loads(a_case().model_dump_json()) | {"added_later": {"deep": [1, 2]}}
    assert parse("aftersales.case.opened.v1", json.dumps(body).encode()) == a_case()


def test_types_are_named_by_topic_fact_and_major_version() -> None:
    for name, model in EVENT_TYPES.items():
        assert name.startswith("aftersales.")
        assert name.endswith(".v1")
        assert model.topic.value.split(".")[1] == name.split(".")[1]


def an_envelope() -> Envelope:
    return Envelope(
        id=EventId(a_case_id("event")),
        type="aftersales.case.opened.v1",
        source="intake",
        subject=str(a_case_id()),
        time=OPENED_AT,
        sequence=7,
        merchant_id=MerchantId("demo-shop"),
        test=True,
        trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def test_an_envelope_survives_the_wire() -> None:
    assert from_headers(to_headers(an_envelope())) == an_envelope()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ce_id", b"42", "ce_id: Input should be a valid UUID"),
        ("ce_id", b"0123456789abcdef", "ce_id: Input should be a valid UUID"),
        ("ce_id", None, "ce_id: Field required"),
        ("ce_source", b"\xff\xfe", "ce_source is not UTF-8"),
        ("ce_specversion", b"0.3", "must be 1.0, not '0.3'"),
        ("ce_sequence", b"0", "ce_sequence: .*greater than or equal to 1"),
        ("ce_time", b"2026-03-02T09:30:00", "ce_time: .*offset"),
        ("ce_time", b"1772443800", "ce_time: "),
        ("ce_time", b"0001-01-01T00:00:00+14:00", "ce_time: "),
        ("ce_type", b"", "ce_type: .*at least 1 character"),
        ("ce_test", b"perhaps", "ce_test: .*boolean"),
        ("ce_test", b"", "ce_test: .*boolean"),
    ],
)
def test_a_broken_header_is_named(name: str, value: bytes | None, says: str) -> None:
    headers: list[tuple[str, bytes | None]] = [(key, value if key == name else raw) for key, raw in to_headers(an_envelope())]
    with pytest.raises(EnvelopeError, match=says):
        from_headers(headers)


def test_headers_of_others_may_hold_anything() -> None:
    others: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None), ("ce_later", b"x")]
    assert from_headers(others + list(to_headers(an_envelope()))) == an_envelope()


def test_an_unknown_major_version_is_refused() -> None:
    with pytest.raises(UnknownEventTypeError, match=r"case\.opened\.v9"):
        parse("aftersales.case.opened.v9", b"{}")


def test_a_malformed_body_names_the_fields() -> None:
    with pytest.raises(MalformedEventError, match="case_number"):
        parse("aftersales.case.opened.v1", b'{"merchant_id": "demo-shop"}')

"""The envelope: CloudEvents 1.0 in binary mode over Kafka.

Every attribute is a ``ce_`` header, the body is the JSON of the event's model. ``ce_id`` is the deduplication key; ``ce_sequence`` is the
producer's gapless number for the key, counted from 1, so that a consumer sees a loss or a swap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

from contracts.base import describe_problems, to_utc
from contracts.identifiers import EventId, MerchantId

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
_SPEC_VERSION, _CONTENT_TYPE = SPEC_VERSION.encode(), CONTENT_TYPE.encode()


class EnvelopeError(ValueError):
    """The headers of a record do not make a CloudEvent of ours; the message names the header and what is wrong."""


def _header(field: str) -> str:
    return "ce_" + field.replace("_", "")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("it must carry its offset (RFC 3339)")
    return to_utc(moment)


_Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says what about which key, when, and as which number.

    ``subject`` equals the record's key. ``trace_parent`` is a W3C trace context value or None. ``test`` marks a merchant in test mode.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(alias_generator=_header)

    id: EventId
    type: _Text
    source: _Text
    subject: _Text
    time: Annotated[datetime, PlainValidator(_moment)]
    sequence: Annotated[int, Field(ge=1)]
    merchant_id: Annotated[MerchantId, Field(min_length=1)]
    test: bool = False
    trace_parent: str | None = None


_READER = TypeAdapter(Envelope)


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The Kafka headers of an envelope."""
    headers = [
        ("content-type", _CONTENT_TYPE),
        ("ce_specversion", _SPEC_VERSION),
        ("ce_id", str(envelope.id).encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_time", envelope.time.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("ce_sequence", b"%d" % envelope.sequence),
        ("ce_merchantid", envelope.merchant_id.encode()),
        ("ce_test", b"true" if envelope.test else b"false"),
    ]
    if envelope.trace_parent is not None:
        headers.append(("ce_traceparent", envelope.trace_parent.encode()))
    return headers


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """Read the envelope from Kafka headers; those that are not its own may hold anything.

    Raises :class:`EnvelopeError` where one of its own is missing, is not UTF-8 or does not say what it should.
    """
    values = _own(headers)
    if values.get("ce_specversion") != SPEC_VERSION:
        raise EnvelopeError(f"ce_specversion must be {SPEC_VERSION}, not {values.get('ce_specversion')!r}")
    try:
        return _READER.validate_strings(values)
    except ValidationError as error:
        raise EnvelopeError(f"not a CloudEvent of this platform: {describe_problems(error)}") from error


def _own(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, raw in headers:
        if raw is not None and name.startswith("ce_"):
            try:
                values[name] = raw.decode()
            except UnicodeDecodeError as error:
                raise EnvelopeError(f"header {name} is not UTF-8") from error
    return values

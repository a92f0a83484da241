"""The envelope: CloudEvents 1.0 in binary mode over Kafka.

Every attribute is a ``ce_`` header, the body is the JSON of the event's model. ``ce_id`` is the deduplication key; ``ce_sequence`` is the
producer's gapless number for the key, counted from 1, so that a consumer sees a loss or a swap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from contracts.base import Moment, describe_problems
from contracts.identifiers import EventId, MerchantId

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
_SPEC_VERSION, _CONTENT_TYPE = SPEC_VERSION.encode(), CONTENT_TYPE.encode()


class EnvelopeError(ValueError):
    """The headers of a record do not make a CloudEvent of ours; the message names the header and what is wrong."""


Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says what about which key, when, and as which number.

    ``subject`` equals the record's key. ``trace_parent`` is a W3C trace context value or None. ``test`` marks a merchant in test mode.
    """

    id: Annotated[EventId, Field(alias="ce_id")]
    type: Annotated[Text, Field(alias="ce_type")]
    source: Annotated[Text, Field(alias="ce_source")]
    subject: Annotated[Text, Field(alias="ce_subject")]
    time: Annotated[Moment, Field(alias="ce_time")]
    sequence: Annotated[int, Field(alias="ce_sequence", ge=1)]
    merchant_id: Annotated[MerchantId, Field(alias="ce_merchantid", min_length=1)]
    test: Annotated[bool, Field(alias="ce_test")] = False
    trace_parent: Annotated[str | None, Field(alias="ce_traceparent")] = None


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
    """Read the envelope from Kafka headers.

    Raises :class:`EnvelopeError` where a header is missing, is not UTF-8 or does not say what it should.
    """
    values = dict(headers)
    if values.get("ce_specversion") != _SPEC_VERSION:
        raise EnvelopeError(f"ce_specversion must be {SPEC_VERSION}, not {values.get('ce_specversion')!r}")
    try:
        return _READER.validate_python(values)
    except ValidationError as error:
        raise EnvelopeError(f"not a CloudEvent of this platform: {describe_problems(error)}") from error

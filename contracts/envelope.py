"""The envelope: CloudEvents 1.0 in binary mode over Kafka.

Every attribute is a ``ce_`` header, the body is the JSON of the event's model. ``ce_id`` is the deduplication key; ``ce_sequence`` is the
producer's gapless number for the key, counted from 1, so that a consumer sees a loss or a swap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from contracts.identifiers import EventId, MerchantId

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
_SPEC_VERSION, _CONTENT_TYPE = SPEC_VERSION.encode(), CONTENT_TYPE.encode()


class EnvelopeError(ValueError):
    """The headers of a record do not make a CloudEvent of ours; the message names the header and what is wrong."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says what about which key, when, and as which number.

    ``subject`` equals the record's key. ``trace_parent`` is a W3C trace context value or None. ``test`` marks a merchant in test mode.
    """

    id: EventId
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    merchant_id: MerchantId
    test: bool = False
    trace_parent: str | None = None


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
    values = _decode(headers)
    if values.get("ce_specversion") != SPEC_VERSION:
        raise EnvelopeError(f"ce_specversion must be {SPEC_VERSION}, not {values.get('ce_specversion')!r}")
    try:
        moment = datetime.fromisoformat(_required(values, "ce_time"))
        sequence = int(_required(values, "ce_sequence"))
        event_id = UUID(_required(values, "ce_id"))
    except EnvelopeError:
        raise
    except ValueError as error:
        raise EnvelopeError(f"a ce_ header is malformed: {error}") from error
    if moment.tzinfo is None:
        raise EnvelopeError("ce_time must carry its offset (RFC 3339)")
    if sequence < 1:
        raise EnvelopeError("ce_sequence counts from 1")
    return Envelope(
        id=EventId(event_id),
        type=_required(values, "ce_type"),
        source=_required(values, "ce_source"),
        subject=_required(values, "ce_subject"),
        time=moment.astimezone(UTC),
        sequence=sequence,
        merchant_id=MerchantId(_required(values, "ce_merchantid")),
        test=values.get("ce_test") == "true",
        trace_parent=values.get("ce_traceparent"),
    )


def _decode(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, raw in headers:
        if not name.startswith("ce_"):
            continue
        if raw is None:
            raise EnvelopeError(f"header {name} has no value")
        try:
            values[name] = raw.decode()
        except UnicodeDecodeError as error:
            raise EnvelopeError(f"header {name} is not UTF-8") from error
    return values


def _required(values: dict[str, str], name: str) -> str:
    value = values.get(name)
    if not value:
        raise EnvelopeError(f"header {name} is missing")
    return value

"""Reading a Kafka record: what it is, what would handle it, or why nothing can. Never raises, whatever the bytes."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, uuid5

from contracts.envelope import Envelope, EnvelopeError, from_headers
from contracts.registry import EVENT_TYPES, MalformedEventError, UnknownEventTypeError, parse
from contracts.topics import Topic
from services.kit.handlers import Handlers, ManyHandler, RawRecord, Received
from services.kit.postgres import Connection

_RAW_RECORDS = UUID("6a1f1c52-8a43-5d0f-8f35-0c4a3d0e6b77")
"""Namespace of the ids of records that bring none."""

Handler: TypeAlias = Callable[[Connection, Any], Awaitable[None]]

MAX_KEY_CHARACTERS = 500
MAX_SEQUENCE = 2**63 - 1
_LAST_TIME_MS = 253_402_300_799_000  # the end of the year 9999


class Kind(StrEnum):
    """Why a record is in quarantine."""

    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"
    PERMANENT = "permanent"
    UNEXPECTED = "unexpected"
    HELD = "held"


class Record(NamedTuple):
    """A Kafka record as raw as it came."""

    topic: Topic
    partition: int
    offset: int
    time: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record cannot be handled; ``reason`` is for the operator and free of personal data."""

    kind: Kind
    reason: str


class Incoming(NamedTuple):
    """A record as far as key and headers tell: ``handler`` takes it, or ``problem`` says why nothing can, or neither: this service does not care for it.

    ``key`` is None where the record's key is unusable (it then holds back nothing); ``event_id`` is None where nothing identifies it.
    """

    record: Record
    key: str | None
    event_id: UUID | None = None
    envelope: Envelope | None = None
    handler: Handler | None = None
    problem: Problem | None = None

    @property
    def concerns_us(self) -> bool:
        """Whether the service has anything to do with it: a handler to run, or a problem to put aside."""
        return self.handler is not None or self.problem is not None


class Work(NamedTuple):
    """What is to be done about a record: its handler with what that takes, and the handler that takes ``many`` of them where there is one."""

    handler: Handler
    argument: Received[Any] | RawRecord
    many: ManyHandler[Any] | None = None

    async def run(self, connection: Connection) -> None:
        """Run the handler."""
        await self.handler(connection, self.argument)


class Reader:
    """Reads records for one service's handlers: :meth:`read` tells by key and headers what a record is, :meth:`open` reads what is in it."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def read(self, record: Record) -> Incoming:
        """Decide what a record is."""
        key = _key(record.key)
        if key is None:
            return Incoming(
                record, None, problem=Problem(Kind.MALFORMED, "the record has no usable key: UTF-8 text of at most 500 characters")
            )
        raw_handler = self._handlers.raws.get(record.topic)
        if raw_handler is not None:
            return Incoming(record, key, _place(record), handler=raw_handler)
        try:
            envelope = from_headers(record.headers)
        except EnvelopeError as error:
            return Incoming(record, key, problem=Problem(Kind.MALFORMED, str(error)))
        problem = _misfit(record, key, envelope)
        return Incoming(record, key, envelope.id, envelope, None if problem else self._handler(record, envelope), problem)

    def open(self, item: Incoming) -> Work | Problem | None:
        """Read what is in a record that was read: what is to be done, or why nothing can be, or None where the service does not care."""
        if item.handler is None or item.key is None:
            return item.problem
        record, envelope = item.record, item.envelope
        if envelope is None:
            return _open_raw(record, item.key, item.handler)
        if record.value is None:
            return Work(item.handler, Received(None, envelope, record.topic, item.key, record.partition, record.offset))
        try:
            body = parse(envelope.type, record.value)
        except MalformedEventError as error:
            return Problem(Kind.MALFORMED, str(error))
        received = Received(body, envelope, record.topic, item.key, record.partition, record.offset)
        return Work(item.handler, received, self._handlers.many.get(envelope.type))

    def _handler(self, record: Record, envelope: Envelope) -> Handler | None:
        if record.value is None:
            return self._handlers.tombstones.get(record.topic)
        _model, handler = self._handlers.events.get(envelope.type, (None, None))
        return handler


def record_time(timestamp_ms: int) -> datetime:
    """The time of a Kafka timestamp in milliseconds; producers choose it freely, so it is kept within what a datetime can say."""
    return datetime.fromtimestamp(min(max(timestamp_ms, 0), _LAST_TIME_MS) / 1000, tz=UTC)


def _misfit(record: Record, key: str, envelope: Envelope) -> Problem | None:
    """Why an envelope cannot belong to its record, if so."""
    if envelope.subject != key:
        return Problem(Kind.MALFORMED, "ce_subject differs from the record's key")
    if envelope.sequence > MAX_SEQUENCE:
        return Problem(Kind.MALFORMED, "ce_sequence is beyond 64 bits")
    known = EVENT_TYPES.get(envelope.type)
    if known is None:
        return Problem(Kind.UNKNOWN_TYPE, str(UnknownEventTypeError(envelope.type)))
    if known.topic is not record.topic:
        return Problem(Kind.MALFORMED, f"{envelope.type} does not belong on {record.topic}")
    return None


def _place(record: Record) -> UUID:
    """The id of a record that brings none: its place in the log."""
    return uuid5(_RAW_RECORDS, f"{record.topic}/{record.partition}/{record.offset}/{record.time.timestamp()}")


def _open_raw(record: Record, key: str, handler: Handler) -> Work | Problem:
    try:
        value = json.loads(record.value) if record.value is not None else None
    except (ValueError, RecursionError):
        return Problem(Kind.MALFORMED, "the value is not JSON")
    return Work(handler, RawRecord(record.topic, key, value, record.partition, record.offset, record.time))


def _key(raw: bytes | None) -> str | None:
    if not raw:
        return None
    try:
        key = raw.decode()
    except UnicodeDecodeError:
        return None
    return key if len(key) <= MAX_KEY_CHARACTERS and "\x00" not in key else None

"""Reading a Kafka record: what it is, what would handle it, or why nothing can. Never raises, whatever the bytes."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from contracts.envelope import Envelope, EnvelopeError, from_headers
from contracts.events import EventBody
from contracts.registry import EVENT_TYPES, MalformedEventError, UnknownEventTypeError, parse
from contracts.topics import Topic
from services.kit.handlers import EventHandler, Handlers, ManyHandler, RawRecord, Received
from services.kit.postgres import Connection

_RAW_RECORDS = UUID("6a1f1c52-8a43-5d0f-8f35-0c4a3d0e6b77")
"""Namespace of the ids of records that bring none: their place in the log."""

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


@dataclass(frozen=True, slots=True)
class Record:
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


Call: TypeAlias = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that was read: either ``call`` runs its handler, or ``problem`` says why not, or neither: this service does not care for it.

    Where its handler takes ``many``, ``received`` is what it takes many of.
    ``key`` is None where the record's key is unusable (it then holds back nothing); ``event_id`` is None where nothing identifies it.
    """

    record: Record
    key: str | None
    event_id: UUID | None = None
    envelope: Envelope | None = None
    call: Call | None = None
    problem: Problem | None = None
    many: ManyHandler[Any] | None = None
    received: Received[Any] | None = None

    @property
    def concerns_us(self) -> bool:
        """Whether the service has anything to do with it: a handler to run, or a problem to put aside."""
        return self.call is not None or self.problem is not None


class Reader:
    """Reads records for one service's handlers."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def read(self, record: Record) -> Incoming:
        """Decide what a record is."""
        key = _key(record.key)
        if key is None:
            return Incoming(
                record, None, problem=Problem(Kind.MALFORMED, "the record has no usable key: UTF-8 text of at most 500 characters")
            )
        if record.topic in self._handlers.raws:
            return self._read_raw(record, key)
        try:
            envelope = from_headers(record.headers)
        except EnvelopeError as error:
            return Incoming(record, key, problem=Problem(Kind.MALFORMED, str(error)))
        return self._read_event(record, key, envelope)

    def _read_event(self, record: Record, key: str, envelope: Envelope) -> Incoming:
        problem = _misfit(record, key, envelope)
        if problem is not None:
            return Incoming(record, key, envelope.id, envelope, problem=problem)
        handler: EventHandler[Any] | None
        body: EventBody | None = None
        if record.value is None:
            handler = self._handlers.tombstones.get(record.topic)
        else:
            _model, handler = self._handlers.events.get(envelope.type, (None, None))
        if handler is None:
            return Incoming(record, key, envelope.id, envelope)
        if record.value is not None:
            try:
                body = parse(envelope.type, record.value)
            except MalformedEventError as error:
                return Incoming(record, key, envelope.id, envelope, problem=Problem(Kind.MALFORMED, str(error)))
        received: Received[Any] = Received(body, envelope, record.topic, key, record.partition, record.offset)
        many = self._handlers.many.get(envelope.type) if body is not None else None
        return Incoming(record, key, envelope.id, envelope, call=partial(_call, handler, received), many=many, received=received)

    def _read_raw(self, record: Record, key: str) -> Incoming:
        handler = self._handlers.raws[record.topic]
        place = uuid5(_RAW_RECORDS, f"{record.topic}/{record.partition}/{record.offset}/{record.time.timestamp()}")
        try:
            value = json.loads(record.value) if record.value is not None else None
        except (ValueError, RecursionError):
            return Incoming(record, key, place, problem=Problem(Kind.MALFORMED, "the value is not JSON"))
        raw = RawRecord(record.topic, key, value, record.partition, record.offset, record.time)
        return Incoming(record, key, place, call=partial(_call, handler, raw))


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


async def _call(handler: Callable[[Connection, Any], Awaitable[None]], argument: Any, connection: Connection) -> None:
    await handler(connection, argument)


def _key(raw: bytes | None) -> str | None:
    if not raw:
        return None
    try:
        key = raw.decode()
    except UnicodeDecodeError:
        return None
    return key if len(key) <= MAX_KEY_CHARACTERS and "\x00" not in key else None

"""What a service does with which record: its handlers, by event type, by tombstone, and by topic for records that are no CloudEvents."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.identifiers import EventId, MerchantId
from contracts.topics import Topic
from services.kit.postgres import Connection

BodyT = TypeVar("BodyT", bound=EventBody | None)


class Received(NamedTuple, Generic[BodyT]):
    """An event as it arrived; ``body`` is None for a tombstone."""

    body: BodyT
    envelope: Envelope
    topic: Topic
    key: str
    partition: int
    offset: int

    @property
    def event_id(self) -> EventId:
        """The deduplication key."""
        return self.envelope.id

    @property
    def merchant_id(self) -> MerchantId:
        """The merchant the event is about."""
        return self.envelope.merchant_id

    @property
    def occurred_at(self) -> datetime:
        """When it happened, by the producer's clock."""
        return self.envelope.time

    @property
    def test(self) -> bool:
        """Whether the merchant is in test mode."""
        return self.envelope.test

    @property
    def trace_parent(self) -> str | None:
        """The trace that caused it."""
        return self.envelope.trace_parent


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record that is no CloudEvent: its key as text and its value as parsed JSON. ``time`` is the broker's or producer's timestamp."""

    topic: Topic
    key: str
    value: Any
    partition: int
    offset: int
    time: datetime


EventHandler: TypeAlias = Callable[[Connection, Received[BodyT]], Awaitable[None]]
ManyHandler: TypeAlias = Callable[[Connection, Sequence[Received[BodyT]]], Awaitable[None]]
RawHandler: TypeAlias = Callable[[Connection, RawRecord], Awaitable[None]]


class Handlers:
    """The handlers of one service. Registering a second one for the same thing raises ``ValueError``.

    A handler writes through the connection it is given and has no other effect: its transaction may be rolled back and run again.
    """

    def __init__(self) -> None:
        self.events: dict[str, tuple[type[EventBody], EventHandler[Any]]] = {}
        self.many: dict[str, ManyHandler[Any]] = {}
        self.tombstones: dict[Topic, EventHandler[None]] = {}
        self.raws: dict[Topic, RawHandler] = {}

    @property
    def topics(self) -> list[Topic]:
        """The topics that have a handler, in order of name."""
        return sorted({body.topic for body, _handler in self.events.values()} | self.tombstones.keys() | self.raws.keys())

    def on(self, body: type[BodyT]) -> Callable[[EventHandler[BodyT]], EventHandler[BodyT]]:
        """Handle the events of one type."""
        if not issubclass(body, EventBody):
            raise TypeError("a handler is registered for a type of event body")

        def register(handler: EventHandler[BodyT]) -> EventHandler[BodyT]:
            if body.event_type in self.events:
                raise ValueError(f"{body.event_type} has a handler already")
            self.events[body.event_type] = (body, handler)
            return handler

        return register

    def on_many(self, body: type[BodyT]) -> Callable[[ManyHandler[BodyT]], ManyHandler[BodyT]]:
        """Handle the events of one type by statements over many of them: those that follow one another in a batch, in order, at least one.

        It is called with single events where one of a batch failed, and where one is replayed. It has no trace: its events may be of many.
        """

        def register(handler: ManyHandler[BodyT]) -> ManyHandler[BodyT]:
            async def handle_one(connection: Connection, event: Received[BodyT]) -> None:
                await handler(connection, [event])

            self.on(body)(handle_one)
            self.many[cast("type[EventBody]", body).event_type] = handler
            return handler

        return register

    def tombstone(self, topic: Topic) -> Callable[[EventHandler[None]], EventHandler[None]]:
        """Handle the records without a value of a compacted topic."""

        def register(handler: EventHandler[None]) -> EventHandler[None]:
            if topic in self.tombstones:
                raise ValueError(f"the tombstones of {topic} have a handler already")
            self.tombstones[topic] = handler
            return handler

        return register

    def raw(self, topic: Topic) -> Callable[[RawHandler], RawHandler]:
        """Handle every record of a topic that carries plain JSON."""

        def register(handler: RawHandler) -> RawHandler:
            if topic in self.raws:
                raise ValueError(f"{topic} has a handler already")
            self.raws[topic] = handler
            return handler

        return register

"""Every event type of the platform and the model that reads it."""

from pydantic import ValidationError

from contracts import case_v1, contact_v1, message_v1, order_v1, refund_v1, resolution_v1, shipment_v1
from contracts.base import describe_problems
from contracts.events import EventBody
from contracts.topics import Topic


class UnknownEventTypeError(ValueError):
    """No model is registered for the type (or its major version)."""

    def __init__(self, event_type: str) -> None:
        super().__init__(f"unknown event type {event_type!r}: deploy the consumer that knows it, then replay")


class MalformedEventError(ValueError):
    """The body does not fit the model of its type; the message names the fields."""


EVENT_TYPES: dict[str, type[EventBody]] = {
    body.event_type: body
    for module in (order_v1, contact_v1, case_v1, resolution_v1, refund_v1, shipment_v1, message_v1)
    for body in module.EVENTS
}


def parse(event_type: str, data: bytes) -> EventBody:
    """Read an event's body.

    Raises :class:`UnknownEventTypeError` or :class:`MalformedEventError`.
    """
    model = EVENT_TYPES.get(event_type)
    if model is None:
        raise UnknownEventTypeError(event_type)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise MalformedEventError(f"{event_type}: {describe_problems(error)}") from error


def event_types_of(topic: Topic) -> tuple[str, ...]:
    """The types published on a topic, in order of name."""
    return tuple(sorted(name for name, body in EVENT_TYPES.items() if body.topic is topic))

"""What the timeline keeps of each event: codes, numbers and times, never anybody's words."""

from typing import Any

from contracts.events import EventBody
from contracts.resolution_v1 import ReminderDue, SlaBreached, WorkItemOpened

_TOLD = (
    "priority",
    "request_number",
    "missing",
    "due_at",
    "offer_id",
    "offer_number",
    "valid_until",
    "reason",
    "kind",
    "tier",
    "from_tier",
    "to_tier",
    "granted",
    "reason_code",
    "outcome",
    "refunded_minor",
    "amount_minor",
    "currency",
    "ship_by",
    "answer_by",
    "partial_refund_minor",
    "result",
    "carrier",
    "waybill",
    "verdict",
    "answer",
    "satisfied",
    "attempt",
    "sla",
    "moment",
)
_CODES = ("option",)

INTERNAL: frozenset[type[EventBody]] = frozenset({SlaBreached, WorkItemOpened, ReminderDue})
"""Events that are told to staff and merchants, not to the customer."""


def timeline_code(event: type[EventBody]) -> str:
    """The code of an event on the timeline: ``aftersales.resolution.offer_made.v1`` becomes ``resolution.offer_made``."""
    return event.event_type.removeprefix("aftersales.").rpartition(".")[0]


def facts_told(event: EventBody) -> dict[str, Any]:
    """The data of an event's timeline entry."""
    told = {name: getattr(event, name) for name in _TOLD if getattr(event, name, None) not in (None, ())}
    for name in _CODES:
        value = getattr(event, name, None)
        if value is not None:
            told[name] = getattr(value, "code", value)
    options = getattr(event, "options", None)
    if options:
        told["options"] = [option.code for option in options]
    return told

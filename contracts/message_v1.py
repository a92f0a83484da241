"""What was said to customers, on ``aftersales.message.v1``. Never the words or the address: the moment, the way and the result."""

from typing import ClassVar
from uuid import UUID

from contracts.base import Moment
from contracts.events import CaseEvent, EventBody
from contracts.identifiers import CustomerRef
from contracts.topics import Topic


class MessageEvent(CaseEvent):
    """The base of message events.

    ``moment`` is the rule of the catalogue, such as ``R-NTF-05``; sent once per (case, moment, sequence) (R-NTF-34).
    """

    topic: ClassVar[Topic] = Topic.MESSAGE

    message_id: UUID
    case_number: str
    customer_ref: CustomerRef
    moment: str
    sequence: int
    way: str
    locale: str


class MessageSent(MessageEvent):
    """A message went out: ``way`` is ``email`` or ``in_app``."""

    event_type: ClassVar[str] = "aftersales.message.sent.v1"

    sent_at: Moment


class MessageFailed(MessageEvent):
    """A message could not be sent on this way; ``fallback`` names the one taken instead."""

    event_type: ClassVar[str] = "aftersales.message.failed.v1"

    reason: str
    fallback: str | None
    failed_at: Moment


class AgentTaskOpened(CaseEvent):
    """An agent must reach the customer in person, because no way of ours does."""

    event_type: ClassVar[str] = "aftersales.message.agent_task_opened.v1"
    topic: ClassVar[Topic] = Topic.MESSAGE

    task_id: UUID
    case_number: str
    customer_ref: CustomerRef
    reason: str
    opened_at: Moment


EVENTS: tuple[type[EventBody], ...] = (MessageSent, MessageFailed, AgentTaskOpened)

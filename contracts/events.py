"""The base of every event body: its type, its topic and its key stand with the class."""

from abc import abstractmethod
from typing import ClassVar

from contracts.base import Model
from contracts.identifiers import CaseId, MerchantId, OrderId
from contracts.topics import Topic


class EventBody(Model):
    """The data of one event: a fact, named in the past tense.

    ``event_type`` is the CloudEvents type, such as ``aftersales.case.opened.v1``; ``partition_key`` is the record's key, within
    which order holds.
    """

    event_type: ClassVar[str]
    topic: ClassVar[Topic]

    merchant_id: MerchantId

    @property
    @abstractmethod
    def partition_key(self) -> str:
        """The key of the record."""


class CaseEvent(EventBody):
    """An event keyed by its case."""

    case_id: CaseId

    @property
    def partition_key(self) -> str:
        """The case id."""
        return str(self.case_id)


class OrderEvent(EventBody):
    """An event keyed by its order, because finance caps and reconciles per order."""

    order_id: OrderId

    @property
    def partition_key(self) -> str:
        """The order id."""
        return str(self.order_id)


class StaffActor(Model):
    """A member of staff who did something: the subject of their token, and the role they acted in."""

    staff_id: str
    role: str

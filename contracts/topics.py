"""The topics, their owners, and how each is kept. One topic has one owner."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Topic(StrEnum):
    """A Kafka topic of the platform, or the storefront's."""

    STOREFRONT_ORDER = "storefront.order.v1"
    ORDER = "aftersales.order.v1"
    CONTACT = "aftersales.contact.v1"
    CASE = "aftersales.case.v1"
    RESOLUTION = "aftersales.resolution.v1"
    REFUND = "aftersales.refund.v1"
    SHIPMENT = "aftersales.shipment.v1"
    MESSAGE = "aftersales.message.v1"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is keyed and kept.

    ``partitions`` is the default of a small installation; order holds per key whatever the number. ``retention`` None means for ever.
    """

    topic: Topic
    owner: str
    key: str
    partitions: int = 6
    compacted: bool = False
    retention: timedelta | None = timedelta(days=30)


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(Topic.STOREFRONT_ORDER, owner="storefront", key="merchant_id:order_number"),
    TopicSpec(Topic.ORDER, owner="intake", key="order_id"),
    TopicSpec(Topic.CONTACT, owner="intake", key="customer_ref", compacted=True, retention=None),
    TopicSpec(Topic.CASE, owner="intake", key="case_id"),
    TopicSpec(Topic.RESOLUTION, owner="workflow", key="case_id"),
    TopicSpec(Topic.REFUND, owner="workflow", key="order_id", retention=None),
    TopicSpec(Topic.SHIPMENT, owner="logistics", key="case_id"),
    TopicSpec(Topic.MESSAGE, owner="notifications", key="case_id"),
)

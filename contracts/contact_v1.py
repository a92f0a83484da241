"""The one road of personal data: sealed contacts on the compacted topic ``aftersales.contact.v1``.

Only logistics (addresses) and notifications (mail, phone, name) hold the key. A record without a body is a tombstone: the
customer was erased.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Moment
from contracts.events import EventBody
from contracts.identifiers import CustomerRef
from contracts.topics import Topic


class ContactRecorded(EventBody):
    """A customer's contact, sealed: the JSON of :class:`contracts.storefront_v1.Contact`, encrypted (base64) under ``key_id``.

    ``contact_version`` rises with every change; an older one is ignored.
    """

    event_type: ClassVar[str] = "aftersales.contact.recorded.v1"
    topic: ClassVar[Topic] = Topic.CONTACT

    customer_ref: CustomerRef
    contact_version: Annotated[int, Field(ge=1)]
    recorded_at: Moment
    key_id: str
    sealed: str

    @property
    def partition_key(self) -> str:
        """The customer reference."""
        return str(self.customer_ref)


EVENTS: tuple[type[EventBody], ...] = (ContactRecorded,)

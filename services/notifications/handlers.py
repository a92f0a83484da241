"""What notifications does when it hears of something: keep contacts, and log the messages an event calls for."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError

from contracts.contact_v1 import ContactRecorded
from contracts.events import EventBody
from contracts.storefront_v1 import Contact
from contracts.topics import Topic
from services.kit.clock import utc_now
from services.kit.errors import PermanentError
from services.kit.handlers import Handlers, Received
from services.kit.postgres import Connection
from services.kit.sealing import Sealer, SealError
from services.notifications.adapters import contacts, messages
from services.notifications.adapters.messages import Addressee
from services.notifications.domain.moments import NOTIFIED_EVENTS, notices_of


def build_handlers(sealer: Sealer) -> Handlers:
    """The handlers of all events notifications listens to. ``sealer`` opens contacts."""
    handlers = Handlers()

    async def keep_contact(conn: Connection, event: Received[ContactRecorded]) -> None:
        try:
            contact = Contact.model_validate_json(sealer.open(event.body.sealed, str(event.body.customer_ref)))
        except (SealError, ValidationError) as error:
            raise PermanentError(f"the contact cannot be opened ({type(error).__name__}): is its key in AFTERSALES_CONTACT_KEY?") from None
        await contacts.keep(conn, event.body, contact)

    async def erase_contact(conn: Connection, event: Received[None]) -> None:
        await contacts.erase(conn, UUID(event.key))
        await messages.erase_words(conn, UUID(event.key))

    handlers.on(ContactRecorded)(keep_contact)
    handlers.tombstone(Topic.CONTACT)(erase_contact)
    for body in NOTIFIED_EVENTS:
        handlers.on(body)(_log_messages)
    return handlers


async def _log_messages(conn: Connection, event: Received[Any]) -> None:
    notices = notices_of(event.body)
    if notices:
        await messages.log_notices(conn, event.event_id, _addressee(event.body, test=event.test), notices, utc_now())


def _addressee(body: EventBody, *, test: bool) -> Addressee:
    """Every event of the catalogue names its case, whatever its topic."""
    case: Any = body
    return Addressee(body.merchant_id, test, case.case_id, case.case_number, case.customer_ref, case.locale)

"""Where goods go: kept from sealed contact events, erased with the customer (R-SEC-02, R-RSH-07)."""

from uuid import UUID

from pydantic import ValidationError

from contracts.contact_v1 import ContactRecorded
from contracts.identifiers import CustomerRef
from contracts.storefront_v1 import Contact
from services.kit.errors import PermanentError
from services.kit.postgres import Connection
from services.kit.sealing import Sealer, SealError
from services.logistics.adapters import contact_rows, job_rows, shipment_rows
from services.logistics.adapters.job_rows import JobKind
from services.logistics.domain.recipient import recipient_of


async def record(conn: Connection, event: ContactRecorded, sealer: Sealer) -> None:
    """Keep name, phone and address of a customer; shipments that wait for it go on."""
    try:
        contact = Contact.model_validate_json(sealer.open(event.sealed, str(event.customer_ref)))
    except SealError as error:
        raise PermanentError(
            f"the contact is sealed with key {event.key_id}, which does not open it: add the key to AFTERSALES_CONTACT_KEY, then replay"
        ) from error
    except ValidationError:
        # The validation message would repeat what the customer wrote.
        raise PermanentError("the sealed contact does not have the form of a contact") from None
    recipient = recipient_of(contact)
    await contact_rows.lock(conn, event.customer_ref)
    if not await contact_rows.record(conn, event.customer_ref, event.contact_version, recipient) or recipient is None:
        return
    for shipment_id in await shipment_rows.waiting_for(conn, event.customer_ref):
        await job_rows.arm(conn, JobKind.SHIPMENT, shipment_id)


async def erase(conn: Connection, key: str) -> None:
    """The customer was erased: forget where they live."""
    try:
        customer_ref = CustomerRef(UUID(key))
    except ValueError:
        raise PermanentError("the key of a contact tombstone is no customer reference") from None
    await contact_rows.erase(conn, customer_ref)

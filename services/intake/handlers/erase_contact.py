"""Erasure: the contact is withdrawn everywhere by a tombstone, and what intake itself could still recognise the customer by is deleted."""

from contracts.case_state import ENDED
from contracts.contact_v1 import ContactRecorded
from contracts.identifiers import customer_ref_for
from contracts.merchant import Merchant, Mode
from services.intake.adapters.contacts import PostgresContacts
from services.intake.domain.errors import CustomerNotFoundError
from services.kit import outbox
from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Pool, transaction

log = get_logger(__name__)


class EraseContact:
    """Forgets customers."""

    def __init__(self, pool: Pool, contacts: PostgresContacts) -> None:
        self._pool = pool
        self._contacts = contacts

    async def __call__(self, merchant: Merchant, customer_id: str) -> None:
        """Forget one. A repeat withdraws nothing again. Raises :class:`CustomerNotFoundError` where nothing of them was ever here."""
        customer_ref = customer_ref_for(merchant.merchant_id, customer_id)
        now = utc_now()
        async with transaction(self._pool) as connection:
            if not await self._contacts.known(connection, customer_ref):
                raise CustomerNotFoundError("No order of this customer was ever sent.")
            version = await self._contacts.erase(connection, merchant.merchant_id, customer_ref, [status.value for status in ENDED], now)
            if version is not None:
                body = ContactRecorded(
                    merchant_id=merchant.merchant_id,
                    customer_ref=customer_ref,
                    contact_version=version,
                    recorded_at=now,
                    key_id="",
                    sealed="",
                )
                await outbox.append(connection, OutgoingEvent(body=body, occurred_at=now, test=merchant.mode is Mode.TEST, payload=None))
        log.info("contact.erased", merchant_id=merchant.merchant_id, customer_ref=str(customer_ref))

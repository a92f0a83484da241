"""The contacts notifications keeps: name, mail address and language of a customer, nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.contact_v1 import ContactRecorded
from contracts.storefront_v1 import Contact
from services.kit.postgres import Connection


@dataclass(frozen=True, slots=True)
class Recipient:
    """How a customer can be reached; ``email`` None means by no way of ours."""

    name: str
    email: str | None
    locale: str | None


async def keep(conn: Connection, event: ContactRecorded, contact: Contact) -> None:
    """Keep a contact, unless a newer version of it is known."""
    await conn.execute(
        """
        INSERT INTO contacts AS known (customer_ref, merchant_id, contact_version, name, email, locale, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (customer_ref) DO UPDATE
        SET contact_version = excluded.contact_version, name = excluded.name, email = excluded.email, locale = excluded.locale,
            recorded_at = excluded.recorded_at
        WHERE known.contact_version < excluded.contact_version
        """,
        event.customer_ref,
        event.merchant_id,
        event.contact_version,
        contact.name,
        contact.email,
        contact.locale,
        event.recorded_at,
    )


async def erase(conn: Connection, customer_ref: UUID) -> None:
    """Forget the contact of a customer."""
    await conn.execute("DELETE FROM contacts WHERE customer_ref = $1", customer_ref)


async def hold(conn: Connection, customers: Sequence[UUID]) -> set[UUID]:
    """Which of these customers are known. They can be erased only after the transaction has ended."""
    rows = await conn.fetch("SELECT customer_ref FROM contacts WHERE customer_ref = ANY($1) ORDER BY customer_ref FOR KEY SHARE", customers)
    return {row["customer_ref"] for row in rows}


async def recipient(conn: Connection, customer_ref: UUID) -> Recipient | None:
    """How to reach a customer; None where nothing has been heard of them yet."""
    row = await conn.fetchrow("SELECT name, email, locale FROM contacts WHERE customer_ref = $1", customer_ref)
    return Recipient(row["name"], row["email"], row["locale"]) if row else None

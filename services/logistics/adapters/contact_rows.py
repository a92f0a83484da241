"""Rows of ``contacts``: the one table with personal data. What a delivery needs is kept, nothing else (R-SEC-04)."""

from dataclasses import asdict

from contracts.identifiers import CustomerRef
from services.kit.postgres import Connection, Pool
from services.logistics.domain.recipient import Recipient


async def lock(conn: Connection, customer_ref: CustomerRef) -> None:
    """Who finds no address and waits for one, and who records it, do so one after the other: locked until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('contact/' || $1::uuid::text, 0))", customer_ref)


async def record(conn: Connection, customer_ref: CustomerRef, version: int, recipient: Recipient | None) -> bool:
    """Keep a customer's recipient; None where the contact names no place. False if a newer version was known."""
    status: str = await conn.execute(
        """
        INSERT INTO contacts AS c (customer_ref, contact_version, recipient) VALUES ($1, $2, $3)
        ON CONFLICT (customer_ref) DO UPDATE SET contact_version = excluded.contact_version, recipient = excluded.recipient
        WHERE c.contact_version < excluded.contact_version
        """,
        customer_ref,
        version,
        None if recipient is None else asdict(recipient),
    )
    return status.endswith(" 1")


async def erase(conn: Connection, customer_ref: CustomerRef) -> None:
    """Forget the customer."""
    await conn.execute("DELETE FROM contacts WHERE customer_ref = $1", customer_ref)


async def recipient(pool: Pool | Connection, customer_ref: CustomerRef) -> Recipient | None:
    """Where goods for this customer go, None if nobody told."""
    value = await pool.fetchval("SELECT recipient FROM contacts WHERE customer_ref = $1", customer_ref)
    if value is None:
        return None
    return Recipient(
        name=value["name"], phone=value["phone"], lines=tuple(value["lines"]), postcode=value["postcode"], country=value["country"]
    )

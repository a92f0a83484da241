"""That contacts were published, and as which version; the contact itself is never stored here."""

from datetime import datetime

from contracts.identifiers import CustomerRef, MerchantId
from services.kit.postgres import Connection

# A back-fill may bring old orders after new ones: the contact of the order placed last holds, and an erased one stays erased until a later order.
_UPSERT = """
INSERT INTO contacts (customer_ref, merchant_id, fingerprint, as_of, recorded_at)
SELECT customer_ref, $4, fingerprint, as_of, $5
FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[]) AS new (customer_ref, fingerprint, as_of) ORDER BY customer_ref
ON CONFLICT (customer_ref) DO UPDATE SET
    contact_version = contacts.contact_version + 1,
    fingerprint = excluded.fingerprint,
    as_of = excluded.as_of,
    recorded_at = excluded.recorded_at,
    erased_at = NULL
WHERE contacts.fingerprint IS DISTINCT FROM excluded.fingerprint
  AND excluded.as_of >= contacts.as_of
  AND (contacts.erased_at IS NULL OR excluded.as_of > contacts.erased_at)
RETURNING customer_ref, contact_version
"""
# A customer of whom no contact ever came is erased, too: an older order that brings one must not bring them back.
_ERASE = """
INSERT INTO contacts (customer_ref, merchant_id, as_of, recorded_at, erased_at) VALUES ($1, $2, $3, $3, $3)
ON CONFLICT (customer_ref) DO UPDATE SET contact_version = contacts.contact_version + 1, fingerprint = NULL, erased_at = excluded.erased_at
WHERE contacts.erased_at IS NULL
RETURNING contact_version
"""
_KNOWN = "SELECT EXISTS (SELECT FROM orders WHERE customer_ref = $1) OR EXISTS (SELECT FROM contacts WHERE customer_ref = $1)"
_FORGET_IDENTITY = "UPDATE orders SET identity = '{}' WHERE customer_ref = $1"
_FORGET_WORDS = """
UPDATE case_texts SET body = NULL
FROM cases WHERE cases.case_id = case_texts.case_id AND cases.customer_ref = $1 AND cases.status = ANY($2)
"""


class PostgresContacts:
    """Implements :class:`services.intake.ports.Contacts`."""

    async def publishable(
        self, connection: Connection, merchant_id: MerchantId, contacts: dict[CustomerRef, tuple[bytes, datetime]], now: datetime
    ) -> dict[CustomerRef, int]:
        """Record changed contacts (fingerprint, as of). Returns the new versions of those that are to be published."""
        if not contacts:
            return {}
        fingerprints = [fingerprint for fingerprint, _as_of in contacts.values()]
        moments = [as_of for _fingerprint, as_of in contacts.values()]
        rows = await connection.fetch(_UPSERT, list(contacts), fingerprints, moments, merchant_id, now)
        return {CustomerRef(row["customer_ref"]): row["contact_version"] for row in rows}

    async def known(self, connection: Connection, customer_ref: CustomerRef) -> bool:
        """Whether anything of a customer was ever here."""
        return bool(await connection.fetchval(_KNOWN, customer_ref))

    async def erase(
        self, connection: Connection, merchant_id: MerchantId, customer_ref: CustomerRef, ended: list[str], now: datetime
    ) -> int | None:
        """Forget a customer: identity hashes, words in ended cases. Returns the version of the contact's end, None where it has ended before."""
        await connection.execute(_FORGET_IDENTITY, customer_ref)
        await connection.execute(_FORGET_WORDS, customer_ref, ended)
        version: int | None = await connection.fetchval(_ERASE, customer_ref, merchant_id, now)
        return version

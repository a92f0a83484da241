"""What reconciliation can find: breaks, each with its reason in words and a name that stays the same however often it is found."""

from datetime import date
from enum import StrEnum
from uuid import UUID, uuid5

from contracts.base import Model

_NAMESPACE = UUID("7a1f4f0e-9d0c-5c6a-8a35-2b9a5d1f6c77")

LEDGER = "ledger"
"""The subject of the comparison of our own books; the others are payment providers, see :func:`subject_of`."""


class BreakKind(StrEnum):
    """How two records of the same money can differ."""

    UNKNOWN_HERE = "unknown_here"
    NOT_SETTLED_HERE = "not_settled_here"
    MISSING_AT_PROVIDER = "missing_at_provider"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    DUPLICATE = "duplicate"
    SETTLED_LATE = "settled_late"
    REVERSAL_UNKNOWN_HERE = "reversal_unknown_here"
    REVERSAL_MISSING_AT_PROVIDER = "reversal_missing_at_provider"
    ENTRY_MISSING = "entry_missing"
    ENTRY_DIFFERS = "entry_differs"
    EVENT_MISSING = "event_missing"
    EVENT_DIFFERS = "event_differs"
    EVENT_DUPLICATE = "event_duplicate"
    EVENT_WITHOUT_ENTRY = "event_without_entry"


REASONS = {
    BreakKind.UNKNOWN_HERE: "The provider paid a refund that this platform did not order, such as one made by hand in the provider's dashboard.",
    BreakKind.NOT_SETTLED_HERE: "The provider lists as paid what is not recorded as paid here: its message may have been lost, or it contradicts itself.",
    BreakKind.MISSING_AT_PROVIDER: "It is recorded as paid here, and the provider's files do not list it.",
    BreakKind.AMOUNT_DIFFERS: "The provider paid another amount than was ordered.",
    BreakKind.CURRENCY_DIFFERS: "The provider paid in another currency than was ordered.",
    BreakKind.DUPLICATE: "The provider lists the same refund more than once.",
    BreakKind.SETTLED_LATE: "The provider settled it days after it was recorded as paid here.",
    BreakKind.REVERSAL_UNKNOWN_HERE: "The provider got money back that is not recorded as come back here.",
    BreakKind.REVERSAL_MISSING_AT_PROVIDER: "It is recorded as come back here, and the provider's files do not list that.",
    BreakKind.ENTRY_MISSING: "The refund is settled, and the ledger has no entry of it.",
    BreakKind.ENTRY_DIFFERS: "The ledger books another amount than was paid.",
    BreakKind.EVENT_MISSING: "The ledger has an entry that was not published: finance systems do not know of it.",
    BreakKind.EVENT_DIFFERS: "What was published of an entry is not what the ledger has.",
    BreakKind.EVENT_DUPLICATE: "Several events tell the same entry: a finance system may have booked it more than once.",
    BreakKind.EVENT_WITHOUT_ENTRY: "An entry was published that the ledger does not have.",
}
"""Each kind in a sentence for the person who looks into it."""


class Break(Model):
    """One difference. ``key`` names what differs; an amount is None on the side that does not have it. ``day`` is when it happened, in UTC.

    ``currency`` is ours, or theirs where we have none; ``theirs_currency`` is given where the two differ.
    """

    kind: BreakKind
    subject: str
    key: str
    day: date
    currency: str
    ours_minor: int | None = None
    theirs_minor: int | None = None
    theirs_currency: str | None = None
    submission_id: UUID | None = None
    refund_id: UUID | None = None
    entry_id: UUID | None = None
    reference: str | None = None
    provider_refund_id: str | None = None
    merchant_id: str | None = None
    case_id: UUID | None = None

    @property
    def break_id(self) -> UUID:
        """The same however often it is found."""
        return break_id_of(self.subject, self.kind, self.key)


def break_id_of(subject: str, kind: BreakKind, key: str) -> UUID:
    """The id of a break."""
    return uuid5(_NAMESPACE, f"{subject}/{kind.value}/{key}")


def subject_of(provider: str, *, test: bool) -> str:
    """What a provider in one of its modes is called in reconciliation, such as ``stripe`` or ``sandbox (test)``."""
    return f"{provider} (test)" if test else provider

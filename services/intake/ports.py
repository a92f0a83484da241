"""What the use cases need of the world, as protocols: the adapters are these on PostgreSQL, on disk, and with keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

from contracts.decision_facts import AffectedUnits, EvidenceItem
from contracts.identifiers import CaseId, CustomerRef, MerchantId, OrderId
from contracts.order_v1 import Order
from contracts.scenes import Scene
from services.intake.domain.application import Claim
from services.intake.domain.callers import CustomerCaller
from services.intake.domain.orders import OrderRow
from services.intake.domain.view import CaseRecord, CaseView, ChangedCase, TimelineEntry
from services.kit.idempotency import IdempotentRequest, Reply
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection


class OrderFound(NamedTuple):
    """An order on record with its customer's locale and all claims on it, the oldest case first."""

    order: Order
    locale: str | None
    claims: list[Claim]


class Orders(Protocol):
    """Order snapshots, the highest version of each."""

    async def upsert(self, connection: Connection, rows: Sequence[OrderRow]) -> dict[UUID, bool]:
        """Store what is newer, each order at most once. Returns, by order id, what was stored and whether it is new."""

    async def versions(self, connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """Version and fingerprint on record."""

    async def for_case(self, connection: Connection, order_id: OrderId) -> OrderFound | None:
        """The order with its claims; it stays locked until commit."""


class OrderLooks(Protocol):
    """Looks at orders without a lock: what they say may change at any moment."""

    async def look(self, order_id: OrderId) -> OrderFound | None:
        """The order with its claims, as they are on record when this is called or later."""


class Contacts(Protocol):
    """That contacts were published, and as which version."""

    async def publishable(
        self, connection: Connection, merchant_id: MerchantId, contacts: dict[CustomerRef, tuple[bytes, datetime]], now: datetime
    ) -> dict[CustomerRef, int]:
        """Record changed contacts (fingerprint, as of). Returns the new versions of those that are to be published."""


class Cases(Protocol):
    """The case register."""

    async def insert(self, connection: Connection, rows: "NewCaseRows") -> None:
        """Store a new case with its lines, and its words where there are any; not its event."""

    async def get(self, connection: Connection, case_id: UUID, *, lock: bool = False) -> CaseRecord | None:
        """A case, locked until commit if asked."""

    async def save(self, connection: Connection, case: CaseRecord, view: CaseView, now: datetime, entries: Sequence[TimelineEntry]) -> None:
        """Store a changed view and what happened, of a case that was read locked; the version goes up by one."""

    async def lock(self, connection: Connection, case_ids: Collection[CaseId]) -> dict[CaseId, CaseRecord]:
        """Those of some cases that are on record, locked until commit."""

    async def save_all(self, connection: Connection, changed: Sequence[ChangedCase]) -> None:
        """What :meth:`save` does, for cases of which each is there once."""

    async def add_to_timeline(self, connection: Connection, case_id: CaseId, entries: Sequence[TimelineEntry]) -> None:
        """Append to the timeline and nothing else."""

    async def add_text(self, connection: Connection, case_id: UUID, text_id: UUID, author: str, body: str, now: datetime) -> None:
        """Keep more of the customer's words."""

    async def settle(self, connection: Connection, case_id: CaseId, units: dict[str, int]) -> None:
        """Count units whose remedy was carried out."""

    async def set_open(self, connection: Connection, case_id: CaseId, *, is_open: bool) -> None:
        """Whether the case's units count as claimed in full."""

    async def set_quantities(self, connection: Connection, case_id: CaseId, lines: Sequence[AffectedUnits]) -> None:
        """Change the claimed units to what a reviewer confirmed (R-EVD-13)."""

    async def link_scene(self, connection: Connection, case_id: UUID, scene: Scene, now: datetime) -> None:
        """Note that somebody asked for another scene on the same line (R-INT-05)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCaseRows:
    """All that is written of a case when it opens. ``order`` is what it was judged by; ``text`` is id, author and words, where there are any."""

    case: CaseRecord
    order: Order
    lines: Sequence[AffectedUnits]
    hazard_hints: Sequence[str]
    text: tuple[UUID, str, str] | None
    event: OutgoingEvent


class Openings(Protocol):
    """Opens cases by one statement, without a lock before it."""

    async def open(
        self, connection: Connection, request: IdempotentRequest, reply: Reply, claims: Sequence[Claim], rows: NewCaseRows
    ) -> bool:
        """Write a case with its event, and ``reply`` as the answer to its key, outside any transaction.

        Nothing is written, and the answer is False, where the key is taken, the order or the ``claims`` on it have changed since they were read, or a
        text cannot be stored. Raises ``Problem`` 409 where it waits too long for a concurrent request with the same key.
        """


class Refunds(Protocol):
    """What became of refunds."""

    async def states(self, connection: Connection, case_id: UUID) -> tuple[str, ...]:
        """The states of a case's refunds."""


class EvidenceRows(Protocol):
    """The register of evidence."""

    async def find(self, connection: Connection, case_id: UUID, sha256: str) -> EvidenceItem | None:
        """The item with this content, if the case has one."""

    async def count(self, connection: Connection, case_id: UUID) -> int:
        """How many items the case has."""

    async def insert(self, connection: Connection, case_id: UUID, item: EvidenceItem) -> None:
        """Store an item."""


class EvidenceFiles(Protocol):
    """Evidence bytes, by hash."""

    def incoming(self) -> Path:
        """A new path to write an upload to."""

    async def keep(self, upload: Path) -> tuple[str, str, int]:
        """Check, clean and store an upload durably: SHA-256, media type, size in bytes. Raises ``UnsupportedEvidenceError``."""

    def path(self, sha256: str) -> Path:
        """Where the bytes of a hash are."""


class CaseNumbers(Protocol):
    """Running numbers, almost without gaps."""

    async def take(self, merchant_id: MerchantId, year: int) -> int:
        """The next number of a merchant's year."""

    def give_back(self, merchant_id: MerchantId, year: int, number: int) -> None:
        """Return a number that was not used."""


class CaseTokens(Protocol):
    """Tokens for customers."""

    def issue(self, caller: CustomerCaller, now: datetime, lifetime: timedelta) -> tuple[str, datetime]:
        """A token and when it expires."""

    def read(self, token: str) -> CustomerCaller:
        """Whose token it is. Raises ``NotAuthenticatedError``."""

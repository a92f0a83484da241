"""The offers made: what could be chosen until when, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.case_state import OptionCode
from contracts.decision_result import Option
from contracts.identifiers import CaseId, OfferId
from services.kit.postgres import Connection, Record
from services.workflow.adapters.packing import PACKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as its row has it. ``automatic`` is carried out where nobody answers (R-RSH-04)."""

    offer_id: OfferId
    number: int
    policy_version: str
    options: tuple[Option, ...]
    automatic: OptionCode | None
    valid_until: datetime
    remind_at: datetime | None
    state: str
    chosen_option: OptionCode | None

    def option(self, code: OptionCode) -> Option | None:
        """The option of that code, None where it is not in the offer."""
        return next((option for option in self.options if option.code is code), None)


class OfferBook:
    """The offers on PostgreSQL."""

    async def make(self, conn: Connection, case_id: CaseId, offer: Offer, decision_id: UUID, at: datetime) -> int:
        """Make an offer; any that is still open gives way to it. Returns its number in the case."""
        return int(
            await conn.fetchval(
                _MAKE,
                offer.offer_id,
                case_id,
                decision_id,
                offer.policy_version,
                PACKING.pack(offer.options),
                offer.automatic.value if offer.automatic else None,
                offer.valid_until,
                offer.remind_at,
                at,
            )
        )

    async def get(self, conn: Connection, case_id: CaseId, offer_id: OfferId) -> Offer | None:
        """The offer of that id in that case."""
        row = await conn.fetchrow("SELECT * FROM offers WHERE offer_id = $1 AND case_id = $2", offer_id, case_id)
        return _offer(row) if row else None

    async def latest(self, conn: Connection, case_id: CaseId) -> Offer | None:
        """The newest offer of a case."""
        row = await conn.fetchrow("SELECT * FROM offers WHERE case_id = $1 ORDER BY number DESC LIMIT 1", case_id)
        return _offer(row) if row else None

    async def answer(self, conn: Connection, offer_id: OfferId, state: str, at: datetime, option: OptionCode | None = None) -> None:
        """Record what came of an offer: ``chosen``, ``rejected``, ``expired``, ``superseded``, or ``open`` again."""
        await conn.execute(
            "UPDATE offers SET state = $2, answered_at = $3, chosen_option = $4 WHERE offer_id = $1",
            offer_id,
            state,
            at,
            option.value if option else None,
        )

    async def rejected(self, conn: Connection, case_id: CaseId, since: datetime) -> list[Offer]:
        """The offers that the customer turned down in this run."""
        rows = await conn.fetch(
            "SELECT * FROM offers WHERE case_id = $1 AND state = 'rejected' AND made_at >= $2 ORDER BY number", case_id, since
        )
        return [_offer(row) for row in rows]


def _offer(row: Record) -> Offer:
    return Offer(
        offer_id=OfferId(row["offer_id"]),
        number=row["number"],
        policy_version=row["policy_version"],
        options=tuple(Option.model_validate(option) for option in PACKING.unpack(row["options"])),
        automatic=OptionCode(row["automatic"]) if row["automatic"] else None,
        valid_until=row["valid_until"],
        remind_at=row["remind_at"],
        state=row["state"],
        chosen_option=OptionCode(row["chosen_option"]) if row["chosen_option"] else None,
    )


_MAKE = """
WITH gave_way AS (UPDATE offers SET state = 'superseded', answered_at = $9 WHERE case_id = $2 AND state = 'open')
INSERT INTO offers (offer_id, case_id, number, decision_id, policy_version, options, automatic, valid_until, remind_at, state, made_at)
SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, 'open', $9 FROM offers WHERE case_id = $2
RETURNING number
"""

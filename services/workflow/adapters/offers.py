"""The offers made: what could be chosen until when, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.case_state import OptionCode
from contracts.decision_result import Option
from contracts.identifiers import CaseId, OfferId
from services.kit.postgres import Connection, Record
from services.kit.writing import write
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

    async def make(self, conn: Connection, case_id: CaseId, offer: Offer, decision_id: UUID, at: datetime) -> None:
        """Make an offer, which may be chosen already; any that is still open gives way to it."""
        await write(conn, _GIVE_WAY, case_id, at)
        await write(
            conn,
            _MAKE,
            *(offer.offer_id, case_id, offer.number, decision_id, offer.policy_version, PACKING.pack(offer.options)),
            *(offer.automatic.value if offer.automatic else None, offer.valid_until, offer.remind_at, offer.state),
            *(at if offer.chosen_option else None, offer.chosen_option.value if offer.chosen_option else None, at),
        )

    async def get(self, conn: Connection, case_id: CaseId, offer_id: OfferId) -> Offer | None:
        """The offer of that id in that case."""
        row = await conn.fetchrow("SELECT * FROM offers WHERE offer_id = $1 AND case_id = $2", offer_id, case_id)
        return offer_of(row) if row else None

    async def latest(self, conn: Connection, case_id: CaseId) -> Offer | None:
        """The newest offer of a case."""
        row = await conn.fetchrow("SELECT * FROM offers WHERE case_id = $1 ORDER BY number DESC LIMIT 1", case_id)
        return offer_of(row) if row else None

    async def answer(self, conn: Connection, offer_id: OfferId, state: str, at: datetime, option: OptionCode | None = None) -> None:
        """Record what came of an offer: ``chosen``, ``rejected``, ``expired``, ``superseded``, or ``open`` again."""
        await conn.execute(
            "UPDATE offers SET state = $2, answered_at = $3, chosen_option = $4 WHERE offer_id = $1",
            offer_id,
            state,
            at,
            option.value if option else None,
        )


def offer_of(row: Record) -> Offer:
    """The offer of a row."""
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


_GIVE_WAY = "UPDATE offers SET state = 'superseded', answered_at = $2 WHERE case_id = $1 AND state = 'open'"

_MAKE = """
INSERT INTO offers (offer_id, case_id, number, decision_id, policy_version, options, automatic, valid_until, remind_at, state, answered_at, chosen_option,
    made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

"""What every route needs: the tables, who may do what, and how answers are paged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request

from contracts.identifiers import MerchantId
from contracts.merchant import Merchant
from contracts.roles import Role
from services.kit.paging import decode_cursor
from services.kit.postgres import Pool
from services.kit.problems import FieldError, Problem
from services.kit.tokens import StaffPrincipal, StaffTokens, staff_dependency
from services.logistics.adapters.carriers import Carriers
from services.logistics.adapters.photo_store import PhotoStore
from services.logistics.handlers.label_links import LabelLinks

MOST_PHOTO_BYTES: Final = 10 * 2**20

READ: Final = (
    Role.WAREHOUSE_SUPERVISOR,
    Role.AGENT,
    Role.QA_MANAGER,
    Role.LOGISTICS_DEPT,
    Role.SUPERVISOR,
    Role.AFTER_SALES_MANAGER,
)
RECEIVE: Final = (Role.WAREHOUSE_SUPERVISOR, Role.AGENT, Role.LOGISTICS_DEPT)
INSPECT: Final = (Role.WAREHOUSE_SUPERVISOR, Role.QA_MANAGER)
RUN: Final = (Role.WAREHOUSE_SUPERVISOR, Role.LOGISTICS_DEPT)


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of the service that its routes use."""

    pool: Pool
    merchants: Mapping[MerchantId, Merchant]
    carriers: Carriers
    links: LabelLinks
    photos: PhotoStore
    tokens: StaffTokens
    webhook_secrets: Sequence[str]

    def staff(self, *roles: Role) -> Any:
        """A dependency that gives the member of staff who calls, if they have one of the roles."""
        identify = staff_dependency(self.tokens)

        async def allowed(request: Request) -> StaffPrincipal:
            principal = await identify(request)
            if not principal.has_any(*roles):
                needed = ", ".join(roles)
                raise Problem(403, "role_not_allowed", "Your role does not allow this.", f"It takes one of: {needed}.")
            return principal

        return Depends(allowed)

    def merchants_of(self, principal: StaffPrincipal, wanted: str | None = None) -> list[MerchantId]:
        """The merchants whose things a caller sees, or the wanted one of them. Raises :class:`Problem` 404."""
        seen = [merchant_id for merchant_id in self.merchants if principal.may_see(merchant_id)]
        if wanted is None:
            return seen
        if wanted not in seen:
            raise Problem(404, "merchant_not_found", "There is no such merchant.", "Use a merchant of your token.")
        return [MerchantId(wanted)]

    def one_merchant(self, principal: StaffPrincipal, wanted: str | None) -> MerchantId:
        """The merchant meant, which need not be said where a caller has only one. Raises :class:`Problem` 404 or 422."""
        seen = self.merchants_of(principal, wanted)
        if len(seen) != 1:
            raise Problem(
                422,
                "merchant_required",
                "It is not clear which merchant is meant.",
                "Your token covers several merchants: say which one with merchant_id.",
                errors=[FieldError("/merchant_id", "is required here")],
            )
        return seen[0]


Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query()]
MerchantFilter = Annotated[str | None, Query(description="Only this merchant's.")]


def time_position(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The (time, id) inside a cursor. Raises :class:`Problem` 400."""
    if cursor is None:
        return None
    moment, identifier = decode_cursor(cursor, length=2)
    try:
        parsed = datetime.fromisoformat(str(moment))
        if parsed.tzinfo is None:
            raise ValueError("no offset")  # noqa: TRY301 - one way out for every malformed cursor
        return parsed, UUID(str(identifier))
    except ValueError:
        raise Problem(400, "invalid_cursor", "The cursor is not one of ours.", "Begin without a cursor and follow next_cursor.") from None


def not_found(what: str) -> Problem:
    """Nothing there, or nothing the caller may see."""
    return Problem(
        404, f"{what}_not_found", f"There is no such {what}.", "Check the id; you see only what belongs to the merchants of your token."
    )

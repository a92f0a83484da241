"""What the routes of the workflow API share: who calls, what they may see, and where things are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, StringConstraints

from contracts.identifiers import CaseId, MerchantId
from contracts.roles import Role
from services.kit.api_keys import ApiKeys
from services.kit.idempotency import IdempotentRequest
from services.kit.paging import Page, decode_cursor, encode_cursor
from services.kit.postgres import Connection, Pool, Record
from services.kit.problems import Problem
from services.kit.tokens import ALL_MERCHANTS, StaffPrincipal, StaffTokens, bearer_token
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.deciding import Deciding
from services.workflow.adapters.providers import Providers
from services.workflow.adapters.reconciling import Reconciling
from services.workflow.ports import CaseHeader, Cases, WorkItems

PAGE_LIMIT = 100

ItemT = TypeVar("ItemT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts the routes work with."""

    pool: Pool
    providers: Providers
    cases: Cases
    work_items: WorkItems
    staff_tokens: StaffTokens
    deciding: Deciding
    api_keys: ApiKeys
    bookkeeper: Bookkeeper
    reconciling: Reconciling


def _context(request: Request) -> ApiContext:
    return cast("ApiContext", request.app.state.context)


Context = Annotated[ApiContext, Depends(_context)]


async def _staff(request: Request, context: Context) -> StaffPrincipal:
    principal = context.staff_tokens.verify(bearer_token(request))
    if not principal.roles:
        raise Problem(403, "role_required", "Your token carries no role of this shop's staff.", "Ask for a token with your role.")
    return principal


Staff = Annotated[StaffPrincipal, Depends(_staff)]
"""The member of staff who calls."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
"""Why, as a code such as ``paid_by_other_means``: it stands in events and in the books, where no free text may name a person."""
DocumentReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,59}$")]
"""The reference of a document, such as a bank's or a voucher's number."""

Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="How many items a page has at most.")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before.")]


def visible_merchants(staff: StaffPrincipal, wanted: str | None = None) -> Sequence[str] | None:
    """The merchants to look at, None for all. Raises :class:`Problem` 403 where ``wanted`` is not theirs to see."""
    if wanted is not None:
        if not staff.may_see(MerchantId(wanted)):
            raise Problem(
                403, "merchant_not_yours", "Your token is not for that merchant.", "Leave merchant_id out, or ask for another token."
            )
        return [wanted]
    return None if ALL_MERCHANTS in staff.merchants else sorted(staff.merchants)


BOOK_READERS = (Role.FINANCE, Role.AFTER_SALES_MANAGER, Role.DUTY_DIRECTOR)
"""Who reads the books (R-SEC-04: roles see what they need)."""


def require_role(staff: StaffPrincipal, *roles: Role) -> None:
    """Raises :class:`Problem` 403 where the caller has none of the roles."""
    if not staff.has_any(*roles):
        names = " or ".join(role.value for role in roles)
        raise Problem(403, "role_insufficient", "Your role may not do this.", f"It takes {names}.")


async def idempotent(request: Request, staff: StaffPrincipal, merchant_id: str, key: str) -> IdempotentRequest:
    """The scope of an idempotency key: the merchant, the caller and this very resource."""
    return IdempotentRequest(
        merchant_id=merchant_id,
        caller=f"staff:{staff.staff_id}",
        route=f"{request.method} {request.url.path}",
        key=key,
        body=await request.body(),
    )


def position(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """Where a page begins: the moment and id of the last item of the page before. Raises :class:`Problem` 400 for a cursor of somebody else."""
    if cursor is None:
        return None, None
    moment, item_id = decode_cursor(cursor, length=2)
    try:
        return datetime.fromisoformat(moment), UUID(item_id)
    except (TypeError, ValueError, AttributeError):
        raise Problem(400, "invalid_cursor", "The cursor is not one of ours.", "Begin without a cursor and follow next_cursor.") from None


async def merchant_of_case(context: ApiContext, staff: StaffPrincipal, case_id: UUID) -> MerchantId:
    """Whose case it is. Raises :class:`Problem` 404 where there is none, or it is not theirs to see."""
    merchant_id: MerchantId | None = await context.pool.fetchval("SELECT merchant_id FROM cases WHERE case_id = $1", case_id)
    if merchant_id is None or not staff.may_see(merchant_id):
        raise Problem(404, "case_not_found", "There is no such case.", "Find it by its number at the intake service.")
    return merchant_id


async def header_in_currency(context: ApiContext, conn: Connection, case_id: UUID, currency: str) -> CaseHeader:
    """The header of a case whose order was paid in that currency. Raises :class:`Problem` 422 for another one: amounts are never converted."""
    header = await context.cases.header(conn, CaseId(case_id))
    if header.currency != currency:
        raise Problem(
            422, "currency_mismatch", "Amounts are never converted.", f"The order was paid in {header.currency}: use {header.currency}."
        )
    return header


def page_of(rows: Sequence[Record | Mapping[str, Any]], limit: int, item: type[ItemT], moment: str, item_id: str) -> Page[ItemT]:
    """A page of ``limit`` items from rows that were read one more than that; the columns ``moment`` and ``item_id`` give their order."""
    shown = rows[:limit]
    next_cursor = cursor_after(shown[-1][moment], shown[-1][item_id]) if len(rows) > limit else None
    return Page(items=[item.model_validate(dict(row)) for row in shown], next_cursor=next_cursor)


def cursor_after(moment: datetime, item_id: UUID) -> str:
    """The cursor of the page that follows this item."""
    return encode_cursor([moment, str(item_id)])

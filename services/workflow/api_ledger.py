"""The ledger over HTTP: the chart of accounts, balances, the journal and its export, and what finance posts itself."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from contracts.base import CurrencyCode
from contracts.quote import JournalLine
from contracts.roles import Role
from services.kit import idempotency
from services.kit.clock import utc_now
from services.kit.idempotency import IdempotencyKeyHeader, Reply
from services.kit.paging import Page
from services.kit.postgres import Connection
from services.kit.problems import Problem
from services.workflow.adapters.exporting import ExportFormat, exported
from services.workflow.adapters.journal import COLUMNS, JournalQuery, journal_rows
from services.workflow.adapters.ledger import balances
from services.workflow.adapters.manual_entries import EntryRefusedError, post_manual
from services.workflow.api_context import (
    BOOK_READERS,
    ApiContext,
    Code,
    Context,
    Cursor,
    DocumentReference,
    Limit,
    Staff,
    cursor_after,
    header_in_currency,
    idempotent,
    merchant_of_case,
    position,
    require_role,
    visible_merchants,
)
from services.workflow.money.accounts import CHART, AccountKind, UnknownAccountError, account_name, account_number

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])


class ChartAccount(BaseModel):
    """An account of the chart; ``member`` says what stands behind the colon where the code names a family of accounts."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: int
    code: str
    name: str
    kind: AccountKind
    meaning: str
    member: str


class AccountBalance(BaseModel):
    """The sum of one account (and rate, where it is of tax): debit positive, credit negative, in minor units."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    merchant_id: str
    test: bool
    currency: str
    account: str
    tax_rate_ppm: int | None
    lines: int
    amount_minor: int
    name: str
    number: str


class LedgerBalance(BaseModel):
    """The accounts, and their sum by currency, which is zero or something is very wrong."""

    model_config = ConfigDict(frozen=True)

    accounts: list[AccountBalance]
    balance_minor: dict[str, int]


class EntryLine(BaseModel):
    """A line to post: debit positive, credit negative. ``memo`` is a reference, such as a waybill."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Annotated[str, Field(max_length=120)]
    amount_minor: Annotated[int, Field(ge=-(10**15), le=10**15)]
    memo: DocumentReference | Literal[""] = ""


class EntryBody(BaseModel):
    """An entry about a case, in the currency of its order. ``document`` proves it, and is booked once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_id: UUID
    currency: CurrencyCode
    document: DocumentReference
    reason: Code
    lines: Annotated[list[EntryLine], Field(min_length=2, max_length=100)]


Since = Annotated[date | None, Query(description="First accounting date.")]
Until = Annotated[date | None, Query(description="Last accounting date, included.")]
TestFilter = Annotated[bool | None, Query(description="true: test merchants only; false: live ones only.")]


@router.get("/accounts")
async def chart_of_accounts(_staff: Staff) -> list[ChartAccount]:
    """The chart of accounts."""
    return [ChartAccount.model_validate(account) for account in CHART]


@router.get("/balance")
async def ledger_balance(
    context: Context, staff: Staff, merchant_id: str | None = None, since: Since = None, until: Until = None, test: TestFilter = None
) -> LedgerBalance:
    """The accounts of your merchants, of all time or of some days."""
    require_role(staff, *BOOK_READERS)
    _check_days(since, until)
    found = await balances(context.pool, visible_merchants(staff, merchant_id), since, until, test=test)
    total: dict[str, int] = {}
    for account in found:
        total[account.currency] = total.get(account.currency, 0) + account.amount_minor
    shown = [AccountBalance(**asdict(each), name=account_name(each.account), number=account_number(each.account)) for each in found]
    shown.sort(key=lambda each: (each.merchant_id, each.test, each.currency, each.number, each.account))
    return LedgerBalance(accounts=shown, balance_minor=total)


@router.get("/journal")
async def read_journal(
    context: Context,
    staff: Staff,
    merchant_id: str | None = None,
    since: Since = None,
    until: Until = None,
    test: TestFilter = None,
    account: Annotated[str | None, Query(max_length=120, description="An account, or a family of accounts, by code or number.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[dict[str, Any]]:
    """Journal lines in the order of posting; ``limit`` counts entries, whose lines always stand together."""
    require_role(staff, *BOOK_READERS)
    _check_days(since, until)
    code = None if account is None else _code_of(account)
    wanted = JournalQuery(merchants=visible_merchants(staff, merchant_id), since=since, until=until, test=test, account=code)
    lines = [line async for line in journal_rows(context.pool, wanted, position(cursor), limit + 1)]
    entries = list(dict.fromkeys(line["entry_id"] for line in lines))
    if len(entries) <= limit:
        return Page(items=lines)
    page = [line for line in lines if line["entry_id"] != entries[-1]]
    return Page(items=page, next_cursor=cursor_after(page[-1]["posted_at"], page[-1]["entry_id"]))


@router.get("/journal/export")
async def export_journal(
    context: Context,
    staff: Staff,
    merchant_id: str | None = None,
    since: Since = None,
    until: Until = None,
    test: TestFilter = None,
    wanted: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.CSV,
) -> StreamingResponse:
    """The whole journal as a file, one row a line."""
    require_role(staff, *BOOK_READERS)
    _check_days(since, until)
    query = JournalQuery(merchants=visible_merchants(staff, merchant_id), since=since, until=until, test=test)
    name = f"journal-{since or 'begin'}-{until or utc_now().date()}.{wanted.value}"
    return StreamingResponse(
        exported(journal_rows(context.pool, query), COLUMNS, wanted),
        media_type=wanted.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/entries", status_code=201)
async def post_entry(body: EntryBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff) -> Response:
    """Post an entry: a correction, a carrier claim (R-CLM-03), a difference that was looked into. Its lines sum to zero."""
    require_role(staff, Role.FINANCE)
    merchant_id = await merchant_of_case(context, staff, body.case_id)

    async def command(conn: Connection) -> Reply:
        header = await header_in_currency(context, conn, body.case_id, body.currency)
        await _known_members(conn, context, body)
        journal = [JournalLine(account=line.account, amount_minor=line.amount_minor, memo=line.memo) for line in body.lines]
        entry_id = await post_manual(
            conn,
            context.bookkeeper,
            header,
            journal,
            document=body.document,
            reason=body.reason,
            posted_by=staff.staff_id,
            at=utc_now(),
        )
        return Reply(201, {"entry_id": str(entry_id)})

    try:
        reply = await idempotency.run(context.pool, await idempotent(request, staff, merchant_id, key), command)
    except UnknownAccountError as error:
        raise Problem(422, "account_unknown", "An account is not in the chart.", str(error)) from error
    except EntryRefusedError as error:
        status = 409 if error.code == "document_used" else 422
        raise Problem(status, f"entry_{error.code}", "The entry cannot be booked.", str(error)) from error
    except asyncpg.UniqueViolationError as error:  # somebody else booked the document at the same moment
        raise Problem(409, "entry_document_used", "The entry cannot be booked.", "This document has just been booked.") from error
    return reply.response()


async def _known_members(conn: Connection, context: ApiContext, body: EntryBody) -> None:
    """Of a family of accounts only those that were booked before, or are a provider's: a misspelt one would open an account for ever."""
    members = sorted({line.account for line in body.lines if ":" in line.account})
    known = {f"clearing:{name}" for name in context.providers.names()}
    booked = await conn.fetch("SELECT DISTINCT account FROM ledger_lines WHERE account = ANY($1)", members)
    known |= {row["account"] for row in booked}
    if unknown := [account for account in members if account not in known]:
        raise UnknownAccountError(unknown[0], sorted(known))


def _check_days(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and since > until:
        raise Problem(422, "days_invalid", "These days are none.", f"{since} is after {until}: name the earlier day first.")


def _code_of(account: str) -> str:
    """The code of an account that is named by code, by the code of its family, or by number. Raises :class:`Problem` 422 for any other."""
    for each in CHART:
        if account in (each.code, str(each.number)) or (each.member and account.startswith(f"{each.code}:")):
            return account if account.startswith(each.code) else each.code
    known = ", ".join(f"{each.number} {each.code}" for each in CHART)
    raise Problem(422, "account_unknown", "The chart of accounts has no such account.", f"It has: {known}.")

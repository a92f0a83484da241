"""Reconciliation over HTTP: compare some days now, read what came of past ones, the open breaks with reason and age, and all of it as a file (R-RFD-13)."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse

from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.paging import Page
from services.kit.postgres import Record
from services.kit.problems import Problem
from services.kit.tokens import ALL_MERCHANTS, StaffPrincipal
from services.workflow.adapters.breaks import PREFIX, BreakQuery, listed_breaks, reason_of
from services.workflow.adapters.exporting import ExportFormat, exported
from services.workflow.adapters.reconciling import Report, kept_reports
from services.workflow.api_context import ApiContext, Context, Cursor, Limit, Staff, cursor_after, position, require_role, visible_merchants
from services.workflow.ports import ProviderMisuseError, ProviderUnavailableError
from services.workflow.reconciliation.breaks import subject_of
from services.workflow.reconciliation.payments import Days

router = APIRouter(prefix="/v1/reconciliations", tags=["reconciliation"])

MOST_DAYS = 400

COLUMNS = (
    "subject",
    "day",
    "kind",
    "reason",
    "currency",
    "ours_minor",
    "theirs_minor",
    "theirs_currency",
    "merchant_id",
    "case_number",
    "submission_id",
    "refund_id",
    "entry_id",
    "reference",
    "provider_refund_id",
    "work_item_id",
    "state",
    "opened_at",
    "resolved_at",
    "resolved_by",
    "resolution",
)
"""The columns of an exported break: amounts in minor units of ``currency``, empty on the side that does not have it."""


class BreakItem(BaseModel):
    """A break as a task of finance: its reason, and its age in days since it happened. Resolve it with ``POST /v1/work-items/{id}/resolve``."""

    model_config = ConfigDict(frozen=True)

    work_item_id: UUID
    kind: str
    reason: str
    state: Literal["open", "done"]
    age_days: int
    day: date
    subject: str
    merchant_id: str | None
    case_number: str | None
    detail: dict[str, Any]
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class ReconcileBody(BaseModel):
    """Which days (UTC, both included; default: today), and of which subjects (default: all)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: date | None = None
    until: date | None = None
    subject: str | None = None


SubjectQuery = Annotated[str | None, Query(max_length=80, description="A payment provider, or ledger.")]


@router.post("")
async def reconcile_now(body: ReconcileBody, context: Context, staff: Staff) -> list[Report]:
    """Compare the days now, all at once. Breaks become tasks, those that are gone are closed; repeating it changes nothing more."""
    _of_all_merchants(staff)
    days = _days(body.since, body.until)
    with told():
        return [await context.reconciling.run(subject, days) for subject in _subjects(context, body.subject)]


@router.get("")
async def list_reconciliations(
    context: Context,
    staff: Staff,
    since: date | None = None,
    until: date | None = None,
    subject: SubjectQuery = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Report]:
    """What came of past days, newest first."""
    _of_all_merchants(staff)
    return await kept_reports(context.pool, since, until, subject, limit)


@router.get("/breaks")
async def list_breaks(
    context: Context,
    staff: Staff,
    state: Literal["open", "done"] | None = "open",
    subject: SubjectQuery = None,
    merchant_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BreakItem]:
    """Breaks of your merchants, oldest first. What belongs to no merchant is seen by finance of all of them."""
    require_role(staff, Role.FINANCE)
    if subject is not None:
        (subject,) = _subjects(context, subject)
    wanted = BreakQuery(merchants=visible_merchants(staff, merchant_id), state=state, subject=subject)
    rows = await listed_breaks(context.pool, wanted, position(cursor), limit + 1)
    next_cursor = cursor_after(rows[limit - 1]["opened_at"], rows[limit - 1]["work_item_id"]) if len(rows) > limit else None
    return Page(items=[_item(row) for row in rows[:limit]], next_cursor=next_cursor)


@router.get("/export")
async def export_reconciliations(
    context: Context,
    staff: Staff,
    since: date | None = None,
    until: date | None = None,
    subject: SubjectQuery = None,
    merchant_id: str | None = None,
    wanted: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.CSV,
) -> StreamingResponse:
    """The breaks that were ever found as a file, one row a break, with what became of it."""
    require_role(staff, Role.FINANCE)
    query = BreakQuery(merchants=visible_merchants(staff, merchant_id), subject=subject, since=since, until=until)
    rows = await listed_breaks(context.pool, query, (None, None), None)
    name = f"reconciliation-{since or 'begin'}-{until or utc_now().date()}.{wanted.value}"
    return StreamingResponse(
        exported(_exported(rows), COLUMNS, wanted),
        media_type=wanted.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _days(since: date | None, until: date | None) -> Days:
    today = utc_now().date()
    days = Days(since or until or today, until or today)
    if not days.since <= days.until <= today or (days.until - days.since).days >= MOST_DAYS:
        detail = f"From {days.since} to {days.until}: the first must not be after the last, nor the last after today, and at most {MOST_DAYS} days."
        raise Problem(422, "days_invalid", "These days cannot be compared.", detail)
    return days


@contextmanager
def told() -> Iterator[None]:
    """What cannot be read on either side is told as a :class:`Problem`."""
    try:
        yield
    except ProviderUnavailableError as error:
        raise Problem(503, "provider_unavailable", "The provider does not answer.", str(error), headers={"Retry-After": "5"}) from error
    except ProviderMisuseError as error:
        raise Problem(502, "settlement_file_unreadable", "The provider's settlement file cannot be read.", str(error)) from error
    except KafkaError as error:
        detail = type(error).__name__
        raise Problem(503, "events_unavailable", "The published events cannot be read.", detail, headers={"Retry-After": "5"}) from error


def _subjects(context: ApiContext, wanted: str | None) -> tuple[str, ...]:
    known = context.reconciling.subjects
    if wanted is None:
        return known
    wanted = next((name for name in known if name == f"{wanted} (test)" and wanted not in known), wanted)
    if wanted not in known:
        raise Problem(404, "subject_not_found", "There is nothing of that name to reconcile.", f"Known: {', '.join(known)}.")
    return (wanted,)


def _of_all_merchants(staff: StaffPrincipal) -> None:
    require_role(staff, Role.FINANCE)
    if ALL_MERCHANTS not in staff.merchants:
        raise Problem(403, "all_merchants_required", "A provider's file covers all merchants.", "It takes a token for all of them.")


def _item(row: Record) -> BreakItem:
    day = date.fromisoformat(row["detail"]["day"])
    more = {"reason": reason_of(row["kind"]), "day": day, "age_days": (utc_now().date() - day).days, "subject": row["detail"]["subject"]}
    return BreakItem.model_validate({**dict(row), **more})


async def _exported(rows: Sequence[Record]) -> AsyncIterator[Mapping[str, Any]]:
    for row in rows:
        item = _item(row).model_dump(exclude={"detail"})
        yield dict.fromkeys(COLUMNS) | row["detail"] | item | {"kind": item["kind"].removeprefix(PREFIX)}


compared = APIRouter(prefix="/v1", tags=["reconciliation"])


class Difference(BaseModel):
    """One submission on which the lists differ; an amount is None on the side that does not have it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    kind: str
    submission_id: UUID | None
    refund_id: UUID | None
    ours_minor: int | None
    theirs_minor: int | None


class Comparison(BaseModel):
    """A provider's file beside our payments, in the days from ``since`` to ``until`` (UTC, both included); the sums are by currency."""

    model_config = ConfigDict(frozen=True)

    provider: str
    since: date
    until: date
    ours: dict[str, int]
    theirs: dict[str, int]
    matched: int
    differences: list[Difference]


@compared.get("/reconciliation")
async def compare_with_provider(
    context: Context, staff: Staff, provider: Annotated[str, Query(max_length=60)], since: date | None = None, until: date | None = None
) -> Comparison:
    """Compare with one provider and make no task of it. ``POST /v1/reconciliations`` also looks at the ledger, and makes tasks of what differs.

    Of a provider in both modes the live one.
    """
    _of_all_merchants(staff)
    adapter = context.providers.named(provider)
    if adapter is None:
        raise Problem(
            404, "provider_not_found", "There is no such payment provider here.", f"Known: {', '.join(context.providers.names())}."
        )
    days = _days(since, until)
    with told():
        report, _ = await context.reconciling.look(subject_of(provider, test=adapter.sandbox), days)
    return Comparison(
        provider=provider,
        since=days.since,
        until=days.until,
        ours=report.ours,
        theirs=report.theirs,
        matched=report.matched,
        differences=[Difference.model_validate(each) for each in report.breaks],
    )

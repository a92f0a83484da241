"""Reconciliation over HTTP: compare some days now, read what came of past ones, the open breaks with reason and age, and all of it as a file (R-RFD-13)."""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse

from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.problems import Problem
from services.kit.tokens import ALL_MERCHANTS, StaffPrincipal
from services.workflow.adapters.breaks import listed_breaks, reason_of
from services.workflow.adapters.exporting import ExportFormat, exported
from services.workflow.adapters.reconciling import Report, kept_reports
from services.workflow.api_context import ApiContext, Context, Staff, require_role, visible_merchants
from services.workflow.ports import ProviderMisuseError, ProviderUnavailableError
from services.workflow.reconciliation.breaks import REASONS, subject_of
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
    "merchant_id",
    "submission_id",
    "refund_id",
    "entry_id",
    "reference",
    "break_id",
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
    today = utc_now().date()
    days = Days(body.since or body.until or today, body.until or today)
    if days.since > days.until or (days.until - days.since).days >= MOST_DAYS:
        raise Problem(
            422, "days_invalid", "These days cannot be compared.", f"since must not be after until, and at most {MOST_DAYS} days before it."
        )
    return [await _report(context, subject, days) for subject in _subjects(context, body.subject)]


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
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[BreakItem]:
    """Breaks of your merchants, oldest first. What belongs to no merchant is seen by finance of all of them."""
    require_role(staff, Role.FINANCE)
    rows = await listed_breaks(context.pool, state, subject, visible_merchants(staff, merchant_id), limit)
    today = utc_now().date()
    items = []
    for row in rows:
        day = date.fromisoformat(row["detail"]["day"])
        more = {"reason": reason_of(row["kind"]), "day": day, "age_days": (today - day).days, "subject": row["detail"]["subject"]}
        items.append(BreakItem.model_validate({**dict(row), **more}))
    return items


@router.get("/export")
async def export_reconciliations(
    context: Context,
    staff: Staff,
    since: date | None = None,
    until: date | None = None,
    subject: SubjectQuery = None,
    wanted: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.CSV,
) -> StreamingResponse:
    """The breaks that were found on past days as a file, one row a break, newest day first."""
    _of_all_merchants(staff)
    reports = await kept_reports(context.pool, since, until, subject, MOST_DAYS * len(context.reconciling.subjects))
    name = f"reconciliation-{since or 'begin'}-{until or utc_now().date()}.{wanted.value}"
    return StreamingResponse(
        exported(_break_rows(reports), COLUMNS, wanted),
        media_type=wanted.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _report(context: ApiContext, subject: str, days: Days) -> Report:
    try:
        return await context.reconciling.run(subject, days)
    except ProviderUnavailableError as error:
        raise Problem(
            503, "provider_unavailable", "The provider does not answer.", f"{subject}: {error}", headers={"Retry-After": "5"}
        ) from error
    except ProviderMisuseError as error:
        raise Problem(502, "settlement_file_unreadable", "The provider's settlement file cannot be read.", f"{subject}: {error}") from error
    except KafkaError as error:
        raise Problem(
            503, "events_unavailable", "The published events cannot be read.", type(error).__name__, headers={"Retry-After": "5"}
        ) from error


def _subjects(context: ApiContext, wanted: str | None) -> tuple[str, ...]:
    known = context.reconciling.subjects
    if wanted is None:
        return known
    if wanted not in known:
        raise Problem(404, "subject_not_found", "There is nothing of that name to reconcile.", f"Known: {', '.join(known)}.")
    return (wanted,)


def _of_all_merchants(staff: StaffPrincipal) -> None:
    require_role(staff, Role.FINANCE)
    if ALL_MERCHANTS not in staff.merchants:
        raise Problem(403, "all_merchants_required", "A provider's file covers all merchants.", "It takes a token for all of them.")


async def _break_rows(reports: list[Report]) -> AsyncIterator[Mapping[str, Any]]:
    for report in reports:
        for each in report.breaks:
            yield each.model_dump() | {"kind": each.kind.value, "reason": REASONS[each.kind], "break_id": each.break_id}


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
    """Compare with one provider and change nothing. ``POST /v1/reconciliations`` also looks at the ledger, and makes tasks of what differs."""
    _of_all_merchants(staff)
    adapter = context.providers.named(provider)
    if adapter is None:
        raise Problem(
            404, "provider_not_found", "There is no such payment provider here.", f"Known: {', '.join(context.providers.names())}."
        )
    today = utc_now().date()
    days = Days(since or today, until or today)
    try:
        report, _ = await context.reconciling.look(subject_of(provider, test=adapter.sandbox), days)
    except ProviderUnavailableError as error:
        raise Problem(503, "provider_unavailable", "The provider does not answer.", str(error), headers={"Retry-After": "5"}) from error
    return Comparison(
        provider=provider,
        since=days.since,
        until=days.until,
        ours=report.ours,
        theirs=report.theirs,
        matched=report.matched,
        differences=[Difference.model_validate(each) for each in report.breaks],
    )

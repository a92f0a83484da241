"""What finance asks for at the end of a year: the journal, the ledger, and whether everything agrees; each beside a COPY of the same rows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from statistics import median
from time import perf_counter
from uuid import UUID

import httpx2

from deploy.local.bench.place import Place
from deploy.local.bench.refund_year import plant_year
from deploy.local.bench.report import Result, Row
from deploy.local.bench.straight_cases import StraightCases
from deploy.local.bench.workflow_service import PaymentDesk, a_workflow_service, workflow_settings
from services.kit.postgres import Pool
from services.workflow.adapters.cases import CaseBook
from services.workflow.adapters.exporting import ExportFormat, exported
from services.workflow.adapters.journal import COLUMNS, JournalQuery, journal_rows
from services.workflow.adapters.providers import open_providers
from services.workflow.adapters.published_entries import KafkaLedger
from services.workflow.adapters.reconciling import Reconciling
from services.workflow.adapters.work_items import WorkItemBook
from services.workflow.reconciliation.breaks import LEDGER
from services.workflow.reconciliation.payments import Days

_YEAR = "a year of refunds (10,000; planted as rows, events and provider's records of one real refund under new ids)"
_PROVIDER = "sandbox (test)"


def _rows(name: str, what: str, beside: str) -> tuple[Row, Row]:
    return (
        Row(f"finance.{name}", "s", f"{what} of {_YEAR}; median of the turns", better="lower"),
        Row(f"finance.{name}_to_copy", "x COPY", f"the same ÷ {beside}; in turns", better="lower"),
    )


JOURNAL = _rows("journal_export", "the journal as CSV", "COPY of the same lines to CSV")
LEDGER_ROWS = _rows("ledger_export", "the ledger as JSON lines", "COPY of the same lines to CSV")
PAYMENTS = _rows(
    "reconcile_provider", "our payments against the provider's 365 files, read over HTTP", "COPY of both sides' rows as they are kept"
)
BOOKS = _rows("reconcile_books", "the ledger against the events in Kafka", "COPY of the ledger's lines")
ROWS = (*JOURNAL, *LEDGER_ROWS, *PAYMENTS, *BOOKS)
_COPY_LINES = "SELECT * FROM ledger_entries JOIN ledger_lines USING (entry_id) ORDER BY posted_at, entry_id, line_number"
_COPY_SIDES = ("SELECT * FROM refund_submissions", "SELECT * FROM settlement_lines")
_TURNS = 3


class YearDoesNotAgreeError(AssertionError):
    """The planted year is not what reconciliation should find: the measurement would mean nothing."""


async def measure_finance(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    count = place.size.refunds
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http, a_workflow_service(place, queue="bench-finance") as service:
        days = await plant_year(
            place, await _one_refund(service.pool, StraightCases(service, PaymentDesk(place, http)), place, http), count
        )
        pool = service.pool
        async with open_providers(workflow_settings(place, "bench-finance")) as providers:
            reconciling = Reconciling(pool, WorkItemBook(CaseBook()), providers.all(), KafkaLedger(place.kafka))
            lines, sides = _copying(pool, _COPY_LINES), _copying(pool, *_COPY_SIDES)
            work = (
                (JOURNAL, _exporting(pool, ExportFormat.CSV), lines),
                (LEDGER_ROWS, _exporting(pool, ExportFormat.JSONL), lines),
                (PAYMENTS, _reconciling(reconciling, _PROVIDER, days, count), sides),
                (BOOKS, _reconciling(reconciling, LEDGER, days, count), lines),
            )
            for (seconds, ratio), ours, bare in work:
                pairs = [(await _timed(ours), await _timed(bare)) for _ in range(min(_TURNS, place.size.turns))]
                yield seconds.is_(median(took for took, _ in pairs))
                yield ratio.is_(median(took / copied for took, copied in pairs))


async def _one_refund(pool: Pool, cases: StraightCases, place: Place, http: httpx2.AsyncClient) -> UUID:
    """Have one real refund settled; its id."""
    await PaymentDesk(place, http).settle_at_once(webhooks=False)
    [opened] = await cases.prepare(1)
    async with cases.watched():
        await cases.play(opened)
    return UUID(str(await pool.fetchval("SELECT refund_id FROM refunds WHERE case_id = $1", opened.case_id)))


def _exporting(pool: Pool, wanted: ExportFormat) -> Callable[[], Awaitable[None]]:
    async def export() -> None:
        async for _chunk in exported(journal_rows(pool, JournalQuery(merchants=None)), COLUMNS, wanted):
            pass

    return export


def _reconciling(reconciling: Reconciling, subject: str, days: Days, count: int) -> Callable[[], Awaitable[None]]:
    async def reconcile() -> None:
        report, _agreed = await reconciling.look(subject, days)
        if report.breaks or report.matched < count:
            raise YearDoesNotAgreeError(f"{subject}: {report.matched} of {count} agree, {len(report.breaks)} breaks: {report.breaks[:2]}")

    return reconcile


def _copying(pool: Pool, *queries: str) -> Callable[[], Awaitable[None]]:
    async def nowhere(_data: bytes) -> None:
        """What is copied is not kept."""

    async def copy() -> None:
        async with pool.acquire() as connection:
            for query in queries:
                await connection.copy_from_query(query, output=nowhere, format="csv")

    return copy


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = perf_counter()
    await work()
    return perf_counter() - began

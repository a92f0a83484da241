"""Reconciliation of some days: read the providers' files, compare them with our payments, the ledger with what was published, and keep what came of it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from contracts.base import Model, Moment
from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.postgres import Pool, transaction
from services.workflow.adapters.booked_entries import booked_entries, unbooked_refunds
from services.workflow.adapters.breaks import close_breaks, judged_breaks, open_breaks
from services.workflow.adapters.settlement_files import bounds, keep_file, payments_and_lines
from services.workflow.ports import PaymentProvider, SettlementKind, SettlementLine, WorkItems
from services.workflow.reconciliation.books import PublishedEntry, match_books
from services.workflow.reconciliation.breaks import LEDGER, Break, subject_of
from services.workflow.reconciliation.payments import Days, match_payments

log = get_logger(__name__)

ON_ITS_WAY = timedelta(minutes=1)
"""How old an entry is before it must have been published: the relay takes a while, seldom more than a blink."""


SETTLED_AFTER = timedelta(days=2)
"""How long ago a day must be before it is judged for good."""


class Report(Model):
    """What came of some days, in UTC: sums by currency, how many records agree, and what does not.

    For a provider ``ours`` is what is recorded as paid here less what came back, ``theirs`` what its file lists. For the ledger ``ours`` is what its
    entries took from the clearing accounts, ``theirs`` what was published of them; what is younger than a minute is left to the next look. ``judged``
    are the tasks of breaks that a person has resolved.
    """

    subject: str
    since: date
    until: date
    ours: dict[str, int]
    theirs: dict[str, int]
    matched: int
    breaks: tuple[Break, ...]
    judged: tuple[UUID, ...] = ()
    run_at: Moment


class PublishedEntries(Protocol):
    """What was told to finance systems."""

    async def published(self, since: datetime, until: datetime) -> dict[UUID, PublishedEntry]:
        """The entries of events that occurred in ``[since, until)``, by id."""


class Reconciling:
    """Compares all records of the same money. Several may run at once: each subject's result is written whole."""

    def __init__(self, pool: Pool, work_items: WorkItems, providers: Sequence[PaymentProvider], published: PublishedEntries) -> None:
        self._pool = pool
        self._work_items = work_items
        self._providers = {subject_of(provider.name, test=provider.sandbox): provider for provider in providers}
        self._published = published

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is compared: each provider with our payments, and our books with themselves."""
        return (*self._providers, LEDGER)

    async def run(self, subject: str, days: Days) -> Report:
        """Compare, open and close the tasks, and keep the result of each day for itself.

        Raises ``KeyError`` for a subject that is not there, ``ProviderUnavailableError`` or ``KafkaError`` where one side cannot be read.
        """
        report, over = await self.look(subject, days)
        async with transaction(self._pool) as conn:
            await open_breaks(conn, self._work_items, report.breaks, report.run_at)
            judged = await judged_breaks(conn, report.breaks)
            closed = await close_breaks(conn, subject, days.since, days.until, report.breaks, over, report.run_at)
            if days.since == days.until:
                await conn.execute(_KEEP, days.since, subject, report, is_final(days.until), report.run_at)
        report = report.model_copy(update={"judged": tuple(judged)})
        log.info(
            "reconciliation.done", subject=subject, since=str(days.since), until=str(days.until), breaks=len(report.breaks), closed=closed
        )
        return report

    async def look(self, subject: str, days: Days) -> tuple[Report, Sequence[UUID]]:
        """Compare only: the report, and the ids of breaks that it rules out. Raises as :meth:`run` does."""
        return (await self._books(days), ()) if subject == LEDGER else await self._provider(subject, days)

    async def _provider(self, subject: str, days: Days) -> tuple[Report, Sequence[UUID]]:
        provider = self._providers[subject]
        await self._read_files(subject, provider, days)
        ours, theirs = await payments_and_lines(self._pool, subject, provider.name, test=provider.sandbox, days=days)
        found = match_payments(subject, days, ours, theirs)
        paid = [(payment.currency, payment.amount_minor) for payment in ours if payment.paid_at and days.have(payment.paid_at)]
        back = [(payment.currency, -payment.amount_minor) for payment in ours if payment.reversed_at and days.have(payment.reversed_at)]
        listed = [(filed.line.currency, _signed(filed.line)) for filed in theirs if days.include(filed.day)]
        return _report(subject, days, [*paid, *back], listed, found.agreed, found.breaks), found.over

    async def _read_files(self, subject: str, provider: PaymentProvider, days: Days) -> None:
        """Read the days' files, and one more on either side: the provider's record of a payment may be a little earlier or later than ours."""
        day = days.since - timedelta(days=1)
        while day <= min(days.until + timedelta(days=1), utc_now().date()):
            lines = await provider.settlement_file(day)
            async with transaction(self._pool) as conn:
                await keep_file(conn, subject, day, lines)
            day += timedelta(days=1)

    async def _books(self, days: Days) -> Report:
        start, end = bounds(days)
        end = min(end, utc_now() - ON_ITS_WAY)
        published = await self._published.published(start, max(start, end))
        entries = await booked_entries(self._pool, start, end)
        agreed, breaks = match_books(entries, published, await unbooked_refunds(self._pool, start, end))
        ours = [(entry.currency, entry.moved_minor) for entry in entries]
        told = [(event.currency, event.moved_minor) for event in published.values()]
        return _report(LEDGER, days, ours, told, agreed, breaks)


def is_final(day: date) -> bool:
    """Whether the day can be judged for good: what happens around midnight stands in the one file or the other, so the day after it is over as well."""
    return day <= utc_now().date() - SETTLED_AFTER


async def missing_days(pool: Pool, subject: str, most: int) -> list[date]:
    """The days since the first payment that can be judged for good and were not, oldest first."""
    until = utc_now().date() - SETTLED_AFTER
    return [row["day"] for row in await pool.fetch(_MISSING, subject, until, most)]


async def kept_reports(pool: Pool, since: date | None, until: date | None, subject: str | None, limit: int) -> list[Report]:
    """The results of days, newest first."""
    rows = await pool.fetch(_KEPT, since, until, subject, limit)
    return [Report.model_validate(row["result"]) for row in rows]


def _report(
    subject: str, days: Days, ours: Iterable[tuple[str, int]], theirs: Iterable[tuple[str, int]], matched: int, breaks: tuple[Break, ...]
) -> Report:
    return Report(
        subject=subject,
        since=days.since,
        until=days.until,
        ours=_sums(ours),
        theirs=_sums(theirs),
        matched=matched,
        breaks=breaks,
        run_at=utc_now(),
    )


def _signed(line: SettlementLine) -> int:
    return line.amount_minor if line.kind is SettlementKind.REFUND else -line.amount_minor


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for currency, amount in amounts:
        total[currency] = total.get(currency, 0) + amount
    return total


_MISSING = """
WITH first AS (
    SELECT least(
        (SELECT min(ended_at) FROM refund_submissions WHERE state IN ('succeeded', 'reversed')), (SELECT min(posted_at) FROM ledger_entries)
    ) AS at
)
SELECT wanted.day::date AS day FROM first, generate_series((first.at AT TIME ZONE 'UTC')::date, $2::date, interval '1 day') AS wanted (day)
WHERE NOT EXISTS (SELECT FROM reconciliations AS done WHERE done.subject = $1 AND done.day = wanted.day::date AND done.final)
ORDER BY 1 LIMIT $3
"""

_KEEP = """
INSERT INTO reconciliations AS kept (day, subject, result, final, run_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (day, subject) DO UPDATE SET result = excluded.result, run_at = excluded.run_at, final = kept.final OR excluded.final
"""

_KEPT = """
SELECT result FROM reconciliations
WHERE ($1::date IS NULL OR day >= $1) AND ($2::date IS NULL OR day <= $2) AND ($3::text IS NULL OR subject = $3)
ORDER BY day DESC, subject LIMIT $4
"""

"""The providers' settlement files, kept day by day as they were read last, so that a late, doubled or vanished line can be told from a new one."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from services.kit.postgres import Connection, Pool, Record
from services.workflow.ports import SettlementKind, SettlementLine
from services.workflow.reconciliation.payments import Days, FiledLine, OurPayment


async def keep_file(conn: Connection, subject: str, day: date, lines: Sequence[SettlementLine]) -> None:
    """Keep a day's file in place of what was read of it before: a file grows until its day is over, and a provider may correct it."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('settlement-file/' || $1, 0))", subject)  # two may read it at once
    await conn.execute("DELETE FROM settlement_lines WHERE subject = $1 AND day = $2", subject, day)
    await conn.copy_records_to_table(
        "settlement_lines",
        records=[
            (
                *(subject, day, place, line.reference, line.kind.value, line.provider_refund_id, line.submission_id),
                *(line.amount_minor, line.currency, line.settled_at),
            )
            for place, line in enumerate(lines, 1)
        ],
    )


async def payments_and_lines(
    pool: Pool | Connection, subject: str, provider: str, *, test: bool, days: Days
) -> tuple[list[OurPayment], list[FiledLine]]:
    """Our payments of the days and all that the provider's lines of the days name; the lines of the days and all others about those payments."""
    start, end = bounds(days)
    ours = await pool.fetch(_OURS, provider, test, start, end, subject, days.since, days.until)
    theirs = await pool.fetch(_THEIRS, subject, days.since, days.until, [row["submission_id"] for row in ours])
    return [OurPayment(**dict(row)) for row in ours], [_filed(row) for row in theirs]


def bounds(days: Days) -> tuple[datetime, datetime]:
    """The first moment of the days, and the first after them."""
    return datetime.combine(days.since, time(), UTC), datetime.combine(days.until + timedelta(days=1), time(), UTC)


def _filed(row: Record) -> FiledLine:
    fields = dict(row)
    day = fields.pop("day")
    return FiledLine(day, SettlementLine(**{**fields, "kind": SettlementKind(fields["kind"])}))


_OURS = """
SELECT paid.submission_id, paid.refund_id, refund.case_id, refund.merchant_id, paid.amount_minor, paid.currency,
    CASE WHEN paid.state IN ('succeeded', 'reversed') THEN paid.ended_at END AS paid_at, paid.reversed_at
FROM refund_submissions AS paid JOIN refunds AS refund USING (refund_id)
WHERE paid.provider = $1 AND refund.test = $2 AND (
    paid.state IN ('succeeded', 'reversed') AND paid.ended_at >= $3 AND paid.ended_at < $4
    OR paid.state = 'reversed' AND paid.reversed_at >= $3 AND paid.reversed_at < $4
    OR paid.submission_id IN (
        SELECT submission_id FROM settlement_lines WHERE subject = $5 AND day BETWEEN $6 AND $7 AND submission_id IS NOT NULL
    )
)
"""

_THEIRS = """
SELECT day, reference, kind, provider_refund_id, submission_id, amount_minor, currency, settled_at FROM settlement_lines
WHERE subject = $1 AND (day BETWEEN $2 AND $3 OR submission_id = ANY($4))
"""

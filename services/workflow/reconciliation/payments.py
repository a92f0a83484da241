"""Our payments against a provider's settlement file, one payment at a time. Pure: files and rows in, breaks out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.workflow.ports import SettlementKind, SettlementLine
from services.workflow.reconciliation.breaks import Break, BreakKind, break_id_of

USUAL_DELAY = timedelta(days=1)
"""How far the provider's day may be from ours without a word: its day ends elsewhere, and its message takes a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurPayment:
    """A submission as it is on record here. ``paid_at`` and ``reversed_at`` are None where that is not recorded."""

    submission_id: UUID
    refund_id: UUID
    case_id: UUID
    merchant_id: str
    amount_minor: int
    currency: str
    paid_at: datetime | None
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FiledLine:
    """A line of a settlement file, and the day of the file it stands in: a provider that is late lists it in the file of a later day."""

    day: date
    line: SettlementLine


@dataclass(frozen=True, slots=True)
class Days:
    """The days that are judged, in UTC, both included."""

    since: date
    until: date

    def have(self, moment: datetime) -> bool:
        """Whether a moment is in one of the days."""
        return self.include(day_of(moment))

    def include(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.since <= day <= self.until


@dataclass(frozen=True, slots=True)
class Matched:
    """How many payments of the days agree, what does not, and ``over``: the ids of breaks that these records rule out, whenever they were found."""

    agreed: int
    breaks: tuple[Break, ...]
    over: tuple[UUID, ...] = ()


_ABSENT = {
    SettlementKind.REFUND: (BreakKind.MISSING_AT_PROVIDER, BreakKind.NOT_SETTLED_HERE),
    SettlementKind.REVERSAL: (BreakKind.REVERSAL_MISSING_AT_PROVIDER, BreakKind.REVERSAL_UNKNOWN_HERE),
}
"""What it is called where only we, or only they, have it."""


def match_payments(subject: str, days: Days, ours: Iterable[OurPayment], theirs: Iterable[FiledLine]) -> Matched:
    """Match by submission.

    ``ours`` are the submissions that were paid or reversed in the days, and all that ``theirs`` name; ``theirs`` the lines in the files of the
    days, and all lines about those submissions. Only what happened in the days on either side is judged.
    """
    known = {payment.submission_id: payment for payment in ours}
    lines: dict[tuple[UUID | None, SettlementKind], list[FiledLine]] = defaultdict(list)
    for filed in sorted(theirs, key=lambda filed: (filed.day, filed.line.settled_at, filed.line.reference)):
        submission_id = filed.line.submission_id
        lines[submission_id if submission_id in known else None, filed.line.kind].append(filed)
    found: list[Break] = []
    over: list[UUID] = []
    agreed = 0
    for payment in known.values():
        its = {kind: lines.pop((payment.submission_id, kind), []) for kind in SettlementKind}
        over += _over(subject, payment, its)
        if _came_to_nothing(payment, its):
            continue
        for kind, filings in its.items():
            breaks, matches = _judge(subject, days, payment, kind, filings)
            found += breaks
            agreed += matches and kind is SettlementKind.REFUND
    for strangers in lines.values():
        found += [_stranger(subject, filed) for filed in strangers if days.include(filed.day)]
    return Matched(agreed, tuple(found), tuple(over))


def _over(subject: str, payment: OurPayment, its: Mapping[SettlementKind, Sequence[FiledLine]]) -> list[UUID]:
    """What cannot be missing any more, on either side."""
    over = []
    for kind, filed in its.items():
        missing, unknown = _ABSENT[kind]
        told = payment.paid_at if kind is SettlementKind.REFUND else payment.reversed_at
        over += [missing] if filed else []
        over += [unknown] if told or _came_to_nothing(payment, its) else []
    return [break_id_of(subject, kind, str(payment.submission_id)) for kind in over]


def _came_to_nothing(payment: OurPayment, its: Mapping[SettlementKind, Sequence[FiledLine]]) -> bool:
    """Whether the provider took and gave back what by our record was never paid, such as a refund that it lists at once and that fails later."""
    sums = [sum(filed.line.amount_minor for filed in lines) for lines in its.values()]
    return payment.paid_at is None and sums[0] == sums[1] and all(its.values())


def _judge(subject: str, days: Days, payment: OurPayment, kind: SettlementKind, lines: Sequence[FiledLine]) -> tuple[list[Break], bool]:
    """The breaks of one payment, or of its way back; and whether it is one of the days' and agrees."""
    told_at = payment.paid_at if kind is SettlementKind.REFUND else payment.reversed_at
    ours_in_days = told_at is not None and days.have(told_at)
    if not lines:
        return [_break(_ABSENT[kind][0], subject, payment, None, day_of(told_at))] if told_at and ours_in_days else [], False
    first, *repeated = lines
    found = [_break(BreakKind.DUPLICATE, subject, payment, filed.line, filed.day) for filed in repeated if days.include(filed.day)]
    if not ours_in_days and not days.include(first.day):
        return found, False
    wrong = _wrong(payment, kind, told_at, first)
    found += [_break(wrong, subject, payment, first.line, first.day)] if wrong else []
    return found, wrong in {None, BreakKind.SETTLED_LATE}


def _wrong(payment: OurPayment, kind: SettlementKind, told_at: datetime | None, filed: FiledLine) -> BreakKind | None:
    line = filed.line
    if line.currency != payment.currency:
        return BreakKind.CURRENCY_DIFFERS
    if line.amount_minor != payment.amount_minor:
        return BreakKind.AMOUNT_DIFFERS
    if told_at is None:
        return _ABSENT[kind][1]
    return BreakKind.SETTLED_LATE if filed.day - day_of(told_at) > USUAL_DELAY else None


def _stranger(subject: str, filed: FiledLine) -> Break:
    line = filed.line
    return Break(
        kind=BreakKind.UNKNOWN_HERE if line.kind is SettlementKind.REFUND else BreakKind.REVERSAL_UNKNOWN_HERE,
        subject=subject,
        key=f"{line.provider_refund_id}/{line.reference}",
        day=filed.day,
        currency=line.currency,
        theirs_minor=line.amount_minor,
        submission_id=line.submission_id,
        reference=line.reference,
        provider_refund_id=line.provider_refund_id,
    )


def _break(kind: BreakKind, subject: str, payment: OurPayment, line: SettlementLine | None, day: date) -> Break:
    return Break(
        kind=kind,
        subject=subject,
        key=f"{payment.submission_id}/{line.reference}" if line and kind is BreakKind.DUPLICATE else str(payment.submission_id),
        day=day,
        currency=payment.currency,
        theirs_currency=line.currency if line and line.currency != payment.currency else None,
        ours_minor=payment.amount_minor,
        theirs_minor=line.amount_minor if line else None,
        submission_id=payment.submission_id,
        refund_id=payment.refund_id,
        reference=line.reference if line else None,
        provider_refund_id=line.provider_refund_id if line else None,
        merchant_id=payment.merchant_id,
        case_id=payment.case_id,
    )


def day_of(moment: datetime) -> date:
    """The day of a moment, in UTC."""
    return moment.astimezone(UTC).date()

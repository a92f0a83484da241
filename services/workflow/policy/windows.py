"""Windows: how long after delivery a claim stands by itself (R-ELIG-02, R-ELIG-07)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contracts.decision_facts import EvidenceKind
from services.workflow.policy.errors import FactsError
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row
from services.workflow.policy.vocabulary import WARRANTY
from services.workflow.policy.working_days import end_of_day


@dataclass(frozen=True, slots=True)
class WindowState:
    """Where the application lies: ``inside``, ``exchange_only``, ``warranty`` or ``outside``; ``ends_at`` is the last moment of the window that decided.

    ``ends_at`` is None for a claim without a window.
    """

    state: str
    ends_at: datetime | None


def window_end(situation: Situation, days: timedelta) -> datetime:
    """The last second of a window, in UTC: 23:59:59 local on its last day; day 1 is the day after delivery (R-ELIG-02).

    Lines delivered on different days are judged by the earliest, so that no line is let in by another.
    """
    return end_of_day(first_delivery(situation), days, situation.zone)


def warranty_end(situation: Situation) -> datetime:
    """The end of the warranty: that calendar day, so many months after delivery (R-WAR-03); a benefit adds months (R-WAR-06)."""
    facts = situation.facts.warranty
    months = situation.number("warranty.months") if facts is None or facts.months is None else facts.months
    for name in (situation.facts.customer.member_level, *situation.facts.customer.campaigns):
        extension = situation.policy.settings.extensions.get(name or "")
        longer = extension.warranty_months if extension else None
        if longer is not None and longer > months:
            situation.trace.note("R-ELIG-12", f"the warranty is longer for {name}", source=f"extensions.{name}", months=longer)
            months = longer
    months += 0 if facts is None else facts.extension_months
    begin = first_delivery(situation).astimezone(situation.zone).date()
    situation.trace.note("R-WAR-03", "warranty from the day of delivery", source="warranty.months", months=months)
    return end_of_day(first_delivery(situation), months_later(begin, months) - begin, situation.zone)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or earlier where they are negative; the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def judge_window(situation: Situation) -> WindowState:
    """Compare the application's time, to the second, with the windows of the scene. The application counts, not the shipping (R-ELIG-02)."""
    row = situation.policy.tables["windows"].one(scene=situation.scene.value)
    if not row.says["window"]:
        situation.trace.row(row, "a claim of this kind has no window")
        return WindowState("inside", None)
    asked = situation.facts.requested_at.replace(microsecond=0)
    end, state = _end(situation, row, "window"), "outside"
    if asked <= end and not _photos_late(situation, row, end):
        state = "inside"
    elif row.says["exchange window"] and asked <= (exchange_end := _end(situation, row, "exchange window")):
        end, state = exchange_end, "exchange_only"
    elif row.word(WARRANTY) == "yes" and asked <= (warranty := warranty_end(situation)):
        end, state = warranty, WARRANTY
    situation.trace.row(row, f"the application is {state}", requested_at=asked.isoformat(), window_ends_at=end.isoformat())
    situation.trace.note("R-ELIG-02", "windows end at 23:59:59 local time of their last day", time_zone=situation.facts.time_zone)
    return WindowState(state, end)


def no_reason_open(situation: Situation, asked: datetime) -> bool:
    """Whether the no-reason window is open for an application made at that time: now where R-EVD-09 tells the customer of it."""
    affected = situation.facts.affected
    if not affected or any(situation.order.delivered_at(each.line_id) is None for each in affected):
        return False
    return asked.replace(microsecond=0) <= no_reason_end(situation)


def first_delivery(situation: Situation) -> datetime:
    """When the first of the affected lines was delivered. Raises ``FactsError`` where one was not."""
    return min(_delivered(situation, each.line_id) for each in situation.facts.affected)


def no_reason_end(situation: Situation) -> datetime:
    """The last second of the no-reason window, from the delivery that the policy counts from: of these lines, or of the order's last part."""
    days = situation.duration("window.no_reason")
    if situation.policy.settings.window.no_reason_from != "whole_order":
        return window_end(situation, days)
    order = situation.order
    outstanding = any(order.delivered_quantity(line.line_id) < line.quantity for line in order.lines)
    came = [shipment.delivered_at for shipment in order.shipments if shipment.delivered_at is not None]
    last = situation.facts.moment if outstanding or not came else max(came)
    situation.trace.note("R-ELIG-02", "counted from the last part of the order", source="window.no_reason_from", outstanding=outstanding)
    return end_of_day(last, days, situation.zone)


def _end(situation: Situation, row: Row, column: str) -> datetime:
    if row.word(column) == "window.no_reason":
        return no_reason_end(situation)
    if row.word("counted") == "hours":
        return first_delivery(situation) + situation.duration(row.word(column))
    return window_end(situation, situation.duration(row.word(column)))


def _photos_late(situation: Situation, row: Row, end: datetime) -> bool:
    """Where a window is counted in hours, the photos must have arrived in it as well (R-EVD-12); none yet is late once the window has ended."""
    if row.word("counted") != "hours":
        return False
    arrived = [item.received_at for item in situation.facts.evidence.items if item.kind is EvidenceKind.PHOTO]
    late = min(arrived, default=situation.facts.moment) > end
    situation.trace.note("R-EVD-12", "the evidence must arrive inside the window", late=late, window_ends_at=end.isoformat())
    return late


def _delivered(situation: Situation, line_id: str) -> datetime:
    delivered = situation.order.delivered_at(line_id)
    if delivered is None:
        raise FactsError("order.shipments", f"line {line_id} was not delivered", "send the order with its delivery")
    return delivered

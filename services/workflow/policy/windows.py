"""Windows: how long after delivery a claim stands by itself (R-ELIG-02, R-ELIG-07)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from services.workflow.policy.errors import FactsError
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row


@dataclass(frozen=True, slots=True)
class WindowState:
    """Where the application lies: ``inside``, ``exchange_only`` or ``outside``; ``ends_at`` is the last moment of the window that decided."""

    state: str
    ends_at: datetime


def window_end(situation: Situation, days: timedelta) -> datetime:
    """The last second of a window, in UTC: 23:59:59 local on its last day; day 1 is the day after delivery (R-ELIG-02).

    Lines delivered on different days are judged by the earliest, so that no line is let in by another.
    """
    deliveries = [_delivered(situation, each.line_id) for each in situation.facts.affected]
    last_day = min(deliveries).astimezone(situation.zone).date() + days
    return datetime.combine(last_day, time(23, 59, 59), tzinfo=situation.zone).astimezone(UTC)


def judge_window(situation: Situation) -> WindowState:
    """Compare the application's time, to the second, with the windows of the scene. The application counts, not the shipping (R-ELIG-02)."""
    row = situation.policy.tables["windows"].one(scene=situation.facts.scene.value)
    asked = situation.facts.requested_at.replace(microsecond=0)
    end, state = _end(situation, row, "window"), "outside"
    if asked <= end:
        state = "inside"
    elif row.says["exchange window"]:
        exchange_end = _end(situation, row, "exchange window")
        if asked <= exchange_end:
            end, state = exchange_end, "exchange_only"
    situation.trace.row(row, f"the application is {state}", requested_at=asked.isoformat(), window_ends_at=end.isoformat())
    situation.trace.note("R-ELIG-02", "windows end at 23:59:59 local time of their last day", time_zone=situation.facts.time_zone)
    return WindowState(state, end)


def no_reason_open(situation: Situation) -> bool:
    """Whether the no-reason window is still open for an application made now (R-EVD-09 tells the customer of it)."""
    return situation.facts.moment.replace(microsecond=0) <= window_end(situation, situation.policy.settings.window.no_reason)


def _end(situation: Situation, row: Row, column: str) -> datetime:
    return window_end(situation, situation.policy.settings.duration(row.word(column)))


def _delivered(situation: Situation, line_id: str) -> datetime:
    delivered = situation.facts.order.delivered_at(line_id)
    if delivered is None:
        raise FactsError("order.shipments", f"line {line_id} was not delivered", "send the order with its delivery")
    return delivered

"""Calendar days and working days (rules, section 0).

Working days are Monday to Friday less holidays, plus the dates that are worked all the same: the key ``calendar.working_days`` of the rules.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.workflow.policy.setting_groups.aftercare import CalendarSettings

LAST_SECOND = time(23, 59, 59)


def is_worked(day: date, calendar: CalendarSettings) -> bool:
    """Whether people work on ``day``. A date that is worked all the same wins over weekend and holiday."""
    return day in calendar.extra_workdays or (day.isoweekday() in calendar.weekdays and day not in calendar.holidays)


def end_of_working_day(event: datetime, count: int, calendar: CalendarSettings, zone: ZoneInfo) -> datetime:
    """23:59:59 local time of the ``count``-th working day after the day of the event, in UTC."""
    day = event.astimezone(zone).date()
    left = count
    while left > 0:
        day += timedelta(days=1)
        left -= is_worked(day, calendar)
    return datetime.combine(day, LAST_SECOND, tzinfo=zone).astimezone(UTC)


def end_of_day(event: datetime, days: timedelta, zone: ZoneInfo) -> datetime:
    """23:59:59 local time of the calendar day that lies ``days`` after the day of the event, in UTC (R-ELIG-02)."""
    return datetime.combine(event.astimezone(zone).date() + days, LAST_SECOND, tzinfo=zone).astimezone(UTC)

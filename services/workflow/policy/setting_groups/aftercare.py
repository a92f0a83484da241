"""Settings of what goes on around a case: parcels, carriers, complaints, payments, invoices, quality, follow-up."""

from datetime import date, time
from typing import Annotated

from pydantic import Field, field_validator

from services.workflow.policy.setting_groups.base import DAYS, LONG, SHORT, Group
from services.workflow.policy.values import Days, Duration, Within


class LogisticsSettings(Group):
    """``logistics``: when a parcel counts as late, stuck or lost (R-LOG-04, R-LOG-05), and the wait for an intercept (R-LOG-08)."""

    delay: Annotated[Duration, LONG]
    stuck: Annotated[Duration, LONG]
    lost: Annotated[Duration, LONG]
    intercept_wait: Annotated[Duration, LONG]


class CarrierSettings(Group):
    """``carrier``: the time to file a complaint and a claim (R-SLA-19)."""

    complaint: Annotated[Duration, Within("PT5M", "P2D")]
    claim: Annotated[Duration, Within("PT1H", "P14D")]


class ClaimSettings(Group):
    """``claim``: the carrier's answer, its reminder, and the time for an appeal (R-CLM-04, R-CLM-05)."""

    answer: Annotated[Days, DAYS]
    remind: Annotated[Days, DAYS]
    appeal: Annotated[Days, DAYS]


class DeliverySettings(Group):
    """``delivery``: call attempts that a failed delivery must show (R-FRT-15)."""

    min_call_attempts: Annotated[int, Field(ge=0), Within(1, 10)]


class InvoiceSettings(Group):
    """``invoice``: working days until it is sent (R-SLA-12)."""

    working_days: Annotated[int, Field(ge=0), Within(1, 30)]


class CalendarSettings(Group):
    """``calendar``: ISO weekdays that are worked (1 is Monday), dates that are holidays, and dates that are worked all the same (rules, section 0)."""

    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...]
    holidays: tuple[date, ...]
    extra_workdays: tuple[date, ...]

    @field_validator("weekdays")
    @classmethod
    def _some_day(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value:
            raise ValueError("name at least one weekday, 1 is Monday: without one no working day would ever come")
        return value


class ComplaintSettings(Group):
    """``complaint``: the written result (R-SLA-17), the customer's confirmation (R-CMP-03), a department's answer (R-CMP-05)."""

    result: Annotated[Duration, LONG]
    restate: Annotated[Duration, LONG]
    department: Annotated[Duration, SHORT]


class PaymentSettings(Group):
    """``payment``: the reply to a complex problem (R-SLA-16), and reminders of an unpaid order (R-PAY-02)."""

    reply: Annotated[Duration, Within("PT10M", "P2D")]
    remind: Annotated[Duration, Within("PT5M", "P2D")]
    remind_again: Annotated[Duration, Within("PT1H", "P7D")]
    autoclose: Annotated[Duration, Within("PT1H", "P30D")]


class OrderSettings(Group):
    """``order``: how long the warehouse has to hold an order back (R-ORD-03)."""

    hold: Annotated[Duration, Within("PT15M", "P1D")]


class RepairSettings(Group):
    """``repair``: the time a repair may take (R-WAR-08)."""

    target: Annotated[Days, DAYS]


class QualitySettings(Group):
    """``quality``: the same fault so often in so many days raises an alert (R-WAR-07)."""

    alert_count: Annotated[int, Field(ge=1), Within(2, 100)]
    alert_days: Annotated[Days, Within("P1D", "P365D")]


class ViolationSettings(Group):
    """``violation``: months within which a second violation of a kind counts as repeated (R-VIO-16)."""

    repeat_months: Annotated[int, Field(ge=1), Within(1, 60)]


class FollowupSettings(Group):
    """``followup``: days after the transaction on which the survey may go out, is recalled and ends (R-FUP-01), and unhappy answers (R-SLA-18)."""

    from_days: Annotated[Days, DAYS]
    remind_day: Annotated[Days, DAYS]
    to_days: Annotated[Days, DAYS]
    send_time: time
    negative: Annotated[Duration, LONG]
    negative_max_score: Annotated[int, Field(ge=1, le=5), Within(1, 4)]


class IdentitySettings(Group):
    """``identity``: failed checks before a lock, and how long it lasts (R-SEC-03)."""

    max_tries: Annotated[int, Field(ge=1), Within(1, 10)]
    lock: Annotated[Duration, Within("PT1M", "P1D")]


class RecordSettings(Group):
    """``record``: years until records are made anonymous (R-REC-07)."""

    retention_years: Annotated[int, Field(ge=1), Within(1, 15)]


class AuditSettings(Group):
    """``audit``: spot checks and their review (R-MET-06), rounds in a week (R-MET-07), and the count above which a person is told (R-MET-08)."""

    list_days: Annotated[Days, DAYS]
    review_days: Annotated[Days, DAYS]
    inspections_per_week: Annotated[int, Field(ge=0), Within(0, 14)]
    violations_per_year: Annotated[int, Field(ge=1), Within(1, 50)]

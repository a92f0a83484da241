"""Settings of a case's own process: answers, evidence, offers, approvals, returns, refunds, new goods."""

from datetime import time
from typing import Annotated

from pydantic import Field

from contracts.quote import DiscountRule
from services.workflow.policy.setting_groups.base import LONG, SHORT, Group
from services.workflow.policy.values import Duration, Within


class SlaSettings(Group):
    """``sla``: first answers and plans (R-SLA-01 to R-SLA-05, R-SLA-08, R-SLA-09), and when a limit's owner is warned (R-SLA-21)."""

    response_urgent: Annotated[Duration, Within("PT1S", "PT5M")]
    response_normal: Annotated[Duration, Within("PT1S", "PT30M")]
    urgent_notify: Annotated[Duration, Within("PT1S", "PT10M")]
    plan_normal: Annotated[Duration, Within("PT10M", "PT24H")]
    plan_urgent: Annotated[Duration, Within("PT5M", "PT4H")]
    response_presales: Annotated[Duration | None, Within("PT1S", "PT30M")] = None
    logistics_feedback: Annotated[Duration | None, Within("PT1H", "P3D")] = None
    warn_pct: Annotated[int | None, Field(ge=1, le=99), Within(50, 95)] = None
    warn_min_limit: Annotated[Duration | None, Within("PT1M", "P1D")] = None


class EvidenceSettings(Group):
    """``evidence``: how long and how often it is asked for (R-EVD-09), what is never called usable when damaged (R-EVD-14).

    ``verdict_needs_items``: a verdict that accepts nothing counts for nothing where evidence is mandatory (R-EVD-02).
    """

    wait: Annotated[Duration, LONG]
    max_rerequests: Annotated[int, Field(ge=0), Within(0, 5)]
    never_usable: tuple[str, ...]
    verdict_needs_items: bool | None = None


class ReviewSettings(Group):
    """``review``: how long an agent has to judge evidence before the next one is told (R-SLA-04 sets the frame)."""

    answer: Annotated[Duration, SHORT]


class OfferSettings(Group):
    """``offer``: how long it stands and when it is recalled (R-CASE-04); ``grace`` lets a timely choice arrive."""

    valid: Annotated[Duration, LONG]
    remind: Annotated[Duration, LONG]
    grace: Annotated[Duration, Within("PT1S", "PT1H")]


class ApprovalSettings(Group):
    """``approval``: the time each tier has, the distance of alarms after the last one, and finance's own time (R-AUTH-03)."""

    agent: Annotated[Duration, SHORT]
    supervisor: Annotated[Duration, SHORT]
    manager: Annotated[Duration, SHORT]
    director: Annotated[Duration, SHORT]
    alarm: Annotated[Duration, SHORT]
    finance: Annotated[Duration, SHORT]


class ReturnSettings(Group):
    """``return``: sending back (R-RTN-02), the longest silence of a parcel (R-RTN-06), and what happens after it came (R-SLA-13)."""

    ship: Annotated[Duration, Within("P1D", "P30D")]
    remind: Annotated[Duration, Within("P1D", "P30D")]
    transit_max: Annotated[Duration, Within("P1D", "P30D")]
    process: Annotated[Duration, Within("PT1H", "P14D")]


class InspectionSettings(Group):
    """``inspection``: the customer's answer to a mismatch, and its reminder (R-RTN-05)."""

    answer: Annotated[Duration, LONG]
    remind: Annotated[Duration, LONG]


class ShipSettings(Group):
    """``ship``: new goods leave ``before_cutoff`` after acceptance, or by ``after_cutoff_due`` of the next day, local time (R-RSH-05)."""

    cutoff_local: time
    before_cutoff: Annotated[Duration, Within("PT30M", "P2D")]
    after_cutoff_due: time


class ReshipSettings(Group):
    """``reship``: how often a unit is sent again (R-RSH-06), waiting when stock ran out (R-RSH-04), and for the new goods to arrive."""

    max_per_unit: Annotated[int, Field(ge=0), Within(0, 3)]
    stockout_wait: Annotated[Duration, LONG]
    delivery: Annotated[Duration, Within("P1D", "P30D")]


class ConfirmSettings(Group):
    """``confirm``: how long the customer is waited for at closed loop (R-CASE-07)."""

    timeout: Annotated[Duration, LONG]


class RefundSettings(Group):
    """``refund``: submission (R-SLA-14), retries after a proven failure (R-RFD-09), looking after an open submission, bank days (R-RFD-08).

    ``discount_rule`` says what becomes of order discounts where only a part is given back (R-RFD-05).
    """

    submit: Annotated[Duration, Within("PT1H", "P7D")]
    retry_count: Annotated[int, Field(ge=0), Within(0, 10)]
    retry: Annotated[Duration, Within("PT1M", "P1D")]
    first_look: Annotated[Duration, Within("PT1S", "PT1H")]
    longest_look: Annotated[Duration, Within("PT1M", "P1D")]
    alarm: Annotated[Duration, Within("PT1H", "P7D")]
    discount_rule: DiscountRule | None = None
    bank_days_min: Annotated[int | None, Field(ge=0), Within(0, 10)] = None
    bank_days_max: Annotated[int | None, Field(ge=0), Within(1, 30)] = None


class CaseSettings(Group):
    """``case``: applications for one line (R-CASE-06), and offers turned down before a supervisor takes over (R-AUTH-08)."""

    max_reapply: Annotated[int, Field(ge=1), Within(1, 10)]
    max_rejected_offers: Annotated[int, Field(ge=1), Within(1, 10)]


class RetentionSettings(Group):
    """``retention``: attempts to solve the cause before a refund for merchant fault (R-CASE-09); never without limit (R-NOT-04)."""

    max_attempts: Annotated[int, Field(ge=0), Within(0, 1)]

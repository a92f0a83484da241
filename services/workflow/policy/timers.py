"""The time limits and counts that a case's processes wait by: the part of the settings that travels into workflows."""

from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from contracts.base import Model
from services.workflow.policy.setting_groups.process import ShipSettings
from services.workflow.policy.settings import PolicySettings


class Timers(Model):
    """Waits of one policy version. Each field is the setting of that name: ``evidence_wait`` is ``evidence.wait``."""

    evidence_wait: timedelta
    evidence_max_rerequests: int
    review_answer: timedelta
    offer_valid: timedelta
    offer_remind: timedelta
    offer_grace: timedelta
    approval_agent: timedelta
    approval_supervisor: timedelta
    approval_manager: timedelta
    approval_director: timedelta
    approval_alarm: timedelta
    approval_finance: timedelta
    return_ship: timedelta
    return_remind: timedelta
    return_transit_max: timedelta
    return_process: timedelta
    inspection_answer: timedelta
    inspection_remind: timedelta
    refund_submit: timedelta
    refund_retry_count: int
    refund_retry: timedelta
    refund_first_look: timedelta
    refund_longest_look: timedelta
    refund_alarm: timedelta
    reship_stockout_wait: timedelta
    reship_delivery: timedelta
    confirm_timeout: timedelta

    @classmethod
    def of(cls, settings: PolicySettings) -> Self:
        """The timers of ``settings``."""
        values = {}
        for name in cls.model_fields:
            group, _, key = name.partition("_")
            values[name] = getattr(getattr(settings, "return_" if group == "return" else group), key)
        return cls(**values)


def dispatch_due(ship: ShipSettings, time_zone: str, accepted_at: datetime) -> datetime:
    """When new goods must have left, counted from acceptance (R-RSH-05, R-SLA-10, R-SLA-11), in UTC."""
    local = accepted_at.astimezone(ZoneInfo(time_zone))
    if local.time() < ship.cutoff_local:
        return accepted_at + ship.before_cutoff
    due = datetime.combine(local.date() + timedelta(days=1), ship.after_cutoff_due, tzinfo=ZoneInfo(time_zone))
    return due.astimezone(accepted_at.tzinfo)

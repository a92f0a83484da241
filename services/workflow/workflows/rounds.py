"""Rounds of a wait for a person: each has its end, and each is longer than the one before."""

from datetime import timedelta

from contracts.roles import APPROVAL_TIERS, Role
from services.workflow.payloads.case import CaseTimers


def longer(limit: timedelta, timers: CaseTimers) -> timedelta:
    """The next round: twice as long, so that a forgotten case does not fill its history."""
    return max(limit, min(limit * 2, timers.longest_round))


def tier_above(tier: Role) -> Role:
    """Who is asked next: the tier above, the last one staying the last; a department's limit goes to the supervisor (R-SLA-20)."""
    tiers = APPROVAL_TIERS
    return tiers[min(tiers.index(tier) + 1, len(tiers) - 1)] if tier in tiers else Role.SUPERVISOR

"""Whether settings keep their bounds and fit each other; asked when a pack is loaded."""

from collections.abc import Iterator

from services.workflow.policy.settings import Group, PolicySettings
from services.workflow.policy.values import Within


def _groups(settings: PolicySettings) -> Iterator[tuple[str, Group]]:
    for name, field in type(settings).model_fields.items():
        yield field.alias or name, getattr(settings, name)


def out_of_bounds(settings: PolicySettings) -> Iterator[tuple[str, str, str]]:
    """Group, key and problem of every setting that leaves its bounds."""
    for group_name, group in _groups(settings):
        for key, field in type(group).model_fields.items():
            for bounds in (each for each in field.metadata if isinstance(each, Within)):
                if not bounds.admits(getattr(group, key)):
                    yield group_name, key, f"must be from {bounds.low} to {bounds.high} (only sandbox packs may leave the bounds)"


def contradictions(settings: PolicySettings) -> Iterator[tuple[str, str, str]]:
    """Group, key and problem of every setting that contradicts another, whatever the bounds."""
    pairs = (
        ("offer", "remind", settings.offer.remind, "offer.valid", settings.offer.valid),
        ("return", "remind", settings.return_.remind, "return.ship", settings.return_.ship),
        ("inspection", "remind", settings.inspection.remind, "inspection.answer", settings.inspection.answer),
    )
    for group, key, earlier, later_name, later in pairs:
        if earlier >= later:
            yield group, key, f"a reminder must come before {later_name} ends"
    if settings.window.defect_exchange < settings.window.claim:
        yield "window", "defect_exchange", "must not be shorter than window.claim (R-ELIG-07)"
    tiers = (("system_refund", "agent_refund"), ("agent_refund", "supervisor_refund"))
    for lower, higher in tiers:
        above = getattr(settings.auth, higher)
        for currency, amount in getattr(settings.auth, lower).items():
            if amount > above.get(currency, amount):
                yield "auth", lower, f"{currency} must not be above auth.{higher} (R-AUTH-02)"

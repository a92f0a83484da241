"""Whether settings keep their bounds and fit each other; asked when a pack is loaded."""

from collections.abc import Iterator

from services.workflow.policy.setting_groups.base import Group
from services.workflow.policy.settings import PolicySettings
from services.workflow.policy.values import Within


def groups_of(settings: PolicySettings) -> Iterator[tuple[str, Group]]:
    """Every group that has values, by the name that a pack writes for it."""
    for name, field in type(settings).model_fields.items():
        section = getattr(settings, name)
        if isinstance(section, Group):
            yield field.alias or name, section
    for name, extension in settings.extensions.items():
        yield f"extensions.{name}", extension


def out_of_bounds(settings: PolicySettings) -> Iterator[tuple[str, str, str]]:
    """Group, key and problem of every setting that leaves its bounds."""
    for group_name, group in groups_of(settings):
        for key, field in type(group).model_fields.items():
            for bounds in (each for each in field.metadata if isinstance(each, Within)):
                value = getattr(group, key)
                if value is not None and not bounds.admits(value):
                    yield group_name, key, f"must be from {bounds.low} to {bounds.high} (only sandbox packs may leave the bounds)"


def not_set(settings: PolicySettings) -> Iterator[tuple[str, str, str]]:
    """Group, key and problem of every setting that has no value: what a pack must set that decides all scenes."""
    problem = "is not set; every setting must have a value here or in the pack it extends"
    for name, field in type(settings).model_fields.items():
        if getattr(settings, name) is None:
            yield field.alias or name, "", problem
    for group_name, group in groups_of(settings):
        for key in type(group).model_fields:
            if getattr(group, key) is None and not group_name.startswith("extensions."):
                yield group_name, key, problem


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
    yield from _extensions(settings)
    tiers = (("system_refund", "agent_refund"), ("agent_refund", "supervisor_refund"))
    for lower, higher in tiers:
        above = getattr(settings.auth, higher)
        for currency, amount in getattr(settings.auth, lower).items():
            if amount > above.get(currency, amount):
                yield "auth", lower, f"{currency} must not be above auth.{higher} (R-AUTH-02)"


def _extensions(settings: PolicySettings) -> Iterator[tuple[str, str, str]]:
    for name, extension in settings.extensions.items():
        for key in ("no_reason", "claim", "defect_exchange"):
            longer = getattr(extension, key)
            if longer is not None and longer < getattr(settings.window, key):
                yield f"extensions.{name}", key, f"must not be shorter than window.{key}: an extension never takes a right away (R-ELIG-13)"
        if extension.warranty_months is not None and settings.warranty and extension.warranty_months < settings.warranty.months:
            yield f"extensions.{name}", "warranty_months", "must not be shorter than warranty.months (R-ELIG-13)"

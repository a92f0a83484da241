"""Settings about rights: windows, what cannot be returned, warranty, and what a member level or campaign adds."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.workflow.policy.setting_groups.base import Group
from services.workflow.policy.values import Days, Duration, Within


class WindowSettings(Group):
    """``window``: calendar days after delivery in which a claim stands by itself (R-ELIG-01, R-ELIG-07).

    ``no_reason_from``: the no-reason window begins with the first delivery of the affected lines, or once the last part of the whole order came.
    """

    no_reason: Annotated[Days, Within("P1D", "P100D")]
    claim: Annotated[Days, Within("P1D", "P730D")]
    defect_exchange: Annotated[Days, Within("P1D", "P730D")]
    no_reason_from: Literal["first_delivery", "whole_order"] | None = None


class EligibilitySettings(Group):
    """``eligibility``: what cannot be returned without a reason, by category or tag; some only if the buyer confirmed it (R-ELIG-05)."""

    excluded_categories: tuple[str, ...]
    excluded_if_confirmed: tuple[str, ...]
    confirmed_tag: str


class FreshSettings(Group):
    """``fresh``: the time after delivery for a claim with its photos (R-EVD-12), and the time to handle it (R-SLA-06)."""

    claim: Annotated[Duration, Within("PT6H", "P7D")]
    handle: Annotated[Duration, Within("PT30M", "P2D")]


class WarrantySettings(Group):
    """``warranty``: months after delivery where the product has none of its own (R-WAR-03)."""

    months: Annotated[int, Field(ge=0), Within(1, 120)]


class ExtensionSettings(Group):
    """``extensions.<name>``: longer windows for a member level or a campaign of that name (R-ELIG-12); never shorter ones (R-ELIG-13)."""

    no_reason: Annotated[Days, Within("P1D", "P365D")] | None = None
    claim: Annotated[Days, Within("P1D", "P730D")] | None = None
    defect_exchange: Annotated[Days, Within("P1D", "P730D")] | None = None
    warranty_months: Annotated[int, Field(ge=0, le=600)] | None = None

    def days(self, path: str) -> timedelta | None:
        """The longer window for a setting such as ``window.claim``, None where this extension says nothing about it."""
        value: timedelta | None = getattr(self, path.removeprefix("window."), None) if path.startswith("window.") else None
        return value

"""The types of settings: durations, calendar days, amounts by currency; and the bounds they must keep unless a pack is a sandbox."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from iso4217 import Currency
from pydantic import AfterValidator, BeforeValidator, TypeAdapter

from contracts.base import AmountMinor, CurrencyCode


@dataclass(frozen=True, slots=True)
class Within:
    """Inclusive bounds of a setting: ISO 8601 durations for a duration, numbers for a number."""

    low: str | int
    high: str | int

    def admits(self, value: timedelta | int) -> bool:
        """Whether ``value`` keeps the bounds."""
        if isinstance(value, timedelta):
            return duration(str(self.low)) <= value <= duration(str(self.high))
        return int(self.low) <= value <= int(self.high)


def _iso_text(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("P"):
        raise ValueError("write a duration as in ISO 8601, such as PT48H or P7D")
    return value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("a duration is longer than nothing")
    return value


def _whole_days(value: timedelta) -> timedelta:
    if value % timedelta(days=1):
        raise ValueError("a window is counted in whole calendar days, such as P7D (R-ELIG-02)")
    return value


def _known_currencies(amounts: dict[str, int]) -> dict[str, int]:
    for code in amounts:
        if code not in Currency.__members__:
            raise ValueError(f"{code} is no currency of ISO 4217")
    return amounts


Duration = Annotated[timedelta, BeforeValidator(_iso_text), AfterValidator(_positive)]
"""A length of time on the wall clock, written as in ISO 8601."""

Days = Annotated[Duration, AfterValidator(_whole_days)]
"""A window of whole calendar days (R-ELIG-02), written as in ISO 8601."""

Amounts = Annotated[dict[CurrencyCode, AmountMinor], AfterValidator(_known_currencies)]
"""An amount for each currency, in minor units. A currency that is missing means that a person decides; amounts are never converted."""

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def duration(text: str) -> timedelta:
    """The length of time that an ISO 8601 duration says. Raises pydantic's ``ValidationError``."""
    return _DURATION.validate_python(text)

"""What carriage costs: a price for the first 500 g, one for each further 500 g begun, by service and distance. Amounts in minor units."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from deploy.local.sandbox.carrier.journey import Kind
from deploy.local.sandbox.carrier.models import Country, Service, WeightGrams
from deploy.local.sandbox.carrier.refusals import CurrencyNotSupportedError
from deploy.local.sandbox.clock import rfc3339, to_ms

_STEP_GRAMS = 500
_FIRST_AND_FURTHER_MINOR = {"CNY": (800, 200), "EUR": (390, 70), "GBP": (340, 60), "USD": (450, 80)}
_SERVICE_PERCENT: dict[Service, int] = {"economy": 80, "standard": 100, "express": 190}
_DAYS: dict[Service, int] = {"economy": 5, "standard": 3, "express": 1}
_ABROAD_PERCENT = 300
_DAYS_ABROAD = 6
_VALID = timedelta(days=1)


class QuoteRequest(BaseModel):
    """A parcel whose carriage shall be priced."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Kind
    service: Service = "standard"
    weight_grams: WeightGrams
    currency: str = Field(pattern="^[A-Z]{3}$")
    from_country: Country | None = None
    to_country: Country | None = None


def quote(wanted: QuoteRequest) -> dict[str, Any]:
    """The price of a parcel's carriage. Raises CurrencyNotSupportedError."""
    if wanted.currency not in _FIRST_AND_FURTHER_MINOR:
        supported = ", ".join(_FIRST_AND_FURTHER_MINOR)
        raise CurrencyNotSupportedError(f"There is no tariff in {wanted.currency}; ask in one of {supported}.", "currency")
    first_minor, further_minor = _FIRST_AND_FURTHER_MINOR[wanted.currency]
    steps = -(-wanted.weight_grams // _STEP_GRAMS)
    abroad = wanted.from_country is not None and wanted.to_country is not None and wanted.from_country != wanted.to_country
    percent = _SERVICE_PERCENT[wanted.service] * (_ABROAD_PERCENT if abroad else 100)
    return {
        "service": wanted.service,
        # Rounded up to the minor unit, as tariffs do.
        "amount_minor": -(-(first_minor + (steps - 1) * further_minor) * percent // 10_000),
        "currency": wanted.currency,
        "estimated_days": _DAYS[wanted.service] + (_DAYS_ABROAD if abroad else 0),
        "valid_until": rfc3339(to_ms(datetime.now(UTC) + _VALID)),
    }

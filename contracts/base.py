"""The base of every contract model: immutable, and tolerant of additions.

Inside a major version only additions are made, so a reader ignores fields it does not know (architecture: contracts).
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ``ValueError`` where it is outside the years that a datetime can say."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is outside the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(to_utc)]
"""An aware date and time, kept in UTC (RFC 3339 on the wire)."""

Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
"""A number of units, at least one."""

AmountMinor = Annotated[int, Field(ge=0, le=10**15)]
"""An amount in minor units of its currency, never negative; direction is in the name of the field or event."""

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 alphabetic code."""


class Model(BaseModel):
    """An immutable contract model that ignores fields added by a later minor version."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="iso8601")


def describe_problems(error: ValidationError) -> str:
    """Which fields are wrong and why, for the operator: what they hold is left out, for it may be personal data."""
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in error.errors(include_input=False))

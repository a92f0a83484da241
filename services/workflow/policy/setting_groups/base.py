"""The base of all groups of settings, and the bounds that several share."""

from pydantic import BaseModel, ConfigDict

from services.workflow.policy.values import Within

SHORT = Within("PT5M", "P2D")
LONG = Within("PT1H", "P30D")
DAYS = Within("P1D", "P60D")


class Group(BaseModel):
    """A group of settings; a key it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

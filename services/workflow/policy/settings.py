"""The settings of a policy: typed, with units and bounds (rules, section 31). One class for each group of keys.

The bounds are those beyond which a value is more likely a slip than a wish; packs marked ``sandbox`` may leave them.
"""

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.workflow.policy.values import Amounts, Days, Duration, Within

Rounding = Literal["whole_major_unit", "minor_unit"]
OutboundRefund = Literal["never", "whole_order"]
Short = Within("PT5M", "P2D")
Long = Within("PT1H", "P30D")


class Group(BaseModel):
    """A group of settings; a key it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class CompensationSettings(Group):
    """``comp``: money for kept goods (R-COMP-01 to R-COMP-03), per unit and per order."""

    damage_unit: Amounts
    defect_unit: Amounts
    first_tier_cap: Amounts
    half_price_rounding: Rounding


class FreightSettings(Group):
    """``freight``: the automatic limit of a merchant-fault return (R-FRT-01), and when outbound freight is given back (R-FRT-12)."""

    return_cap: Amounts
    outbound_refund_merchant_fault: OutboundRefund
    outbound_refund_no_reason: OutboundRefund


class WindowSettings(Group):
    """``window``: calendar days after delivery in which a claim stands by itself (R-ELIG-01, R-ELIG-07)."""

    no_reason: Annotated[Days, Within("P1D", "P100D")]
    claim: Annotated[Days, Within("P1D", "P730D")]
    defect_exchange: Annotated[Days, Within("P1D", "P730D")]


class EligibilitySettings(Group):
    """``eligibility``: what cannot be returned without a reason, by category or tag; some only if the buyer confirmed it (R-ELIG-05)."""

    excluded_categories: tuple[str, ...]
    excluded_if_confirmed: tuple[str, ...]
    confirmed_tag: str


class SlaSettings(Group):
    """``sla``: first answers and plans (R-SLA-01, R-SLA-02, R-SLA-04, R-SLA-08, R-SLA-09)."""

    response_urgent: Annotated[Duration, Within("PT1S", "PT5M")]
    response_normal: Annotated[Duration, Within("PT1S", "PT30M")]
    urgent_notify: Annotated[Duration, Within("PT1S", "PT10M")]
    plan_normal: Annotated[Duration, Within("PT10M", "PT24H")]
    plan_urgent: Annotated[Duration, Within("PT5M", "PT4H")]


class EvidenceSettings(Group):
    """``evidence``: how long and how often it is asked for (R-EVD-09), and what is never called usable when damaged (R-EVD-14)."""

    wait: Annotated[Duration, Long]
    max_rerequests: Annotated[int, Field(ge=0), Within(0, 5)]
    never_usable: tuple[str, ...]


class ReviewSettings(Group):
    """``review``: how long an agent has to judge evidence before the next one is told (R-SLA-04 sets the frame)."""

    answer: Annotated[Duration, Short]


class OfferSettings(Group):
    """``offer``: how long it stands and when it is recalled (R-CASE-04); ``grace`` lets a timely choice arrive."""

    valid: Annotated[Duration, Long]
    remind: Annotated[Duration, Long]
    grace: Annotated[Duration, Within("PT1S", "PT1H")]


class ApprovalSettings(Group):
    """``approval``: the time each tier has, the distance of alarms after the last one, and finance's own time (R-AUTH-03)."""

    agent: Annotated[Duration, Short]
    supervisor: Annotated[Duration, Short]
    manager: Annotated[Duration, Short]
    director: Annotated[Duration, Short]
    alarm: Annotated[Duration, Short]
    finance: Annotated[Duration, Short]


class AuthoritySettings(Group):
    """``auth``: how much money of one case each tier may give (R-AUTH-02, R-AUTH-09), in minor units."""

    system_refund: Amounts
    agent_refund: Amounts
    supervisor_refund: Amounts
    finance_countersign: Amounts
    urgent: Amounts


class NoReturnSettings(Group):
    """``no_return``: above this unit paid price a supervisor decides whether goods may stay (R-DEC-04)."""

    max_unit: Amounts


class PrioritySettings(Group):
    """``priority``: the loss from which a case is queued first (R-PRI-03)."""

    high_loss: Amounts


class ReturnSettings(Group):
    """``return``: sending back (R-RTN-02), the longest silence of a parcel (R-RTN-06), and what happens after it came (R-SLA-13)."""

    ship: Annotated[Duration, Within("P1D", "P30D")]
    remind: Annotated[Duration, Within("P1D", "P30D")]
    transit_max: Annotated[Duration, Within("P1D", "P30D")]
    process: Annotated[Duration, Within("PT1H", "P14D")]


class InspectionSettings(Group):
    """``inspection``: the customer's answer to a mismatch, and its reminder (R-RTN-05)."""

    answer: Annotated[Duration, Long]
    remind: Annotated[Duration, Long]


class RefundSettings(Group):
    """``refund``: submission (R-SLA-14), retries after a proven failure (R-RFD-09), and looking after an open submission."""

    submit: Annotated[Duration, Within("PT1H", "P7D")]
    retry_count: Annotated[int, Field(ge=0), Within(0, 10)]
    retry: Annotated[Duration, Within("PT1M", "P1D")]
    first_look: Annotated[Duration, Within("PT1S", "PT1H")]
    longest_look: Annotated[Duration, Within("PT1M", "P1D")]
    alarm: Annotated[Duration, Within("PT1H", "P7D")]


class ShipSettings(Group):
    """``ship``: new goods leave ``before_cutoff`` after acceptance, or by ``after_cutoff_due`` of the next day, local time (R-RSH-05)."""

    cutoff_local: time
    before_cutoff: Annotated[Duration, Within("PT30M", "P2D")]
    after_cutoff_due: time


class ReshipSettings(Group):
    """``reship``: how often a unit is sent again (R-RSH-06), waiting when stock ran out (R-RSH-04), and for the new goods to arrive."""

    max_per_unit: Annotated[int, Field(ge=0), Within(0, 3)]
    stockout_wait: Annotated[Duration, Long]
    delivery: Annotated[Duration, Within("P1D", "P30D")]


class ConfirmSettings(Group):
    """``confirm``: how long the customer is waited for at closed loop (R-CASE-07)."""

    timeout: Annotated[Duration, Long]


class PolicySettings(Group):
    """All settings of one policy version."""

    comp: CompensationSettings
    freight: FreightSettings
    window: WindowSettings
    eligibility: EligibilitySettings
    sla: SlaSettings
    evidence: EvidenceSettings
    review: ReviewSettings
    offer: OfferSettings
    approval: ApprovalSettings
    auth: AuthoritySettings
    no_return: NoReturnSettings
    priority: PrioritySettings
    return_: Annotated[ReturnSettings, Field(alias="return")]
    inspection: InspectionSettings
    refund: RefundSettings
    ship: ShipSettings
    reship: ReshipSettings
    confirm: ConfirmSettings

    def duration(self, path: str) -> timedelta:
        """The duration that a table names, such as ``return.process``. Raises ``KeyError`` where there is none of that name."""
        value = self._at(path)
        if not isinstance(value, timedelta):
            raise KeyError(path)
        return value

    def amounts(self, path: str) -> Amounts:
        """The amounts by currency that a table names, such as ``comp.damage_unit``. Raises ``KeyError`` where there is none of that name."""
        value = self._at(path)
        if not isinstance(value, dict):
            raise KeyError(path)
        return value

    def _at(self, path: str) -> object:
        group, _, key = path.partition(".")
        section = getattr(self, "return_" if group == "return" else group, None)
        if section is None or key not in type(section).model_fields:
            raise KeyError(path)
        value: object = getattr(section, key)
        return value

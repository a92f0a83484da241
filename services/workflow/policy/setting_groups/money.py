"""Settings about money: compensation, freight, authority, stock-outs."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.decision_result import FreightPayer
from services.workflow.policy.setting_groups.base import LONG, Group
from services.workflow.policy.values import Amounts, Duration, Within

Rounding = Literal["whole_major_unit", "minor_unit"]
OutboundRefund = Literal["never", "whole_order"]


class CompensationSettings(Group):
    """``comp``: money for kept goods (R-COMP-01 to R-COMP-03), per unit and per order, and the ceiling for a broken promise (R-COMP-10)."""

    damage_unit: Amounts
    defect_unit: Amounts
    first_tier_cap: Amounts
    half_price_rounding: Rounding
    leak_unit: Amounts | None = None
    stain_unit: Amounts | None = None
    scratch_first: Amounts | None = None
    scratch_final: Amounts | None = None
    flaw_first: Amounts | None = None
    flaw_final: Amounts | None = None
    promise_pct: Annotated[int | None, Field(ge=0, le=100), Within(0, 100)] = None
    promise_max: Amounts | None = None


class FreightSettings(Group):
    """``freight``: the automatic limit of a merchant-fault return (R-FRT-01), and when outbound freight is given back (R-FRT-12).

    ``size_exchange_outbound`` says who pays for the new goods to leave in an exchange for size or preference (R-FRT-08).
    """

    return_cap: Amounts
    outbound_refund_merchant_fault: OutboundRefund
    outbound_refund_no_reason: OutboundRefund
    size_exchange_outbound: FreightPayer | None = None


class AuthoritySettings(Group):
    """``auth``: how much money of one case each tier may give (R-AUTH-02, R-AUTH-09), and which coupon (R-COMP-09), in minor units."""

    system_refund: Amounts
    agent_refund: Amounts
    supervisor_refund: Amounts
    finance_countersign: Amounts
    urgent: Amounts
    agent_coupon: Amounts | None = None
    supervisor_coupon: Amounts | None = None


class NoReturnSettings(Group):
    """``no_return``: above this unit paid price a supervisor decides whether goods may stay (R-DEC-04)."""

    max_unit: Amounts


class PrioritySettings(Group):
    """``priority``: the loss from which a case is queued first (R-PRI-03)."""

    high_loss: Amounts


class StockoutSettings(Group):
    """``stockout``: the discount on a substitute in percent of its price (R-STK-03), and how long an answer is waited for (R-STK-04)."""

    discount_pct: Annotated[int, Field(ge=0, le=100), Within(0, 50)]
    answer: Annotated[Duration, LONG]


class RestockingSettings(Group):
    """``restocking``: the part of the goods' price, in percent, that a return without fault costs the customer; 0 for none."""

    percent: Annotated[int, Field(ge=0, le=100), Within(0, 50)]

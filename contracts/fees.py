"""Charges that a shop may keep back from a refund: restocking, return freight the customer bears, intercept and redelivery fees."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.base import AmountMinor, Model

RatePpm = Annotated[int, Field(ge=0, le=1_000_000)]
"""Parts per million: 20 % is 200000."""


class FeeTax(Model):
    """The tax inside a fee that is a taxable service of its own, at ``rate_ppm``."""

    code: str
    rate_ppm: RatePpm


class Fee(Model):
    """One charge, as the policy states it: ``amount_minor`` for the refund (or ``per_unit`` given back), or ``rate_ppm`` of the goods given back.

    A rate and a fee per unit count the units given back by this request, of ``line_ids`` only where given, at what was paid for them less earlier
    compensation. A rate is rounded as ``rounding`` says, then held between ``minimum_minor`` and ``maximum_minor``. ``rule`` is the rule that allows
    it, such as R-FRT-07 or R-FRT-09. Amounts include tax; without ``tax`` the fee is outside the scope of tax, as damages are.
    """

    code: Annotated[str, Field(min_length=1, max_length=60)]
    rule: str
    amount_minor: AmountMinor | None = None
    rate_ppm: RatePpm | None = None
    per_unit: bool = False
    line_ids: tuple[str, ...] = ()
    minimum_minor: AmountMinor = 0
    maximum_minor: AmountMinor | None = None
    rounding: Literal["down", "half_up", "up"] = "down"
    tax: FeeTax | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.amount_minor is None) == (self.rate_ppm is None):
            raise ValueError("a fee is either amount_minor or rate_ppm: set exactly one")
        if self.per_unit and self.amount_minor is None:
            raise ValueError("per_unit needs amount_minor: a rate is of the goods, however many units they are")
        if self.line_ids and self.amount_minor is not None and not self.per_unit:
            raise ValueError("line_ids narrow a rate or a fee per unit: leave them out for one amount, or set per_unit")
        if self.maximum_minor is not None and self.maximum_minor < self.minimum_minor:
            raise ValueError("maximum_minor is smaller than minimum_minor")
        return self

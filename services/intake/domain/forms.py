"""The bodies of commands as callers send them. Unknown fields are refused, so that a misspelt one is not lost without a trace."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from contracts.base import Model, Moment
from contracts.case_state import OptionCode
from contracts.case_v1 import Channel, InspectionAnswer
from contracts.decision_facts import AffectedUnits, Attributes, Verdict
from contracts.identifiers import MerchantId, OfferId
from contracts.order_v1 import Reference
from contracts.scenes import Scene

Code = Annotated[str, Field(pattern=r"^[a-z0-9_.:-]{1,60}$")]
"""A short code, no words: codes may travel in events, words may not."""


class Form(Model):
    """The base of all bodies."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseApplication(Form):
    """An application for after-sales service (R-INT-02, R-INT-03)."""

    order_number: Reference
    scene: Scene
    lines: Annotated[tuple[AffectedUnits, ...], Field(min_length=1, max_length=500)]
    description: Annotated[str, Field(max_length=4_000)] | None = None
    wanted_remedy: OptionCode | None = None
    accept_if_offered: bool = False
    claimed: Attributes = Attributes()
    channel: Channel | None = None
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)] | None = None
    merchant_id: MerchantId | None = None
    requested_at: Moment | None = None

    @model_validator(mode="after")
    def _consent_names_a_remedy(self) -> Self:
        if self.accept_if_offered and self.wanted_remedy is None:
            raise ValueError("accept_if_offered needs wanted_remedy: say what is accepted")
        return self

    @property
    def words(self) -> str | None:
        """The description, None where it is empty."""
        return (self.description or "").strip() or None


class ChoiceForm(Form):
    """One option of one offer."""

    offer_id: OfferId
    option: OptionCode


class OfferRejectionForm(Form):
    """An offer turned down."""

    offer_id: OfferId


class ReturnShipmentForm(Form):
    """A parcel sent with a carrier of the customer's own choice."""

    carrier: Annotated[str, Field(min_length=1, max_length=60)]
    waybill: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{4,60}$")]
    shipped_at: Moment | None = None


class InspectionAnswerForm(Form):
    """The answer to an inspection mismatch."""

    answer: InspectionAnswer


class SatisfactionForm(Form):
    """Whether the case is solved."""

    satisfied: bool


class ReopeningForm(Form):
    """Why a case goes on: a code."""

    reason: Code | None = None


class EvidenceReviewForm(Form):
    """An agent's verdict on the evidence, and what they confirm of what the customer claimed."""

    verdict: Verdict
    missing: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    reviewed: Attributes = Attributes()
    lines: Annotated[tuple[AffectedUnits, ...], Field(min_length=1, max_length=500)] | None = None


class CustomerTokenForm(Form):
    """The merchant's own id of its logged-in customer."""

    customer_id: Reference


class GuestTokenForm(Form):
    """An order, and one thing only its customer knows (R-SEC-01)."""

    merchant_id: MerchantId
    order_number: Reference
    phone: Annotated[str, Field(max_length=40)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    postcode: Annotated[str, Field(max_length=20)] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum(value is not None for value in (self.phone, self.email, self.postcode)) != 1:
            raise ValueError("send exactly one of phone, email and postcode")
        return self

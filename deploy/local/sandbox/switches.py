"""The fault switches themselves: what each is called, its bounds, and what it is when off."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rate = Annotated[float, Field(ge=0, le=1, description="share of requests, 0 to 1")]
DelayMs = Annotated[int, Field(ge=0, le=600_000, description="milliseconds")]


class Switches(BaseModel):
    """What every server has. All off by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    delay_ms: DelayMs = 0
    drop_answer_rate: Rate = 0


class HttpSwitches(Switches):
    """The faults of an HTTP API that sends webhooks."""

    error_rate: Rate = 0
    error_status: Annotated[int, Field(ge=400, le=599)] = 503
    webhook_delay_ms: DelayMs = 0
    webhook_duplicate_rate: Rate = 0
    webhook_reorder: bool = False
    webhook_reorder_window_ms: DelayMs = 1000
    webhook_drop_rate: Rate = 0


class FailNext(BaseModel):
    """A refund that shall fail: the next one that fits what is given here (nothing given fits any)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    payment_id: str | None = None
    amount_minor: int | None = None
    failure_code: str = "declined_by_issuer"

    def fits(self, payment_id: str, amount_minor: int) -> bool:
        """Whether a refund of ``amount_minor`` on ``payment_id`` is the one meant."""
        return self.payment_id in (None, payment_id) and self.amount_minor in (None, amount_minor)


class SettlementFault(BaseModel):
    """A mistake in the settlement file, about the lines of one refund; with ``kind`` only about its refund line or its reversal line.

    ``late`` lists it ``days`` later than it was settled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    idempotency_key: str | None = None
    refund_id: str | None = None
    kind: Literal["refund", "reversal"] | None = None
    fault: Literal["omit", "wrong_amount", "wrong_currency", "duplicate", "late"]
    days: Annotated[int, Field(ge=1, le=60)] = 2

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.idempotency_key is None) == (self.refund_id is None):
            raise ValueError("name the refund by idempotency_key or by refund_id")
        return self

    def is_about(self, line: dict[str, Any]) -> bool:
        """Whether a line of the records is meant."""
        subject = line["id"] if self.idempotency_key is None else line["idempotency_key"]
        return subject in (self.idempotency_key, self.refund_id) and self.kind in (None, line["kind"])


class PaymentSwitches(HttpSwitches):
    """The faults of the payment provider."""

    settle_delay_ms: DelayMs = 200
    settle_fail_rate: Rate = 0
    fail_next: tuple[FailNext, ...] = ()
    settlement_faults: tuple[SettlementFault, ...] = ()


class MailSwitches(Switches):
    """The faults of the mailbox."""

    temporary_error_rate: Rate = 0
    reject_recipients: tuple[str, ...] = ()

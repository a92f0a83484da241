"""Stripe's webhooks: its own signature scheme (docs.stripe.com/webhooks/signature), and the events that are about refunds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from stripe import SignatureVerificationError, WebhookSignature

from services.kit.clock import utc_now
from services.kit.webhooks import signature_invalid, timestamp_stale
from services.workflow.adapters.stripe_records import read_refund
from services.workflow.ports import ProviderMisuseError, ProviderRefund

TOLERANCE_SECONDS: Final = 300
HEADER: Final = "stripe-signature"

_ABOUT_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})


class _Data(BaseModel):
    object: dict[str, Any]


class _Event(BaseModel):
    type: str
    livemode: bool
    data: _Data


def read_webhook(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, live: bool) -> ProviderRefund | None:
    """What a webhook says of a submission of ours, None where it is about something else or of the other mode.

    Raises ``Problem`` 401 ``webhook_signature_invalid`` or ``webhook_timestamp_stale``, or ``ProviderMisuseError``.
    """
    verify(secrets, {name.lower(): value for name, value in headers.items()}.get(HEADER, ""), body)
    try:
        event = _Event.model_validate_json(body)
    except ValidationError as error:
        raise ProviderMisuseError("the webhook is no event of Stripe's") from error
    if event.type not in _ABOUT_REFUNDS or event.livemode is not live:
        return None  # an endpoint of a platform also gets the test events of connected accounts: they must not touch live refunds
    return read_refund(event.data.object)


def verify(secrets: Sequence[str], signature: str, body: bytes) -> None:
    """Check a webhook against any of ``secrets``, by the SDK. Raises ``Problem`` 401."""
    if not any(_signed_with(secret, signature, body) for secret in secrets):
        raise signature_invalid("Sign timestamp.body with the endpoint's secret, in the header Stripe-Signature.")
    if abs(utc_now().timestamp() - _signed_at(signature)) > TOLERANCE_SECONDS:  # the SDK looks at the past only
        raise timestamp_stale()


def _signed_with(secret: str, signature: str, body: bytes) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, signature, secret))
    except (SignatureVerificationError, ValueError, TypeError):  # ValueError: no UTF-8; TypeError: a signature that is not ASCII
        return False


def _signed_at(signature: str) -> int:
    """The second that was signed: the first ``t``, read as the SDK does. Whoever passes a webhook on could add another."""
    parts = (part.split("=", 2) for part in signature.split(","))
    return next(int(part[1]) for part in parts if part[0] == "t")

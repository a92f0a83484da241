"""Webhooks in and out by the Standard Webhooks specification: signed, at most five minutes old, several secrets at once for rotation."""

import base64
import binascii
import secrets as random_source
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.kit.clock import utc_now
from services.kit.problems import Problem

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the specification's prefix, no secret
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What a verified webhook says of itself; ``id`` stays the same when it is sent again."""

    id: str
    sent_at: datetime


def generate_secret() -> str:
    """A new secret in the specification's form."""
    return SECRET_PREFIX + base64.b64encode(random_source.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The headers of a webhook. ``at`` is when it is sent (now, unless given)."""
    moment = (at or utc_now()).astimezone(UTC)  # the library takes the digits of any other zone for UTC
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> WebhookMessage:
    """Check a webhook against any of ``secrets``.

    Raises :class:`Problem` 401 ``webhook_signature_invalid``, or ``webhook_timestamp_stale`` where it is more than five minutes off.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    reason = "no secret is configured"
    for secret in secrets:
        try:
            Webhook(secret).verify(body, lowered, json_parse=False)
        except WebhookVerificationError as error:
            reason = str(error)
        except (ValueError, binascii.Error):  # not UTF-8, or a signature in no known form
            reason = "the signature is malformed"
        else:
            sent_at = datetime.fromtimestamp(int(float(lowered["webhook-timestamp"])), tz=UTC)
            return WebhookMessage(lowered["webhook-id"], sent_at)
    if "timestamp too" in reason:
        raise timestamp_stale()
    raise signature_invalid(f"{reason}: sign id.timestamp.body with the shared secret.")


def timestamp_stale() -> Problem:
    """The answer to a webhook that was signed too long ago, or in the future."""
    return Problem(
        401, "webhook_timestamp_stale", "The webhook is too old or from the future.", "Sign it when you send it; check the sender's clock."
    )


def signature_invalid(detail: str) -> Problem:
    """The answer to a webhook that no secret of ours signed."""
    return Problem(401, "webhook_signature_invalid", "The webhook's signature is not valid.", detail)

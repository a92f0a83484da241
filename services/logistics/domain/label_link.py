"""Signed links to return labels: whoever holds the link may print the label until it expires; nobody can make one up."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from contracts.identifiers import RmaId

MINIMUM_KEY_LENGTH = 32
MOST_EXPIRY_DIGITS = 12


class LabelLinkInvalidError(Exception):
    """The token is none of ours, or for another return."""


class LabelLinkExpiredError(Exception):
    """The token was ours; its time is over."""


def sign_label_link(key: str, rma_id: RmaId, expires_at: datetime) -> str:
    """The token ``expiry.signature`` for one return; the expiry is in whole seconds since 1970."""
    expiry = int(expires_at.timestamp())
    return f"{expiry}.{_signature(key, rma_id, expiry)}"


def check_label_link(keys: Sequence[str], rma_id: RmaId, token: str, now: datetime) -> None:
    """Raise :class:`LabelLinkInvalidError` or :class:`LabelLinkExpiredError` unless ``token`` opens this return's label now."""
    expiry_text, _, signature = token.partition(".")
    if not (expiry_text.isascii() and expiry_text.isdigit() and len(expiry_text) <= MOST_EXPIRY_DIGITS and signature.isascii()):
        raise LabelLinkInvalidError
    expiry = int(expiry_text)
    if not any(hmac.compare_digest(_signature(key, rma_id, expiry), signature) for key in keys):
        raise LabelLinkInvalidError
    if now.astimezone(UTC).timestamp() > expiry:
        raise LabelLinkExpiredError


def _signature(key: str, rma_id: RmaId, expiry: int) -> str:
    digest = hmac.digest(key.encode(), f"label/{rma_id}/{expiry}".encode(), sha256)
    return urlsafe_b64encode(digest).decode().rstrip("=")

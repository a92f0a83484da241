"""API keys and webhook secrets of the merchants: one JSON file that only intake reads. Of a key it holds the hash alone."""

import hashlib
import json
import secrets
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.identifiers import MerchantId
from services.intake.domain.callers import MerchantCaller

KEY_PREFIX = "ak_"


class CredentialsFileError(ValueError):
    """The credentials file cannot be used; the message names the place."""


class ApiKey(BaseModel):
    """One API key of a merchant. ``may_import`` allows cases with a ``requested_at`` of the past also in live mode."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: Annotated[str, Field(min_length=1, max_length=40)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    may_import: bool = False


class MerchantCredentials(BaseModel):
    """What a merchant shows, and what it signs with (several secrets while one is being replaced)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    merchant_id: MerchantId
    api_keys: tuple[ApiKey, ...] = ()
    webhook_secrets: tuple[Annotated[str, Field(pattern=r"^whsec_[A-Za-z0-9+/=_-]{16,}$")], ...] = Field(default=(), repr=False)


class CredentialsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    merchants: tuple[MerchantCredentials, ...]


class Credentials:
    """Answers whose key something is, and which secrets sign for a merchant."""

    def __init__(self, file: CredentialsFile) -> None:
        self._callers = {
            key.sha256: MerchantCaller(merchant.merchant_id, key.key_id, key.may_import)
            for merchant in file.merchants
            for key in merchant.api_keys
        }
        self._secrets = {merchant.merchant_id: merchant.webhook_secrets for merchant in file.merchants}

    @classmethod
    def load(cls, path: Path) -> "Credentials":
        """Read the file. Raises :class:`CredentialsFileError`."""
        try:
            return cls(CredentialsFile.model_validate(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, json.JSONDecodeError) as error:
            raise CredentialsFileError(f"credentials file {path.name}: {error}") from error
        except ValidationError as error:
            places = "; ".join(f"{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False))
            raise CredentialsFileError(f"credentials file {path.name}: {places}") from None

    def caller(self, key: str) -> MerchantCaller | None:
        """The merchant whose key it is. Keys are long and random, so looking their hash up leaks nothing."""
        return self._callers.get(hash_of(key))

    def webhook_secrets(self, merchant_id: MerchantId) -> tuple[str, ...]:
        """The secrets a merchant signs its webhooks with; none for an unknown merchant."""
        return self._secrets.get(merchant_id, ())


def hash_of(key: str) -> str:
    """What the file holds of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()


def generate_api_key() -> tuple[str, str]:
    """A new API key and its hash for the file."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, hash_of(key)

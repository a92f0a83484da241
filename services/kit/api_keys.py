"""API keys of merchants, as a JSON file that holds their hashes alone: ``{"merchants": [{"merchant_id": …, "api_keys": [{"key_id": …, "sha256": …}]}]}``.

What else the file says is for others, such as intake's webhook secrets.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.identifiers import MerchantId

KEY_PREFIX = "ak_"

ModelT = TypeVar("ModelT", bound=BaseModel)


class KeysFileError(ValueError):
    """A file of keys cannot be used; the message names the place."""


class ApiKey(BaseModel):
    """One API key of a merchant. ``may_import`` allows cases with a ``requested_at`` of the past also in live mode."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: Annotated[str, Field(min_length=1, max_length=40)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    may_import: bool = False


class MerchantKeys(BaseModel):
    """What a merchant shows."""

    model_config = ConfigDict(frozen=True)

    merchant_id: MerchantId
    api_keys: tuple[ApiKey, ...] = ()


class KeysFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True)

    merchants: tuple[MerchantKeys, ...]


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose key it is, and which of theirs."""

    merchant_id: MerchantId
    key: ApiKey


class ApiKeys:
    """Answers whose key something is; without merchants, nobody's."""

    def __init__(self, merchants: Iterable[MerchantKeys] = ()) -> None:
        self._holders = {key.sha256: KeyHolder(merchant.merchant_id, key) for merchant in merchants for key in merchant.api_keys}

    @classmethod
    def load(cls, path: Path) -> "ApiKeys":
        """Read the file. Raises :class:`KeysFileError`."""
        return cls(read_keys_file(path, KeysFile).merchants)

    def holder(self, key: str) -> KeyHolder | None:
        """The merchant whose key it is. Keys are long and random, so looking their hash up leaks nothing."""
        return self._holders.get(hash_of(key))


def read_keys_file(path: Path, model: type[ModelT]) -> ModelT:
    """Read a file of keys as ``model``. Raises :class:`KeysFileError`."""
    try:
        return model.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, json.JSONDecodeError) as error:
        raise KeysFileError(f"credentials file {path.name}: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise KeysFileError(f"credentials file {path.name}: {places}") from None


def hash_of(key: str) -> str:
    """What a file holds of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()


def generate_api_key() -> tuple[str, str]:
    """A new API key and its hash for the file."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, hash_of(key)

"""API keys and webhook secrets of the merchants: one JSON file that only intake reads. Of a key it holds the hash alone."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.identifiers import MerchantId
from services.intake.domain.callers import MerchantCaller
from services.kit.api_keys import ApiKeys, MerchantKeys, read_keys_file


class MerchantCredentials(MerchantKeys):
    """What a merchant shows, and what it signs with (several secrets while one is being replaced)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook_secrets: tuple[Annotated[str, Field(pattern=r"^whsec_[A-Za-z0-9+/=_-]{16,}$")], ...] = Field(default=(), repr=False)


class CredentialsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    merchants: tuple[MerchantCredentials, ...]


class Credentials:
    """Answers whose key something is, and which secrets sign for a merchant."""

    def __init__(self, file: CredentialsFile) -> None:
        self._keys = ApiKeys(file.merchants)
        self._secrets = {merchant.merchant_id: merchant.webhook_secrets for merchant in file.merchants}

    @classmethod
    def load(cls, path: Path) -> "Credentials":
        """Read the file. Raises ``KeysFileError``."""
        return cls(read_keys_file(path, CredentialsFile))

    def caller(self, key: str) -> MerchantCaller | None:
        """The merchant whose key it is."""
        holder = self._keys.holder(key)
        return MerchantCaller(holder.merchant_id, holder.key.key_id, holder.key.may_import) if holder is not None else None

    def webhook_secrets(self, merchant_id: MerchantId) -> tuple[str, ...]:
        """The secrets a merchant signs its webhooks with; none for an unknown merchant."""
        return self._secrets.get(merchant_id, ())

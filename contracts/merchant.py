"""A merchant of the installation, as every service knows it. Merchants are configuration: one JSON file, read at start-up."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from contracts.base import CurrencyCode, Model
from contracts.identifiers import MerchantId


class Mode(StrEnum):
    """Whether a merchant's money and parcels are real. Test merchants reach sandbox adapters only."""

    TEST = "test"
    LIVE = "live"


class ReturnAddress(Model):
    """Where returned goods go: the merchant's own warehouse, so not personal data."""

    name: str
    lines: tuple[str, ...]
    postcode: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Merchant(Model):
    """One shop: its clock, language, currency, policy and mode.

    ``policy_pack`` names the pack that decides; ``time_zone`` is an IANA name; ``locale`` a BCP 47 tag of a language with templates.
    """

    merchant_id: Annotated[MerchantId, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
    name: str
    mode: Mode = Mode.TEST
    time_zone: str = "Asia/Shanghai"
    locale: str = "zh-CN"
    currency: CurrencyCode = "CNY"
    policy_pack: str = "cn-marketplace"
    case_number_prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")] = "C"
    contact_address: str = "service@shop.invalid"
    return_address: ReturnAddress


class MerchantsFileError(ValueError):
    """The merchants file cannot be used; the message names the place."""


def load_merchants(path: Path) -> dict[MerchantId, Merchant]:
    """Read the merchants file, a JSON list of :class:`Merchant`.

    Raises :class:`MerchantsFileError` where the file is missing, malformed, or names a merchant twice.
    """
    try:
        merchants = TypeAdapter(list[Merchant]).validate_python(json.loads(path.read_text(encoding="utf-8")), strict=False)
    except (OSError, json.JSONDecodeError, ValidationError) as error:
        raise MerchantsFileError(f"merchants file {path.name}: {error}") from error
    by_id: dict[MerchantId, Merchant] = {}
    for merchant in merchants:
        if merchant.merchant_id in by_id:
            raise MerchantsFileError(f"merchants file {path.name}: {merchant.merchant_id} is listed twice")
        by_id[merchant.merchant_id] = merchant
    return by_id

"""The merchants of a local stack: written once to ``merchants.json``, where they may be edited, and what intake must know of their keys."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from contracts.identifiers import MerchantId
from contracts.merchant import Merchant, Mode, ReturnAddress, load_merchants
from deploy.local.stack.credentials import Credentials
from deploy.local.stack.files import write_private

MERCHANTS_FILE = "merchants.json"
INTAKE_CREDENTIALS_FILE = "merchant-credentials.json"
API_KEYS_FILE = "merchant-keys.json"

LOCAL_MERCHANTS = (
    Merchant(
        merchant_id=MerchantId("high-street"),
        name="High Street",
        mode=Mode.TEST,
        time_zone="Europe/London",
        locale="en",
        currency="GBP",
        policy_pack="uk-retail",
        case_number_prefix="H",
        contact_address="care@high-street.example",
        return_address=ReturnAddress(name="High Street Returns", lines=("3 Wharf Road",), postcode="N1 7GR", country="GB"),
    ),
    Merchant(
        merchant_id=MerchantId("demo-shop"),
        name="Demo Shop",
        mode=Mode.TEST,
        time_zone="Europe/London",
        locale="en",
        currency="GBP",
        policy_pack="demo-uk",
        case_number_prefix="D",
        contact_address="care@demo-shop.example",
        return_address=ReturnAddress(name="Demo Shop Returns", lines=("1 Wharf Road",), postcode="N1 7GR", country="GB"),
    ),
    Merchant(
        merchant_id=MerchantId("demo-strict"),
        name="Demo Strict",
        mode=Mode.TEST,
        time_zone="Europe/London",
        locale="en",
        currency="GBP",
        policy_pack="demo-strict",
        case_number_prefix="S",
        contact_address="care@demo-strict.example",
        return_address=ReturnAddress(name="Demo Strict Returns", lines=("2 Wharf Road",), postcode="N1 7GR", country="GB"),
    ),
    Merchant(
        merchant_id=MerchantId("acme-cn"),
        name="Acme 旗舰店",
        mode=Mode.TEST,
        time_zone="Asia/Shanghai",
        locale="zh-CN",
        currency="CNY",
        policy_pack="cn-marketplace",
        case_number_prefix="A",
        contact_address="service@acme.example",
        return_address=ReturnAddress(name="Acme 退货仓", lines=("浦东新区张江路 1 号",), postcode="201203", country="CN"),
    ),
)


def ensure_merchants_file(home: Path) -> Path:
    """Write the merchants of a local stack unless there is a file already; return its path."""
    path = home / MERCHANTS_FILE
    if not path.exists():
        content = [merchant.model_dump(mode="json") for merchant in LOCAL_MERCHANTS]
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def merchant_ids(merchants_file: Path) -> tuple[str, ...]:
    """Return the ids in a merchants file."""
    return tuple(load_merchants(merchants_file))


def write_api_keys(home: Path, credentials: Credentials) -> Path:
    """Write a hash of each merchant's API key, for services that recognise merchants and need none of their secrets; return the file's path."""
    path = home / API_KEYS_FILE
    write_private(
        path, {"merchants": [{"merchant_id": merchant, "api_keys": _hashed(secret)} for merchant, secret in credentials.merchants.items()]}
    )
    return path


def write_intake_credentials(home: Path, credentials: Credentials) -> Path:
    """Write what intake needs to recognise merchants: a hash of each API key, and the webhook secrets; return the file's path."""
    merchants = [
        {
            "merchant_id": merchant,
            "api_keys": _hashed(secret),
            "webhook_secrets": [secret["webhook_secret"]],
        }
        for merchant, secret in credentials.merchants.items()
    ]
    path = home / INTAKE_CREDENTIALS_FILE
    write_private(path, {"merchants": merchants})
    return path


def _hashed(secret: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key_id": "local", "sha256": hashlib.sha256(secret["api_key"].encode()).hexdigest()}]

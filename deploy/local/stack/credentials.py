"""Secrets of a stack, made once and kept in ``credentials.json`` (readable by its owner only). They are for this machine's stack and nothing else."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.provision.postgres import SERVICES
from deploy.local.stack.files import read_json, write_private
from services.kit.tokens import generate_staff_keys

CREDENTIALS_FILE = "credentials.json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything secret. ``merchants`` maps a merchant id to its ``api_key`` and ``webhook_secret``; keys are base64, those of staff tokens base64url."""

    postgres_admin_password: str
    postgres_passwords: Mapping[str, str]
    contact_key: str
    staff_private_key: str
    staff_public_key: str
    case_token_key: str
    identity_key: str
    payments_api_key: str
    payments_webhook_secret: str
    carrier_api_key: str
    carrier_webhook_secret: str
    label_link_key: str
    merchants: Mapping[str, Mapping[str, str]]


def load_credentials(home: Path) -> Credentials | None:
    """Return the credentials of a home, None if it has none yet."""
    content = read_json(home / CREDENTIALS_FILE)
    if content is None:
        return None
    try:
        return Credentials(**content)
    except TypeError as problem:
        raise LocalError(
            f"{home / CREDENTIALS_FILE} is not what this version writes ({problem}). Start afresh with `make clean`."
        ) from problem


def ensure_credentials(home: Path, merchant_ids: tuple[str, ...]) -> Credentials:
    """Return the credentials of a home, making them on the first start. Merchants that were added since get theirs."""
    found = load_credentials(home)
    if found is None:
        found = _make_credentials()
    missing = [merchant for merchant in merchant_ids if merchant not in found.merchants]
    if missing or not (home / CREDENTIALS_FILE).exists():
        merchants = dict(found.merchants) | {
            merchant: {"api_key": f"ak_{_text()}", "webhook_secret": webhook_secret()} for merchant in missing
        }
        found = Credentials(**(asdict(found) | {"merchants": merchants}))
        write_private(home / CREDENTIALS_FILE, asdict(found))
    return found


def webhook_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _make_credentials() -> Credentials:
    staff_private_key, staff_public_key = generate_staff_keys()
    return Credentials(
        postgres_admin_password=_text(),
        postgres_passwords={service: _text() for service in SERVICES},
        contact_key=f"k1:{_key()}",
        staff_private_key=staff_private_key,
        staff_public_key=staff_public_key,
        case_token_key=_key(),
        identity_key=_key(),
        label_link_key=_text(),
        payments_api_key=f"sk_{_text()}",
        payments_webhook_secret=webhook_secret(),
        carrier_api_key=f"ck_{_text()}",
        carrier_webhook_secret=webhook_secret(),
        merchants={},
    )


def _text() -> str:
    # Letters and digits only: it is pasted into shells and URLs.
    return secrets.token_hex(20)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()

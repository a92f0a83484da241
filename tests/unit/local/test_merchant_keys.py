"""What the services of a local stack learn of the merchants' keys: hashes, and secrets only where they are needed."""

from pathlib import Path

from deploy.local.stack.credentials import ensure_credentials
from deploy.local.stack.merchants import write_api_keys, write_intake_credentials
from services.intake.adapters.credentials import Credentials
from services.kit.api_keys import ApiKeys


def test_intake_and_the_other_services_recognise_the_same_keys(tmp_path: Path) -> None:
    credentials = ensure_credentials(tmp_path, ("high-street", "acme-cn"))
    keys = ApiKeys.load(write_api_keys(tmp_path, credentials))
    intake = Credentials.load(write_intake_credentials(tmp_path, credentials))
    for merchant, secret in credentials.merchants.items():
        holder, caller = keys.holder(secret["api_key"]), intake.caller(secret["api_key"])
        assert holder is not None
        assert caller is not None
        assert holder.merchant_id == caller.merchant_id == merchant


def test_other_services_learn_no_secret(tmp_path: Path) -> None:
    credentials = ensure_credentials(tmp_path, ("high-street",))
    path = write_api_keys(tmp_path, credentials)
    text = path.read_text(encoding="utf-8")
    secret = credentials.merchants["high-street"]
    assert secret["webhook_secret"] not in text
    assert secret["api_key"] not in text
    assert path.stat().st_mode & 0o077 == 0
    assert ApiKeys.load(path).holder(secret["api_key"]) is not None

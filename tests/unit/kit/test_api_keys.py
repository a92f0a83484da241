"""API keys: recognised by their hash, from a file that may say more than this reader needs."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.identifiers import MerchantId
from services.kit.api_keys import KEY_PREFIX, ApiKeys, KeysFileError, generate_api_key, hash_of


def written(folder: Path, content: Any) -> Path:
    path = folder / "keys.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_key_is_its_merchants_and_nobody_elses(tmp_path: Path) -> None:
    key, hashed = generate_api_key()
    other, _ = generate_api_key()
    merchant = {"merchant_id": "demo-shop", "api_keys": [{"key_id": "k1", "sha256": hashed}], "webhook_secrets": ["for others"]}
    keys = ApiKeys.load(written(tmp_path, {"merchants": [merchant]}))
    holder = keys.holder(key)
    assert key.startswith(KEY_PREFIX)
    assert holder is not None
    assert (holder.merchant_id, holder.key.key_id, holder.key.may_import) == (MerchantId("demo-shop"), "k1", False)
    assert keys.holder(other) is None
    assert keys.holder(hashed) is None
    assert hash_of(key) == hashed
    assert ApiKeys().holder(key) is None


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{", "keys.json"),
        ({}, "merchants: Field required"),
        ({"merchants": [{"merchant_id": "m", "api_keys": [{"key_id": "k", "sha256": "short"}]}]}, "merchants/0/api_keys/0/sha256"),
        (
            {"merchants": [{"merchant_id": "m", "api_keys": [{"key_id": "k", "sha256": "0" * 64, "more": 1}]}]},
            "merchants/0/api_keys/0/more",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(tmp_path: Path, content: Any, place: str) -> None:
    with pytest.raises(KeysFileError) as caught:
        ApiKeys.load(written(tmp_path, content))
    assert place in str(caught.value)
    with pytest.raises(KeysFileError, match=r"gone\.json"):
        ApiKeys.load(tmp_path / "gone.json")

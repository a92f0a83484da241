"""Sealing: authenticated encryption (AES-256-GCM) of what must not be read on its way, bound to what it belongs to.

A sealed text is ``key_id.base64url(nonce || ciphertext)``. Keys rotate by putting a new one first: it seals, all open.
"""

import base64
import binascii
import os
import re
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_KEY_ID = re.compile(r"^[A-Za-z0-9_-]{1,32}$")


class SealError(ValueError):
    """A sealed text cannot be opened: unknown key, other context, or it was changed. The message never quotes content."""


class Sealer:
    """Seals with the first key of ``keys`` (key id to 32 bytes) and opens with any."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise ValueError("sealing needs at least one key")
        for key_id, key in keys.items():
            if not _KEY_ID.match(key_id) or len(key) != KEY_BYTES:
                raise ValueError(f"sealing key {key_id!r}: the id is letters, digits, - and _, the key {KEY_BYTES} bytes as base64")
        self.key_id = next(iter(keys))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @classmethod
    def parse(cls, setting: str) -> "Sealer":
        """Read ``key_id:base64`` pairs separated by commas. Raises ``ValueError``."""
        keys: dict[str, bytes] = {}
        for pair in setting.split(","):
            key_id, _, encoded = pair.strip().partition(":")
            try:
                keys[key_id] = base64.b64decode(encoded, validate=True)
            except binascii.Error as error:
                raise ValueError(f"sealing key {key_id!r} is not base64; write key_id:base64, separated by commas") from error
        return cls(keys)

    def seal(self, data: bytes, context: str) -> str:
        """Encrypt ``data``; it opens only with the same ``context``, such as the id of the customer it is about."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._ciphers[self.key_id].encrypt(nonce, data, context.encode())
        return f"{self.key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, context: str) -> bytes:
        """Decrypt a sealed text. Raises :class:`SealError`."""
        key_id, _, encoded = sealed.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError(f"sealed with key {key_id[:32]!r}, which is not configured here")
        try:
            raw = base64.urlsafe_b64decode(encoded)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError("the sealed text was changed or belongs to another context") from error


def generate_sealing_key(key_id: str) -> str:
    """A new key in the form of the setting."""
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"

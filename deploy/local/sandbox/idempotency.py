"""Idempotency keys as payment providers keep them: the answer, a refusal too, is stored with the booking, and a repeat gets it again."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.responses import Response
from pydantic import BaseModel

from deploy.local.sandbox.clock import now_ms
from deploy.local.sandbox.errors import IdempotencyConflictError, IdempotencyKeyMissingError, InvalidRequestError, RefusedError
from deploy.local.sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS idempotency (
  route TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL, status INTEGER NOT NULL, answer BLOB NOT NULL, created_ms INTEGER NOT NULL,
  PRIMARY KEY (route, key)
) STRICT, WITHOUT ROWID;
"""
REPLAYED = "Idempotent-Replayed"
_LONGEST_KEY = 255


async def _optional_key(idempotency_key: Annotated[str | None, Header()] = None) -> str | None:
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= _LONGEST_KEY:
        raise InvalidRequestError(f"Idempotency-Key must have 1 to {_LONGEST_KEY} characters.", "Idempotency-Key")
    return idempotency_key


async def _required_key(key: Annotated[str | None, Depends(_optional_key)]) -> str:
    if key is None:
        raise IdempotencyKeyMissingError(
            "Send an Idempotency-Key header: one key per booking, the same key for its repetition.", "Idempotency-Key"
        )
    return key


IdempotencyKey = Annotated[str, Depends(_required_key)]
"""The header of a booking; 400 if it is missing."""
OptionalIdempotencyKey = Annotated[str | None, Depends(_optional_key)]


def as_json(value: Any) -> bytes:
    """An answer's bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _hash(body: BaseModel) -> str:
    canonical = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class IdempotencyDesk:
    """Works on each booking once per route and key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer_once(self, route: str, key: str | None, body: BaseModel, status: int, book: Callable[[], Any]) -> Response:
        """Book in one transaction with the stored answer, or give the stored answer again.

        ``book`` returns the answer's JSON value or raises RefusedError, which is stored likewise. Without a key nothing is stored.
        Raises IdempotencyConflictError if the key came with another body before.
        """
        with self._store.transaction():
            if key is None:
                return _response(*self._book(status, book))
            known = self._store.one("SELECT body_hash, status, answer FROM idempotency WHERE route = ? AND key = ?", (route, key))
            if known is not None:
                if known["body_hash"] != _hash(body):
                    raise IdempotencyConflictError(
                        "This Idempotency-Key was used with another body. Send the first body to get its answer, or a new key for a new booking.",
                        "Idempotency-Key",
                    )
                return _response(known["status"], known["answer"], replayed=True)
            answered, answer = self._book(status, book)
            self._store.run(
                "INSERT INTO idempotency (route, key, body_hash, status, answer, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
                (route, key, _hash(body), answered, answer, now_ms()),
            )
        return _response(answered, answer)

    def _book(self, status: int, book: Callable[[], Any]) -> tuple[int, bytes]:
        try:
            with self._store.savepoint():
                return status, as_json(book())
        except RefusedError as refusal:
            return refusal.status, refusal.body()


def _response(status: int, answer: bytes, *, replayed: bool = False) -> Response:
    return Response(answer, status_code=status, media_type="application/json", headers={REPLAYED: "true"} if replayed else None)

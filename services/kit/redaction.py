"""Keeping personal data out of logs and out of the reasons operators read."""

import re
import traceback
from collections.abc import Mapping
from typing import Any

import asyncpg
from pydantic import ValidationError

MASK = "•••"

PERSONAL_FIELDS = frozenset(
    {
        "address",
        "addressee",
        "birthday",
        "contact",
        "customer_name",
        "email",
        "free_text",
        "full_name",
        "mail",
        "mail_address",
        "mobile",
        "password",
        "phone",
        "phone_number",
        "postcode",
        "recipient",
        "street",
        "token",
    }
)
"""Field names whose value is personal (or secret) whatever it looks like."""

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.:-])(?:\+\d[\d ()-]{7,16}\d|1[3-9]\d{9}|0\d{2,4}[- ]\d{6,8})(?![\w-])")


def mask_text(text: str) -> str:
    """``text`` with everything that looks like a mail address or a phone number masked."""
    if "@" in text:
        text = _MAIL.sub(MASK, text)
    return _PHONE.sub(MASK, text)


def mask_value(name: str, value: Any) -> Any:
    """What a log line may show of ``value`` in the field ``name``: nested containers are looked through."""
    if name in PERSONAL_FIELDS and value is not None:
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: mask_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value("", inner) for inner in value]
    return value


def describe_error(error: BaseException) -> str:
    """The class and message of an error, without the input values that some libraries put into their messages."""
    name = type(error).__name__
    if isinstance(error, ValidationError):
        problems = (f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['type']}" for e in error.errors(include_input=False, include_url=False))
        return f"{name}: {'; '.join(problems)}"
    if isinstance(error, asyncpg.PostgresError):
        # str() of it would add the DETAIL line, which quotes the row.
        return f"{name}: {mask_text(str(error.args[0]) if error.args else '')}"
    return f"{name}: {mask_text(str(error))}" if str(error) else name


def describe_traceback(error: BaseException) -> str:
    """The frames of an error and of its causes, each ended by :func:`describe_error`."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{frames}{describe_error(current)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused:\n".join(reversed(parts))

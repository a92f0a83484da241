"""Values in a few words, for reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from pydantic import BaseModel

MOST = 200


def shown(value: object) -> str:
    """A value on one line, as it would be written in a test; of a model only its own plain values that say something."""
    text = _text(value)
    return text if len(text) <= MOST else text[: MOST - 1] + "…"


def duration_text(value: timedelta) -> str:
    """A duration as in ISO 8601, such as ``PT48H``; whole days of more than two as ``P7D``."""
    seconds = int(value.total_seconds())
    days, rest = divmod(seconds, 86_400)
    if days > 2 and not rest:  # noqa: PLR2004 - two days are easier read as 48 hours
        return f"P{days}D"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return "PT" + "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if number or not seconds)


def _text(value: object) -> str:  # noqa: PLR0911 - one line for each kind of value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, BaseModel):
        return _text({name: each for name, each in value if _says_something(each)})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    return str(value)


def _says_something(value: object) -> bool:
    return value is not None and value is not False and not isinstance(value, BaseModel | Mapping | tuple | list)

"""Whether a decision is as expected: mappings by the keys that are named, lists by length and order, everything else as a value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from services.workflow.policy.showing import shown
from services.workflow.policy.suite.document import Node

ValueT = TypeVar("ValueT", timedelta, datetime)

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(datetime)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as expected: where the expectation stands, the path in the decision, and both sides in words."""

    place: str
    path: str
    expected: str
    got: str


def differences(expected: Node, got: object, path: str = "") -> Iterator[Mismatch]:
    """Everything in which ``got`` differs from the part of it that is ``expected``."""
    if isinstance(expected.value, dict):
        yield from _of_mapping(expected, got, path)
    elif isinstance(expected.value, list):
        yield from _of_list(expected, got, path)
    elif not _same(expected.value, got):
        yield Mismatch(expected.place, path, shown(expected.value), shown(got))


def _of_mapping(expected: Node, got: object, path: str) -> Iterator[Mismatch]:
    if not isinstance(got, BaseModel | Mapping):
        yield Mismatch(expected.place, path, shown(expected.plain()), shown(got))
        return
    for key, each in expected.mapping.items():
        below = f"{path}.{key}".lstrip(".")
        if isinstance(got, Mapping) and key not in got:
            yield Mismatch(each.place, below, shown(each.plain()), "nothing")
        else:
            yield from differences(each, got[key] if isinstance(got, Mapping) else getattr(got, key), below)


def _of_list(expected: Node, got: object, path: str) -> Iterator[Mismatch]:
    if not isinstance(got, Sequence) or isinstance(got, str):
        yield Mismatch(expected.place, path, shown(expected.plain()), shown(got))
        return
    if len(got) != len(expected.items):
        found = f"{len(got)}: {shown(got)}" if got else "none"
        yield Mismatch(expected.place, path, f"{len(expected.items)}: {shown(expected.plain())}", found)
        return
    for place, (each, element) in enumerate(zip(expected.items, got, strict=True)):
        yield from differences(each, element, f"{path}[{place}]")


def _same(expected: object, got: object) -> bool:  # noqa: PLR0911 - one line for each kind of value
    if got is None or expected is None:
        return got is expected
    if isinstance(got, Enum):
        return bool(expected == got.value)
    if isinstance(got, bool) or isinstance(expected, bool):
        return got is expected
    if isinstance(got, int | float):
        return expected == got
    if isinstance(got, timedelta):
        return _parsed(_DURATION, expected) == got
    if isinstance(got, datetime):
        moment = _parsed(_MOMENT, expected)
        return moment is not None and moment.tzinfo is not None and moment == got
    return str(expected) == str(got)


def _parsed(adapter: TypeAdapter[ValueT], value: object) -> ValueT | None:
    if not isinstance(value, str):
        return None
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None

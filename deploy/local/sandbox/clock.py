"""The time as the sandbox keeps it: milliseconds since the epoch in its records, RFC 3339 in UTC on the wire."""

import time
from datetime import UTC, datetime

_MS_PER_SECOND = 1000


def now_ms() -> int:
    """The current time in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def moment(at_ms: int) -> datetime:
    """The aware UTC time of a number of milliseconds since the epoch."""
    return datetime.fromtimestamp(at_ms / _MS_PER_SECOND, tz=UTC)


def rfc3339(at_ms: int) -> str:
    """A recorded time as it appears in answers, such as ``2026-01-31T09:30:00.123Z``."""
    return moment(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(at_ms: int | None) -> str | None:
    """As `rfc3339`, for times that may not have come yet."""
    return None if at_ms is None else rfc3339(at_ms)


def to_ms(at: datetime) -> int:
    """The recorded form of an aware time."""
    return int(at.timestamp() * _MS_PER_SECOND)

"""How long to wait before trying again."""

from datetime import timedelta

LONGEST = timedelta(seconds=60)


def retry_delay(attempts: int, chance: float) -> timedelta:
    """The wait after the ``attempts``-th failure: doubling from half a second up to a minute, less up to a half of it by ``chance`` (0 to 1)."""
    full = min(LONGEST, timedelta(seconds=0.5 * 2 ** min(attempts - 1, 10)))
    return full * (1 - chance / 2)

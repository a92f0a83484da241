"""How much is measured: all of it for people, a little of everything for the tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """How often and how much. Turns are counted pieces of an A B A B run; the other fields say what of."""

    turns: int
    requests: int
    events: int
    backlog: int
    latency_seconds: float
    cases: int
    returns_seconds: float
    returns_at: tuple[int, ...]
    open_cases: tuple[int, ...]
    history: int
    refunds: int


FULL = Size(
    turns=7,
    requests=400,
    events=10_000,
    backlog=100_000,
    latency_seconds=10.0,
    cases=24,
    returns_seconds=15.0,
    returns_at=(1, 8, 32),
    open_cases=(1_000, 10_000),
    history=10_000,
    refunds=10_000,
)
QUICK = Size(
    turns=1,
    requests=20,
    events=500,
    backlog=2_000,
    latency_seconds=1.0,
    cases=2,
    returns_seconds=1.0,
    returns_at=(1, 2),
    open_cases=(10, 30),
    history=30,
    refunds=50,
)
SIZES = {"full": FULL, "quick": QUICK}

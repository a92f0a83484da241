"""What goes wrong and when: endless sequences drawn from the seed, one for each kind of trouble. The same seed, the same sequences."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from deploy.local.chaos.links import LINKS
from deploy.local.chaos.proxy import Cut
from deploy.local.provision.postgres import SERVICES
from deploy.local.stack.addresses import SANDBOX

Card = TypeVar("Card")

ENGINES = ("kafka", "temporal", "postgres")
COMPONENTS = (*SERVICES, *ENGINES, *SANDBOX)
"""Everything that is killed, stopped and restarted."""


class Blow(StrEnum):
    """What happens to a process."""

    KILL = "kill"
    FREEZE = "freeze"
    RESTART = "restart"


class Stir(StrEnum):
    """What happens besides: a second process of a service comes and goes, events are sent again, paid refunds come back."""

    JOIN = "join"
    REPUBLISH = "republish"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; ``seconds`` is how long it lasts, ``pause_seconds`` what comes before.

    ``target`` is a component, a link (``workflow-kafka``) or a service; ``chance`` (0 to 1) decides what is left to decide.
    """

    what: Blow | Cut | Stir
    target: str
    seconds: float
    pause_seconds: float
    chance: float

    def __str__(self) -> str:
        return f"{self.what.value} {self.target}" + (f" for {self.seconds:.1f} s" if self.seconds else "")


def kills(seed: int) -> Iterator[Fault]:
    """Processes end without a word: every component once before any of them again."""
    random = _random(seed, "kills")
    for name in _dealt(COMPONENTS, random):
        yield Fault(Blow.KILL, name, 0.0, random.uniform(3.0, 9.0), random.random())


def stalls(seed: int) -> Iterator[Fault]:
    """Processes stand still, or are stopped politely and started again: every component once before any of them again."""
    random = _random(seed, "stalls")
    for name in _dealt(COMPONENTS, random):
        blow = random.choices((Blow.FREEZE, Blow.RESTART), (2, 1))[0]
        # A frozen consumer is given up by its group after six seconds: some stay frozen longer than that.
        yield Fault(blow, name, random.uniform(0.5, 9.0), random.uniform(1.0, 4.0), random.random())


def cuts(seed: int) -> Iterator[Fault]:
    """Connections: every link once before any of them again."""
    random = _random(seed, "cuts")
    for service, used in _dealt(LINKS, random):
        cut = random.choice(list(Cut))
        yield Fault(cut, f"{service}-{used}", random.uniform(0.2, 7.0), random.uniform(0.5, 3.0), random.random())


def stirs(seed: int) -> Iterator[Fault]:
    """What else there is, each once before any again; between two of them a refund comes back."""
    random = _random(seed, "stirs")
    for stir, target in _dealt([(stir, service) for stir in (Stir.JOIN, Stir.REPUBLISH) for service in SERVICES], random):
        yield Fault(stir, target, random.uniform(3.0, 12.0) if stir is Stir.JOIN else 0.0, random.uniform(1.0, 3.0), random.random())
        yield Fault(Stir.REVERSE, "payments", 0.0, random.uniform(1.0, 3.0), random.random())


LANES: dict[str, Callable[[int], Iterator[Fault]]] = {"kills": kills, "stalls": stalls, "cuts": cuts, "stirs": stirs}
"""They go on side by side, each one thing after the other."""

CLOCKED = (*SERVICES, *SANDBOX)
_FURTHEST_SECONDS = 4.0


def clock_shifts(seed: int) -> dict[str, float]:
    """Whose clocks are wrong in a run, and by how many seconds: two of the services and third parties."""
    random = _random(seed, "clocks")
    return {name: round(random.uniform(-_FURTHEST_SECONDS, _FURTHEST_SECONDS), 1) for name in random.sample(CLOCKED, 2)}


def third_party_faults(seed: int) -> dict[str, dict[str, object]]:
    """The fault switches of the sandbox for a run (docs/sandbox.md)."""
    webhooks = {"webhook_duplicate_rate": 0.3, "webhook_reorder": True, "webhook_reorder_window_ms": 1500}
    return {
        "payments": {
            "seed": seed,
            "delay_ms": 40,
            "drop_answer_rate": 0.3,
            "error_rate": 0.1,
            "settle_delay_ms": 700,
            "settle_fail_rate": 0.05,
            "webhook_drop_rate": 0.1,
            **webhooks,
        },
        "carrier": {"seed": seed, "delay_ms": 20, "drop_answer_rate": 0.2, "error_rate": 0.1, **webhooks},
        "mailbox": {"seed": seed, "drop_answer_rate": 0.1, "temporary_error_rate": 0.1},
    }


def _random(seed: int, name: str) -> Random:
    return Random(f"{seed}/{name}")  # noqa: S311 - a reproducible draw, nothing secret


def _dealt(cards: Sequence[Card], random: Random) -> Iterator[Card]:
    while True:
        yield from random.sample(cards, len(cards))

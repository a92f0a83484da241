"""What a random order or request is made of: choices, drawn by Hypothesis (which shrinks what fails) or by a seed (which is much faster)."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices(Protocol):
    """Somebody who chooses."""

    def integer(self, low: int, high: int) -> int:
        """From ``low`` to ``high``, both included."""
        ...

    def made(self, make: Callable[..., T], *args: Any) -> T:
        """What ``make(choices, *args)`` returns; Hypothesis shows it as one thing."""
        ...


class Drawn:
    """Choices of Hypothesis, by its ``draw``."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        number: int = self._draw(st.integers(low, high))
        return number

    def made(self, make: Callable[..., T], *args: Any) -> T:
        result: T = self._draw(_made(make, args))
        return result


@st.composite
def _made(draw: st.DrawFn, make: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    return make(Drawn(draw), *args)


class Seeded:
    """Choices of a seed, the ends of a range more often than its middle: that is where mistakes are."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def integer(self, low: int, high: int) -> int:
        kind = self._random.random()
        return low if kind < 0.1 else high if kind < 0.2 else self._random.randint(low, high)

    def made(self, make: Callable[..., T], *args: Any) -> T:
        return make(self, *args)


def boolean(choose: Choices) -> bool:
    return choose.integer(0, 1) == 1


def one_of(choose: Choices, things: Sequence[T]) -> T:
    return things[choose.integer(0, len(things) - 1)]


def several(choose: Choices, most: int, make: Callable[[Choices], T], least: int = 0) -> list[T]:
    return [make(choose) for _ in range(choose.integer(least, most))]


def shuffled(choose: Choices, things: Sequence[T]) -> list[T]:
    rest = list(things)
    return [rest.pop(choose.integer(0, len(rest) - 1)) for _ in things]

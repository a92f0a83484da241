"""The fault board: which switches are on, and seeded chance.

A draw depends on the seed, the switch, the subject (an idempotency key, a path, a Message-ID) and how often that subject was drawn for, not on the
order in which requests arrive. So a run with the same keys repeats itself, and a retry is a new draw.
"""

import hashlib
from collections import Counter
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from deploy.local.sandbox.errors import describe
from deploy.local.sandbox.store import Store
from deploy.local.sandbox.switches import Switches

S_co = TypeVar("S_co", bound=Switches, covariant=True)
_KEPT_AS = "faults"


class FaultBoard(Generic[S_co]):
    """The switches of one server, kept over restarts."""

    def __init__(self, store: Store, kind: type[S_co]) -> None:
        self._store = store
        self._kind = kind
        self._draws: Counter[tuple[str, str]] = Counter()
        kept = store.setting(_KEPT_AS)
        self.now: S_co = kind() if kept is None else kind.model_validate_json(kept)

    def replace(self, wanted: dict[str, Any]) -> S_co:
        """Set the switches named, all others to their defaults; draws start again from the seed. Raises InvalidRequestError."""
        try:
            switches = self._kind.model_validate(wanted)
        except ValidationError as error:
            raise describe(error.errors()) from error
        self._draws.clear()
        return self._keep(switches)

    def change(self, wanted: dict[str, Any]) -> S_co:
        """Set only the switches named. Raises InvalidRequestError."""
        return self.replace({**self.now.model_dump(), **wanted})

    def adjust(self, **switches: Any) -> S_co:
        """Put checked values in force without starting the draws again; inside a transaction they are kept or not with it."""
        return self._keep(self.now.model_copy(update=switches))

    def strikes(self, switch: str, subject: str, rate: float) -> bool:
        """Whether a fault of this rate happens to the subject this time."""
        return rate > 0 and self.draw(switch, subject) < rate

    def draw(self, switch: str, subject: str) -> float:
        """A number in [0, 1), the same for the same seed, switch, subject and count."""
        self._draws[switch, subject] += 1
        text = f"{self.now.seed}/{switch}/{subject}/{self._draws[switch, subject]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48

    def _keep(self, switches: Any) -> S_co:
        self._store.keep_setting(_KEPT_AS, switches.model_dump_json())
        self.now = switches
        return self.now

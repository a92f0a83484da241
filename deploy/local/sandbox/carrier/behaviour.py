"""Parcels that travel by themselves: one scan per step, until they are delivered."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from deploy.local.sandbox.carrier.book import CarrierBook
from deploy.local.sandbox.carrier.journey import NEXT_BY_ITSELF, PLACES
from deploy.local.sandbox.carrier.models import ScanRequest
from deploy.local.sandbox.clock import now_ms
from deploy.local.sandbox.store import Row, Store

_KEPT_AS = "behaviour"
_AT_ONCE = 50
# What can move: everything on its way, and what is booked where nobody has to bring it first.
_MOVABLE = """
FROM shipment WHERE carrier = 'sandbox' AND (status IN ('handed_in', 'in_transit', 'out_for_delivery', 'damaged')
  OR (status = 'booked' AND (kind = 'outbound' OR :auto_hand_in)))
"""


class Behaviour(BaseModel):
    """How the carrier moves parcels. By default it does not: they wait for scans from outside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auto_progress: bool = False
    step_ms: Annotated[int, Field(ge=0, le=86_400_000, description="milliseconds between two scans")] = 500
    auto_hand_in: Annotated[bool, Field(description="booked returns are handed in by themselves too")] = False


class Progress:
    """Moves parcels as the behaviour says, which is kept over restarts."""

    def __init__(self, store: Store, book: CarrierBook) -> None:
        self._store = store
        self._book = book
        kept = store.setting(_KEPT_AS)
        self.behaviour = Behaviour() if kept is None else Behaviour.model_validate_json(kept)

    def change(self, behaviour: Behaviour) -> None:
        """Move parcels like this from now on."""
        self._store.keep_setting(_KEPT_AS, behaviour.model_dump_json())
        self.behaviour = behaviour

    def step(self) -> float | None:
        """Scan what is due; the seconds until the next parcel is, or None if none moves by itself."""
        if not self.behaviour.auto_progress:
            return None
        at_ms = now_ms()
        values = {"auto_hand_in": self.behaviour.auto_hand_in, "before_ms": at_ms - self.behaviour.step_ms, "most": _AT_ONCE}
        with self._store.transaction():
            for row in self._store.all(f"SELECT * {_MOVABLE} AND updated_ms <= :before_ms ORDER BY updated_ms LIMIT :most", values):
                self._advance(row)
        first = self._store.one(f"SELECT min(updated_ms) AS updated_ms {_MOVABLE}", values)
        if first is None or first["updated_ms"] is None:
            return None
        return float(max(0, first["updated_ms"] + self.behaviour.step_ms - at_ms)) / 1000

    def _advance(self, row: Row) -> None:
        status = NEXT_BY_ITSELF[row["status"]]
        self._book.scan(row["id"], ScanRequest(status=status, place=PLACES.get(status)))

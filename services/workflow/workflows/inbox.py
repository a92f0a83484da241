"""The facts a process has heard of and not yet looked at. Each event id is taken once, however often it is delivered."""

from collections.abc import Callable, Collection
from uuid import UUID

from services.workflow.payloads.case import CaseSignal, FactKind

_KNOWN = frozenset(kind.value for kind in FactKind)


class Inbox:
    """Signals in order of arrival; kinds that no process knows are dropped."""

    def __init__(self) -> None:
        self._seen: set[UUID] = set()
        self._waiting: list[CaseSignal] = []

    def put(self, signal: CaseSignal) -> None:
        """Take a signal in, unless its event was heard of before."""
        if signal.event_id in self._seen or signal.kind not in _KNOWN:
            return
        self._seen.add(signal.event_id)
        self._waiting.append(signal)

    def holds(self, kinds: Collection[FactKind], fits: Callable[[CaseSignal], bool] | None = None) -> bool:
        """Whether a fact of these kinds (that ``fits``) waits."""
        return any(signal.kind in kinds and (fits is None or fits(signal)) for signal in self._waiting)

    def take(self, kinds: Collection[FactKind], fits: Callable[[CaseSignal], bool] | None = None) -> CaseSignal | None:
        """The oldest fact of these kinds (that ``fits``), taken out; None where none waits."""
        for position, signal in enumerate(self._waiting):
            if signal.kind in kinds and (fits is None or fits(signal)):
                return self._waiting.pop(position)
        return None

    def give_back(self, signal: CaseSignal) -> None:
        """Put a fact back as the oldest: the next wait is answered by it too."""
        self._waiting.insert(0, signal)

    def heard(self, kind: FactKind, name: str, value: str) -> int:
        """How many facts of a kind name ``value``; they stay where they are (an approval is decided once, but looked at again)."""
        return sum(1 for signal in self._waiting if signal.kind == kind and signal.data.get(name) == value)

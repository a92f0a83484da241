"""The trace of a decision: each rule that spoke, the values it looked at, and the table row or setting behind it."""

from contracts.decision_result import TraceEntry
from services.workflow.policy.table import Row

Value = str | int | bool | None


class Trace:
    """Collects the entries in the order in which they were thought of."""

    def __init__(self) -> None:
        self._entries: list[TraceEntry] = []

    def note(self, rule: str, says: str, *, source: str = "", **values: Value) -> None:
        """A rule that spoke. ``values`` are what it looked at; ``source`` is a table row or a setting."""
        self._entries.append(TraceEntry(rule=rule, says=says, values=values, source=source))

    def row(self, row: Row, says: str, **values: Value) -> None:
        """A table row that applied; every rule it rests on gets an entry."""
        for rule in row.says["rule"]:
            self.note(rule, says, source=row.source, **values)

    def entries(self) -> tuple[TraceEntry, ...]:
        """All entries."""
        return tuple(self._entries)

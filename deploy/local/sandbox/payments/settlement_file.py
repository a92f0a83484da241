"""The provider's settlement file: money paid to customers and money that came back, by day, with the mistakes that were ordered."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from deploy.local.sandbox.clock import to_ms
from deploy.local.sandbox.payments.models import show_settlement
from deploy.local.sandbox.store import Row, Store
from deploy.local.sandbox.switches import SettlementFault

_PAGE = 500
_ALL_TIME = (0, 2**62)
_LINES = """
SELECT * FROM (
  SELECT *, 'refund' AS kind, settled_ms AS at_ms FROM refund WHERE settled_ms >= :first_ms AND settled_ms < :end_ms
  UNION ALL
  SELECT *, 'reversal' AS kind, reversed_ms AS at_ms FROM refund WHERE reversed_ms >= :first_ms AND reversed_ms < :end_ms
) WHERE (at_ms, row_number, kind) > (:after_ms, :after_row, :after_kind) ORDER BY at_ms, row_number, kind LIMIT :most
"""


def settlement_lines(store: Store, faults: Sequence[SettlementFault], day: date | None) -> Iterator[bytes]:
    """What was settled on a day (UTC; all days if None) as JSON lines, in order of settlement; lines of earlier days that are late come last."""
    for row in _settled(store, *(_ALL_TIME if day is None else _bounds(day))):
        yield from _encoded(_mistaken(row, faults, late=day is not None))
    if day is not None:
        for fault in faults:
            if fault.fault == "late":
                rows = _settled(store, *_bounds(day - timedelta(days=fault.days)))
                yield from _encoded(show_settlement(row) for row in rows if fault.is_about(row))


def _settled(store: Store, first_ms: int, end_ms: int) -> Iterator[Row]:
    after = {"after_ms": first_ms, "after_row": 0, "after_kind": ""}
    while rows := store.all(_LINES, {**after, "first_ms": first_ms, "end_ms": end_ms, "most": _PAGE}):
        yield from rows
        after = {"after_ms": rows[-1]["at_ms"], "after_row": rows[-1]["row_number"], "after_kind": rows[-1]["kind"]}


def _mistaken(row: Row, faults: Sequence[SettlementFault], *, late: bool) -> list[Row]:
    """The lines that stand in the file for ``row``."""
    line = show_settlement(row)
    lines = [line]
    for fault in faults:
        if not fault.is_about(row):
            continue
        if fault.fault == "omit" or (fault.fault == "late" and late):
            return []
        if fault.fault == "wrong_amount":
            line["amount_minor"] += 1
        elif fault.fault == "wrong_currency":
            line["currency"] = "EUR" if line["currency"] == "USD" else "USD"
        elif fault.fault == "duplicate":
            lines.append(line)
    return lines


def _encoded(lines: Iterator[Row] | list[Row]) -> Iterator[bytes]:
    for line in lines:
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _bounds(day: date) -> tuple[int, int]:
    return to_ms(datetime.combine(day, time.min, UTC)), to_ms(datetime.combine(day + timedelta(days=1), time.min, UTC))

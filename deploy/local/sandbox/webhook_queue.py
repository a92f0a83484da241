"""The webhooks that are to be sent, durable: enqueued in the transaction of the fact they tell, kept until delivered or given up."""

import json
import secrets
from collections.abc import Callable, Collection
from typing import Any, Literal

from deploy.local.sandbox.clock import now_ms, rfc3339
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.paging import page
from deploy.local.sandbox.store import Row, Store
from deploy.local.sandbox.switches import HttpSwitches

SCHEMA = """
CREATE TABLE IF NOT EXISTS webhook (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  in_order INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL, last_status INTEGER, last_error TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS webhook_due ON webhook (due_ms) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS webhook_subject ON webhook (subject, row_number) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS webhook_event ON webhook (event_id);
"""
_DUE = """
SELECT * FROM webhook AS w WHERE state = 'pending' AND due_ms <= ? AND (in_order = 0 OR NOT EXISTS (
  SELECT 1 FROM webhook AS e WHERE e.subject = w.subject AND e.state = 'pending' AND e.in_order = 1 AND e.row_number < w.row_number))
ORDER BY due_ms, row_number LIMIT ?
"""
_ENDPOINT = "webhook_endpoint"
_DUPLICATE_WITHIN_MS = 300

WebhookState = Literal["pending", "delivered", "dropped", "gave_up"]


class WebhookQueue:
    """The outgoing webhooks of one server. ``on_new`` is called when there may be something to send."""

    def __init__(self, store: Store, board: FaultBoard[HttpSwitches]) -> None:
        self._store = store
        self._board = board
        self.on_new: Callable[[], None] = lambda: None

    @property
    def endpoint(self) -> str | None:
        """Where webhooks go, or None: then they wait."""
        return self._store.setting(_ENDPOINT) or None

    @endpoint.setter
    def endpoint(self, url: str | None) -> None:
        self._store.keep_setting(_ENDPOINT, url or "")
        self.on_new()

    def enqueue(self, event_type: str, subject: str, chance_key: str, data: Any) -> None:
        """Tell ``data`` as a fact of ``event_type`` about ``subject``. Call it in the transaction that makes it a fact."""
        faults, at_ms = self._board.now, now_ms()
        body = json.dumps({"type": event_type, "timestamp": rfc3339(at_ms), "data": data}, ensure_ascii=False, separators=(",", ":"))
        row = {"event_id": f"evt_{secrets.token_hex(12)}", "type": event_type, "subject": subject, "body": body, "state": "pending"}
        chance_key = f"{event_type}/{chance_key}"
        if self._board.strikes("webhook_drop", chance_key, faults.webhook_drop_rate):
            row["state"] = "dropped"
        due_ms = at_ms + faults.webhook_delay_ms
        if faults.webhook_reorder:
            due_ms += int(self._board.draw("webhook_reorder", chance_key) * faults.webhook_reorder_window_ms)
        self._add(row, due_ms, in_order=not faults.webhook_reorder)
        if row["state"] == "pending" and self._board.strikes("webhook_duplicate", chance_key, faults.webhook_duplicate_rate):
            later_ms = int(self._board.draw("webhook_duplicate_after", chance_key) * _DUPLICATE_WITHIN_MS)
            self._add(row, due_ms + later_ms, in_order=False)
        self.on_new()

    def _add(self, row: Row, due_ms: int, *, in_order: bool) -> None:
        self._store.run(
            "INSERT INTO webhook (event_id, type, subject, body, in_order, state, due_ms)"
            " VALUES (:event_id, :type, :subject, :body, :in_order, :state, :due_ms)",
            {**row, "due_ms": due_ms, "in_order": int(in_order)},
        )

    def due(self, at_ms: int, limit: int, in_flight: Collection[int]) -> list[Row]:
        """What is to be sent at ``at_ms``, earliest first, at most ``limit``, without what is being sent already."""
        rows = self._store.all(_DUE, (at_ms, limit + len(in_flight)))
        return [row for row in rows if row["row_number"] not in in_flight][:limit]

    def seconds_to_next(self, at_ms: int) -> float | None:
        """Time from ``at_ms`` until something that is not due then will be, or None."""
        row = self._store.one("SELECT min(due_ms) AS due_ms FROM webhook WHERE state = 'pending' AND due_ms > ?", (at_ms,))
        return None if row is None or row["due_ms"] is None else (row["due_ms"] - at_ms) / 1000

    def settle(self, row_number: int, state: WebhookState, due_ms: int, last_status: int | None, last_error: str | None) -> None:
        """Write down one attempt and what follows from it."""
        self._store.run(
            "UPDATE webhook SET state = ?, attempts = attempts + 1, due_ms = ?, last_status = ?, last_error = ? WHERE row_number = ?",
            (state, due_ms, last_status, last_error, row_number),
        )

    def resend(self, event_id: str | None, state: WebhookState | None) -> int:
        """Send again what has this event id or ended in this state; the number queued."""
        queued = self._store.run(
            "UPDATE webhook SET state = 'pending', attempts = 0, due_ms = ?, in_order = 0 WHERE state <> 'pending' AND (event_id = ? OR state = ?)",
            (now_ms(), event_id, state),
        )
        self.on_new()
        return queued

    def list(self, state: WebhookState | None, cursor: str | None, limit: int) -> dict[str, Any]:
        """A page of webhooks, oldest first."""
        return page(self._store, "webhook", [("state", state)], cursor, limit, _show)


def _show(row: Row) -> Row:
    shown = {name: row[name] for name in ("event_id", "type", "subject", "state", "attempts", "last_status", "last_error")}
    return {"id": row["row_number"], **shown, "due_at": rfc3339(row["due_ms"])}

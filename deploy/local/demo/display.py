"""What a person sees of a run: how far it is, and at the end a table. A terminal gets bars, a log file a line now and then."""

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

_LINE_EVERY_SECONDS = 10.0


class Display:
    """Bars by name, each with a note. Used as a context."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._last_line = 0.0
        self._last_words = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            columns = (TextColumn("{task.description:<7}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
            self._bars = Progress(*columns, TimeElapsedColumn(), console=self._console)
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def say(self, words: str) -> None:
        """A line of its own."""
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)

    def show(self, name: str, done: int, whole: int, note: str = "") -> None:
        """How far something is."""
        if self._bars is not None:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=whole, note=note)
            self._bars.update(self._tasks[name], completed=done, note=note)
            return
        words = f"{name}: {done} of {whole}" + (f", {note}" if note else "")
        if words != self._last_words and (done >= whole or time.monotonic() - self._last_line >= _LINE_EVERY_SECONDS):
            self._last_line, self._last_words = time.monotonic(), words
            self.say(words)


def result_table(totals: dict[str, Any], outcomes: dict[str, int], rejected_rows: int) -> Table:
    """The totals of a run, and how its matches ended."""
    table = Table(title="What the run came to", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan")
    table.add_column(justify="right")
    table.add_column()
    matches = sum(outcomes.values())
    table.add_row("orders", str(totals["orders"]), f"{rejected_rows} rows were no sale" if rejected_rows else "")
    table.add_row("cases", str(totals["cases"]), f"{matches} matches; {totals['rejected_lines']} credit lines rejected with a reason")
    for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
        table.add_row(f"  {outcome.replace('_', ' ')}", str(count), f"{100 * count / matches:.1f} % of the matches")
    for name in ("refunds_settled", "refund_events", "provider_refunds"):
        table.add_row(name.replace("_", " "), str(totals[name]["count"]), pounds(totals[name]["sum_minor"]))
    table.add_row("ledger balance", pounds(totals["ledger_balance_minor"]), "")
    table.add_row("breaks of reconciliation", str(totals["reconciliation_breaks"]), "")
    approvals = f"{totals['approvals_declined']} declined, {totals['approvals_escalated']} times escalated"
    table.add_row("approvals granted", str(totals["approvals_granted"]), approvals)
    table.add_row("reships", str(totals["reships"]), "")
    table.add_row("messages sent", str(totals["messages_sent"]), "")
    table.add_row("seconds", f"{totals['seconds']:.0f}", "")
    return table


def pounds(minor: int) -> str:
    """An amount of pence as people write it."""
    sign = "-" if minor < 0 else ""
    return f"{sign}£{abs(minor) // 100:,}.{abs(minor) % 100:02d}"

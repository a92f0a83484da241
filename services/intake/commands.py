"""``aftersales orders``: back-fills from the command line, over the same HTTP API that storefronts use."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any, Self, cast

import httpx2
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.intake.import_orders import ImportFileError, ImportState, OrderImport

orders_app = App(name="orders", help="Orders of a storefront.")

_console = Console(stderr=True)
_TIMEOUT_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 30.0
_PATIENCE_SECONDS = 600.0


class _Refused(Exception):
    """The API will not take the batch, however often it is sent."""


class HttpBatchApi:
    """Sends batches to intake, and waits where it does not answer."""

    def __init__(self, url: str, api_key: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._http = httpx2.Client(
            base_url=url, timeout=_TIMEOUT_SECONDS, headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/x-ndjson"}
        )
        self._patience = patience_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def send(self, lines: bytes) -> dict[str, Any]:
        """Send it, again and again until it is answered. Raises :class:`_Refused`."""
        pause, deadline = 0.5, time.monotonic() + self._patience
        while True:
            answer = self._try(lines)
            if isinstance(answer, dict):
                return answer
            if time.monotonic() + pause > deadline:
                raise _Refused(f"intake does not answer ({answer}): start the import again later, it goes on where it stopped")
            _console.print(f"[yellow]intake does not answer ({answer}); trying again in {pause:.1f} s")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _try(self, lines: bytes) -> dict[str, Any] | str:
        try:
            answer = self._http.post("/v1/orders/batch", content=lines)
        except httpx2.TransportError as error:
            return type(error).__name__
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR or answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            return f"status {answer.status_code}"
        if answer.status_code != httpx2.codes.OK:
            raise _Refused(f"intake refuses: {answer.status_code} {answer.text[:300]}")
        return cast("dict[str, Any]", answer.json())


@orders_app.command(name="import")
def import_orders(
    file: Path,
    *,
    url: Annotated[str, Parameter(env_var="AFTERSALES_INTAKE_URL")],
    api_key: Annotated[str, Parameter(env_var="AFTERSALES_API_KEY")],
) -> None:
    """Send a file of order snapshots, one JSON object per line. Stopped, it goes on where it was; lines it could not send are listed with their number.

    Args:
        file: the snapshots (the body of PUT /v1/orders/{number}), one per line.
        url: where intake is, such as http://127.0.0.1:8001.
        api_key: an API key of the merchant the orders belong to.
    """
    try:
        with HttpBatchApi(url.rstrip("/"), api_key) as api:
            importing = OrderImport(file, api)
            if importing.state.line:
                _console.print(f"Going on after line {importing.state.line}.")
            _with_progress(importing)
    except (ImportFileError, _Refused) as error:
        _console.print(f"[red]{error}")
        sys.exit(2)
    _report(importing)
    sys.exit(1 if importing.state.rejected else 0)


def _with_progress(importing: OrderImport) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("bytes"), TimeRemainingColumn())
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task("orders", total=importing.size_bytes, completed=importing.state.offset)

        def advanced(state: ImportState) -> None:
            progress.update(task, completed=state.offset, description=f"line {state.line}")

        importing.run(advanced)


def _report(importing: OrderImport) -> None:
    state = importing.state
    table = Table(title=f"{state.line} lines")
    for name in ("recorded", "unchanged", "superseded", "rejected"):
        table.add_column(name, justify="right")
    table.add_row(str(state.recorded), str(state.unchanged), str(state.superseded), str(state.rejected))
    _console.print(table)
    if state.rejected:
        _console.print(f"[red]Rejected lines, with number and reason, are in {importing.rejected_file}")

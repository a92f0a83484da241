"""What an operator does with the quarantine and the outbox of a service, from the command line."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final, NoReturn, TypeVar

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from services.kit import quarantine, relay
from services.kit.clock import utc_now
from services.kit.postgres import Pool, open_pool, transaction
from services.kit.quarantine import Quarantined
from services.kit.settings import PREFIX

quarantine_app = App(name="quarantine", help="Records that could not be processed: look at them, replay them, or drop them.")
outbox_app = App(name="outbox", help="Events of a service on their way to Kafka.")

REPLAY_WAIT_SECONDS: Final = 15.0

ResultT = TypeVar("ResultT")
ServiceOption = Annotated[str, Parameter(name="--service")]
console = Console()


@quarantine_app.command(name="list")
def list_rows(*, service: ServiceOption, topic: str | None = None, key: str | None = None, resolved: bool = False, limit: int = 50) -> None:
    """List the open rows, oldest first.

    Args:
        service: intake, workflow, logistics or notifications.
        topic: only of this topic.
        key: only of this key (such as a case id).
        resolved: include what was replayed or dropped.
        limit: at most so many.
    """
    rows = _with_pool(service, lambda pool: quarantine.find(pool, topic=topic, key=key, resolved=resolved, limit=limit))
    table = Table("id", "since", "kind", "topic", "key", "tries", "state", "reason", title=f"quarantine of {service}")
    for row in rows:
        table.add_row(
            str(row.id),
            f"{row.quarantined_at:%Y-%m-%d %H:%M:%S}",
            row.kind,
            row.record.topic,
            row.hold_key or "-",
            str(row.attempts),
            _state(row),
            row.reason,
        )
    console.print(table if rows else f"The quarantine of {service} is empty.")


@quarantine_app.command
def show(row_id: int, *, service: ServiceOption) -> None:
    """Show one row with its raw record. The value may hold personal data: mind who is looking."""
    row = _with_pool(service, lambda pool: quarantine.get(pool, row_id))
    if row is None:
        _fail(f"there is no row {row_id} in the quarantine of {service}")
    table = Table(show_header=False, title=f"row {row.id}")
    facts = {
        "state": _state(row),
        "kind": row.kind.value,
        "reason": row.reason,
        "event id": row.event_id,
        "record": f"{row.record.topic} partition {row.record.partition} offset {row.record.offset} of {row.record.time.isoformat()}",
        "key": _text(row.record.key),
        "headers": "\n".join(f"{name}: {_text(value)}" for name, value in row.record.headers),
        "value": _text(row.record.value),
    }
    for name, fact in facts.items():
        table.add_row(name, str(fact))
    console.print(table)


@quarantine_app.command
def replay(
    row_id: int | None = None, *, service: ServiceOption, key: str | None = None, every: Annotated[bool, Parameter(name="--all")] = False
) -> None:
    """Replay a row together with all rows of its key, in order. The running service does it; this waits for the outcome.

    Args:
        service: intake, workflow, logistics or notifications.
        row_id: the row.
        key: all rows of this key instead.
        every: everything that is open instead.
    """
    if (row_id is not None) + (key is not None) + every != 1:
        _fail("name one thing to replay: a row id, --key, or --all")
    requested, left = _with_pool(service, lambda pool: _replay(pool, row_id, key))
    if not requested:
        _fail("nothing open matches that; see: aftersales quarantine list")
    if left:
        console.print(f"[yellow]{left} of {requested} rows are still waiting: is {service} running? They are replayed as soon as it is.[/]")
    else:
        console.print(
            f"{requested} rows were tried. What failed again is listed with its reason by: aftersales quarantine list --service {service}"
        )


@quarantine_app.command
def drop(row_id: int, *, service: ServiceOption, reason: str) -> None:
    """Give one row up for good, for a reason that stays on record. What it held back is replayed.

    Args:
        service: intake, workflow, logistics or notifications.
        row_id: the row.
        reason: why it is right to lose it.
    """

    async def run(pool: Pool) -> Quarantined | None:
        async with transaction(pool) as connection:
            return await quarantine.drop(connection, row_id, reason)

    if _with_pool(service, run) is None:
        _fail(f"there is no open row {row_id} in the quarantine of {service}")
    console.print(f"Row {row_id} is dropped.")


@outbox_app.command
def republish(*, service: ServiceOption, since: datetime, until: datetime | None = None, topic: str | None = None) -> None:
    """Send events again that were sent before, after Kafka lost some. Consumers recognise those they have.

    Args:
        service: intake, workflow, logistics or notifications.
        since: sent at or after this moment (UTC unless it says otherwise); sent events are kept for seven days.
        until: sent before this moment (now, unless given).
        topic: only of this topic.
    """

    async def run(pool: Pool) -> int:
        async with transaction(pool) as connection:
            return await relay.republish(connection, since=_aware(since), until=_aware(until) if until else None, topic=topic)

    console.print(f"{_with_pool(service, run)} events of {service} will be sent again.")


async def _replay(pool: Pool, row_id: int | None, key: str | None) -> tuple[int, int]:
    async with transaction(pool) as connection:
        requested = await quarantine.request_replay(connection, row_id=row_id, key=key)
    deadline = asyncio.get_running_loop().time() + REPLAY_WAIT_SECONDS
    while (left := await quarantine.waiting_for_replay(pool)) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - another process replays
        await asyncio.sleep(0.2)
    return requested, left


def _with_pool(service: str, use: Callable[[Pool], Awaitable[ResultT]]) -> ResultT:
    variable = f"{PREFIX}{service.upper()}_POSTGRES_DSN"
    dsn = os.environ.get(variable)
    if not dsn:
        _fail(f"set {variable} to the database of {service}")

    async def run() -> ResultT:
        async with open_pool(dsn, service=f"{service} command", max_size=2, wait_seconds=5) as pool:
            return await use(pool)

    return asyncio.run(run())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)


def _state(row: Quarantined) -> str:
    if row.resolution:
        return f"{row.resolution}: {row.resolution_reason}" if row.resolution_reason else row.resolution
    return "replay requested" if row.replay_requested_at else "open"


def _text(raw: bytes | None) -> str:
    return "-" if raw is None else raw.decode("utf-8", "backslashreplace")


def _fail(message: str) -> NoReturn:
    raise SystemExit(f"error: {message}")

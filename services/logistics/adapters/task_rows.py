"""Rows of ``tasks``: what a person must look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.identifiers import CaseId, MerchantId
from services.kit.postgres import Connection, Pool, Record
from services.logistics.domain.returns import Return
from services.logistics.domain.shipments import Shipment


class TaskKind(StrEnum):
    """Why a person must look."""

    NO_ADDRESS = "no_address"
    BOOKING_REFUSED = "booking_refused"
    NO_CARRIER = "no_carrier"
    TRACKING_REFUSED = "tracking_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task about ``subject``, the id of a return or shipment."""

    task_id: UUID
    merchant_id: MerchantId
    case_id: CaseId
    case_number: str
    kind: TaskKind
    subject: UUID
    detail: str
    opened_at: datetime
    closed_at: datetime | None


_COLUMNS = ", ".join(field.name for field in fields(Task))


def _read(row: Record) -> Task:
    values = dict(row)
    values["kind"] = TaskKind(values["kind"])
    return Task(**values)


async def open_task(conn: Connection, kind: TaskKind, owner: Return | Shipment, detail: str = "") -> None:
    """Ask a person to look, unless that was asked already."""
    await conn.execute(
        """
        INSERT INTO tasks (task_id, merchant_id, case_id, case_number, kind, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO NOTHING
        """,
        uuid7(),
        owner.merchant_id,
        owner.case_id,
        owner.case_number,
        kind.value,
        owner.rma_id if isinstance(owner, Return) else owner.shipment_id,
        detail[:200],
    )


async def close_tasks(conn: Connection, subject: UUID) -> None:
    """Nobody needs to look at this subject any more."""
    await conn.execute("UPDATE tasks SET closed_at = now() WHERE subject = $1 AND closed_at IS NULL", subject)


async def lock(conn: Connection, task_id: UUID) -> Task | None:
    """The task, locked until the transaction ends."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM tasks WHERE task_id = $1 FOR UPDATE", task_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def page(
    pool: Pool, merchants: Sequence[MerchantId], filters: Mapping[str, str | None], after: Sequence[Any] | None, limit: int
) -> list[Task]:
    """Tasks of these merchants, oldest first, behind ``after`` (opened_at, task_id); filters ``state`` (open, done) and ``kind``."""
    rows = await pool.fetch(
        f"""
        SELECT {_COLUMNS} FROM tasks
        WHERE merchant_id = ANY($1)
          AND ($2::text IS NULL OR (closed_at IS NULL) = ($2 = 'open'))
          AND ($3::text IS NULL OR kind = $3)
          AND ($4::timestamptz IS NULL OR (opened_at, task_id) > ($4, $5::uuid))
        ORDER BY opened_at, task_id LIMIT $6
        """,  # noqa: S608 (own column names)
        merchants,
        filters.get("state"),
        filters.get("kind"),
        *(after or (None, None)),
        limit,
    )
    return [_read(row) for row in rows]

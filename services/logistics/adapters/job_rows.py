"""Rows of ``jobs``: durable work, one row per subject, claimed for a while, repeated until done.

A job says only *that* a return, shipment or parcel has something to do; what it is follows from the subject's state, so a job may run once too often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.kit.clock import utc_now
from services.kit.postgres import Connection, Pool
from services.kit.tracing import current_trace_parent


class JobKind(StrEnum):
    """What has something to do."""

    RETURN = "return"
    SHIPMENT = "shipment"
    PARCEL = "parcel"


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. ``generation`` tells whether it was armed again meanwhile; ``attempts`` counts failures in a row, this run included."""

    kind: JobKind
    subject: UUID
    generation: int
    attempts: int
    trace_parent: str | None


async def arm(conn: Connection, kind: JobKind, subject: UUID, due_at: datetime | None = None) -> None:
    """There is something to do (now, unless ``due_at`` says when). A job that runs at this moment will run again."""
    await conn.execute(
        """
        INSERT INTO jobs AS j (kind, subject, due_at, trace_parent) VALUES ($1, $2, coalesce($3, now()), $4)
        ON CONFLICT (kind, subject) DO UPDATE
        SET state = 'pending', due_at = excluded.due_at, generation = j.generation + 1, attempts = 0, trace_parent = excluded.trace_parent
        """,
        kind.value,
        subject,
        due_at,
        current_trace_parent(),
    )


async def claim(pool: Pool, limit: int, lease: timedelta) -> Sequence[Job]:
    """Claim due jobs, oldest first. A claim ends with the lease, so the jobs of a killed process are taken over."""
    rows = await pool.fetch(
        """
        WITH due AS (
            SELECT kind, subject FROM jobs
            WHERE state = 'pending' AND due_at <= now() AND (claimed_until IS NULL OR claimed_until < now())
            ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs j SET claimed_until = now() + $2, attempts = j.attempts + 1
        FROM due WHERE j.kind = due.kind AND j.subject = due.subject
        RETURNING j.kind, j.subject, j.generation, j.attempts, j.trace_parent
        """,
        limit,
        lease,
    )
    return [Job(JobKind(row["kind"]), row["subject"], row["generation"], row["attempts"], row["trace_parent"]) for row in rows]


async def finish(pool: Pool, job: Job, again_at: datetime | None) -> None:
    """The job ran well: it is done, or has something to do again at ``again_at``; armed meanwhile, it keeps the time it was armed for."""
    await pool.execute(
        """
        UPDATE jobs SET claimed_until = NULL, last_error = NULL, attempts = 0,
            state = CASE WHEN generation = $3 AND $4::timestamptz IS NULL THEN 'done' ELSE 'pending' END,
            due_at = CASE WHEN generation = $3 THEN coalesce($4, due_at) ELSE due_at END
        WHERE kind = $1 AND subject = $2
        """,
        job.kind.value,
        job.subject,
        job.generation,
        again_at,
    )


async def fail(pool: Pool, job: Job, delay: timedelta, error: str) -> None:
    """The job could not be done: try again after ``delay``, at once if it was armed meanwhile."""
    await pool.execute(
        """
        UPDATE jobs SET claimed_until = NULL, last_error = $5, due_at = CASE WHEN generation = $3 THEN $4 ELSE due_at END
        WHERE kind = $1 AND subject = $2
        """,
        job.kind.value,
        job.subject,
        job.generation,
        utc_now() + delay,
        error[:500],
    )


async def oldest_due(pool: Pool) -> datetime | None:
    """Since when the longest waiting job is due, None if none is."""
    due: datetime | None = await pool.fetchval(
        "SELECT min(due_at) FROM jobs WHERE state = 'pending' AND due_at <= now() AND (claimed_until IS NULL OR claimed_until < now())"
    )
    return due

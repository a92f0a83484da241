"""The facts heard of each case: case and shipment events, kept as they came. A signal only names one; this row is the proof."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.events import CaseEvent
from contracts.identifiers import CaseId
from services.kit import deliveries
from services.kit.deliveries import NewDelivery
from services.kit.postgres import Connection, Record
from services.workflow.adapters.packing import PACKING
from services.workflow.payloads.case import CaseSignal, FactKind

SIGNAL = "signal_case"
"""The kind of a delivery that tells a process of a case something."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact: the body of its event, and which run of the case heard of it."""

    event_id: UUID
    kind: FactKind
    body: dict[str, Any]
    run_number: int
    occurred_at: datetime


class FactBook:
    """The facts of cases on PostgreSQL."""

    async def add(self, conn: Connection, event_id: UUID, kind: FactKind, workflow_id: str, body: CaseEvent, at: datetime) -> bool:
        """Keep a fact for a process, and have it told. False where the fact is known, or the case is not."""
        payload = {
            "case_id": body.case_id,
            "workflow_id": workflow_id,
            "event_id": event_id,
            "kind": kind.value,
            "data": hints(kind, body.model_dump(mode="json")),
        }
        values = (event_id, body.case_id, kind.value, workflow_id, PACKING.pack(body), at)
        signal = NewDelivery(event_id=event_id, key=f"case/{body.case_id}", kind=SIGNAL, payload=payload)
        return await deliveries.add_if(conn, _ADD, values, signal)

    async def get(self, conn: Connection, case_id: CaseId, event_id: UUID, kind: FactKind) -> Fact | None:
        """The fact of that id and kind, None where this case has none: then whoever named it made it up."""
        row = await conn.fetchrow(
            "SELECT * FROM case_facts WHERE event_id = $1 AND case_id = $2 AND kind = $3", event_id, case_id, kind.value
        )
        return fact_of(row) if row else None

    async def of_kind(self, conn: Connection, case_id: CaseId, *kinds: FactKind) -> list[Fact]:
        """All facts of these kinds, oldest first."""
        rows = await conn.fetch(
            "SELECT * FROM case_facts WHERE case_id = $1 AND kind = ANY($2) ORDER BY position", case_id, [kind.value for kind in kinds]
        )
        return [fact_of(row) for row in rows]

    async def move_to_run(self, conn: Connection, case_id: CaseId, event_id: UUID, run_number: int) -> None:
        """Let a later run of the case hear of a fact."""
        await conn.execute("UPDATE case_facts SET run_number = $3 WHERE case_id = $1 AND event_id = $2", case_id, event_id, run_number)


def signal_of(fact: Fact) -> CaseSignal:
    """The signal that tells of a fact: its id, and the codes that help to sort it."""
    return CaseSignal(event_id=fact.event_id, kind=fact.kind, data=hints(fact.kind, fact.body))


def hints(kind: FactKind, body: dict[str, Any]) -> dict[str, str | int | bool | None]:
    """What a signal says beyond its id: enough to know whether to look, never anything to act on."""
    match kind:
        case FactKind.EVIDENCE_ADDED:
            return {"kind": body["item"]["kind"], "shows": body["item"]["shows"]}
        case FactKind.SATISFACTION_STATED:
            return {"satisfied": body["satisfied"]}
        case _:
            return {name: str(body[name]) for name in ("rma_id", "reship_id", "offer_id") if name in body}


def fact_of(row: Record) -> Fact:
    """The fact of a row."""
    return Fact(row["event_id"], FactKind(row["kind"]), PACKING.unpack(row["body"]), row["run_number"], row["occurred_at"])


_ADD = """
INSERT INTO case_facts (event_id, case_id, kind, workflow_id, body, run_number, occurred_at)
SELECT $1, case_id, $3, $4, $5, run_number, $6 FROM cases WHERE case_id = $2
ON CONFLICT (case_id, event_id) DO NOTHING RETURNING true
"""

"""The case register in PostgreSQL: few statements, because opening a case is what everybody waits for."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.case_state import OptionCode
from contracts.case_v1 import Channel, OpenedBy
from contracts.decision_facts import AffectedUnits
from contracts.identifiers import CaseId, CustomerRef, MerchantId, OrderId
from contracts.scenes import Scene
from services.intake.adapters.packing import PACKING
from services.intake.adapters.timelines import appended
from services.intake.domain.view import CaseRecord, CaseView, ChangedCase, TimelineEntry
from services.intake.ports import NewCaseRows
from services.kit.postgres import Connection

CASE_COLUMNS = """case_id, case_number, merchant_id, order_id, order_number, customer_ref, scene, linked_scenes, currency, locale, channel, opened_by,
wanted_remedy, application_number, requested_at, opened_at, updated_at, version, test, view, timeline"""

_INSERT = """
WITH opened AS (
    INSERT INTO cases (case_id, merchant_id, case_number, order_id, order_number, customer_ref, scene, currency, locale, channel, opened_by,
                       wanted_remedy, application_number, hazard_hints, requested_at, opened_at, updated_at, test, status, view)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $19)
), claimed AS (
    INSERT INTO case_lines (case_id, line_id, order_id, scene_group, quantity)
    SELECT $1, line_id, $4, $20, quantity FROM unnest($21::text[], $22::integer[]) AS line (line_id, quantity)
)
INSERT INTO case_texts (text_id, case_id, author, body, written_at)
SELECT $23::uuid, $1, $24::text, $25::text, $16 WHERE $23::uuid IS NOT NULL
"""
_GET = f"SELECT {CASE_COLUMNS} FROM cases WHERE case_id = $1"  # noqa: S608 - a constant of this module
_GET_LOCKED = f"{_GET} FOR NO KEY UPDATE"
_LOCK = f"SELECT {CASE_COLUMNS} FROM cases WHERE case_id = ANY ($1) ORDER BY case_id FOR NO KEY UPDATE"  # noqa: S608 - a constant of this module
_SAVE = """
UPDATE cases SET view = changed.view, status = changed.status, updated_at = changed.at, timeline = changed.timeline, version = version + 1
FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::timestamptz[], $5::bytea[]) AS changed (case_id, view, status, at, timeline)
WHERE cases.case_id = changed.case_id
"""
_TIMELINE = "SELECT timeline FROM cases WHERE case_id = $1 FOR NO KEY UPDATE"
_SAVE_TIMELINE = "UPDATE cases SET timeline = $2 WHERE case_id = $1"
_LINK_SCENE = """
UPDATE cases SET linked_scenes = linked_scenes || $2::text, version = version + 1, updated_at = $3
WHERE case_id = $1 AND NOT ($2 = ANY(linked_scenes))
"""
_ADD_TEXT = "INSERT INTO case_texts (text_id, case_id, author, body, written_at) VALUES ($1, $2, $3, $4, $5)"
_SETTLE = """
UPDATE case_lines SET settled = settled + units.quantity
FROM unnest($2::text[], $3::integer[]) AS units (line_id, quantity)
WHERE case_lines.case_id = $1 AND case_lines.line_id = units.line_id
"""
_SET_OPEN = "UPDATE case_lines SET open = $2 WHERE case_id = $1 AND open <> $2"
_SET_QUANTITIES = """
UPDATE case_lines SET quantity = units.quantity
FROM unnest($2::text[], $3::integer[]) AS units (line_id, quantity)
WHERE case_lines.case_id = $1 AND case_lines.line_id = units.line_id
"""


class PostgresCases:
    """Implements :class:`services.intake.ports.Cases`."""

    async def insert(self, connection: Connection, rows: NewCaseRows) -> None:
        """Store a new case with its lines, and its words where there are any; not its event."""
        await connection.execute(_INSERT, rows.case.case_id, rows.case.merchant_id, rows.case.case_number, *values_of(rows))

    async def get(self, connection: Connection, case_id: UUID, *, lock: bool = False) -> CaseRecord | None:
        """A case, locked until commit if asked."""
        row = await connection.fetchrow(_GET_LOCKED if lock else _GET, case_id)
        return None if row is None else case_from(row)

    async def save(self, connection: Connection, case: CaseRecord, view: CaseView, now: datetime, entries: Sequence[TimelineEntry]) -> None:
        """Store a changed view and what happened, of a case that was read locked; the version goes up by one."""
        await self.save_all(connection, [ChangedCase(case, view, now, entries)])

    async def lock(self, connection: Connection, case_ids: Collection[CaseId]) -> dict[CaseId, CaseRecord]:
        """Those of some cases that are on record, locked until commit."""
        rows = await connection.fetch(_LOCK, list(case_ids))
        return {CaseId(row["case_id"]): case_from(row) for row in rows}

    async def save_all(self, connection: Connection, changed: Sequence[ChangedCase]) -> None:
        """What :meth:`save` does, for cases of which each is there once."""
        if not changed:
            return
        rows = (
            (each.case.case_id, PACKING.pack(each.view), each.view.status.value, each.at, appended(each.case.timeline, each.entries))
            for each in changed
        )
        await connection.execute(_SAVE, *zip(*rows, strict=True))

    async def link_scene(self, connection: Connection, case_id: UUID, scene: Scene, now: datetime) -> None:
        """Note that somebody asked for another scene on the same line (R-INT-05)."""
        await connection.execute(_LINK_SCENE, case_id, scene.value, now)

    async def add_to_timeline(self, connection: Connection, case_id: CaseId, entries: Sequence[TimelineEntry]) -> None:
        """Append to the timeline and nothing else."""
        timeline = await connection.fetchval(_TIMELINE, case_id)
        await connection.execute(_SAVE_TIMELINE, case_id, appended(timeline, entries))

    async def add_text(self, connection: Connection, case_id: UUID, text_id: UUID, author: str, body: str, now: datetime) -> None:
        """Keep more of the customer's words."""
        await connection.execute(_ADD_TEXT, text_id, case_id, author, body, now)

    async def settle(self, connection: Connection, case_id: CaseId, units: dict[str, int]) -> None:
        """Count units whose remedy was carried out."""
        await connection.execute(_SETTLE, case_id, list(units), list(units.values()))

    async def set_open(self, connection: Connection, case_id: CaseId, *, is_open: bool) -> None:
        """Whether the case's units count as claimed in full."""
        await connection.execute(_SET_OPEN, case_id, is_open)

    async def set_quantities(self, connection: Connection, case_id: CaseId, lines: Sequence[AffectedUnits]) -> None:
        """Change the claimed units to what a reviewer confirmed (R-EVD-13)."""
        await connection.execute(_SET_QUANTITIES, case_id, [units.line_id for units in lines], [units.quantity for units in lines])


def values_of(rows: NewCaseRows) -> tuple[object, ...]:
    """What is stored of a new case besides its names: of the case, its lines, and its words."""
    case = rows.case
    return (
        case.order_id,
        case.order_number,
        case.customer_ref,
        case.scene.value,
        case.currency,
        case.locale,
        case.channel.value,
        case.opened_by,
        case.wanted_remedy,
        case.application_number,
        rows.hazard_hints,
        case.requested_at,
        case.opened_at,
        case.test,
        case.view.status.value,
        PACKING.pack(case.view),
        case.scene.group,
        [units.line_id for units in rows.lines],
        [units.quantity for units in rows.lines],
        *(rows.text or (None, None, None)),
    )


def case_from(row: Any) -> CaseRecord:
    """The case of a row with the columns of this module."""
    return CaseRecord(
        case_id=CaseId(row["case_id"]),
        case_number=row["case_number"],
        merchant_id=MerchantId(row["merchant_id"]),
        order_id=OrderId(row["order_id"]),
        order_number=row["order_number"],
        customer_ref=CustomerRef(row["customer_ref"]),
        scene=Scene(row["scene"]),
        linked_scenes=tuple(row["linked_scenes"]),
        currency=row["currency"],
        locale=row["locale"],
        channel=Channel(row["channel"]),
        opened_by=OpenedBy.model_validate(row["opened_by"]),
        wanted_remedy=None if row["wanted_remedy"] is None else OptionCode(row["wanted_remedy"]),
        application_number=row["application_number"],
        requested_at=row["requested_at"],
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        test=row["test"],
        view=CaseView.model_validate(PACKING.unpack(row["view"])),
        timeline=row["timeline"],
    )

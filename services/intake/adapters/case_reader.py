"""Questions about cases: one case with all that belongs to it, and lists with filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.identifiers import CustomerRef, MerchantId, OrderId
from services.intake.adapters.cases import CASE_COLUMNS, case_from
from services.intake.adapters.timelines import entries_of
from services.intake.domain.view import CaseRecord
from services.kit.postgres import Pool

_DETAIL = f"""
SELECT {CASE_COLUMNS},
    (SELECT jsonb_agg(jsonb_build_object('line_id', line_id, 'quantity', quantity, 'settled', settled) ORDER BY line_id)
     FROM case_lines l WHERE l.case_id = c.case_id) AS lines,
    (SELECT jsonb_agg(to_jsonb(e) - 'case_id' ORDER BY e.received_at) FROM case_evidence e WHERE e.case_id = c.case_id) AS evidence,
    (SELECT jsonb_agg(to_jsonb(r) - 'case_id' - 'sequence' ORDER BY r.updated_at) FROM case_refunds r WHERE r.case_id = c.case_id) AS refunds,
    (SELECT jsonb_agg(to_jsonb(x) - 'case_id' ORDER BY x.written_at) FROM case_texts x WHERE x.case_id = c.case_id) AS texts
FROM cases c WHERE c.case_id = $1
"""  # noqa: S608 - a constant of this package
_LIST = f"""
SELECT {CASE_COLUMNS} FROM cases
WHERE merchant_id = ANY($1)
  AND ($2::text IS NULL OR case_number = $2) AND ($3::text IS NULL OR order_number = $3) AND ($4::text IS NULL OR status = $4)
  AND ($5::text IS NULL OR scene = $5) AND ($6::uuid IS NULL OR customer_ref = $6) AND ($7::uuid IS NULL OR order_id = $7)
  AND ($8::timestamptz IS NULL OR (opened_at, case_id) < ($8, $9::uuid))
ORDER BY opened_at DESC, case_id DESC LIMIT $10
"""  # noqa: S608 - a constant of this package


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case and the rows that belong to it, as plain JSON objects."""

    case: CaseRecord
    lines: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    refunds: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """What a list is limited to; None means no limit."""

    merchants: Sequence[MerchantId]
    case_number: str | None = None
    order_number: str | None = None
    status: str | None = None
    scene: str | None = None
    customer_ref: CustomerRef | None = None
    order_id: OrderId | None = None
    before: tuple[datetime, UUID] | None = None


class CaseReader:
    """Reads outside of any transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def case(self, case_id: UUID) -> CaseRecord | None:
        """The case alone."""
        row = await self._pool.fetchrow(f"SELECT {CASE_COLUMNS} FROM cases WHERE case_id = $1", case_id)  # noqa: S608 - a constant of this package
        return None if row is None else case_from(row)

    async def detail(self, case_id: UUID) -> CaseDetail | None:
        """The case with everything that belongs to it."""
        row = await self._pool.fetchrow(_DETAIL, case_id)
        if row is None:
            return None
        parts = {name: row[name] or [] for name in ("lines", "evidence", "refunds", "texts")}
        return CaseDetail(case_from(row), **parts, timeline=entries_of(row["timeline"]))

    async def evidence_file(self, case_id: UUID, evidence_id: UUID) -> tuple[str, str] | None:
        """Hash and media type of a piece of evidence."""
        row = await self._pool.fetchrow(
            "SELECT sha256, media_type FROM case_evidence WHERE evidence_id = $1 AND case_id = $2", evidence_id, case_id
        )
        return None if row is None else (row["sha256"], row["media_type"])

    async def list_cases(self, wanted: CaseFilter, limit: int) -> list[CaseRecord]:
        """Cases, newest first."""
        opened_at, case_id = wanted.before or (None, None)
        rows = await self._pool.fetch(
            _LIST,
            list(wanted.merchants),
            wanted.case_number,
            wanted.order_number,
            wanted.status,
            wanted.scene,
            wanted.customer_ref,
            wanted.order_id,
            opened_at,
            case_id,
            limit,
        )
        return [case_from(row) for row in rows]

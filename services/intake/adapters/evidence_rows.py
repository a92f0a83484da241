"""The register of evidence in PostgreSQL."""

from uuid import UUID

from contracts.decision_facts import EvidenceItem, EvidenceKind
from services.kit.postgres import Connection

_FIND = "SELECT evidence_id, kind, shows, sha256, media_type, size_bytes, received_at FROM case_evidence WHERE case_id = $1 AND sha256 = $2"
_COUNT = "SELECT count(*) FROM case_evidence WHERE case_id = $1"
_INSERT = """
INSERT INTO case_evidence (evidence_id, case_id, kind, shows, sha256, media_type, size_bytes, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


class PostgresEvidence:
    """Implements :class:`services.intake.ports.EvidenceRows`."""

    async def find(self, connection: Connection, case_id: UUID, sha256: str) -> EvidenceItem | None:
        """The item with this content, if the case has one."""
        row = await connection.fetchrow(_FIND, case_id, sha256)
        return None if row is None else EvidenceItem.model_validate({**row, "evidence_id": str(row["evidence_id"])})

    async def count(self, connection: Connection, case_id: UUID) -> int:
        """How many items the case has."""
        number: int = await connection.fetchval(_COUNT, case_id)
        return number

    async def insert(self, connection: Connection, case_id: UUID, item: EvidenceItem) -> None:
        """Store an item."""
        await connection.execute(
            _INSERT,
            UUID(item.evidence_id),
            case_id,
            EvidenceKind(item.kind).value,
            item.shows,
            item.sha256,
            item.media_type,
            item.size_bytes,
            item.received_at,
        )

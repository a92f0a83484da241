"""Evidence in: a cleaned, synced file first, then its row and its event in one transaction (R-EVD-09, R-EVD-12)."""

from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.case_state import ENDED
from contracts.case_v1 import EvidenceAdded
from contracts.decision_facts import EvidenceItem, EvidenceKind
from services.intake.domain.acts import Act, Setting
from services.intake.domain.callers import Caller
from services.intake.domain.errors import StaleCommandError
from services.intake.domain.evidence import kind_of
from services.intake.domain.staff_acts import late_evidence_reopens, reopen
from services.intake.domain.view import CaseRecord
from services.intake.handlers.act_on_case import ActOnCase
from services.intake.handlers.case_answer import evidence_answer
from services.intake.ports import EvidenceFiles, EvidenceRows
from services.intake.settings import IntakeSettings
from services.kit.clock import utc_now
from services.kit.idempotency import Reply
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool, transaction

log = get_logger(__name__)

REOPENED_BY_EVIDENCE = "late_evidence"


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file, and what its sender says it is."""

    path: Path
    kind: EvidenceKind | None
    shows: str


class AddEvidence:
    """Takes pieces of evidence in."""

    def __init__(self, pool: Pool, acting: ActOnCase, files: EvidenceFiles, rows: EvidenceRows, settings: IntakeSettings) -> None:
        self._pool = pool
        self._acting = acting
        self._files = files
        self._rows = rows
        self._settings = settings

    async def __call__(self, caller: Caller, case_id: UUID, upload: Upload) -> Reply:
        """Store an upload with the case. The same content a second time is answered with the first item.

        Raises ``UnsupportedEvidenceError``, ``CaseNotFoundError``, :class:`StaleCommandError`.
        """
        received_at = utc_now()
        sha256, media_type, size = await self._files.keep(upload.path)
        item = EvidenceItem(
            evidence_id=str(uuid7()),
            kind=kind_of(media_type, upload.kind),
            shows=upload.shows,
            sha256=sha256,
            size_bytes=size,
            media_type=media_type,
            received_at=received_at,
        )
        async with transaction(self._pool) as connection:
            case = await self._acting.locked(connection, caller, case_id)
            known = await self._rows.find(connection, case_id, sha256)
            if known is not None:
                return _reply(200, case, known)
            await self._add(connection, caller, case, item)
        log.info("evidence.stored", case_id=str(case_id), evidence_id=item.evidence_id, media_type=media_type, size_bytes=size)
        return _reply(201, case, item)

    async def _add(self, connection: Connection, caller: Caller, case: CaseRecord, item: EvidenceItem) -> None:
        setting = Setting(uuid7(), item.received_at, caller.acts_as())
        added = EvidenceAdded(merchant_id=case.merchant_id, case_id=case.case_id, item=item)
        view = case.view.model_copy(update={"review": None})
        act = Act("evidence", view, (added,), data={"kind": item.kind, "shows": item.shows})
        if case.view.status in ENDED:
            if not late_evidence_reopens(case):
                raise StaleCommandError(
                    "case_ended", f"The case is {case.view.status}: evidence changes nothing now. Reopen it first, if it can be."
                )
            reopening = reopen(case, setting, REOPENED_BY_EVIDENCE, window=self._settings.reopen_window, by_staff=False)
            act = replace(act, view=reopening.view, events=(added, *reopening.events))
        if await self._rows.count(connection, case.case_id) >= self._settings.evidence_max_items:
            raise StaleCommandError(
                "evidence_limit", f"The case has {self._settings.evidence_max_items} pieces of evidence: that is all it takes."
            )
        await self._rows.insert(connection, case.case_id, item)
        await self._acting.commit(connection, case, act, setting)


def _reply(status: int, case: CaseRecord, item: EvidenceItem) -> Reply:
    answer = evidence_answer(case.case_id, item.model_dump())
    return Reply(status, answer, {"Location": answer["url"]})

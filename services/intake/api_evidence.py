"""Evidence over HTTP: the file as the body or as a form part, counted while it arrives; and the way back for reviewers."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, Response

from contracts.decision_facts import EvidenceKind
from services.intake.adapters.uploads import receive_multipart, receive_raw
from services.intake.api_cases import case_id_of
from services.intake.domain.callers import Caller, CustomerCaller, reads_words
from services.intake.domain.errors import CaseNotFoundError, EvidenceNotFoundError, InvalidError, NotAllowedError
from services.intake.domain.view import CaseRecord
from services.intake.handlers.add_evidence import Upload
from services.intake.house import House
from services.kit.logging import get_logger

log = get_logger(__name__)

_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "video/mp4": "mp4", "application/pdf": "pdf"}
_MAX_SHOWS = 40


def evidence_router(house: House) -> APIRouter:
    """``POST`` and ``GET`` of a case's evidence."""
    router = APIRouter(tags=["evidence"])

    @router.post("/v1/cases/{case_id}/evidence", status_code=201, summary="Send a picture, a video or a document")
    async def add_evidence(
        case_id: str,
        request: Request,
        caller: Annotated[Caller, Depends(house.doorman.caller)],
        kind: EvidenceKind | None = None,
        shows: str | None = None,
    ) -> Response:
        case = await _visible(house, case_id, caller)  # a stranger's bytes are not even read
        caller.acts_as()
        path = house.files.incoming()
        try:
            fields = await _receive(house, request, path)
            upload = Upload(path, kind or _kind(fields.get("kind")), _shows(shows or fields.get("shows")))
            return (await house.add_evidence(caller, case.case_id, upload)).response()
        finally:
            path.unlink(missing_ok=True)

    @router.get("/v1/cases/{case_id}/evidence/{evidence_id}", summary="The file")
    async def get_evidence(case_id: str, evidence_id: UUID, caller: Annotated[Caller, Depends(house.doorman.caller)]) -> Response:
        case = await _visible(house, case_id, caller)
        if not reads_words(caller):
            raise NotAllowedError("Your role does not look at customers' evidence (R-SEC-04).")
        found = await house.reader.evidence_file(case.case_id, evidence_id)
        if found is None:
            raise EvidenceNotFoundError("The case lists what it has under evidence.")
        sha256, media_type = found
        if not isinstance(caller, CustomerCaller):
            log.info("personal_data.read", what="evidence", case_id=str(case.case_id), evidence_id=str(evidence_id), by=caller.name)
        name = f"{evidence_id}.{_SUFFIXES.get(media_type, 'bin')}"
        # A file from outside is never shown inside a page of ours.
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "Cache-Control": "private, no-store"}
        return FileResponse(house.files.path(sha256), media_type=media_type, filename=name, headers=headers)

    return router


async def _visible(house: House, case_id: str, caller: Caller) -> CaseRecord:
    case = await house.reader.case(case_id_of(case_id))
    if case is None or not caller.sees(case.merchant_id, case.customer_ref, case.order_id):
        raise CaseNotFoundError("Look for it with GET /v1/cases.")
    return case


async def _receive(house: House, request: Request, path: Path) -> dict[str, str]:
    content_type = request.headers.get("content-type", "")
    limit = house.settings.evidence_max_bytes
    if content_type.lower().startswith("multipart/form-data"):
        return await receive_multipart(request.stream(), content_type, path, limit)
    await receive_raw(request.stream(), path, limit)
    return {}


def _kind(text: str | None) -> EvidenceKind | None:
    if not text:
        return None
    try:
        return EvidenceKind(text)
    except ValueError:
        raise InvalidError(f"kind is one of {', '.join(EvidenceKind)}.", code="invalid_kind") from None


def _shows(text: str | None) -> str:
    shows = (text or "goods").strip().lower()
    if not (shows.isascii() and shows.replace("_", "").isalnum() and len(shows) <= _MAX_SHOWS):
        raise InvalidError("shows is a code such as goods, parcel or label.", code="invalid_shows")
    return shows

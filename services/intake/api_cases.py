"""Cases over HTTP: open, read, list."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.case_state import CaseStatus
from contracts.identifiers import CustomerRef, MerchantId, customer_ref_for
from contracts.scenes import Scene
from services.intake.adapters.case_reader import CaseDetail, CaseFilter
from services.intake.api_callers import token_in
from services.intake.api_problems import problem_of_body
from services.intake.domain.callers import Caller, CustomerCaller, StaffCaller, merchant_of
from services.intake.domain.errors import CaseNotFoundError, InvalidError
from services.intake.domain.forms import CaseApplication
from services.intake.domain.view import CaseRecord
from services.intake.handlers.answers import summary
from services.intake.handlers.case_answer import case_answer
from services.intake.house import House
from services.kit.direct import Endpoint
from services.kit.http import JsonResponse, etag
from services.kit.idempotency import require_key
from services.kit.logging import get_logger
from services.kit.paging import decode_cursor, encode_cursor

log = get_logger(__name__)

APPLICATION: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": CaseApplication.model_json_schema()}}},
    "parameters": [{"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 200}}],
    "security": [{"HTTPBearer": []}],
}
MAX_PAGE = 200


def case_opener(house: House) -> Endpoint:
    """``POST /v1/cases``, the route everybody waits for: headers and body are read once and directly."""

    async def open_case(request: Request) -> Response:
        caller = house.doorman.find(token_in(request.headers))
        key = require_key(request.headers.get("idempotency-key"))
        raw = await request.body()
        try:
            form = CaseApplication.model_validate_json(raw)
        except ValidationError as error:
            raise problem_of_body(error) from error
        return (await house.open_case(caller, form, key, raw)).response()

    return open_case


def cases_router(house: House) -> APIRouter:
    """``GET /v1/cases/{case_id}``, ``GET /v1/cases``."""
    router = APIRouter(tags=["cases"])

    @router.get("/v1/cases/{case_id}", summary="A case: where it stands, what comes next, by when, and who must act")
    async def get_case(
        case_id: str, caller: Annotated[Caller, Depends(house.doorman.caller)], if_none_match: Annotated[str | None, Header()] = None
    ) -> Response:
        detail = visible(await house.reader.detail(case_id_of(case_id)), caller)
        tag = etag(detail.case.version)
        if if_none_match is not None and if_none_match.strip() in {tag, "*"}:
            return Response(status_code=304, headers={"ETag": tag})
        _log_reading(caller, detail.case)
        return JsonResponse(case_answer(detail, caller), headers={"ETag": tag, "Cache-Control": "private, no-cache"})

    @router.get("/v1/cases", summary="Cases, newest first")
    async def list_cases(caller: Annotated[Caller, Depends(house.doorman.caller)], wanted: Annotated[_Query, Depends()]) -> Response:
        filter_ = _filter(house, caller, wanted)
        cases = await house.reader.list_cases(filter_, wanted.limit + 1)
        page, more = cases[: wanted.limit], len(cases) > wanted.limit
        cursor = encode_cursor([page[-1].opened_at.isoformat(), str(page[-1].case_id)]) if more else None
        return JsonResponse({"items": [summary(case) for case in page], "next_cursor": cursor})

    return router


class _Query:
    """The filters of the list."""

    def __init__(
        self,
        case_number: str | None = None,
        order_number: str | None = None,
        status: CaseStatus | None = None,
        scene: Scene | None = None,
        customer_id: str | None = None,
        customer_ref: UUID | None = None,
        merchant_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        cursor: str | None = None,
    ) -> None:
        self.case_number = case_number
        self.order_number = order_number
        self.status = status
        self.scene = scene
        self.customer_id = customer_id
        self.customer_ref = CustomerRef(customer_ref) if customer_ref is not None else None
        self.merchant_id = MerchantId(merchant_id) if merchant_id is not None else None
        self.limit = limit
        self.cursor = cursor


def case_id_of(text: str) -> UUID:
    """The id in a path. What is no id names no case."""
    try:
        return UUID(text)
    except ValueError:
        raise CaseNotFoundError("A case id is a UUID; look for a case number with GET /v1/cases?case_number=.") from None


def visible(detail: CaseDetail | None, caller: Caller) -> CaseDetail:
    """The case, if the caller may know of it. Raises ``CaseNotFoundError``."""
    if detail is None or not caller.sees(detail.case.merchant_id, detail.case.customer_ref, detail.case.order_id):
        raise CaseNotFoundError("Look for it with GET /v1/cases.")
    return detail


def _filter(house: House, caller: Caller, wanted: _Query) -> CaseFilter:
    merchants = _merchants(house, caller, wanted.merchant_id)
    customer_ref = wanted.customer_ref
    if wanted.customer_id is not None:
        if len(merchants) != 1:
            raise InvalidError("customer_id is a merchant's own id: say which merchant_id.", code="merchant_required")
        customer_ref = customer_ref_for(merchants[0], wanted.customer_id)
    if isinstance(caller, CustomerCaller):
        if customer_ref not in (None, caller.customer_ref):
            merchants = []  # somebody else's cases do not exist for this caller
        customer_ref = caller.customer_ref
    return CaseFilter(
        merchants=merchants,
        case_number=wanted.case_number,
        order_number=wanted.order_number,
        status=wanted.status,
        scene=wanted.scene,
        customer_ref=customer_ref,
        order_id=caller.order_id if isinstance(caller, CustomerCaller) else None,
        before=_before(wanted.cursor),
    )


def _merchants(house: House, caller: Caller, named: MerchantId | None) -> list[MerchantId]:
    if isinstance(caller, StaffCaller) and named is None:
        return [merchant_id for merchant_id in house.merchants if caller.serves(merchant_id)]
    return [merchant_of(caller, named)]


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    opened_at, case_id = decode_cursor(cursor, length=2)
    try:
        return datetime.fromisoformat(str(opened_at)), UUID(str(case_id))
    except ValueError:
        raise InvalidError("The cursor is not one of ours.", code="invalid_cursor") from None


def _log_reading(caller: Caller, case: CaseRecord) -> None:
    """Access to what customers wrote is logged, without it (R-SEC-05)."""
    if not isinstance(caller, CustomerCaller):
        log.info("personal_data.read", what="case", case_id=str(case.case_id), by=caller.name)

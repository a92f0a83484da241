"""Orders over HTTP: one, many, or by signed webhook (Standard Webhooks)."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from contracts.identifiers import MerchantId, order_id_for
from contracts.merchant import Merchant
from contracts.storefront_v1 import OrderSnapshot
from services.intake.domain.application import claimable
from services.intake.domain.callers import Caller, MerchantCaller, merchant_of
from services.intake.domain.errors import Fault, IntakeError, InvalidError, OrderNotFoundError
from services.intake.domain.orders import PreparedOrder, RecordedOrder, RecordResult, parse_snapshot, prepare
from services.intake.house import House
from services.kit import idempotency, webhooks
from services.kit.http import JsonResponse
from services.kit.idempotency import IdempotentRequest, Reply
from services.kit.postgres import Connection, transaction
from services.kit.problems import Problem

MAX_BATCH = 100
NDJSON = "application/x-ndjson"


class OrderAnswer(BaseModel):
    """What became of a snapshot; ``order_version`` is the one now on record."""

    order_id: str
    number: str
    order_version: int
    result: RecordResult
    superseded: bool


def orders_router(house: House) -> APIRouter:
    """``PUT`` and ``GET /v1/orders/{number}``, ``POST /v1/orders/batch``, ``POST /v1/webhooks/orders``."""
    router = APIRouter(tags=["orders"])

    @router.put("/v1/orders/{number:path}", response_model=OrderAnswer, summary="Send a whole snapshot of an order")
    async def put_order(
        number: str, snapshot: OrderSnapshot, caller: Annotated[MerchantCaller, Depends(house.doorman.merchant)]
    ) -> Response:
        if snapshot.number != number:
            raise InvalidError(
                "The number in the body is not the one in the path.",
                code="order_number_mismatch",
                faults=[Fault("/number", "differs from the path")],
            )
        merchant = house.merchant(caller.merchant_id)
        prepared = prepare(merchant.merchant_id, snapshot)
        async with transaction(house.pool) as connection:
            recorded = await house.record_orders.one(connection, merchant, prepared)
        return JsonResponse(_answer(recorded), status_code=201 if recorded.created else 200)

    @router.post("/v1/orders/batch", summary="Send up to 100 snapshots (JSON list or NDJSON)")
    async def post_batch(request: Request, caller: Annotated[MerchantCaller, Depends(house.doorman.merchant)]) -> Response:
        merchant = house.merchant(caller.merchant_id)
        items = _batch_items(await request.body(), request.headers.get("content-type", ""))
        return JsonResponse(await _record_batch(house, merchant, items))

    @router.post("/v1/webhooks/orders", summary="A storefront's webhook (Standard Webhooks)")
    async def webhook(request: Request, merchant_id: Annotated[str, Query()]) -> Response:
        body = await request.body()
        message = webhooks.verify(house.credentials.webhook_secrets(MerchantId(merchant_id)), request.headers, body)
        return (await _take_webhook(house, house.merchant(MerchantId(merchant_id)), message.id, body)).response()

    @router.get("/v1/orders/{number:path}", summary="An order as it is on record, and what of it can be claimed")
    async def get_order(number: str, caller: Annotated[Caller, Depends(house.doorman.caller)], merchant_id: str | None = None) -> Response:
        merchant = merchant_of(caller, MerchantId(merchant_id) if merchant_id is not None else None)
        order_id = order_id_for(merchant, number)
        found = await house.looks.look(order_id)
        if found is None or not caller.sees(merchant, found.order.customer_ref, order_id):
            raise OrderNotFoundError("Send it with PUT /v1/orders/{number}.")
        order, _locale, claims = found
        return JsonResponse({"order": order, "claimable": {line.line_id: claimable(order, line.line_id, claims) for line in order.lines}})

    return router


async def _take_webhook(house: House, merchant: Merchant, message_id: str, body: bytes) -> Reply:
    payload = _json(body)
    kind = payload.get("type") if isinstance(payload, dict) else None
    if not isinstance(kind, str) or not isinstance(payload, dict):
        raise InvalidError(
            "A webhook says its type: {type, timestamp, data}.", code="invalid_webhook", faults=[Fault("/type", "is missing")]
        )
    if not kind.startswith("order."):
        return Reply(200, {"result": "ignored"})
    prepared = prepare(merchant.merchant_id, parse_snapshot(payload.get("data")))

    async def command(connection: Connection) -> Reply:
        return Reply(200, _answer(await house.record_orders.one(connection, merchant, prepared)))

    request = IdempotentRequest(
        merchant_id=merchant.merchant_id, caller="webhook", route="POST /v1/webhooks/orders", key=message_id[:200], body=body
    )
    return await idempotency.run(house.pool, request, command)


async def _record_batch(house: House, merchant: Merchant, items: list[Any]) -> dict[str, Any]:
    """Take the good items in as one transaction; the others are told apart by their index."""
    results: list[dict[str, Any]] = [{} for _ in items]
    good: list[tuple[int, PreparedOrder]] = []
    for index, item in enumerate(items):
        try:
            good.append((index, prepare(merchant.merchant_id, parse_snapshot(item))))
        except IntakeError as error:
            results[index] = _refused(index, item, error)
    async with transaction(house.pool) as connection:
        recorded = await house.record_orders(connection, merchant, [prepared for _index, prepared in good])
    for (index, _prepared), taken in zip(good, recorded, strict=True):
        results[index] = _batch_entry(index, taken)
    counts = {result: sum(entry["result"] == result for entry in results) for result in ("recorded", "unchanged", "superseded", "rejected")}
    return {"results": results, **counts}


def _batch_entry(index: int, recorded: RecordedOrder) -> dict[str, Any]:
    entry = {"index": index, "number": recorded.order.number, "order_version": recorded.order_version}
    if recorded.result is RecordResult.CONFLICT:
        detail = f"Version {recorded.order_version} is on record with another body."
        return {**entry, "status": 409, "result": "rejected", "code": "order_version_conflict", "detail": detail}
    return {**entry, "status": 201 if recorded.created else 200, "result": recorded.result}


def _refused(index: int, item: Any, error: IntakeError) -> dict[str, Any]:
    number = item.get("number") if isinstance(item, dict) else None
    faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in error.faults)
    return {
        "index": index,
        "number": number,
        "status": error.status,
        "result": "rejected",
        "code": error.code,
        "detail": faults or error.detail,
    }


def _batch_items(body: bytes, content_type: str) -> list[Any]:
    if content_type.partition(";")[0].strip().lower() == NDJSON:
        items: list[Any] = [_line(line) for line in body.splitlines() if line.strip()]
    else:
        items = _json(body)
        if not isinstance(items, list):
            raise InvalidError("Send a JSON list of snapshots, or one per line as application/x-ndjson.", code="invalid_batch")
    if not 1 <= len(items) <= MAX_BATCH:
        raise InvalidError(f"A batch has 1 to {MAX_BATCH} snapshots, this one {len(items)}.", code="invalid_batch")
    return items


def _line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None  # refused by its index, like any other item that is no snapshot


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "malformed_json", "The request body is not JSON.", str(error)) from error


def _answer(recorded: RecordedOrder) -> OrderAnswer:
    return OrderAnswer(
        order_id=str(recorded.order.order_id),
        number=recorded.order.number,
        order_version=recorded.order_version,
        result=recorded.result,
        superseded=recorded.result is RecordResult.SUPERSEDED,
    )

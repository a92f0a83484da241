"""The table of the commands of logistics: how each is made possible, and what it leaves behind when it is done once."""

import io
import json
from collections import Counter as Count
from typing import TypeAlias
from uuid import uuid4

from PIL import Image

from contracts.roles import Role
from services.kit import webhooks
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.logistics.adapters import parcel_rows, return_rows, task_rows
from services.logistics.adapters.task_rows import TaskKind
from tests.integration.logistics.counter import Counter
from tests.integration.logistics.world import MERCHANT
from tests.support.sandbox import WEBHOOK_SECRET
from tests.support.twice import Key, Ready, Twice

Row: TypeAlias = Twice[Counter]

_RECEIPTS = "SELECT count(*) FROM receipts WHERE rma_id = $1"
_UNITS = "SELECT on_hand FROM stock WHERE sku = $1"


async def a_parcel_is_here(counter: Counter) -> Ready:
    """R-RTN-03."""
    story = await counter.authorised()

    async def effect() -> Count[str]:
        return Count(receipts=await counter.count(_RECEIPTS, story.rma_id)) + await counter.published(story)

    once = {"receipts": 1, "return_received": 1}
    return Ready(path="/v1/receipts", clients=counter.two(), effect=effect, once=once, body={"case_number": story.case_number})


async def an_unknown_parcel_is_here(counter: Counter) -> Ready:
    waybill = f"NOBODYS-{uuid4().hex[:8]}"

    async def effect() -> Count[str]:
        return Count(receipts=await counter.count("SELECT count(*) FROM receipts WHERE waybill = $1", waybill))

    body = {"merchant_id": MERCHANT, "waybill": waybill, "carrier": "Royal Mail"}
    return Ready(path="/v1/receipts", clients=counter.two(), effect=effect, once={"receipts": 1}, body=body)


async def a_parcel_is_identified(counter: Counter) -> Ready:
    """A parcel of nobody turns out to be a return."""
    story = await counter.authorised()
    body = {"merchant_id": MERCHANT, "note": f"blue box {uuid4().hex}"}
    unknown = await counter.http.post("/v1/receipts", json=body, headers={**counter.two()[0], "Idempotency-Key": uuid4().hex})

    async def effect() -> Count[str]:
        return Count(receipts=await counter.count(_RECEIPTS, story.rma_id)) + await counter.published(story)

    return Ready(
        path=f"/v1/receipts/{unknown.json()['receipt_id']}/assignment",
        clients=counter.two(),
        effect=effect,
        once={"receipts": 1, "return_received": 1},
        body={"rma_id": str(story.rma_id)},
    )


async def goods_are_judged(counter: Counter) -> Ready:
    """R-RTN-03."""
    story = await counter.received()

    async def effect() -> Count[str]:
        return await counter.published(story)

    path = f"/v1/returns/{story.rma_id}/inspection"
    once = {"return_received": 1, "return_inspected": 1}
    return Ready(path=path, clients=counter.two(), effect=effect, once=once, body={"result": "match"})


async def a_picture_is_taken(counter: Counter) -> Ready:
    story = await counter.received()
    picture = io.BytesIO()
    Image.new("RGB", (6, 6), "red").save(picture, format="JPEG")

    async def effect() -> Count[str]:
        return Count(photos=await counter.count("SELECT count(*) FROM photos WHERE rma_id = $1", story.rma_id))

    path = f"/v1/returns/{story.rma_id}/photos"
    return Ready(path=path, clients=counter.two(), effect=effect, once={"photos": 1}, content=picture.getvalue())


async def an_article_is_counted(counter: Counter) -> Ready:
    sku = f"SKU-{uuid4().hex[:8]}"

    async def effect() -> Count[str]:
        return Count(units=await counter.count(_UNITS, sku))

    return Ready(path=f"/v1/stock/{sku}", clients=counter.two(), effect=effect, once={"units": 7}, body={"on_hand": 7})


async def an_article_is_forgotten(counter: Counter) -> Ready:
    counted = await an_article_is_counted(counter)
    await counter.http.put(counted.path, json=counted.body, headers=counted.clients[0])
    return Ready(path=counted.path, clients=counted.clients, effect=counted.effect, once={"units": 0})


async def a_booking_is_tried_again(counter: Counter) -> Ready:
    """The carrier repeats its refusal under the old key: one retry is one new key, two would be two bookings."""
    story = await counter.authorised()
    async with transaction(counter.pool) as conn:
        ret = await return_rows.lock(conn, story.rma_id)
        assert ret is not None
        await task_rows.open_task(conn, TaskKind.BOOKING_REFUSED, ret)
    task_id = await counter.pool.fetchval("SELECT task_id FROM tasks WHERE subject = $1", story.rma_id)

    async def effect() -> Count[str]:
        attempts = await counter.count("SELECT booking_attempt FROM returns WHERE rma_id = $1", story.rma_id)
        armed = await counter.count("SELECT generation FROM jobs WHERE subject = $1", story.rma_id)
        done = await counter.count("SELECT count(*) FROM tasks WHERE subject = $1 AND closed_at IS NOT NULL", story.rma_id)
        return Count(attempts=attempts, armed=armed, done=done)

    once = {"attempts": 2, "armed": 2, "done": 1}
    return Ready(path=f"/v1/tasks/{task_id}/retry", clients=counter.two(Role.LOGISTICS_DEPT), effect=effect, once=once)


async def a_carriers_webhook(counter: Counter) -> Ready:
    """Carriers repeat themselves: the goods are handed in once."""
    story, waybill = await counter.authorised(), f"CR{uuid4().hex[:10]}"
    async with transaction(counter.pool) as conn:
        parcel = await parcel_rows.lock_or_make(conn, "sandbox", waybill)
        await parcel_rows.claim(conn, parcel, rma_id=story.rma_id)
    scan = {"id": f"scan_{waybill}", "status": "handed_in", "occurred_at": utc_now().isoformat()}
    event = {"type": "shipment.scanned", "data": {"carrier": "sandbox", "waybill": waybill, "scan": scan}}
    content = json.dumps(event).encode()
    signed = webhooks.sign(WEBHOOK_SECRET, f"evt_{waybill}", content)

    async def effect() -> Count[str]:
        scans = await counter.count("SELECT count(*) FROM scans WHERE waybill = $1", waybill)
        return Count(scans=scans) + await counter.published(story)

    once = {"scans": 1, "return_in_transit": 1}
    return Ready(path="/v1/carriers/sandbox/webhooks", clients=(signed, signed), effect=effect, once=once, content=content)


ROWS: tuple[Row, ...] = (
    Twice(route="POST /v1/receipts", ready=a_parcel_is_here, key=Key.REQUIRED, refusal=(409, "already_received")),
    Twice(route="POST /v1/receipts", ready=an_unknown_parcel_is_here, key=Key.REQUIRED, refusal=(409, "already_recorded")),
    Twice(
        route="POST /v1/receipts/{receipt_id}/assignment",
        ready=a_parcel_is_identified,
        key=Key.UNKNOWN,
        gate="receipts",
        refusal=(409, "already_assigned"),
    ),
    Twice(route="POST /v1/returns/{rma_id}/inspection", ready=goods_are_judged, key=Key.REQUIRED, refusal=(409, "already_inspected")),
    Twice(route="POST /v1/returns/{rma_id}/photos", ready=a_picture_is_taken, key=Key.UNKNOWN, gate="returns"),
    Twice(route="PUT /v1/stock/{sku}", ready=an_article_is_counted, key=Key.UNKNOWN, gate="stock"),
    Twice(route="DELETE /v1/stock/{sku}", ready=an_article_is_forgotten, key=Key.UNKNOWN, gate="stock", refusal=(404, "stock_not_found")),
    Twice(
        route="POST /v1/tasks/{task_id}/retry",
        ready=a_booking_is_tried_again,
        key=Key.UNKNOWN,
        gate="tasks",
        refusal=(409, "not_retryable"),
    ),
    Twice(route="POST /v1/carriers/{carrier}/webhooks", ready=a_carriers_webhook, key=Key.UNKNOWN, gate="parcels"),
)

EXEMPT: dict[str, str] = {}

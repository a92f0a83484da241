"""The table of intake's commands: how each is made possible, and what it leaves behind when it is done once."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode
from contracts.case_v1 import (
    CaseReopened,
    CaseWithdrawn,
    EvidenceAdded,
    EvidenceRefused,
    EvidenceReviewed,
    InspectionAnswered,
    OfferRejected,
    OptionChosen,
    ReturnShipped,
    SatisfactionStated,
)
from contracts.decision import AffectedUnits, FreightPayer
from contracts.events import EventBody
from contracts.identifiers import MerchantId, RmaId, customer_ref_for, order_id_for
from contracts.progress import WaitingFor
from contracts.resolution_v1 import ConfirmationRequested, InspectionDisputed, ReturnAuthorised
from services.intake.adapters.timelines import entries_of
from services.intake.domain.facts_told import timeline_code
from services.kit import webhooks
from services.kit.clock import utc_now
from tests.integration.intake.conftest import WEBHOOK_SECRET
from tests.integration.intake.desk import Desk, Json, a_number, a_snapshot, an_application
from tests.integration.intake.story import an_end, an_evidence_request, an_offer, now_at
from tests.integration.intake.test_evidence import a_photo
from tests.support.builders import MERCHANT
from tests.support.twice import Key, Ready, Twice

Row: TypeAlias = Twice[Desk]
MAKE_POSSIBLE: TypeAlias = Callable[[Desk, Json], Awaitable[Json | None]]
"""Bring a case to where the command makes sense; gives the command's body."""


async def open_case(desk: Desk) -> Ready:
    number = await desk.an_order()
    customer = await desk.customer(f"customer-of-{number}")

    async def effect() -> Counter[str]:
        cases = await desk.house.pool.fetch("SELECT case_id FROM cases WHERE order_number = $1", number)
        events = [event for row in cases for event in await desk.published(row["case_id"])]
        return Counter(cases=len(cases), **Counter(type(event).__name__ for event in events))

    once = {"cases": 1, "CaseOpened": 1}
    return Ready(path="/v1/cases", clients=(customer, desk.merchant()), effect=effect, once=once, body=an_application(number))


def an_act(name: str, leaves: type[EventBody], possible: MAKE_POSSIBLE, *, by_staff: bool = False, **case: Any) -> Row:
    """A command on a case: of its customer and of the shop for them, or of two members of staff."""

    async def ready(desk: Desk) -> Ready:
        opened = await desk.a_case(**case)
        body = await possible(desk, opened)
        clients = (await desk.customer(f"customer-of-{opened['order_number']}"), desk.merchant())
        if by_staff:
            clients = (desk.staff(staff_id="alex"), desk.staff(staff_id="kim"))
        path = f"/v1/cases/{opened['case_id']}/{name}"
        once = {"CaseOpened": 1, leaves.__name__: 1, "on the timeline": 1}
        return Ready(path=path, clients=clients, effect=_on_case(desk, opened, leaves), once=once, body=body)

    return Twice(route=f"POST /v1/cases/{{case_id}}/{name}", ready=ready, key=Key.HONOURED, gate="cases", tells=frozenset({"repeated"}))


def _on_case(desk: Desk, opened: Json, leaves: type[EventBody]) -> Callable[[], Awaitable[Counter[str]]]:
    async def effect() -> Counter[str]:
        timeline = await desk.house.pool.fetchval("SELECT timeline FROM cases WHERE case_id = $1", UUID(opened["case_id"]))
        told = sum(entry["code"] == timeline_code(leaves) for entry in entries_of(timeline))
        published = Counter(type(event).__name__ for event in await desk.published(opened["case_id"]))
        return published + Counter({"on the timeline": told})

    return effect


async def an_offer_is_made(desk: Desk, case: Json) -> Json:
    offer = an_offer(case, OptionCode.REFUND_NO_RETURN)
    await desk.tell(offer)
    return {"offer_id": str(offer.offer_id)}


async def an_option_is_offered(desk: Desk, case: Json) -> Json:
    return {**await an_offer_is_made(desk, case), "option": "refund_no_return"}


async def a_return_is_expected(desk: Desk, case: Json) -> Json:
    permission: Json = {
        "rma_id": RmaId(uuid4()),
        "remedy_ordinal": 1,
        "units": (AffectedUnits(line_id="1", quantity=1),),
        "freight_payer": FreightPayer.CUSTOMER,
        "prepaid": False,
        "ship_by": utc_now(),
    }
    await desk.tell(now_at(case, CaseStatus.AWAITING_RETURN, WaitingFor.RETURN_SHIPMENT, ReturnAuthorised, **permission))
    return {"carrier": "Royal Mail", "waybill": "RM123456785GB"}


async def an_inspection_is_disputed(desk: Desk, case: Json) -> Json:
    dispute: Json = {
        "rma_id": RmaId(uuid4()),
        "result": "mismatch_condition",
        "disputed": (AffectedUnits(line_id="1", quantity=1),),
        "answer_by": utc_now(),
        "partial_refund_minor": 300,
    }
    await desk.tell(now_at(case, CaseStatus.INSPECTION_DISPUTE, WaitingFor.INSPECTION_ANSWER, InspectionDisputed, **dispute))
    return {"answer": "accept_partial"}


async def nothing_more(_desk: Desk, _case: Json) -> None:
    """A case just opened will do."""


async def the_customer_is_asked(desk: Desk, case: Json) -> Json:
    question: Json = {"outcome": CaseOutcome.REFUNDED, "answer_by": utc_now()}
    await desk.tell(now_at(case, CaseStatus.CONFIRMING, WaitingFor.CONFIRMATION, ConfirmationRequested, **question))
    return {"satisfied": True}


async def it_has_ended(desk: Desk, case: Json) -> Json:
    await desk.tell(an_end(case, CaseOutcome.NO_RESPONSE))
    return {"reason": "answered_late"}


async def evidence_is_asked_for(desk: Desk, case: Json) -> None:
    await desk.tell(an_evidence_request(case))


async def evidence_is_not_enough(_desk: Desk, _case: Json) -> Json:
    return {"verdict": "insufficient", "missing": ["photo:parcel"]}


async def upload(desk: Desk) -> Ready:
    case = await desk.a_case()

    async def effect() -> Counter[str]:
        rows = await desk.house.pool.fetchval("SELECT count(*) FROM case_evidence WHERE case_id = $1", case["case_id"])
        return await _on_case(desk, case, EvidenceAdded)() + Counter(rows=rows)

    return Ready(
        path=f"/v1/cases/{case['case_id']}/evidence",
        clients=(await desk.customer(f"customer-of-{case['order_number']}"), desk.merchant()),
        effect=effect,
        once={"CaseOpened": 1, "EvidenceAdded": 1, "on the timeline": 1, "rows": 1},
        content=a_photo(),
    )


def _recorded(desk: Desk, *numbers: str) -> Callable[[], Awaitable[Counter[str]]]:
    async def effect() -> Counter[str]:
        found: Counter[str] = Counter()
        for number in numbers:
            events = await desk.published(order_id_for(MerchantId(MERCHANT), number))
            found.update(type(event).__name__ for event in (*events, *await desk.contacts(f"customer-of-{number}")))
        return found

    return effect


async def an_order(desk: Desk) -> Ready:
    number, shop = a_number(), desk.merchant()
    once = {"OrderRecorded": 1, "ContactRecorded": 1}
    return Ready(
        path=f"/v1/orders/{number}",
        clients=(shop, shop),
        effect=_recorded(desk, number),
        once=once,
        body=a_snapshot(number, delivered=False),
    )


async def a_batch(desk: Desk) -> Ready:
    numbers, shop = [a_number() for _ in range(3)], desk.merchant()
    once = {"OrderRecorded": 3, "ContactRecorded": 3}
    body = [a_snapshot(number) for number in numbers]
    return Ready(path="/v1/orders/batch", clients=(shop, shop), effect=_recorded(desk, *numbers), once=once, body=body)


async def a_storefronts_webhook(desk: Desk) -> Ready:
    number = a_number()
    content = json.dumps({"type": "order.placed", "data": a_snapshot(number)}).encode()
    signed = webhooks.sign(WEBHOOK_SECRET, f"msg_{number}", content)
    path = f"/v1/webhooks/orders?merchant_id={MERCHANT}"
    once = {"OrderRecorded": 1, "ContactRecorded": 1}
    return Ready(path=path, clients=(signed, signed), effect=_recorded(desk, number), once=once, content=content)


async def an_erasure(desk: Desk) -> Ready:
    number = await desk.an_order()
    shop, customer = desk.merchant(), f"customer-of-{number}"

    async def effect() -> Counter[str]:
        known = await desk.house.pool.fetchval("SELECT count(*) FROM orders WHERE number = $1 AND identity <> '{}'", number)
        version = await desk.house.pool.fetchval(
            "SELECT contact_version FROM contacts WHERE customer_ref = $1", customer_ref_for(MerchantId(MERCHANT), customer)
        )
        tombstones = sum(event is None for event in await desk.contacts(customer))
        return Counter(tombstones=tombstones, versions=version - 1, recognised=known)

    once = {"tombstones": 1, "versions": 1, "recognised": 0}
    return Ready(path=f"/v1/customers/{customer}/contact", clients=(shop, shop), effect=effect, once=once)


ROWS: tuple[Row, ...] = (
    Twice(route="POST /v1/cases", ready=open_case, key=Key.REQUIRED, tells=frozenset({"duplicate"})),  # R-INT-05, R-INT-06
    an_act("choice", OptionChosen, an_option_is_offered),  # R-CASE-04
    an_act("offer-rejection", OfferRejected, an_offer_is_made),
    an_act("withdrawal", CaseWithdrawn, nothing_more),  # R-CASE-05
    an_act("return-shipment", ReturnShipped, a_return_is_expected),
    an_act("inspection-answer", InspectionAnswered, an_inspection_is_disputed),  # R-RTN-05
    an_act("satisfaction", SatisfactionStated, the_customer_is_asked),  # R-CASE-07
    an_act("reopening", CaseReopened, it_has_ended),
    an_act("evidence/refusal", EvidenceRefused, evidence_is_asked_for),  # R-EVD-09
    an_act("evidence/review", EvidenceReviewed, evidence_is_not_enough, by_staff=True, scene="quality.defect", description="cracked"),
    Twice(route="POST /v1/cases/{case_id}/evidence", ready=upload, key=Key.UNKNOWN, gate="cases"),
    Twice(route="PUT /v1/orders/{number:path}", ready=an_order, key=Key.UNKNOWN, gate="orders", tells=frozenset({"result"})),
    Twice(
        route="POST /v1/orders/batch",
        ready=a_batch,
        key=Key.UNKNOWN,
        gate="orders",
        tells=frozenset({"status", "result", "recorded", "unchanged"}),
    ),
    Twice(route="POST /v1/webhooks/orders", ready=a_storefronts_webhook, key=Key.UNKNOWN),
    Twice(route="DELETE /v1/customers/{customer_id:path}/contact", ready=an_erasure, key=Key.UNKNOWN, gate="orders"),
)

EXEMPT = {
    "POST /v1/customer-tokens": "signs a token and stores nothing",
    "POST /v1/guest-tokens": "signs a token; what it stores counts tries, and two tries are two",
}

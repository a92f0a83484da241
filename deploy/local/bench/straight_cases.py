"""Straight-through refund cases: opened with photo and consent, accepted by an agent, refunded, confirmed by the customer, closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from contracts.case_state import CaseStatus
from contracts.case_v1 import CaseOpened, EvidenceReviewed, SatisfactionStated
from contracts.decision_facts import Attributes, EvidenceItem, EvidenceKind, Verdict
from contracts.events import StaffActor
from contracts.identifiers import CaseId
from contracts.scenes import Scene
from deploy.local.bench.baselines.workflows import LOOK_SECONDS
from deploy.local.bench.events import an_opened_case, an_order
from deploy.local.bench.orders import PRICE_MINOR
from deploy.local.bench.workflow_service import PATIENCE_SECONDS, PaymentDesk, WorkflowService
from services.kit.clock import utc_now

_OPEN = "SELECT case_id, status, workflow_open FROM cases WHERE case_id = ANY($1)"


class StraightCases:
    """Plays such cases. One look at the rows serves all that wait, so that looking costs next to nothing."""

    def __init__(self, service: WorkflowService, desk: PaymentDesk) -> None:
        self._service = service
        self._desk = desk
        self._waiting: dict[CaseId, tuple[CaseStatus, asyncio.Future[None]]] = {}

    async def prepare(self, count: int) -> list[CaseOpened]:
        """Applications about orders of their own, each with a payment that can be given back."""
        numbers = [f"S{uuid4().hex[:10].upper()}" for _ in range(count)]
        payments = await self._desk.capture(numbers, PRICE_MINOR)
        return [_application(number, payment) for number, payment in zip(numbers, payments, strict=True)]

    async def play(self, opened: CaseOpened) -> None:
        """Lead one case to its end."""
        about: dict[str, Any] = {"merchant_id": opened.merchant_id, "case_id": opened.case_id}
        await self._service.tell(opened)
        await self._until(opened.case_id, CaseStatus.UNDER_REVIEW)
        agent = StaffActor(staff_id="amy", role="agent")
        await self._service.tell(
            EvidenceReviewed(**about, verdict=Verdict.ACCEPTED, reviewed=Attributes(), reviewer=agent, reviewed_at=utc_now())
        )
        await self._until(opened.case_id, CaseStatus.CONFIRMING)
        await self._service.tell(SatisfactionStated(**about, satisfied=True, stated_at=utc_now()))
        await self._until(opened.case_id, CaseStatus.CLOSED)

    async def _until(self, case_id: CaseId, status: CaseStatus) -> None:
        reached = asyncio.get_running_loop().create_future()
        self._waiting[case_id] = (status, reached)
        await asyncio.wait_for(reached, PATIENCE_SECONDS)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at the rows for the length of the block."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            for row in await self._service.pool.fetch(_OPEN, list(self._waiting)):
                status, reached = self._waiting[row["case_id"]]
                if row["status"] == status.value:
                    del self._waiting[row["case_id"]]
                    if not reached.done():
                        reached.set_result(None)
            await asyncio.sleep(LOOK_SECONDS)


def _application(number: str, payment: str) -> CaseOpened:
    photo = EvidenceItem(
        evidence_id=uuid4().hex,
        kind=EvidenceKind.PHOTO,
        shows="label",
        sha256="0" * 64,
        size_bytes=1000,
        media_type="image/jpeg",
        received_at=utc_now(),
    )
    wanted = {"wanted_remedy": "refund_no_return", "accept_if_offered": True, "evidence": (photo,)}
    return an_opened_case(an_order(number, payment), Scene.FULFILMENT_MISSING_ITEM, **wanted)

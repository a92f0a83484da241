"""The refund of a return that cannot be settled at once: it gets a process of its own, on the real Temporal and PostgreSQL (decision 11)."""

from uuid import UUID

import pytest

from contracts.case_state import OptionCode
from contracts.resolution_v1 import ConfirmationRequested, ReturnAuthorised
from contracts.roles import Role
from contracts.shipment_v1 import InspectionResult
from tests.support.builders import a_payment
from tests.support.case_events import Voices
from tests.support.case_service import SLOW_SHOP, CaseService, a_case_today, an_order_today
from tests.support.payment_provider import FakeProvider

pytestmark = [pytest.mark.engines]
CONSENT = {"wanted_remedy": OptionCode.RETURN_REFUND, "accept_if_offered": True}


async def test_a_refund_that_only_finance_can_pay_waits_in_its_own_process_until_it_is_paid(
    service: CaseService, provider: FakeProvider
) -> None:
    """R-RFD-15: who took the payment cannot be reached, so finance orders a payout, and pays it."""
    payment = a_payment(1275, provider="elsewhere")
    case = a_case_today(an_order_today(SLOW_SHOP, payments=(payment,)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    process = await service.until(lambda: _shown_child(service, rma_id), "the refund's process on the screen of the return")
    await service.until(
        lambda: _shows(service, process, "**Waits for:** finance to order another attempt"), "a refund that waits for finance"
    )
    text = await service.details(f"return/{rma_id}")
    assert "**Who must act:** finance" in text
    shown = await service.attributes(f"return/{rma_id}")
    assert (shown["CaseStatus"], shown["WaitingFor"], "DueAt" in shown) == ("executing", "refund", False)
    await service.post(f"/v1/refunds/{process.removeprefix('refund/')}/attempts", {"by_payout": True}, Role.FINANCE)
    payout_id = await service.until(lambda: _payout(service, case.case_id), "a payout")
    await service.post(f"/v1/payouts/{payout_id}/paid", {"document": "BANK-1"}, Role.FINANCE, "fay")
    await service.event(case.case_id, ConfirmationRequested)
    assert await service.refunds(case.case_id) == [("settled", 850)]
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "refunded"


async def _shown_child(service: CaseService, rma_id: UUID) -> str | None:
    _, found, rest = (await service.details(f"return/{rma_id}")).partition("child process `")
    return rest.partition("`")[0] if found else None


async def _shows(service: CaseService, workflow_id: str, words: str) -> bool:
    return words in await service.details(workflow_id)


async def _payout(service: CaseService, case_id: UUID) -> UUID | None:
    found: UUID | None = await service.pool.fetchval("SELECT payout_id FROM payouts WHERE case_id = $1 AND state = 'requested'", case_id)
    return found

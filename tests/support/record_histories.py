"""Record the histories that the replay tests replay: run the processes in skipped time with scripted steps, and keep what Temporal remembers of them.

Run it when a process is meant to change (see ``tests/replay``): ``python -m tests.support.record_histories``. A history that production may hold
must go on replaying: keep the old files, guard the change with ``workflow.patched``, and record new files beside them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_result import ApprovalNeed
from contracts.identifiers import reship_id_for, rma_id_for
from contracts.roles import Role
from services.workflow.cases import standing
from services.workflow.payloads.approval import ApprovalState, Ruling
from services.workflow.payloads.case import FactKind
from services.workflow.payloads.refund import IssueRefundInput, RefundStep
from services.workflow.payloads.returns import Finding
from tests.support.case_process import RunningCase, a_running_case
from tests.support.record_reconciliation_history import record_reconciliation
from tests.support.record_refund_history import record_order_at_the_end, record_refund
from tests.support.scripted_steps import (
    DAY,
    HOUR,
    REQUEST,
    UNITS,
    Pay,
    a_refund,
    agreed,
    chosen,
    ended,
    evidence,
    not_said,
    offer,
    owner,
    paid,
    review,
)
from tests.support.skipped_time import skipped_time

HISTORIES = Path(__file__).parents[1] / "replay" / "histories"
MINUTE = timedelta(minutes=1)
NEED = ApprovalNeed(tier=Role.SUPERVISOR, reason="amount", rule="R-AUTH-02", countersign=True)
PAID = Finding(result="match", accepted=UNITS, refund=a_refund(UUID(int=9), 850), progress=standing.refunding())
MISMATCH = Finding(result="mismatch_item", disputed=UNITS, in_dispute=REQUEST, disputed_value_minor=850, progress=standing.refunding())


async def refund_after_everything(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """Evidence, an overdue review, an offer that is recalled, two approvals, a refund, a dissatisfied customer."""
    # The time-skipping server lets a timer fire while a step within a workflow task takes its time, and then refuses what the task says of that timer.
    async with a_running_case(environment, evidence, review, offer, chosen(NEED), steps_within=False, sparing=False) as case:
        await case.after(HOUR)
        await case.hear(FactKind.EVIDENCE_ADDED, kind="photo", shows="goods")
        await case.after(2 * HOUR)
        await case.hear(FactKind.EVIDENCE_REVIEWED)
        await case.after(30 * HOUR)
        await case.hear(FactKind.OPTION_CHOSEN)
        await case.after(40 * MINUTE)
        await case.decide(ApprovalState.GRANTED)
        await case.after(MINUTE)
        await case.decide(ApprovalState.GRANTED)
        await case.after(HOUR)
        await case.hear(FactKind.SATISFACTION_STATED, satisfied=False)
        await case.after(HOUR)
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="dissatisfied")
        await case.outcome()
        yield case


async def silence(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """Nobody sends evidence."""
    async with a_running_case(environment, evidence, lambda ask: evidence(ask, 2), ended(CaseOutcome.EVIDENCE_NOT_PROVIDED)) as case:
        await case.outcome()
        yield case


async def no_answer(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """Nobody answers the offer."""
    async with a_running_case(environment, offer) as case:
        await case.outcome()
        yield case


async def an_offer_that_is_over(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """An offer that was made so late that its time is up: timers end its waits."""
    async with a_running_case(environment, lambda ask: offer(ask.model_copy(update={"at": ask.at - 3 * DAY}))) as case:
        await case.outcome()
        yield case


async def goods_back(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A return that matches, and is refunded at once."""
    async with a_running_case(environment, agreed(OptionCode.RETURN_REFUND), finding=PAID) as case:
        child = f"return/{rma_id_for(case.card.case_id, 1)}"
        for kind in (FactKind.RETURN_IN_TRANSIT, FactKind.RETURN_RECEIVED, FactKind.RETURN_INSPECTED):
            await case.after(DAY)
            await case.hear(kind, child)
        await case.outcome()
        yield case


async def goods_back_and_paid_at_once(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A return that matches, and is refunded within the workflow task that hears of it."""
    async for case in _matching(environment, at_once=paid):
        yield case


async def goods_back_and_a_refund_in_vain(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A return that matches, whose refund is paid by an activity, after it was tried within a workflow task."""

    async def fails(_issue: IssueRefundInput) -> RefundStep:
        raise ConnectionError("the database is away")

    async for case in _matching(environment, at_once=fails):
        yield case


async def goods_back_and_a_refund_that_waits(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A return that matches, whose refund needs a process of its own."""
    async for case in _matching(environment, pay=not_said):
        yield case


async def _matching(environment: WorkflowEnvironment, *, at_once: Pay = not_said, pay: Pay = paid) -> AsyncIterator[RunningCase]:
    """A return whose inspection is the first that is heard of its parcel; ``at_once`` and ``pay`` take its refund, one after the other."""
    async with a_running_case(environment, agreed(OptionCode.RETURN_REFUND), finding=PAID, at_once=at_once, pay=pay) as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, f"return/{rma_id_for(case.card.case_id, 1)}")
        await case.outcome()
        yield case


async def goods_disputed(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A return that does not match, on which the supervisor rules in the end."""
    async with a_running_case(environment, agreed(OptionCode.RETURN_REFUND), finding=MISMATCH) as case:
        child = f"return/{rma_id_for(case.card.case_id, 1)}"
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child)
        await case.after(MINUTE)
        await case.decide(ApprovalState.GRANTED, child, amount_minor=300)
        await case.after(73 * HOUR)
        await case.decide(ApprovalState.GRANTED, child, ruling=Ruling.ACCEPT_PARTIAL)
        await case.outcome()
        yield case


async def goods_never_sent(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A return that nobody hands in."""
    async with a_running_case(environment, agreed(OptionCode.RETURN_REFUND)) as case:
        await case.outcome()
        yield case


async def withdrawn(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """A case withdrawn while its parcel is awaited."""
    async with a_running_case(environment, agreed(OptionCode.RETURN_REFUND)) as case:
        await case.after(DAY)
        await case.hear(FactKind.WITHDRAWN)
        await case.outcome()
        yield case


async def new_goods(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """New goods that come late."""
    async with a_running_case(environment, agreed(OptionCode.RESHIP_NO_RETURN), words=("shipped", "delivered")) as case:
        child = f"reship/{reship_id_for(case.card.case_id, 1)}"
        await case.after(3 * HOUR)
        await case.hear(FactKind.RESHIPMENT_SHIPPED, child)
        await case.after(DAY)
        await case.hear(FactKind.RESHIPMENT_DELIVERED, child)
        await case.outcome()
        yield case


async def no_goods(environment: WorkflowEnvironment) -> AsyncIterator[RunningCase]:
    """New goods that cannot be sent, three rejected offers, and what the supervisor made of it."""
    plans = (agreed(OptionCode.RESHIP_NO_RETURN), owner("three_rejected_offers"), ended(CaseOutcome.REJECTED))
    async with a_running_case(environment, *plans, words=("out_of_stock",)) as case:
        await case.after(HOUR)
        await case.hear(FactKind.RESHIPMENT_FAILED, f"reship/{reship_id_for(case.card.case_id, 1)}")
        await case.after(2 * HOUR)
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="three_rejected_offers")
        await case.outcome()
        yield case


SCENARIOS: tuple[Callable[[WorkflowEnvironment], AsyncIterator[RunningCase]], ...] = (
    refund_after_everything,
    silence,
    no_answer,
    an_offer_that_is_over,
    goods_back,
    goods_back_and_paid_at_once,
    goods_back_and_a_refund_in_vain,
    goods_back_and_a_refund_that_waits,
    goods_disputed,
    goods_never_sent,
    withdrawn,
    new_goods,
    no_goods,
)


async def record(
    scenario: Callable[[WorkflowEnvironment], AsyncIterator[RunningCase]], write: Callable[[str, str], Awaitable[None]]
) -> None:
    """Play one scenario, and hand each of its histories to ``write`` under a name."""
    async with skipped_time() as environment:
        async for case in scenario(environment):
            children = {"return": rma_id_for(case.card.case_id, 1), "reship": reship_id_for(case.card.case_id, 1)}
            names = {"case": case.handle.id, **{kind: f"{kind}/{child}" for kind, child in children.items()}}
            for kind, workflow_id in names.items():
                with suppress(RPCError):  # not every scenario has such a child
                    history = await environment.client.get_workflow_handle(workflow_id).fetch_history()
                    await write(f"{scenario.__name__}.{kind}", history.to_json())


async def main() -> None:
    """Record all scenarios, and keep what is not there yet: a history that was kept is never written over."""

    async def write(name: str, history: str) -> None:
        if (HISTORIES / f"{name}.json").exists():
            return
        text = json.dumps(_placeless(json.loads(history)), indent=1, sort_keys=True, ensure_ascii=False)
        (HISTORIES / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    HISTORIES.mkdir(parents=True, exist_ok=True)
    for scenario in SCENARIOS:
        await record(scenario, write)
    await record_refund(write)
    await record_order_at_the_end(write)
    await record_reconciliation(write)


def _placeless(value: Any) -> Any:
    """Without stack traces: they name places of the machine, and no replay looks at them."""
    if isinstance(value, dict):
        return {key: _placeless(each) for key, each in value.items() if key != "stackTrace"}
    return [_placeless(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    asyncio.run(main())

"""Staff at their desks: the agent judges pictures, approvers decide or let a deadline pass, finance orders another attempt."""

from typing import Any

from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from deploy.local.demo.people.customers import give_up
from deploy.local.demo.play import Play
from deploy.local.demo.world import World

_EXCEPTIONS = frozenset({ApprovalKind.SPECIAL, ApprovalKind.PARTIAL_REFUND, ApprovalKind.INSPECTION_RULING})
"""What the part of a case is about; amounts and countersignatures are granted whatever the part."""
_LOOKS = 3
_ABOVE_TASKS = Role.DUTY_DIRECTOR


async def review(world: World, play: Play) -> None:
    """Accept the pictures, with what they show (R-EVD-08, R-EVD-13); anything else that waits here is a task.

    Where nothing can be offered however often somebody looks (goods worth less than half a penny, say), the customer hears so and gives up.
    """
    if play.script.asks_evidence and not play.judged:
        body = {"verdict": "accepted", "missing": [], "reviewed": play.script.reviewed.model_dump(mode="json", exclude_none=True)}
        await world.agent_desk.post(f"/v1/cases/{play.case_id}/evidence/review", body, key=f"{play.key}/review/{play.tries}")
        play.judged = True
    elif play.tasks_done < _LOOKS:
        await settle_tasks(world, play)
    else:
        await give_up(world, play)


async def decide(world: World, play: Play) -> None:
    """Decide what is asked, at the tier that it is with now."""
    async for approval in world.approver(Role.SUPERVISOR).pages("/v1/approvals", status="open", case_number=play.case_number):
        if approval["case_id"] == play.case_id:
            await _decide_one(world, play, approval)


async def _decide_one(world: World, play: Play, approval: dict[str, Any]) -> None:
    kind = ApprovalKind(approval["kind"])
    exception = kind in _EXCEPTIONS
    if exception and play.script.lets_pass and approval["escalations"] == 0:
        return
    grants = play.script.grants or not exception
    body: dict[str, Any] = {"decision": "grant" if grants else "decline", "reason": "as the demo's plan has it"}
    if grants and kind is ApprovalKind.PARTIAL_REFUND:
        body["amount_minor"] = approval["amount_minor"] // 2
    if grants and kind is ApprovalKind.INSPECTION_RULING:
        body["ruling"] = "take_back"
    key = f"{play.key}/{approval['approval_id']}/{approval['escalations']}"
    await world.approver(Role(approval["tier"])).post(f"/v1/approvals/{approval['approval_id']}/decision", body, key=key)


async def settle_tasks(world: World, play: Play) -> None:
    """Tick off the tasks that hold the case up."""
    director = world.approver(_ABOVE_TASKS)
    async for task in director.pages("/v1/work-items", state="open", case_number=play.case_number):
        body = {"resolution": "done"}
        await director.post(f"/v1/work-items/{task['work_item_id']}/resolve", body, key=f"{play.key}/{task['work_item_id']}")
        play.tasks_done += 1


async def order_attempts(world: World, play: Play) -> None:
    """Order one more attempt of each refund that the provider kept failing (R-RFD-09)."""
    for state in ("stuck", "refused"):
        async for refund in world.finance.pages("/v1/refunds", case_id=play.case_id, state=state):
            await world.finance.post(f"/v1/refunds/{refund['refund_id']}/attempts", key=f"{play.key}/{refund['refund_id']}/{play.tries}")

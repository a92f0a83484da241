"""The steps of an approval on PostgreSQL, each one transaction. Nothing is ever decided by time (R-AUTH-04)."""

from uuid import UUID

from contracts.case_state import ENDED
from contracts.roles import Role
from services.kit.postgres import Pool, transaction
from services.workflow.adapters.approval_events import publish_escalated, publish_requested
from services.workflow.adapters.approvals import ApprovalBook, view_of
from services.workflow.approvals.authority import next_tier, starts_as_tier
from services.workflow.payloads.approval import SYSTEM, ApprovalMove, ApprovalOpening, ApprovalView
from services.workflow.ports import Cases


class PostgresApprovalSteps:
    """The port ``ApprovalSteps``."""

    def __init__(self, pool: Pool, cases: Cases) -> None:
        self._pool = pool
        self._cases = cases
        self._book = ApprovalBook()

    async def open(self, opening: ApprovalOpening) -> ApprovalView:
        """Ask; where it was asked before, the row as it stands. Raises ``ValueError`` for a role that decides nothing."""
        ask = opening.ask
        if not starts_as_tier(ask.tier):
            raise ValueError(f"{ask.tier.value} is no approval tier")
        async with transaction(self._pool) as conn:
            ended = (await self._cases.progress(conn, ask.case_id)).status in ENDED
            header = await self._cases.header(conn, ask.case_id)
            if ask.requester == SYSTEM:
                ask = ask.model_copy(update={"requester": await self._book.requester(conn, ask) or header.opened_by or SYSTEM})
            due_at = opening.at + opening.timers.of(ask.tier)
            fresh = await self._book.open(conn, header, ask, due_at, opening.at)
            if fresh and ended:
                # The case was withdrawn while the question was on its way: asking now would bring it back in everybody's view.
                return await self._book.withdraw(conn, ask.approval_id)
            if fresh:
                await publish_requested(conn, self._cases, header, ask, due_at)
            return view_of(await self._book.row(conn, ask.approval_id))

    async def read(self, approval_id: UUID) -> ApprovalView:
        """The row as it stands. Raises ``ApprovalNotFoundError``."""
        async with transaction(self._pool) as conn:
            return view_of(await self._book.row(conn, approval_id))

    async def escalate(self, move: ApprovalMove) -> ApprovalView:
        """Move it up, or alarm again at the end (R-AUTH-03), if it still stands as the process saw it."""
        async with transaction(self._pool) as conn:
            before = await self._book.lock(conn, self._cases, move.approval_id)
            tier = Role(before["tier"])
            higher = next_tier(tier)
            limit = move.timers.alarm if higher is tier else move.timers.of(higher)
            after = await self._book.escalate(conn, move.approval_id, move.escalations, move.at + limit)
            if after is None:
                return view_of(before)
            header = await self._cases.header(conn, before["case_id"])
            await publish_escalated(conn, self._cases, header, after, tier, before["due_at"], move.at)
            return view_of(after)

    async def withdraw(self, approval_id: UUID) -> ApprovalView:
        """Withdraw the question; a decision that was first stands. Raises ``ApprovalNotFoundError``."""
        async with transaction(self._pool) as conn:
            return await self._book.withdraw(conn, approval_id)

"""The steps of an approval that touch its row. What a row says is the authority; a signal only makes a process look at it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from temporalio import activity

from services.workflow.payloads.approval import ApprovalMove, ApprovalOpening, ApprovalView


class ApprovalSteps(Protocol):
    """What the records of approvals must be able to do."""

    async def open(self, opening: ApprovalOpening) -> ApprovalView:
        """Ask; where it was asked before, the row as it stands. Raises ``ValueError`` for a role that decides nothing."""

    async def read(self, approval_id: UUID) -> ApprovalView:
        """The row as it stands."""

    async def escalate(self, move: ApprovalMove) -> ApprovalView:
        """Move it up, or alarm again at the end (R-AUTH-03), if it still stands as the process saw it."""

    async def withdraw(self, approval_id: UUID) -> ApprovalView:
        """Withdraw the question; a decision that was first stands."""


class ApprovalActivities:
    """The activities behind ``await_approval``."""

    def __init__(self, steps: ApprovalSteps) -> None:
        self._steps = steps

    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for the worker."""
        return (self.open_approval, self.read_approval, self.escalate_approval, self.withdraw_approval)

    @activity.defn
    async def open_approval(self, opening: ApprovalOpening) -> ApprovalView:
        """Ask. A process that runs again gets the row as it stands."""
        return await self._steps.open(opening)

    @activity.defn
    async def read_approval(self, approval_id: UUID) -> ApprovalView:
        """The row as it stands."""
        return await self._steps.read(approval_id)

    @activity.defn
    async def escalate_approval(self, move: ApprovalMove) -> ApprovalView:
        """The deadline went by: move it up, or alarm again at the end (R-AUTH-03)."""
        return await self._steps.escalate(move)

    @activity.defn
    async def withdraw_approval(self, approval_id: UUID) -> ApprovalView:
        """Withdraw the question; a decision that was first stands."""
        return await self._steps.withdraw(approval_id)

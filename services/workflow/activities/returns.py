"""The steps of a return that touch its records."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from temporalio import activity

from contracts.progress import Progress
from services.workflow.payloads.returns import (
    AuthoriseReturn,
    DisputeAnswer,
    Finding,
    JudgeReturn,
    PreparedRefund,
    PreparePartial,
    ProposePartial,
    ReadAnswer,
    ReturnStanding,
)


class ReturnSteps(Protocol):
    """What the records of a return must be able to do; a repeated ``operation_id`` changes nothing."""

    async def authorise(self, ask: AuthoriseReturn) -> ReturnStanding:
        """Let the customer send the goods back."""

    async def judge(self, ask: JudgeReturn) -> Finding:
        """Read the inspection, and prepare what is refunded at once."""

    async def propose(self, ask: ProposePartial) -> Progress:
        """Tell the customer of a proposal."""

    async def answer(self, ask: ReadAnswer) -> DisputeAnswer:
        """Read the customer's answer."""

    async def prepare(self, ask: PreparePartial) -> PreparedRefund:
        """Prepare the refund of what was settled."""


class ReturnActivities:
    """The activities of ``ReturnGoods``."""

    def __init__(self, steps: ReturnSteps) -> None:
        self._steps = steps

    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for the worker."""
        return (self.authorise, self.judge, self.propose, self.answer, self.prepare)

    @activity.defn(name="authorise_return")
    async def authorise(self, ask: AuthoriseReturn) -> ReturnStanding:
        """Let the customer send the goods back."""
        return await self._steps.authorise(ask)

    @activity.defn(name="judge_return")
    async def judge(self, ask: JudgeReturn) -> Finding:
        """Read the inspection, and prepare what is refunded at once."""
        return await self._steps.judge(ask)

    @activity.defn(name="propose_partial_refund")
    async def propose(self, ask: ProposePartial) -> Progress:
        """Tell the customer of a proposal."""
        return await self._steps.propose(ask)

    @activity.defn(name="read_inspection_answer")
    async def answer(self, ask: ReadAnswer) -> DisputeAnswer:
        """Read the customer's answer."""
        return await self._steps.answer(ask)

    @activity.defn(name="prepare_return_refund")
    async def prepare(self, ask: PreparePartial) -> PreparedRefund:
        """Prepare the refund of what was settled."""
        return await self._steps.prepare(ask)

"""A process that does nothing but ask for an approval, for tests of the waiting."""

from temporalio import workflow

from services.workflow.payloads.approval import ApprovalAsk, ApprovalResult, ApprovalTimers, ApprovalView
from services.workflow.workflows.approval_wait import await_approval


@workflow.defn
class AskForApproval:
    """Asks, and returns the answer."""

    def __init__(self) -> None:
        self._rung = 0
        self._stopped = False
        self._shown: list[str] = []

    @workflow.signal
    def deliver(self) -> None:
        """Ring the bell: anybody who reaches Temporal can."""
        self._rung += 1

    @workflow.signal
    def stop(self) -> None:
        """The answer is no longer wanted."""
        self._stopped = True

    @workflow.query
    def shown(self) -> list[str]:
        """The tiers that were shown, in order."""
        return self._shown

    @workflow.run
    async def run(self, ask: ApprovalAsk, timers: ApprovalTimers) -> ApprovalResult:
        """Ask and wait."""

        def show(view: ApprovalView) -> None:
            self._shown.append(view.tier.value)

        return await await_approval(ask, timers, woken=lambda: self._rung, stop=lambda: self._stopped, show=show)

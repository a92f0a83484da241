"""What the parts of the case process share: assessing, ending, withdrawal, missed limits."""

from datetime import datetime
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.decision_result import Priority
from contracts.identifiers import ApprovalId, OfferId
from contracts.progress import Progress, Then, WaitingFor
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.workflow.activities.cases import CaseActivities
from services.workflow.payloads.case import AssessCase, Because, Breach, CaseSignal, EndCase, FactKind, Plan, ReturnClosing, WithdrawCase
from services.workflow.workflows.process import Process


class CaseEndedError(Exception):
    """The case is over: what was in hand stops here."""

    def __init__(self, outcome: CaseOutcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


class CaseProcess(Process):
    """The case process without its order of steps."""

    urgent = frozenset({FactKind.WITHDRAWN, FactKind.REFUND_NEEDS_PERSON, FactKind.REFUND_RESUMED})

    def __init__(self) -> None:
        super().__init__()
        self.unavailable: list[OptionCode] = []
        self.approvals: dict[ApprovalKind, ApprovalId] = {}
        self.policy_version = ""
        self.priority = Priority.NORMAL
        self.satisfied: CaseSignal | None = None

    async def assess(self, because: Because, fact: UUID | None = None, offer_id: OfferId | None = None) -> Plan:
        """Gather the facts, decide, and learn the next step: one activity, one transaction."""
        ask = AssessCase(
            **self.ask("assess"),
            because=because,
            fact=fact,
            special_approval=self.approvals.get(ApprovalKind.SPECIAL),
            evidence_approval=self.approvals.get(ApprovalKind.EVIDENCE),
            unavailable=tuple(self.unavailable),
            offer_id=offer_id,
        )
        return self.take(await self.do(CaseActivities.assess, ask, f"assess the case: {because.value.replace('_', ' ')}"))

    def take(self, plan: Plan) -> Plan:
        """Show a plan, and keep what comes once per run. Facts that were heard of already are not put twice."""
        for fact in plan.facts:
            self.inbox.put(fact)
        if plan.timers is not None:
            self.timers = plan.timers
        self.policy_version = plan.policy_version or self.policy_version
        self.priority = plan.priority or self.priority
        self.screen.happened(f"next step: {plan.step.value.replace('_', ' ')}" + (f" (refused: {plan.refused})" if plan.refused else ""))
        self.screen.show(plan.progress, priority=plan.priority, policy_version=plan.policy_version, amount_minor=plan.amount_minor or None)
        if plan.outcome is not None:
            self.screen.happened(f"ended: {plan.outcome.value}")
        return plan

    async def end(
        self, outcome: CaseOutcome, option: OptionCode | None = None, closing: ReturnClosing | None = None, said: CaseSignal | None = None
    ) -> Plan:
        """Close the case. ``said`` is the customer's word that it is solved, if that is why; one that was made up does not close it."""
        ask = EndCase(**self.ask("end"), outcome=outcome, option=option, closing=closing, said=said.event_id if said else None)
        return self.take(await self.do(CaseActivities.end, ask, f"close the case: {outcome.value}"))

    async def attend(self) -> None:
        """Honour or refuse a withdrawal; show a refund that needs a person, and one that goes on."""
        while (signal := self.inbox.take(self.urgent)) is not None:
            if signal.kind == FactKind.WITHDRAWN:
                await self._withdraw(signal)
            else:
                self._show_refund(needs_person=signal.kind == FactKind.REFUND_NEEDS_PERSON)

    async def breach(
        self, sla: str, due_at: datetime, new_due_at: datetime, owner: Role, work_item: str, *, resolvable: bool = False
    ) -> None:
        """Record a missed limit and raise the owner (R-SLA-20)."""
        waiting = workflow.info().workflow_id if resolvable else None
        ask = Breach(
            **self.ask("breach"), sla=sla, due_at=due_at, new_due_at=new_due_at, owner=owner, work_item=work_item, waiting_workflow=waiting
        )
        self.screen.happened(f"{sla} missed; owner now {owner.value}")
        progress = await self.do(CaseActivities.breach, ask, f"record that {sla} was missed")
        self.screen.show(progress, sla_breached=True)

    async def _withdraw(self, signal: CaseSignal) -> None:
        ask = WithdrawCase(**self.ask("withdraw"), fact=signal.event_id)
        withdrawal = await self.do(CaseActivities.withdraw, ask, "honour or refuse the withdrawal")
        if not withdrawal.honoured:
            self.screen.happened("the customer's withdrawal came too late and was refused")
            return
        self.screen.happened("the customer withdrew the case")
        await self._tell_child(signal)
        self.screen.show(withdrawal.progress)
        raise CaseEndedError(CaseOutcome.WITHDRAWN)

    async def _tell_child(self, signal: CaseSignal) -> None:
        """Tell the child of a withdrawal, whichever run of the case started it. One that is gone needs no telling."""
        if self.child_id is None:
            return
        try:
            await workflow.get_external_workflow_handle(self.child_id).signal("deliver", signal)
        except ApplicationError as error:
            self.screen.happened(f"`{self.child_id}` was over already: {error.message}")

    def _show_refund(self, *, needs_person: bool) -> None:
        self.screen.happened(
            "the provider keeps failing: finance must look" if needs_person else "finance ordered a new attempt of the refund"
        )
        then = "finance is alarmed again; the refund is paid once, whenever it goes on" if needs_person else None
        self.screen.show(refund_progress(needs_person=needs_person), then=then)


def refund_progress(*, needs_person: bool = False) -> Progress:
    """Where a case stands while its refund is paid."""
    return Progress(
        status=CaseStatus.EXECUTING,
        stage=Stage.EXECUTE,
        waiting_for=WaitingFor.REFUND,
        who=Role.FINANCE if needs_person else None,
        then=Then.ALARM if needs_person else Then.NOTHING,
    )

"""The way of a case, from its opening to its end: evidence, review, approval, offer, remedy, confirmation."""

from temporalio import workflow

from contracts.case_state import CaseOutcome, CaseStatus
from contracts.progress import WaitingFor
from services.workflow.payloads.case import Because, CaseInput, CaseResult, CaseStep, Plan
from services.workflow.workflows.case_process import CaseEndedError, CaseProcess
from services.workflow.workflows.deciding import ask_approval, await_owner_after_rejections
from services.workflow.workflows.evidence import await_review, collect_evidence
from services.workflow.workflows.execution import carry_out
from services.workflow.workflows.offering import await_choice


@workflow.defn(name="AfterSalesCase")
class AfterSalesCase(CaseProcess):
    """One case. Its id is ``case/{case_id}``; a reopened case runs under the same id with the next run number."""

    @workflow.run
    async def run(self, case: CaseInput) -> CaseResult:
        """Go the way of the case; what it came to is shown for good."""
        self.begin(case)
        try:
            outcome = await self.go(Because.RESUMED if case.resume_offer else Because.OPENED)
        except CaseEndedError as end:
            outcome = end.outcome
        self.screen.send()
        return CaseResult(outcome=outcome)

    async def go(self, because: Because) -> CaseOutcome:
        """Take the steps that the policy asks for, one after the other, until the case is over."""
        plan = await self.assess(because)
        while plan.step is not CaseStep.ENDED:
            plan = await self.advance(plan)
        return plan.outcome or CaseOutcome.REJECTED

    async def advance(self, plan: Plan) -> Plan:
        """One step of the case: it ends with a new plan."""
        await self.attend()
        return await _STEPS[plan.step](self, plan)

    def begin(self, case: CaseInput) -> None:
        """Take up the case: its card for the screen, and the facts of this run that were heard before."""
        self.open(case.card, "Case", "case")
        self.screen.started_with(CaseStatus.SUBMITTED, WaitingFor.TRIAGE)
        self.screen.happened("taken up" if case.card.run_number == 0 else f"taken up again, run {case.card.run_number}")
        for fact in case.facts:
            self.inbox.put(fact)


_STEPS = {
    CaseStep.COLLECT_EVIDENCE: collect_evidence,
    CaseStep.AWAIT_REVIEW: await_review,
    CaseStep.ASK_APPROVAL: ask_approval,
    CaseStep.AWAIT_CHOICE: await_choice,
    CaseStep.CARRY_OUT: carry_out,
    CaseStep.AWAIT_OWNER: await_owner_after_rejections,
}
"""What each step of a plan means. Each ends with the next plan."""

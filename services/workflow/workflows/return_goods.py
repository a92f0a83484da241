"""Goods come back: authorise, wait for the parcel, have it inspected, settle what differs, refund (R-RTN-01 to R-RTN-06)."""

from temporalio import workflow

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.decision_facts import AffectedUnits
from contracts.progress import Progress, Then, WaitingFor
from contracts.resolution_v1 import UnitsSettled
from contracts.roles import Role
from services.workflow.activities.cases import CaseActivities
from services.workflow.activities.returns import ReturnActivities
from services.workflow.payloads.case import Breach, CaseSignal, FactKind, RemedyEnd, Remind, ReturnClosing
from services.workflow.payloads.refund import IssueRefundInput, RefundResult, RequestRefund
from services.workflow.payloads.returns import AuthoriseReturn, Finding, JudgeReturn, ReturnInput
from services.workflow.workflows.case_process import refund_progress
from services.workflow.workflows.inspection_dispute import Settlement, rule_on_loss, settle_dispute
from services.workflow.workflows.process import Process
from services.workflow.workflows.refund_within import refund_within
from services.workflow.workflows.rounds import longer, tier_above

_ON_ITS_WAY = frozenset(
    {FactKind.RETURN_SHIPPED, FactKind.RETURN_IN_TRANSIT, FactKind.RETURN_RECEIVED, FactKind.RETURN_INSPECTED, FactKind.RETURN_LOST}
)
_ARRIVED = frozenset({FactKind.RETURN_RECEIVED, FactKind.RETURN_INSPECTED, FactKind.RETURN_LOST})
_JUDGED = frozenset({FactKind.RETURN_INSPECTED, FactKind.RETURN_LOST})


class ReturnWithdrawnError(Exception):
    """The case was withdrawn: the return stops where it is."""


@workflow.defn(name="ReturnGoods")
class ReturnGoods(Process):
    """One return, id ``return/{rma_id}``. Facts about the parcel come to it directly."""

    urgent = frozenset({FactKind.WITHDRAWN, FactKind.REFUND_NEEDS_PERSON, FactKind.REFUND_RESUMED})

    @workflow.run
    async def run(self, ask: ReturnInput) -> RemedyEnd:
        """From the permission to send the goods back to the settled refund."""
        self.begin(ask)
        try:
            if not await self.handed_in():
                return RemedyEnd(outcome=CaseOutcome.RETURN_NOT_SHIPPED, closing=ReturnClosing(result="not_shipped"), ask=False)
            finding = await self.inspected()
            at_once = None if finding.refund is None else await self.refund(finding.refund)
            settlement = await self.settle(finding)
            later = None if settlement.refund is None else await self.refund(settlement.refund)
        except ReturnWithdrawnError:
            return RemedyEnd(outcome=None, withdrawn=True, failure="withdrawn", ask=False)
        return self.end(finding, settlement, at_once, later)

    def begin(self, ask: ReturnInput) -> None:
        """Take up the return."""
        self.open(ask.card, "Return", f"return-{ask.agreement.remedy_ordinal}")
        self.rma_id, self.agreement, self.timers = ask.rma_id, ask.agreement, ask.timers
        self.screen.started_with(CaseStatus.EXECUTING, WaitingFor.NOTHING)

    async def attend(self) -> None:
        """Stop where the case was withdrawn; show a refund that needs a person."""
        while (signal := self.inbox.take(self.urgent)) is not None:
            if signal.kind == FactKind.WITHDRAWN:
                self.screen.happened("the case was withdrawn")
                raise ReturnWithdrawnError
            self.screen.show(refund_progress(needs_person=signal.kind == FactKind.REFUND_NEEDS_PERSON))

    async def handed_in(self) -> bool:
        """Authorise the return and wait until the parcel is on its way; a reminder goes out before the end (R-RTN-02)."""
        ask = AuthoriseReturn(**self.ask("authorise"), rma_id=self.rma_id, agreement=self.agreement)
        standing = await self.do(ReturnActivities.authorise, ask, "authorise the return; logistics makes the label")
        for fact in standing.facts:
            self.inbox.put(fact)
        self.screen.happened("return authorised")
        self.screen.show(standing.progress)
        parcel = await self.wait_for(_ON_ITS_WAY, standing.remind_at, "parcel not handed in: then remind the customer", self.concerns)
        if parcel is None:
            remind = Remind(**self.ask("remind"), moment="R-NTF-10", due_at=standing.ship_by)
            self.screen.happened("the customer was reminded to hand the parcel in")
            self.screen.show(await self.do(CaseActivities.remind, remind, "remind the customer of the return"))
            parcel = await self.wait_for(_ON_ITS_WAY, standing.ship_by, "parcel not handed in: then the case closes", self.concerns)
        return parcel is not None and self._note(parcel, _ARRIVED)

    async def inspected(self) -> Finding:
        """Wait for the parcel, then for its inspection; a missed limit alarms and never decides (R-RTN-06, R-SLA-13)."""
        arrival = await self._rounds(_ARRIVED, CaseStatus.RETURN_IN_TRANSIT, WaitingFor.RETURN_ARRIVAL, "R-RTN-06", Role.LOGISTICS_DEPT)
        self._note(arrival, _JUDGED)
        while True:
            fact = await self._rounds(_JUDGED, CaseStatus.RETURN_RECEIVED, WaitingFor.INSPECTION, "R-SLA-13", Role.WAREHOUSE_SUPERVISOR)
            answer_by = workflow.now() + self.timers.inspection_answer
            judge = JudgeReturn(**self.ask("judge"), rma_id=self.rma_id, fact=fact.event_id, agreement=self.agreement, answer_by=answer_by)
            finding = await self.do(ReturnActivities.judge, judge, "read the result of the inspection")
            if finding.known:
                self.screen.happened(f"inspection: {finding.result.replace('_', ' ')}")
                self.screen.show(finding.progress)
                return finding

    async def settle(self, finding: Finding) -> Settlement:
        """Settle what is in dispute, or a loss that only a person can refund (R-RTN-05, R-RTN-06)."""
        if finding.lost_by_customer:
            return await rule_on_loss(self, self.agreement, finding)
        if finding.disputed:
            return await settle_dispute(self, self.agreement, self.rma_id, finding)
        return Settlement(refunded=finding.accepted)

    async def refund(self, refund: RequestRefund) -> RefundResult:
        """Pay back, or have finance give it up."""
        ask = IssueRefundInput(refund=refund, timers=self.timers.refund, case_workflow_id=workflow.info().workflow_id)
        result = await refund_within(self, ask)
        self.screen.happened(f"refund {result.state}: {result.amount_minor} {self.card.currency} (minor units)")
        return result

    def end(self, finding: Finding, settlement: Settlement, at_once: RefundResult | None, later: RefundResult | None) -> RemedyEnd:
        """What the return comes to. A refund of nothing settles its units like any other; one that was given up settles none."""
        refunds = [refund for refund in (at_once, later) if refund is not None]
        paid = sum(refund.amount_minor for refund in refunds if refund.state == "settled")
        refunded = self.refunded(finding, settlement, at_once, later)
        settled = tuple(
            UnitsSettled(line_id=line_id, quantity=quantity, remedy=OptionCode.RETURN_REFUND)
            for line_id, quantity in by_line(refunded).items()
        )
        end = RemedyEnd(outcome=CaseOutcome.DECLINED, settled=settled, refunded_minor=paid)
        if settlement.outcome is CaseOutcome.MEDIATION:
            return end.model_copy(update={"outcome": CaseOutcome.MEDIATION, "closing": ReturnClosing(result="mediation"), "ask": False})
        failed = next((refund for refund in refunds if refund.state != "settled"), None)
        if failed is not None:
            outcome = CaseOutcome.PARTLY_REFUNDED if paid else CaseOutcome.DECLINED
            closing = ReturnClosing(result="refund_given_up", take_back=settlement.take_back)
            return end.model_copy(update={"outcome": outcome, "closing": closing, "failure": failed.code, "ask": False, "given_up": True})
        result = "taken_back" if settlement.take_back else ("lost" if finding.result == "lost" else "refunded")
        closing = ReturnClosing(result=result, take_back=settlement.take_back)
        if not refunds:
            outcome = CaseOutcome.GOODS_TAKEN_BACK if settlement.take_back else CaseOutcome.DECLINED
            return end.model_copy(update={"outcome": outcome, "closing": closing, "ask": False})
        whole = paid >= self.agreement.amount_minor and count(refunded) == count(self.agreement.units)
        outcome = CaseOutcome.REFUNDED if whole else CaseOutcome.PARTLY_REFUNDED
        return end.model_copy(update={"outcome": outcome, "closing": closing})

    def refunded(
        self, finding: Finding, settlement: Settlement, at_once: RefundResult | None, later: RefundResult | None
    ) -> tuple[AffectedUnits, ...]:
        """The units whose refund settled: those accepted where they were paid at once, and the others with the later refund."""
        first = finding.accepted if at_once is not None else ()
        second = settlement.refunded[len(first) :]
        return (*(first if at_once and at_once.state == "settled" else ()), *(second if later and later.state == "settled" else ()))

    def concerns(self, signal: CaseSignal) -> bool:
        """Whether a fact is about this return."""
        return signal.data.get("rma_id") in (None, str(self.rma_id))

    def _note(self, fact: CaseSignal, more: frozenset[FactKind]) -> bool:
        """Note what happened to the parcel; a fact that says ``more`` than was waited for also answers the next wait."""
        self.screen.happened(f"parcel: {str(fact.kind).removeprefix('return_').replace('_', ' ')}")
        if fact.kind in more:
            self.inbox.give_back(fact)
        return True

    async def _rounds(self, kinds: frozenset[FactKind], status: CaseStatus, waiting: WaitingFor, sla: str, owner: Role) -> CaseSignal:
        """Wait for a fact, round after round, each with its end: the limit is missed, its owner alarmed and raised."""
        limit = self.timers.return_transit if waiting is WaitingFor.RETURN_ARRIVAL else self.timers.return_process
        due_at = workflow.now() + limit
        if not self.inbox.holds(kinds, self.concerns):
            self.screen.show(
                Progress(status=status, stage=Stage.EXECUTE, waiting_for=waiting, who=owner, due_at=due_at, then=Then.WORK_ITEM)
            )
        name = f"{waiting.value.replace('_', ' ')}: then {sla} is missed and its owner alarmed"
        while (fact := await self.wait_for(kinds, due_at, name, self.concerns)) is None:
            limit = longer(limit, self.timers)
            missed, due_at = due_at, workflow.now() + limit
            breach = Breach(
                **self.ask("breach"), sla=sla, due_at=missed, new_due_at=due_at, owner=owner, work_item=f"{waiting.value}_overdue"
            )
            self.screen.happened(f"{sla} missed, {owner.value} alarmed")
            self.screen.show(await self.do(CaseActivities.breach, breach, f"record that {sla} was missed"), sla_breached=True)
            owner = tier_above(owner)
        return fact


def by_line(units: tuple[AffectedUnits, ...]) -> dict[str, int]:
    """How many units there are of each line: of one line, some may be accepted and others in dispute."""
    quantities: dict[str, int] = {}
    for unit in units:
        quantities[unit.line_id] = quantities.get(unit.line_id, 0) + unit.quantity
    return quantities


def count(units: tuple[AffectedUnits, ...]) -> int:
    """How many units there are."""
    return sum(unit.quantity for unit in units)

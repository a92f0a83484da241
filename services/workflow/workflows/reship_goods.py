"""New goods are sent: asked of logistics, shipped, delivered (R-RSH-04, R-RSH-05, R-SLA-10, R-SLA-11)."""

from temporalio import workflow

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode
from contracts.progress import WaitingFor
from contracts.resolution_v1 import UnitsSettled
from contracts.roles import Role
from services.workflow.activities.cases import CaseActivities
from services.workflow.activities.reships import ReshipActivities
from services.workflow.payloads.case import Breach, CaseSignal, FactKind, RemedyEnd
from services.workflow.payloads.reships import FollowReshipment, RequestReshipment, ReshipInput, ReshipStanding
from services.workflow.workflows.process import Process
from services.workflow.workflows.rounds import longer, tier_above

_MOVED = frozenset({FactKind.RESHIPMENT_SHIPPED, FactKind.RESHIPMENT_DELIVERED, FactKind.RESHIPMENT_FAILED})
_NAMES = {"": "goods to be shipped: then R-SLA-11 is missed", "shipped": "goods to be delivered: then R-RSH-05 is missed"}


class ReshipmentWithdrawnError(Exception):
    """The case was withdrawn: the reshipment stops where it is."""


@workflow.defn(name="ReshipGoods")
class ReshipGoods(Process):
    """One reshipment, id ``reship/{reship_id}``. Facts about the parcel come to it directly."""

    urgent = frozenset({FactKind.WITHDRAWN})

    @workflow.run
    async def run(self, ask: ReshipInput) -> RemedyEnd:
        """From the request to the delivered goods; what cannot be sent ends the process, and the case offers what else there is."""
        self.open(ask.card, "Reshipment", f"reship-{ask.agreement.remedy_ordinal}")
        self.reship_id, self.agreement, self.timers = ask.reship_id, ask.agreement, ask.timers
        self.screen.started_with(CaseStatus.EXECUTING, WaitingFor.NOTHING)
        try:
            standing = await self.request()
            while standing.word in {"", "shipped"}:
                standing = await self.next_fact(standing)
        except ReshipmentWithdrawnError:
            return RemedyEnd(outcome=None, withdrawn=True, failure="withdrawn", ask=False)
        if standing.word != "delivered":
            return RemedyEnd(outcome=None, failure=standing.word)
        settled = tuple(
            UnitsSettled(line_id=unit.line_id, quantity=unit.quantity, remedy=OptionCode.RESHIP_NO_RETURN) for unit in self.agreement.units
        )
        return RemedyEnd(outcome=CaseOutcome.RESHIPPED, settled=settled)

    async def attend(self) -> None:
        """Stop where the case was withdrawn."""
        if self.inbox.take(self.urgent) is not None:
            self.screen.happened("the case was withdrawn")
            raise ReshipmentWithdrawnError

    async def request(self) -> ReshipStanding:
        """Ask logistics for the goods."""
        ask = RequestReshipment(**self.ask("request"), reship_id=self.reship_id, agreement=self.agreement)
        standing = await self.do(ReshipActivities.request, ask, "ask logistics to send the goods")
        for fact in standing.facts:
            self.inbox.put(fact)
        self.screen.happened("new goods asked for")
        self.screen.show(standing.progress)
        return standing

    async def next_fact(self, standing: ReshipStanding) -> ReshipStanding:
        """Wait for what happens next to the goods, round after round; a missed limit raises its owner (R-SLA-20)."""
        due_at, limit, owner = standing.due_at, standing.due_at - workflow.now(), standing.progress.who or Role.LOGISTICS_DEPT
        while (fact := await self.wait_for(_MOVED, due_at, _NAMES[standing.word], self.concerns)) is None:
            limit = longer(max(limit, self.timers.review), self.timers)
            missed, due_at = due_at, workflow.now() + limit
            sla = "R-RSH-05" if standing.word else "R-SLA-11"
            breach = Breach(**self.ask("breach"), sla=sla, due_at=missed, new_due_at=due_at, owner=owner, work_item="reshipment_overdue")
            self.screen.happened(f"{sla} missed, {owner.value} alarmed")
            self.screen.show(await self.do(CaseActivities.breach, breach, f"record that {sla} was missed"), sla_breached=True)
            owner = tier_above(owner)
        self.screen.happened(f"goods: {str(fact.kind).removeprefix('reshipment_')}")
        follow = FollowReshipment(
            **self.ask("follow"), reship_id=self.reship_id, fact=fact.event_id, due_at=workflow.now() + self.timers.reship_delivery
        )
        moved = await self.do(ReshipActivities.follow, follow, "read what happened to the goods")
        if moved.word == "":  # no such fact is on record: wait on as before
            return standing.model_copy(update={"due_at": due_at})
        self.screen.show(moved.progress)
        return moved

    def concerns(self, signal: CaseSignal) -> bool:
        """Whether a fact is about this reshipment."""
        return signal.data.get("reship_id") in (None, str(self.reship_id))

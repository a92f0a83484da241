"""The steps of a case's processes without any record: scripts for tests of what the processes do with time. Every call is kept with the process's own time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio import activity, workflow

from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_facts import AffectedUnits, EvidenceKind
from contracts.decision_result import EvidenceNeed, FreightPayer, Priority
from contracts.identifiers import CaseId, MerchantId, OfferId, OrderId, refund_id_for
from contracts.progress import Progress
from contracts.quote import RefundRequest, RefundUnits
from contracts.roles import APPROVAL_TIERS, Role
from services.workflow.cases import standing
from services.workflow.payloads.approval import ApprovalMove, ApprovalOpening, ApprovalState, ApprovalTimers, ApprovalView
from services.workflow.payloads.case import (
    Agreement,
    AgreeOption,
    ApprovalPlan,
    AssessCase,
    Breach,
    CaseStep,
    CaseTimers,
    ChooseOption,
    ChosenOption,
    CompleteRemedy,
    EndCase,
    EvidencePlan,
    OfferPlan,
    Plan,
    RaiseOwner,
    ReadWord,
    Remind,
    Withdrawal,
    WithdrawCase,
    Word,
)
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundResult, RefundSignal, RefundStep, RequestRefund
from services.workflow.payloads.reships import FollowReshipment, RequestReshipment, ReshipStanding
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

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMERS = CaseTimers(
    offer_grace=timedelta(minutes=5),
    review=HOUR,
    confirm=72 * HOUR,
    return_remind=5 * DAY,
    return_transit=5 * DAY,
    return_process=48 * HOUR,
    inspection_answer=72 * HOUR,
    inspection_remind=48 * HOUR,
    reship_delivery=7 * DAY,
    approval=ApprovalTimers(),
)
"""The rules' own limits (rules, section 31)."""

OFFER = OfferId(UUID(int=7))
UNITS = (AffectedUnits(line_id="1", quantity=2),)
REQUEST = RefundRequest(currency="GBP", items=(RefundUnits(line_id="1", quantity=2),))
NEEDED = (EvidenceNeed(kinds=(EvidenceKind.PHOTO,), count=1, shows="goods", rule="R-EVD-07"),)
Script = Callable[[AssessCase], Plan]


def evidence(ask: AssessCase, number: int = 1) -> Plan:
    """Ask for a photo, for 48 hours."""
    due_at = ask.at + 48 * HOUR
    plan = EvidencePlan(request_number=number, needed=NEEDED, due_at=due_at)
    return Plan(step=CaseStep.COLLECT_EVIDENCE, progress=standing.evidence_pending(due_at, last=number == 3), evidence=plan)


def review(ask: AssessCase) -> Plan:
    """An agent must judge, within the hour."""
    return Plan(step=CaseStep.AWAIT_REVIEW, progress=standing.under_review(ask.at + HOUR))


def approval(plan: ApprovalPlan) -> Script:
    """An approval must be had."""
    return lambda _ask: Plan(step=CaseStep.ASK_APPROVAL, progress=standing.approval_pending(plan.tier), approval=plan)


def offer(ask: AssessCase, automatic: OptionCode | None = None) -> Plan:
    """An offer of 48 hours, recalled after 24."""
    until = ask.at + 48 * HOUR
    made = OfferPlan(
        offer_id=OFFER,
        number=1,
        options=(OptionCode.REFUND_NO_RETURN,),
        valid_until=until,
        remind_at=ask.at + 24 * HOUR,
        automatic=automatic,
    )
    return Plan(step=CaseStep.AWAIT_CHOICE, progress=standing.offer_pending(until, automatic=automatic is not None), offer=made)


def ended(outcome: CaseOutcome) -> Script:
    """The case is over."""
    return lambda _ask: Plan(step=CaseStep.ENDED, progress=standing.ended(outcome), outcome=outcome)


def owner(kind: str, tier: Role = Role.SUPERVISOR) -> Script:
    """A person must take over."""
    return lambda ask: Plan(step=CaseStep.AWAIT_OWNER, progress=standing.under_review(ask.at + HOUR, tier), owner_kind=kind)


def agreement(option: OptionCode = OptionCode.REFUND_NO_RETURN) -> Agreement:
    """Two mugs, 8.50."""
    return Agreement(
        offer_id=OFFER,
        option=option,
        remedy_ordinal=1,
        amount_minor=850,
        units=UNITS,
        freight_payer=FreightPayer.MERCHANT,
        request=REQUEST,
        policy_version="uk-retail@1.0",
    )


def agreed(option: OptionCode = OptionCode.REFUND_NO_RETURN) -> Script:
    """An option was accepted and needs no approval."""
    return lambda _ask: Plan(step=CaseStep.CARRY_OUT, progress=standing.agreed(option), agreement=agreement(option))


def chosen(need: Any) -> Script:
    """An option was accepted, and needs approval."""
    waiting = ChosenOption(offer_id=OFFER, option=OptionCode.REFUND_NO_RETURN, amount_minor=850, approval=need)
    return lambda _ask: Plan(step=CaseStep.CARRY_OUT, progress=standing.approval_pending(need.tier), chosen=waiting)


@dataclass
class ScriptedCase:
    """Steps that answer by script: each ``assess`` takes the next plan."""

    plans: list[Script]
    calls: list[tuple[str, datetime, Any]] = field(default_factory=list)
    withdrawable: bool = True
    word: Word = field(default_factory=lambda: Word(known=True))

    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]

    def times(self, name: str) -> list[datetime]:
        return [at for called, at, _ in self.calls if called == name]

    def asks(self, name: str) -> list[Any]:
        return [ask for called, _, ask in self.calls if called == name]

    def _keep(self, name: str, ask: Any) -> None:
        self.calls.append((name, ask.at, ask))

    async def assess(self, ask: AssessCase) -> Plan:
        self._keep(f"assess:{ask.because.value}", ask)
        plan = self.plans.pop(0)(ask)
        if isinstance(plan, Awaitable):
            await plan  # a script that never comes to an end
        if len(self.calls) == 1:
            return plan.model_copy(update={"timers": TIMERS, "priority": Priority.NORMAL, "policy_version": "uk-retail@1.0"})
        return plan

    async def choose(self, ask: ChooseOption) -> Plan:
        self._keep("choose:automatic" if ask.automatic else "choose", ask)
        return self.plans.pop(0)(ask)  # type: ignore[arg-type]  # scripts look at the time only

    async def agree(self, ask: AgreeOption) -> Plan:
        self._keep("agree", ask)
        return Plan(step=CaseStep.CARRY_OUT, progress=standing.refunding(), agreement=agreement())

    async def complete(self, ask: CompleteRemedy) -> Plan:
        self._keep("complete", ask)
        return Plan(step=CaseStep.CARRY_OUT, progress=standing.confirming(ask.answer_by) if ask.answer_by else standing.refunding())

    async def end(self, ask: EndCase) -> Plan:
        self._keep(f"end:{ask.outcome.value}", ask)
        return Plan(step=CaseStep.ENDED, progress=standing.ended(ask.outcome), outcome=ask.outcome)

    async def withdraw(self, ask: WithdrawCase) -> Withdrawal:
        self._keep("withdraw", ask)
        progress = standing.ended(CaseOutcome.WITHDRAWN) if self.withdrawable else standing.refunding()
        return Withdrawal(honoured=self.withdrawable, progress=progress)

    async def breach(self, ask: Breach) -> Progress:
        self._keep(f"breach:{ask.sla}:{ask.owner.value}", ask)
        return standing.under_review(ask.new_due_at, ask.owner)

    async def raise_owner(self, ask: RaiseOwner) -> Progress:
        self._keep(f"raise_owner:{ask.kind}:{ask.owner.value}", ask)
        return standing.under_review(ask.due_at, ask.owner)

    async def remind(self, ask: Remind) -> Progress:
        self._keep(f"remind:{ask.moment}", ask)
        return standing.offer_pending(ask.due_at, automatic=False)

    async def read_word(self, ask: ReadWord) -> Word:
        self._keep("read_word", ask)
        return self.word


@dataclass
class ScriptedReturn:
    """A return's steps: the inspection finds ``finding``, the customer answers ``answer_is``."""

    case: ScriptedCase
    finding: Finding
    answer_is: str | None = None

    async def authorise(self, ask: AuthoriseReturn) -> ReturnStanding:
        self.case._keep("authorise", ask)
        return ReturnStanding(progress=standing.awaiting_return(ask.at + 7 * DAY), ship_by=ask.at + 7 * DAY, remind_at=ask.at + 5 * DAY)

    async def judge(self, ask: JudgeReturn) -> Finding:
        self.case._keep("judge", ask)
        return self.finding

    async def propose(self, ask: ProposePartial) -> Progress:
        self.case._keep("propose", ask)
        return standing.inspection_dispute(ask.answer_by)

    async def answer(self, ask: ReadAnswer) -> DisputeAnswer:
        self.case._keep("answer", ask)
        return DisputeAnswer(answer=self.answer_is)

    async def prepare(self, ask: PreparePartial) -> PreparedRefund:
        self.case._keep("prepare", ask)
        return PreparedRefund(refund=a_refund(ask.case_id, ask.partial_minor or 850), progress=standing.refunding())


@dataclass
class ScriptedReship:
    """A reshipment's steps: each fact means the next word."""

    case: ScriptedCase
    words: list[str]

    async def request(self, ask: RequestReshipment) -> ReshipStanding:
        self.case._keep("request", ask)
        return ReshipStanding(progress=standing.reshipping(ask.at + 2 * HOUR, shipped=False), due_at=ask.at + 2 * HOUR)

    async def follow(self, ask: FollowReshipment) -> ReshipStanding:
        self.case._keep("follow", ask)
        return ReshipStanding(progress=standing.reshipping(ask.due_at, shipped=True), due_at=ask.due_at, word=self.words.pop(0))


@dataclass
class ScriptedApprovals:
    """Approvals that are decided by hand; escalation is R-AUTH-03's."""

    views: dict[UUID, ApprovalView] = field(default_factory=dict)
    asked: list[tuple[str, Role, datetime]] = field(default_factory=list)
    moved: list[tuple[Role, datetime]] = field(default_factory=list)

    def decide(self, state: ApprovalState, **more: Any) -> UUID:
        """Decide the newest one; its id."""
        approval_id = list(self.views)[-1]
        self.views[approval_id] = self.views[approval_id].model_copy(update={"state": state, "decided_by": "sam", **more})
        return approval_id

    async def open(self, opening: ApprovalOpening) -> ApprovalView:
        ask = opening.ask
        if ask.approval_id not in self.views:
            self.asked.append((ask.kind.value, ask.tier, opening.at))
            due_at = opening.at + opening.timers.of(ask.tier)
            self.views[ask.approval_id] = ApprovalView(approval_id=ask.approval_id, state=ApprovalState.OPEN, tier=ask.tier, due_at=due_at)
        return self.views[ask.approval_id]

    async def read(self, approval_id: UUID) -> ApprovalView:
        return self.views[approval_id]

    async def escalate(self, move: ApprovalMove) -> ApprovalView:
        view = self.views[move.approval_id]
        tiers: Sequence[Role] = APPROVAL_TIERS
        higher = tiers[min(tiers.index(view.tier) + 1, len(tiers) - 1)]
        limit = move.timers.alarm if higher is view.tier else move.timers.of(higher)
        self.moved.append((higher, move.at))
        self.views[move.approval_id] = view.model_copy(
            update={"tier": higher, "due_at": move.at + limit, "escalations": view.escalations + 1}
        )
        return self.views[move.approval_id]

    async def withdraw(self, approval_id: UUID) -> ApprovalView:
        self.views[approval_id] = self.views[approval_id].model_copy(update={"state": ApprovalState.WITHDRAWN})
        return self.views[approval_id]


def a_refund(case_id: UUID, amount_minor: int) -> RequestRefund:
    """A refund that was prepared."""
    return RequestRefund(
        refund_id=refund_id_for(CaseId(case_id), 2),
        case_id=CaseId(case_id),
        merchant_id=MerchantId("demo-shop"),
        order_id=OrderId(UUID(int=3)),
        request=REQUEST,
        remedy=OptionCode.RETURN_REFUND,
        reason="return.no_reason",
        policy_version="uk-retail@1.0",
        agreed_minor=amount_minor,
    )


Pay = Callable[[IssueRefundInput], Awaitable[RefundStep]]


async def paid(issue: IssueRefundInput) -> RefundStep:
    """Whatever is asked is paid, unless its tier says that finance gives it up."""
    if issue.refund.tier == "given_up":
        return RefundStep(phase=RefundPhase.FAILED, code="account_closed")
    return RefundStep(phase=RefundPhase.SETTLED, amount_minor=issue.refund.agreed_minor or 0)


async def not_said(issue: IssueRefundInput) -> RefundStep:
    """The provider took it, and does not say at once how it ended."""
    return RefundStep(phase=RefundPhase.OPEN, amount_minor=issue.refund.agreed_minor or 0, attempt=1)


@dataclass
class ScriptedPaying:
    """The first step of a refund, where it is not its own process that takes it: ``at_once`` within a workflow task, ``pay`` as an activity."""

    pay: Pay = paid
    at_once: Pay = not_said

    @activity.defn(name="try_refund")
    async def try_refund(self, issue: IssueRefundInput) -> RefundStep:
        return await self.at_once(issue)

    @activity.defn(name="pay_refund")
    async def pay_refund(self, issue: IssueRefundInput) -> RefundStep:
        return await self.pay(issue)


@workflow.defn(name="IssueRefund")
class RefundPaidAtOnce:
    """Stands in for the refund process: what is asked is paid like :func:`paid`; where its tier says that it ``waits``, once it is rung."""

    def __init__(self) -> None:
        self._rung = False

    @workflow.signal
    def outcome(self, _signal: RefundSignal) -> None:
        self._rung = True

    @workflow.run
    async def run(self, issue: IssueRefundInput) -> RefundResult:
        if issue.refund.tier == "waits":
            await workflow.wait_condition(lambda: self._rung)
        if issue.refund.tier == "given_up":
            return RefundResult(state="failed", code="account_closed")
        return RefundResult(state="settled", amount_minor=issue.refund.agreed_minor or 0)

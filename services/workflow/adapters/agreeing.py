"""From a choice to an agreement: is it in time, does it still hold, who must approve, and then it is carried out (R-CASE-03, R-COMP-04)."""

from collections.abc import Sequence
from typing import NamedTuple

from contracts.case_state import OptionCode
from contracts.case_v1 import OptionChosen
from contracts.decision_facts import AffectedUnits
from contracts.decision_result import NextStep, Option
from contracts.resolution_v1 import Agreed, ChoiceRefused, ResolutionEvent
from services.kit.postgres import Connection
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow, Changes
from services.workflow.adapters.facts import Fact
from services.workflow.adapters.offers import Offer
from services.workflow.adapters.situation import look
from services.workflow.cases import standing
from services.workflow.money.errors import MoneyError
from services.workflow.money.quote import quote
from services.workflow.payloads.approval import ApprovalState
from services.workflow.payloads.case import (
    Agreement,
    AgreeOption,
    AssessCase,
    Because,
    CaseStep,
    ChooseOption,
    ChosenOption,
    FactKind,
    Plan,
)
from services.workflow.policy.errors import FactsError


class _Approver(NamedTuple):
    name: str
    tier: str


SYSTEM = _Approver("system", "system")


async def choose(books: Books, conn: Connection, row: CaseRow, ask: ChooseOption) -> Plan:
    """Take a choice as its row has it. One that cannot be honoured is refused, and the customer told why."""
    fact = await books.facts.get(conn, row.header.case_id, ask.fact, FactKind.OPTION_CHOSEN) if ask.fact else None
    offer = await books.offers.get(conn, row.header.case_id, ask.offer_id)
    if offer is None or (fact is None and (ask.automatic is None or ask.automatic is not offer.automatic)):
        return Plan(step=CaseStep.AWAIT_CHOICE, progress=row.progress, refused="unknown")
    chosen = OptionChosen.model_validate(fact.body) if fact else None
    code = chosen.option if chosen else ask.automatic
    option = offer.option(code) if code else None
    if chosen is not None and (refusal := _refusal(offer, chosen)) is not None:
        return await _refuse(books, conn, row, ask, fact, refusal)
    if option is None:
        return await _refuse(books, conn, row, ask, fact, "option_not_offered")
    units, holds = await _look_again(books, conn, row, ask, option)
    if not holds:
        await books.offers.answer(conn, offer.offer_id, "superseded", ask.at)
        refused = await _refuse(books, conn, row, ask, fact, "amounts_changed")
        return refused.model_copy(update={"step": CaseStep.CARRY_OUT})
    await books.offers.answer(conn, offer.offer_id, "chosen", ask.at, option.code)
    plan, events = agree_on(row, offer, option, units)
    await books.publish(conn, row, ask.operation_id, plan.progress, *events, changes=Changes(remedy_ordinal=plan.remedy_ordinal))
    return plan


async def agree(books: Books, conn: Connection, row: CaseRow, ask: AgreeOption) -> Plan:
    """Carry out what was chosen, once the rows of its approvals say so; otherwise a plan with ``refused``."""
    offer = await books.offers.get(conn, row.header.case_id, ask.offer_id)
    option = offer.option(ask.option) if offer else None
    views = [await books.approvals.view(conn, approval_id) for approval_id in ask.approvals]
    if offer is None or option is None or not views or any(view is None or view.state is not ApprovalState.GRANTED for view in views):
        return Plan(step=CaseStep.AWAIT_CHOICE, progress=row.progress, refused="not_approved")
    first = views[0]
    approver = _Approver(first.decided_by or "system", first.tier.value) if first else SYSTEM
    units = tuple((await look(books, conn, row, _reassess(ask))).facts.affected)
    plan, events = _carry_out(row, offer, option, units, approver)
    await books.publish(conn, row, ask.operation_id, plan.progress, *events, changes=Changes(remedy_ordinal=plan.remedy_ordinal))
    return plan


def agree_on(row: CaseRow, offer: Offer, option: Option, units: Sequence[AffectedUnits]) -> tuple[Plan, list[ResolutionEvent]]:
    """An option was accepted: carry it out, or have it approved first where policy asks for that (R-AUTH-01)."""
    if option.approval is None:
        return _carry_out(row, offer, option, units, SYSTEM)
    chosen = ChosenOption(offer_id=offer.offer_id, option=option.code, amount_minor=option.amount_minor, approval=option.approval)
    progress = standing.approval_pending(option.approval.tier)
    return Plan(step=CaseStep.CARRY_OUT, progress=progress, chosen=chosen, amount_minor=option.amount_minor), []


def _carry_out(
    row: CaseRow, offer: Offer, option: Option, units: Sequence[AffectedUnits], approver: _Approver
) -> tuple[Plan, list[ResolutionEvent]]:
    """The plan counts one more remedy of the case; ordinals go on counting when it is reopened."""
    ordinal = row.remedy_ordinal + 1
    agreement = Agreement(
        offer_id=offer.offer_id,
        option=option.code,
        remedy_ordinal=ordinal,
        amount_minor=option.amount_minor,
        units=tuple(units),
        freight_payer=option.freight_payer,
        request=option.request,
        policy_version=offer.policy_version,
        approver=approver.name,
        tier=approver.tier,
    )
    progress = standing.agreed(option.code)
    event = Agreed(**row.header.common(progress), offer_id=offer.offer_id, option=option, remedy_ordinal=ordinal)
    return Plan(step=CaseStep.CARRY_OUT, progress=progress, agreement=agreement, amount_minor=option.amount_minor), [event]


def _refusal(offer: Offer, chosen: OptionChosen) -> str | None:
    """Why a choice cannot be honoured. Intake's commit time decides whether it was in time (R-CASE-04)."""
    if chosen.offer_id != offer.offer_id or offer.state not in {"open", "chosen"}:
        return "offer_superseded"
    if offer.state == "chosen":
        return "already_chosen"
    return "offer_expired" if chosen.chosen_at > offer.valid_until else None


async def _refuse(books: Books, conn: Connection, row: CaseRow, ask: ChooseOption, fact: Fact | None, reason: str) -> Plan:
    if fact is not None:
        event = ChoiceRefused(**row.header.common(row.progress), source_event_id=fact.event_id, reason=reason)
        await books.publish(conn, row, ask.operation_id, row.progress, event)
    return Plan(step=CaseStep.AWAIT_CHOICE, progress=row.progress, refused=reason)


async def _look_again(
    books: Books, conn: Connection, row: CaseRow, ask: ChooseOption, option: Option
) -> tuple[tuple[AffectedUnits, ...], bool]:
    """The units it is about, and whether the offer still holds: what another case took meanwhile is gone (R-COMP-04)."""
    situation = await look(books, conn, row, _reassess(ask))
    if option.request is None:
        return situation.facts.affected, True
    try:
        holds = quote(situation.order, option.request, situation.facts.prior).amount_minor >= option.amount_minor
        if option.code is OptionCode.COMPENSATE_KEEP:
            decision = books.deciding.decide(situation.facts, situation.policy)
            now = decision.option(option.code)
            holds = holds and (decision.next_step is not NextStep.OFFER or (now is not None and now.amount_minor >= option.amount_minor))
    except (FactsError, MoneyError):
        return situation.facts.affected, False
    return situation.facts.affected, holds


def _reassess(ask: ChooseOption | AgreeOption) -> AssessCase:
    return AssessCase(operation_id=ask.operation_id, case_id=ask.case_id, at=ask.at, because=Because.AMOUNTS_CHANGED)

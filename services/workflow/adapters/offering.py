"""Make an offer, take it back into play, or record that it was turned down (R-CASE-04, R-RSH-04, R-AUTH-08)."""

from dataclasses import dataclass
from uuid import uuid5

from contracts.case_state import GOODS_COME_BACK, OptionCode
from contracts.case_v1 import OfferRejected
from contracts.decision_result import Decision, Option
from contracts.identifiers import OfferId
from contracts.resolution_v1 import ChoiceRefused, OfferMade
from services.kit.postgres import Connection
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow
from services.workflow.adapters.offers import Offer
from services.workflow.adapters.situation import Situation
from services.workflow.cases import standing
from services.workflow.payloads.case import AssessCase, Because, CaseStep, FactKind, OfferPlan, Plan


@dataclass(frozen=True, slots=True)
class Made:
    """An offer just made, with its event and the plan to wait for its answer."""

    offer: Offer
    event: OfferMade
    plan: Plan


async def make_offer(
    books: Books, conn: Connection, situation: Situation, decision: Decision, ask: AssessCase, chosen: Option | None = None
) -> Made:
    """Make the offer that a decision allows. After a reshipment that failed it stands shorter, and lays down the refund (R-RSH-04).

    ``chosen`` is what the customer agreed to before it was made.
    """
    timers, case_id = situation.policy.timers, situation.row.header.case_id
    automatic = _full_refund(decision) if ask.because is Because.OPTION_FAILED and OptionCode.RESHIP_NO_RETURN in ask.unavailable else None
    valid_until = ask.at + (timers.reship_stockout_wait if automatic else timers.offer_valid)
    remind_at = ask.at + timers.offer_remind
    offer = Offer(
        offer_id=OfferId(uuid5(ask.operation_id, "offer")),
        number=situation.offers_made + 1,
        policy_version=decision.policy_version,
        options=decision.options,
        automatic=automatic,
        valid_until=valid_until,
        remind_at=remind_at if remind_at < valid_until else None,
        state="chosen" if chosen else "open",
        chosen_option=chosen.code if chosen else None,
    )
    await books.offers.make(conn, case_id, offer, ask.operation_id, ask.at)
    progress = standing.offer_pending(valid_until, automatic=automatic is not None)
    event = OfferMade(
        **situation.row.header.common(progress),
        offer_id=offer.offer_id,
        offer_number=offer.number,
        options=decision.options,
        only_option_reason=decision.only_option_reason,
        valid_until=valid_until,
        policy_version=decision.policy_version,
    )
    plan = Plan(
        step=CaseStep.AWAIT_CHOICE,
        progress=progress,
        offer=plan_of(offer),
        amount_minor=max(option.amount_minor for option in decision.options),
    )
    return Made(offer, event, plan)


async def reject_offer(books: Books, conn: Connection, row: CaseRow, ask: AssessCase) -> Plan | None:
    """Record that the customer turned the offer down. A plan with ``refused`` where they named another offer, or nobody said so."""
    fact = await books.facts.get(conn, row.header.case_id, ask.fact, FactKind.OFFER_REJECTED) if ask.fact else None
    waiting = Plan(step=CaseStep.AWAIT_CHOICE, progress=row.progress, refused="unknown")
    if fact is None:
        return waiting
    rejected = OfferRejected.model_validate(fact.body)
    offer = await books.offers.get(conn, row.header.case_id, rejected.offer_id)
    if offer is None or offer.offer_id != ask.offer_id or offer.state != "open":
        event = ChoiceRefused(**row.header.common(row.progress), source_event_id=fact.event_id, reason="offer_superseded")
        await books.publish(conn, row, ask.operation_id, row.progress, event)
        return waiting.model_copy(update={"refused": "offer_superseded"})
    await books.offers.answer(conn, offer.offer_id, "rejected", rejected.rejected_at)
    return None


async def resumed_offer(books: Books, conn: Connection, row: CaseRow) -> Plan | None:
    """The offer that lapsed, in play again for the timely choice that arrived after the end; None where there is none."""
    offer = await books.offers.latest(conn, row.header.case_id)
    if offer is None or offer.state not in {"open", "expired"}:
        return None
    await books.offers.answer(conn, offer.offer_id, "open", offer.valid_until)
    progress = standing.offer_pending(offer.valid_until, automatic=offer.automatic is not None)
    return Plan(step=CaseStep.AWAIT_CHOICE, progress=progress, offer=plan_of(offer).model_copy(update={"remind_at": None}))


def plan_of(offer: Offer) -> OfferPlan:
    """What the process must know of an offer."""
    return OfferPlan(
        offer_id=offer.offer_id,
        number=offer.number,
        options=tuple(option.code for option in offer.options),
        valid_until=offer.valid_until,
        remind_at=offer.remind_at,
        automatic=offer.automatic,
    )


def _full_refund(decision: Decision) -> OptionCode | None:
    """The refund to be made if nobody answers: of the options, the first that gives money back without goods."""
    return next((option.code for option in decision.options if option.request is not None and option.code not in GOODS_COME_BACK), None)

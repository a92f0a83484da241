"""What callers are answered: the words and codes of a case, in its locale."""

from typing import Any, TypeAlias

from contracts.progress import Progress
from services.intake.domain.view import CaseRecord, OfferView
from services.intake.domain.wording import Words

Answer: TypeAlias = dict[str, Any]

PLATFORM = "platform"


def opened_answer(case: CaseRecord, *, duplicate: bool) -> Answer:
    """The answer to an application: number, next step, deadline (R-INT-08)."""
    progress = case.view.progress
    return {
        "case_id": case.case_id,
        "case_number": case.case_number,
        "status": progress.status,
        "stage": progress.stage,
        "duplicate": duplicate,
        "next_step": next_step(progress, Words(case.locale)),
    }


def next_step(progress: Progress, words: Words) -> Answer:
    """What comes next, by when, who must act, and what happens otherwise."""
    return {
        "code": progress.waiting_for,
        "text": words.next_step(progress.waiting_for),
        "who": progress.who or PLATFORM,
        "due_at": progress.due_at,
        "then": progress.then,
        "then_text": words.then(progress.then),
    }


def offer_answer(offer: OfferView | None, currency: str, words: Words) -> Answer | None:
    """An offer as its customer reads it."""
    if offer is None:
        return None
    return {
        "offer_id": offer.offer_id,
        "offer_number": offer.offer_number,
        "valid_until": offer.valid_until,
        "only_option_reason": offer.only_option_reason,
        "answer": None if offer.answer is None else {"option": offer.answer.option, "at": offer.answer.at},
        "options": [
            {
                "code": option.code,
                "text": words.option(option.code),
                "amount_minor": option.amount_minor,
                "currency": currency,
                "goods_come_back": option.goods_come_back,
                "freight_payer": option.freight_payer,
                "freight_cap_minor": option.freight_cap_minor,
                "needs_approval": option.needs_approval,
                "clause": {"clause_id": option.clause.clause_id, "rule": option.clause.rule, "text": words.clause(option.clause)},
            }
            for option in offer.options
        ],
    }


def summary(case: CaseRecord) -> Answer:
    """A case in a list."""
    progress = case.view.progress
    return {
        "case_id": case.case_id,
        "case_number": case.case_number,
        "merchant_id": case.merchant_id,
        "order_number": case.order_number,
        "scene": case.scene,
        "status": progress.status,
        "stage": progress.stage,
        "waiting_for": progress.waiting_for,
        "who": progress.who or PLATFORM,
        "due_at": progress.due_at,
        "outcome": case.view.outcome,
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
    }

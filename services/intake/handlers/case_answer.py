"""One case with everything that belongs to it, as each kind of caller may read it (R-SEC-04)."""

from typing import Any

from services.intake.adapters.case_reader import CaseDetail
from services.intake.domain.callers import Caller, CustomerCaller, reads_words
from services.intake.domain.view import CaseRecord
from services.intake.domain.wording import Words
from services.intake.handlers.answers import Answer, next_step, offer_answer

_PAID = "settled"


def case_answer(detail: CaseDetail, caller: Caller) -> Answer:
    """The whole answer of ``GET /v1/cases/{id}``."""
    case = detail.case
    words = Words(case.locale)
    return _facts(case) | _standing(case, words) | _parts(detail, caller, words)


def evidence_answer(case_id: Any, item: dict[str, Any]) -> Answer:
    """A piece of evidence, with where its bytes are."""
    return {**item, "url": f"/v1/cases/{case_id}/evidence/{item['evidence_id']}"}


def _facts(case: CaseRecord) -> Answer:
    return {
        "case_id": case.case_id,
        "case_number": case.case_number,
        "merchant_id": case.merchant_id,
        "order_id": case.order_id,
        "order_number": case.order_number,
        "customer_ref": case.customer_ref,
        "scene": case.scene,
        "linked_scenes": case.linked_scenes,
        "wanted_remedy": case.wanted_remedy,
        "channel": case.channel,
        "opened_by": case.opened_by,
        "application_number": case.application_number,
        "requested_at": case.requested_at,
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
        "currency": case.currency,
        "locale": case.locale,
    }


def _standing(case: CaseRecord, words: Words) -> Answer:
    view = case.view
    rejection = view.rejection
    return {
        "status": view.status,
        "stage": view.progress.stage,
        "priority": view.priority,
        "next_step": next_step(view.progress, words),
        "offer": offer_answer(view.offer, case.currency, words),
        "agreed": None if view.agreed is None else {**view.agreed.model_dump(), "currency": case.currency},
        "evidence_request": view.evidence_request,
        "returning": view.returning,
        "inspection": view.inspection,
        "reshipment": view.reshipment,
        "rejection": None
        if rejection is None
        else {
            "reason": rejection.reason,
            "clause": {"clause_id": rejection.clause.clause_id, "rule": rejection.clause.rule, "text": words.clause(rejection.clause)},
            "alternatives": rejection.alternatives,
        },
        "last_refusal": view.last_refusal,
        "outcome": view.outcome,
        "closed_at": view.closed_at,
        "reopenable": view.reopenable,
        "reopen_number": view.reopen_number,
        "withdrawal_requested": view.withdrawal_event_id is not None,
    }


def _parts(detail: CaseDetail, caller: Caller, words: Words) -> Answer:
    case = detail.case
    readable = reads_words(caller)
    opened = {"at": case.opened_at, "code": "case.opened", "text": words.happened("case.opened"), "data": {}}
    told = [entry for entry in detail.timeline if not (entry["internal"] and isinstance(caller, CustomerCaller))]
    return {
        "lines": detail.lines,
        "evidence": [evidence_answer(case.case_id, item) for item in detail.evidence],
        "refunds": detail.refunds,
        "refunded_minor": sum(refund["amount_minor"] for refund in detail.refunds if refund["state"] == _PAID),
        "texts": [
            {"text_id": text["text_id"], "author": text["author"], "body": text["body"], "at": text["written_at"]} for text in detail.texts
        ]
        if readable
        else [],
        "timeline": [opened, *({"at": e["at"], "code": e["code"], "text": words.happened(e["code"]), "data": e["data"]} for e in told)],
    }

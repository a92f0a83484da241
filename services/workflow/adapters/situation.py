"""The situation of a case: its facts gathered from all books, ready to be decided on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.case_state import CARRIED_OUT, OptionCode
from contracts.case_v1 import EvidenceAdded, EvidenceReviewed
from contracts.decision_facts import AffectedUnits, Attributes, EvidenceItem, Facts, SpecialApproval
from contracts.order_v1 import Order
from services.kit.postgres import Connection, Record
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow
from services.workflow.adapters.facts import Fact, fact_of
from services.workflow.adapters.known_orders import KNOWN, KNOWN_VALUES, known_of
from services.workflow.adapters.offers import offer_of
from services.workflow.adapters.orders import OrderNotFoundError
from services.workflow.cases.evidence import EvidenceState, evidence_state
from services.workflow.payloads.approval import ApprovalState
from services.workflow.payloads.case import AssessCase, FactKind
from services.workflow.policy.policy import Policy

NOT_CARRIED_OUT = tuple(option for option in OptionCode if option not in CARRIED_OUT)
"""Options that no process of this version carries out: they are not offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A case as it stands now. ``special_declined`` and ``evidence_declined``: a supervisor said no in this run."""

    row: CaseRow
    order: Order
    policy: Policy
    facts: Facts
    evidence: EvidenceState
    special: SpecialApproval
    evidence_declined: bool
    rejected_offers: int
    offers_made: int


async def look(books: Books, conn: Connection, row: CaseRow, ask: AssessCase) -> Situation:
    """Gather the facts of a case for a process that ``ask``s."""
    found = await _look(conn, row)
    known = known_of(found)
    order = known.order
    policy = books.deciding.policy(row.header.merchant_id, row.policy_version, order.placed_at)
    opened = row.opened
    granted = await _answer(conn, row, ask.evidence_approval)
    special = {None: SpecialApproval.NOT_ASKED, True: SpecialApproval.GRANTED, False: SpecialApproval.DECLINED}[
        await _answer(conn, row, ask.special_approval)
    ]
    heard = [fact_of(fact) for fact in found["facts"]]
    evidence = _evidence(row, heard, granted=granted, max_rerequests=policy.timers.evidence_max_rerequests)
    rejected = [offer_of(offer) for offer in found["rejected"]]
    affected = evidence.affected or tuple(AffectedUnits.model_validate(unit) for unit in opened["affected"])
    facts = Facts(
        policy_version=row.policy_version,
        moment=ask.at,
        requested_at=datetime.fromisoformat(opened["requested_at"]),
        time_zone=books.deciding.merchant(row.header.merchant_id).time_zone,
        scene=row.scene,
        order=order,
        affected=affected,
        claimed=Attributes.model_validate(opened["claimed"]),
        reviewed=evidence.reviewed,
        evidence=evidence.facts,
        reason_given=opened["reason_given"],
        hazard_hints=tuple(opened["hazard_hints"]),
        wanted_remedy=OptionCode(opened["wanted_remedy"]) if opened["wanted_remedy"] else None,
        special_approval=special,
        rejected_offers=len(rejected),
        compensation_rejections=sum(any(option.code is OptionCode.COMPENSATE_KEEP for option in offer.options) for offer in rejected),
        rejected_options=tuple(dict.fromkeys(option.code for offer in rejected for option in offer.options)),
        unavailable_options=(*NOT_CARRIED_OUT, *ask.unavailable),
        prior=known.prior,
        first_tier_paid_minor=known.first_tier_paid_minor,
        case_money_minor=found["case_money"],
        recorded_at=row.opened_at,
        reshipped=known.reshipped,
        merchant_fault_refunded=known.merchant_fault_refunded,
    )
    return Situation(
        row=row,
        order=order,
        policy=policy,
        facts=facts,
        evidence=evidence,
        special=special,
        evidence_declined=granted is False,
        rejected_offers=len(rejected),
        offers_made=found["offers_made"],
    )


async def _look(conn: Connection, row: CaseRow) -> Record:
    """All that the books have about a case, at one moment. Raises ``OrderNotFoundError``."""
    header = row.header
    found = await conn.fetchrow(_LOOK, header.order_id, *KNOWN_VALUES, header.case_id, _ABOUT_EVIDENCE, row.run_started_at)
    if found is None:
        raise OrderNotFoundError(header.order_id)
    return found


def _evidence(row: CaseRow, facts: Sequence[Fact], *, granted: bool | None, max_rerequests: int) -> EvidenceState:
    items = {item.evidence_id: item for item in (EvidenceItem.model_validate(item) for item in row.opened["evidence"])}
    reviews, refused = [], False
    for fact in facts:
        if fact.kind is FactKind.EVIDENCE_ADDED:
            item = EvidenceAdded.model_validate(fact.body).item
            items[item.evidence_id] = item
        elif fact.run_number == row.run_number and fact.kind is FactKind.EVIDENCE_REVIEWED:
            reviews.append(EvidenceReviewed.model_validate(fact.body))
        elif fact.run_number == row.run_number:
            refused = True
    return evidence_state(tuple(items.values()), reviews, refused=refused, granted=granted, max_rerequests=max_rerequests)


async def _answer(conn: Connection, row: CaseRow, approval_id: object) -> bool | None:
    """What the row of an approval says: granted, declined, or (None) nothing yet; one of another case says nothing here."""
    if approval_id is None:
        return None
    found = await conn.fetchrow("SELECT state FROM approvals WHERE approval_id = $1 AND case_id = $2", approval_id, row.header.case_id)
    if found is None or found["state"] not in (ApprovalState.GRANTED, ApprovalState.DECLINED):
        return None
    return bool(found["state"] == ApprovalState.GRANTED)


_ABOUT_EVIDENCE = [kind.value for kind in (FactKind.EVIDENCE_ADDED, FactKind.EVIDENCE_REVIEWED, FactKind.EVIDENCE_REFUSED)]

# Offers that the customer turned down count in the run in which they were made; a case's money is all that was given or reserved on it (R-AUTH-02).
_LOOK = f"""
SELECT {KNOWN},
    ARRAY(SELECT case_facts FROM case_facts WHERE case_id = $5 AND kind = ANY ($6) ORDER BY position) AS facts,
    ARRAY(SELECT offers FROM offers WHERE case_id = $5 AND state = 'rejected' AND made_at >= $7 ORDER BY number) AS rejected,
    (SELECT coalesce(max(number), 0) FROM offers WHERE case_id = $5) AS offers_made,
    (
        (SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE case_id = $5 AND state IN ('requested', 'stuck', 'settled'))
        + (SELECT coalesce(sum(amount_minor), 0) FROM payouts
           WHERE case_id = $5 AND kind IN ('ceiling_compensation', 'legal_settlement') AND state IN ('requested', 'paid'))
    )::bigint AS case_money
FROM orders WHERE order_id = $1
"""  # noqa: S608 - no value is part of it

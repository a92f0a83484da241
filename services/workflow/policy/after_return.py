"""What follows from goods on their way back: inspection, dispute, a lost parcel (rules, section 12)."""

from contracts.case_state import OptionCode
from contracts.decision_circumstances import DisputeChoice, InspectionResult, ReturnFacts
from contracts.decision_facts import AffectedUnits
from contracts.decision_result import Action, ApprovalNeed, FreightPayer, NextStep
from contracts.roles import Role
from services.workflow.policy.errors import FactsError
from services.workflow.policy.grading import Grade
from services.workflow.policy.option_money import agreed_part
from services.workflow.policy.options import build_offer
from services.workflow.policy.return_freight import share_freight
from services.workflow.policy.situation import Situation
from services.workflow.policy.way import Way


def return_way(situation: Situation, given: Grade, returned: ReturnFacts) -> Way | None:
    """The next step of a return that was approved; None where nothing has come of it yet that a rule speaks about."""
    if returned.result is not None:
        return _inspected(situation, given, returned)
    if returned.received_at is not None:
        situation.trace.note("R-RTN-03", "received: the inspection is due", received_at=returned.received_at.isoformat())
        return Way(NextStep.WAIT)
    if returned.handed_in_at is None and not returned.merchant_arranged:
        return _not_sent(situation, returned)
    return _on_its_way(situation, given, returned)


def _inspected(situation: Situation, given: Grade, returned: ReturnFacts) -> Way:
    table = situation.policy.tables.get("inspection")
    if table is None or returned.result is None:
        raise FactsError(
            "returned", f"{situation.policy.policy_version} says nothing about inspections", "use a policy with a table inspection"
        )
    answered = returned.disputed_at is not None and situation.facts.moment > returned.disputed_at + situation.duration("inspection.answer")
    row = table.one(
        result=returned.result.value, answer=returned.answer.value if returned.answer else "none", time="over" if answered else "in"
    )
    situation.trace.row(row, f"inspection: {returned.result.value}", next_step=row.word("step"))
    step = NextStep(row.word("step"))
    if step is NextStep.EXECUTE:
        part = returned.partial_refund_minor if returned.answer is DisputeChoice.PARTIAL_REFUND else None
        return _pay_part(situation, given, part) if returned.answer is not None else _pay(situation, given, situation.facts.affected)
    approval = None
    if row.says["tier"]:
        amount = returned.partial_refund_minor if returned.partial_refund_minor is not None else situation.goods_minor
        approval = ApprovalNeed(tier=Role(row.word("tier")), reason="inspection_dispute", rule=row.rule, amount_minor=amount)
    todo = tuple(Action(code=code, rule=row.rule) for code in row.says["action"])
    arrived = _arrived(situation, returned) if returned.result is InspectionResult.SHORT_QUANTITY else ()
    if arrived:
        paid = _pay(situation, given, arrived)
        situation.trace.note(
            "R-RTN-05", "what arrived is refunded at once, only the rest is in dispute", units=sum(e.quantity for e in arrived)
        )
        return Way(step, options=paid.options, approval=approval, actions=todo)
    return Way(step, approval=approval, actions=todo)


def _arrived(situation: Situation, returned: ReturnFacts) -> tuple[AffectedUnits, ...]:
    agreed = {each.line_id: each.quantity for each in situation.facts.affected}
    for line_id, count in returned.arrived.items():
        if count > agreed.get(line_id, 0):
            raise FactsError(
                f"returned.arrived.{line_id}", f"{count} arrived, but {agreed.get(line_id, 0)} were agreed", "correct the count"
            )
    return tuple(AffectedUnits(line_id=line_id, quantity=count) for line_id, count in returned.arrived.items() if count)


def _pay(situation: Situation, given: Grade, units: tuple[AffectedUnits, ...]) -> Way:
    """Carry out what was agreed, for the units that count, without another question (R-RTN-04)."""
    part = situation.about(units, situation.counts)
    agreed = situation.facts.agreed_option or OptionCode.RETURN_REFUND
    offer = build_offer(part, given, "inside")
    options = tuple(option for option in offer.options if option.code is agreed)
    if not options:
        raise FactsError("agreed_option", f"{agreed.value} is no option of {offer.row.rule}", "name the option that the customer accepted")
    situation.trace.note("R-SLA-13", "processed within its time from receipt", source="return.process")
    share = share_freight(part, options[0].freight_payer) if options[0].freight_payer is not FreightPayer.NONE else None
    return Way(NextStep.EXECUTE, options=options, freight=share)


def _pay_part(situation: Situation, given: Grade, amount_minor: int | None) -> Way:
    """The part that a supervisor proposed and the customer accepted (R-RTN-05)."""
    if amount_minor is None:
        raise FactsError("returned.partial_refund_minor", "is missing", "say which partial refund the customer accepted")
    paid = _pay(situation, given, situation.facts.affected)
    worth = agreed_part(situation, amount_minor)
    situation.trace.note("R-RTN-05", "the partial refund that was agreed", amount_minor=worth.amount_minor)
    changed = {"amount_minor": worth.amount_minor, "request": worth.request, "quote": worth.quote}
    return Way(NextStep.EXECUTE, options=(paid.options[0].model_copy(update=changed),), freight=paid.freight)


def _not_sent(situation: Situation, returned: ReturnFacts) -> Way:
    end = returned.approved_at + situation.duration("return.ship")
    over = situation.facts.moment > end
    situation.trace.note("R-RTN-02", "the parcel is handed in within its time", source="return.ship", ship_by=end.isoformat(), over=over)
    return Way(NextStep.CLOSE, closes_as="return_not_shipped") if over else Way(NextStep.WAIT)


def _on_its_way(situation: Situation, given: Grade, returned: ReturnFacts) -> Way:
    silent = situation.facts.moment - returned.last_scan_at if returned.last_scan_at else None
    lost = returned.confirmed_lost or (silent is not None and silent >= situation.duration("logistics.lost"))
    if not lost:
        return Way(NextStep.WAIT)
    situation.trace.note("R-RTN-06", "the parcel coming back is lost", merchant_arranged=returned.merchant_arranged)
    if returned.merchant_arranged:
        paid = _pay(situation, given, situation.facts.affected)
        return Way(
            NextStep.EXECUTE, options=paid.options, actions=(Action(code="carrier_claim", rule="R-RTN-06", role=Role.LOGISTICS_DEPT),)
        )
    need = ApprovalNeed(tier=Role.SUPERVISOR, reason="return_lost", rule="R-RTN-06", amount_minor=situation.goods_minor)
    return Way(
        NextStep.SPECIAL_APPROVAL, approval=need, actions=(Action(code="help_with_carrier_claim", rule="R-RTN-06", role=Role.AGENT),)
    )

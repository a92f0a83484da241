"""From the facts to an offer: units in different conditions get their own rows, and amounts are added (R-DEC-06, R-DEC-36)."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.case_state import OptionCode
from contracts.decision_facts import AffectedUnits, Attributes, SpecialApproval
from contracts.decision_result import ApprovalNeed, NextStep, Option
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.policy.eligibility import affects_resale, excluded_lines
from services.workflow.policy.errors import FactsError
from services.workflow.policy.grading import Grade
from services.workflow.policy.options import Offer, build_offer
from services.workflow.policy.return_freight import share_freight
from services.workflow.policy.situation import Situation
from services.workflow.policy.way import Way
from services.workflow.policy.windows import no_reason_open


@dataclass(frozen=True, slots=True)
class _Alike:
    """Units in the same condition."""

    affected: tuple[AffectedUnits, ...]
    counts: Attributes
    sound: bool = False


def offer_way(situation: Situation, given: Grade, window: str) -> Way:
    """What the row of the decision table says comes next: mostly an offer (R-DEC-01, R-DEC-05)."""
    offers = _offers(situation, given, window)
    first = offers[0]
    if first.step is not NextStep.OFFER:
        return _other_step(first)
    options = tuple(
        option.model_copy(update={"group": place}) if place else option for place, offer in enumerate(offers) for option in offer.options
    )
    if not options:
        return _nobody_can(situation, [word for offer in offers for word in offer.left_out])
    trace = situation.trace
    trace.note("R-DEC-05", "options in the order of the table, the first recommended", recommended=options[0].code.value)
    reason = first.only_option_reason if len(offers) == 1 else None
    if reason:
        trace.note("R-DEC-01", "only one option is feasible", reason=reason)
    else:
        trace.note("R-DEC-01", "the customer chooses", options=len(options))
    _explain(situation, options)
    payer = next((option.freight_payer for option in options if option.goods_come_back), None)
    share = share_freight(situation, payer) if payer is not None else None
    return Way(NextStep.OFFER, options=options, only_option_reason=reason, freight=share)


def _explain(situation: Situation, options: Sequence[Option]) -> None:
    """Rules that every offer keeps, said where they show."""
    codes, trace = {option.code for option in options}, situation.trace
    trace.note("R-DEC-02", "each option says amount, freight, whether goods come back, steps, time and clause")
    trace.note("R-DEC-08", "whether goods come back follows from the option", back=sum(option.goods_come_back for option in options))
    if codes & {OptionCode.COMPENSATE_KEEP, OptionCode.COMPENSATE_RAISED} and OptionCode.RETURN_REFUND in codes:
        trace.note("R-COMP-12", "keeping the goods comes first where it costs least, the return is always shown")
        trace.note("R-NOT-03", "no return is hidden")
    if situation.merchant_fault and any(option.amount_minor for option in options):
        attempts, retention = situation.facts.retention_attempts, situation.policy.settings.retention
        open_for_one = retention is not None and attempts < retention.max_attempts and not situation.facts.refund_insisted
        trace.note("R-NOT-04", "one attempt to solve the cause, then the refund", attempts=attempts, another_allowed=open_for_one)


def _other_step(offer: Offer) -> Way:
    """The row says that something else comes first: finding out, guidance, an exception, or the end."""
    step, row = offer.step, offer.row
    approval = offer.own_approval() if step is NextStep.SPECIAL_APPROVAL else None
    if step is NextStep.SPECIAL_APPROVAL and approval is None:
        approval = ApprovalNeed(tier=Role.SUPERVISOR, reason=row.word("reason") or "exception", rule=row.rule)
    closes = row.word("reason") if step in (NextStep.CLOSE, NextStep.REJECT) else None
    return Way(step, approval=approval, closes_as=closes, options=tuple(offer.options) if step is NextStep.WAIT else ())


def _nobody_can(situation: Situation, left_out: Sequence[str]) -> Way:
    """No option can be carried out. A supervisor who was asked already cannot make one feasible: somebody must change the facts."""
    if situation.facts.special_approval is not SpecialApproval.NOT_ASKED:
        raise FactsError(
            "unavailable_options",
            f"no option can be carried out ({'; '.join(left_out)}), and a supervisor has answered already",
            "make one of them possible again, or settle the case by hand",
        )
    situation.trace.note("R-DEC-01", "no option of the row can be carried out: a supervisor decides", left_out="; ".join(left_out))
    need = ApprovalNeed(tier=Role.SUPERVISOR, reason="no_option_feasible", rule="R-DEC-01", amount_minor=situation.goods_minor)
    return Way(NextStep.SPECIAL_APPROVAL, approval=need)


def _offers(situation: Situation, given: Grade, window: str) -> list[Offer]:
    """An offer for each kind of units; each is weighed with the most that the others could get at the same time (R-AUTH-02)."""
    alike = _groups(situation)
    if len(alike) == 1 and not alike[0].sound:
        return [build_offer(situation, given, window)]
    situation.trace.note("R-DEC-06", "units in different conditions have their own rows", groups=len(alike))
    alone = [_offer(situation, given, window, each, 0) for each in alike]
    dearest = [max((option.amount_minor for option in offer.options), default=0) for offer in alone]
    return [
        _offer(situation, given, window, each, sum(dearest) - own) if sum(dearest) > own else offer
        for each, own, offer in zip(alike, dearest, alone, strict=True)
    ]


def _offer(situation: Situation, given: Grade, window: str, alike: _Alike, beside_minor: int) -> Offer:
    part = situation.about(alike.affected, alike.counts, Scene.RETURN_NO_REASON if alike.sound else None)
    offer = build_offer(part, given, "inside" if alike.sound else window, beside_minor)
    if alike.sound:
        _sound_units(part, offer)
    return offer


def _sound_units(part: Situation, offer: Offer) -> None:
    """Good units that go back along: only where a return without a reason would stand (R-DEC-36)."""
    stands = no_reason_open(part) and not affects_resale(part) and not excluded_lines(part)
    part.trace.note(
        "R-DEC-36", "sound units go back as without a reason", stands=stands, units=sum(each.quantity for each in part.facts.affected)
    )
    offer.options[:] = [option for option in offer.options if option.code is OptionCode.RETURN_REFUND] if stands else []
    if not stands:
        offer.left_out.append("return_refund: sound units cannot be returned without a reason")


def _groups(situation: Situation) -> list[_Alike]:
    """The affected units by condition: what ``groups`` does not name is as the case as a whole. Units with the same condition are one group."""
    facts = situation.facts
    if not facts.groups:
        return [_Alike(facts.affected, situation.counts)]
    left = {each.line_id: each.quantity for each in facts.affected}
    found: dict[tuple[bool, Attributes], dict[str, int]] = {}
    for group in facts.groups:
        known = {name: value for name, value in group.reviewed if value is not None}
        key = (group.sound, situation.counts.model_copy(update=known))
        units = found.setdefault(key, {})
        units[group.line_id] = units.get(group.line_id, 0) + group.quantity
        left[group.line_id] -= group.quantity
    if any(left.values()):
        units = found.setdefault((False, situation.counts), {})
        for line_id, quantity in left.items():
            if quantity:
                units[line_id] = units.get(line_id, 0) + quantity
    ordered = sorted(found.items(), key=lambda each: each[0][0])
    return [
        _Alike(tuple(AffectedUnits(line_id=line_id, quantity=quantity) for line_id, quantity in units.items()), counts, sound)
        for (sound, counts), units in ordered
    ]

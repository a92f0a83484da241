"""The options a customer can choose from, in the order of the table, each with its amount, freight, approval and clause (rules, section 8)."""

from dataclasses import dataclass, field

from contracts.case_state import GOODS_COME_BACK, OptionCode
from contracts.decision_result import ApprovalNeed, FreightPayer, NextStep, Option
from contracts.roles import Role
from services.workflow.policy.authority import Weight, approval_for
from services.workflow.policy.compensation import promise_ceiling_minor, raised_offer, standard_offer
from services.workflow.policy.evidence import unsafe
from services.workflow.policy.feasibility import why_not
from services.workflow.policy.grading import Grade
from services.workflow.policy.option_money import Money, option_money
from services.workflow.policy.return_freight import above_cap
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row

WHOLE_REMEDIES = frozenset({OptionCode.RETURN_REFUND, OptionCode.REFUND_NO_RETURN, OptionCode.RESHIP_NO_RETURN, OptionCode.EXCHANGE})
"""What a customer can ask for beyond the row (R-DEC-07)."""


@dataclass(slots=True)
class Offer:
    """What can be offered to units that are alike, and why other options of the row cannot."""

    row: Row
    situation: Situation
    options: list[Option] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def step(self) -> NextStep:
        """What the row says comes next."""
        return NextStep(self.row.word("step") or NextStep.OFFER)

    @property
    def only_option_reason(self) -> str | None:
        """Why there is one option only (R-DEC-01), None where there is a choice."""
        if len(self.options) != 1:
            return None
        return "; ".join(self.left_out) or f"only remedy of {self.row.rule}"

    def own_approval(self) -> ApprovalNeed | None:
        """The approval that the row asks for by itself, such as that of a promise's compensation (R-COMP-10)."""
        if not self.row.says["tier"]:
            return None
        ceiling = promise_ceiling_minor(self.situation) if self.row.word("reason") == "promise_breach" else None
        amount = self.situation.goods_minor if ceiling is None else ceiling
        rule = "R-COMP-10" if ceiling is not None else self.row.rule
        return ApprovalNeed(tier=Role(self.row.word("tier")), reason=self.row.word("reason"), rule=rule, amount_minor=amount)


def build_offer(situation: Situation, given: Grade, window: str, beside_minor: int = 0) -> Offer:
    """The options of the row that fits, and the remedy the customer asked for beyond it (R-DEC-05, R-DEC-07)."""
    facts, counts = situation.facts, situation.counts
    standard = standard_offer(situation)
    row = situation.policy.tables["remedies"].one(
        scene=situation.scene.value,
        window=window,
        usable="no" if counts.usable is False else "yes",
        unsafe="yes" if unsafe(counts) else "no",
        standard_offer="open" if standard.open else "rejected",
        freight_quote="above_cap" if above_cap(situation) else "within_cap",
        finding=situation.found,
        special_approval=facts.special_approval.value,
    )
    situation.trace.row(
        row, f"options {', '.join(row.says['options'])}", usable=counts.usable, standard_offer_open=standard.open, finding=situation.found
    )
    raised = raised_offer(situation, standard.final_minor) if OptionCode.COMPENSATE_RAISED.value in row.says["options"] else []
    money = {"standard": standard.items, "raised": raised}
    offer = Offer(row, situation)
    for word in (*_charged_wrongly(situation, row), *row.says["options"]):
        _add(offer, given, OptionCode(word), money, beside_minor)
    wanted = facts.wanted_remedy
    if wanted is not None and wanted.value not in row.says["options"] and offer.step is NextStep.OFFER:
        _add_wanted(offer, given, wanted, beside_minor)
    return offer


def _charged_wrongly(situation: Situation, row: Row) -> tuple[str, ...]:
    """Money that was wrongly charged goes back first, without prejudice to the rest (R-DEC-43)."""
    complaint = situation.facts.complaint
    charged = complaint is not None and complaint.wrongly_charged_minor > 0 and row.word("step") in ("", NextStep.OFFER.value)
    extra = OptionCode.REFUND_EXTRA.value
    return (extra,) if charged and "R-DEC-43" in row.says["rule"] and extra not in row.says["options"] else ()


def _add(offer: Offer, given: Grade, code: OptionCode, money: Money, beside_minor: int) -> None:
    situation = offer.situation
    hindrance = why_not(situation, code)
    if hindrance is None:
        kind = situation.policy.tables["options"].one(option=code.value).word("money")
        if kind in money and not money[kind]:
            hindrance = ("no_room", "R-COMP-04")
    if hindrance is None:
        option = _option(offer, given, code, money, beside_minor)
        if option.request is not None and option.amount_minor == 0:
            hindrance = ("nothing_left", "R-RFD-03")
        else:
            offer.options.append(option)
    if hindrance is not None:
        offer.left_out.append(f"{code.value}: {hindrance[0]}")
        situation.trace.note(hindrance[1], f"{code.value} is left out", reason=hindrance[0])


def _add_wanted(offer: Offer, given: Grade, code: OptionCode, beside_minor: int) -> None:
    """A remedy beyond the row: an exchange is granted for merchant fault, the rest is a supervisor's (R-DEC-07)."""
    situation = offer.situation
    granted = code is OptionCode.EXCHANGE and situation.merchant_fault
    if code not in WHOLE_REMEDIES or why_not(situation, code) is not None:
        situation.trace.note("R-DEC-07", f"{code.value} is asked for, but cannot be offered by itself: a supervisor may propose it")
        return
    option = _option(offer, given, code, {}, beside_minor, asked_for=not granted)
    if option.request is None or option.amount_minor:
        situation.trace.note("R-DEC-07", f"{code.value} is asked for beyond the row", granted=granted)
        clause = situation.policy.clauses.get("wanted-remedy", option.clause)
        offer.options.append(option.model_copy(update={"clause": clause, "rule": "R-DEC-07"}))


def _option(offer: Offer, given: Grade, code: OptionCode, money: Money, beside_minor: int, *, asked_for: bool = False) -> Option:
    situation, row = offer.situation, offer.row
    settings = situation.policy.settings
    means = situation.policy.tables["options"].one(option=code.value)
    worth = option_money(situation, code, means.word("money"), money)
    pickup = row.word("pickup") == "yes"
    back = code in GOODS_COME_BACK or pickup
    payer = _payer(situation, row, pickup=pickup) if back else FreightPayer.NONE
    own = offer.own_approval()
    weight = Weight(
        code,
        worth.amount_minor,
        FreightPayer.NONE if pickup else payer,
        urgent_remedy=row.word("urgent remedy") == "yes",
        asked_for=asked_for,
        beside_minor=beside_minor,
        needs=(own,) if own and offer.step is NextStep.OFFER else (),
        pickup=pickup,
    )
    outbound = _outbound_payer(situation, code, stock=means.word("needs stock") == "yes")
    return Option(
        code=code,
        amount_minor=worth.amount_minor,
        quote=worth.quote,
        goods_come_back=back,
        freight_payer=payer,
        freight_cap_minor=situation.amount("freight.return_cap") if payer is FreightPayer.MERCHANT and not pickup else None,
        needs_stock=means.word("needs stock") == "yes",
        approval=approval_for(situation, given, weight),
        clause=situation.policy.clauses[row.word("clause")],
        rule=row.rule,
        request=worth.request,
        steps=means.says["steps"],
        within=settings.duration(means.word("within")) if means.says["within"] else None,
        outbound_payer=outbound,
        pickup=pickup,
        collect_minor=worth.collect_minor,
        available_at=situation.facts.stockout.restock_at if code is OptionCode.WAIT_RESTOCK and situation.facts.stockout else None,
        units=situation.facts.affected,
    )


def _payer(situation: Situation, row: Row, *, pickup: bool) -> FreightPayer:
    payer = FreightPayer(row.word("freight"))
    if payer is FreightPayer.NONE:
        # The row sends nothing back; a return asked for beyond it follows the fault (R-FRT-01, R-FRT-07).
        payer = FreightPayer.MERCHANT if situation.merchant_fault or pickup else FreightPayer.CUSTOMER
    rule = "R-FRT-05" if pickup else ("R-FRT-01" if payer is FreightPayer.MERCHANT else "R-FRT-07")
    situation.trace.note(rule, f"the {payer.value} bears the return freight", source=row.source)
    return payer


def _outbound_payer(situation: Situation, code: OptionCode, *, stock: bool) -> FreightPayer:
    """Who pays for new goods or parts to reach the customer (R-FRT-08, R-FRT-10)."""
    if code is OptionCode.REDELIVER:
        situation.trace.note("R-FRT-09", "the customer pays for another delivery")
        return FreightPayer.CUSTOMER
    if not stock and code is not OptionCode.RESHIP_PART:
        return FreightPayer.NONE
    if situation.merchant_fault:
        situation.trace.note("R-FRT-10", "the merchant pays all legs of new goods", option=code.value)
        return FreightPayer.MERCHANT
    payer = situation.policy.settings.freight.size_exchange_outbound or FreightPayer.MERCHANT
    situation.trace.note(
        "R-FRT-08", "who pays for the new goods of an exchange", source="freight.size_exchange_outbound", payer=payer.value
    )
    return payer

"""The options a customer can choose from, in the order of the table, each with its amount, freight, approval and clause (rules, section 8)."""

from dataclasses import dataclass, field

from contracts.case_state import GOODS_COME_BACK, OptionCode
from contracts.decision_facts import Attributes
from contracts.decision_result import FreightPayer, Option
from contracts.quote import CompensateUnits, Quote, RefundItem, RefundRequest, RefundUnits
from services.workflow.money.errors import MoneyError
from services.workflow.money.quote import quote
from services.workflow.policy.authority import Weight, approval_for
from services.workflow.policy.compensation import raised_offer, standard_offer
from services.workflow.policy.errors import FactsError
from services.workflow.policy.feasibility import why_not
from services.workflow.policy.grading import Grade
from services.workflow.policy.outbound_freight import outbound_freight
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row


@dataclass(slots=True)
class Offer:
    """What can be offered, and why other options of the row cannot."""

    row: Row
    options: list[Option] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def only_option_reason(self) -> str | None:
        """Why there is one option only (R-DEC-01), None where there is a choice."""
        if len(self.options) != 1:
            return None
        return "; ".join(self.left_out) or f"only remedy of {self.row.rule}"


def build_offer(situation: Situation, given: Grade, window: str, counts: Attributes) -> Offer:
    """The options of the row that fits, and the remedy the customer asked for beyond it (R-DEC-05, R-DEC-07)."""
    facts = situation.facts
    standard = standard_offer(situation)
    # Where no standard offer can be made it counts as turned down (R-COMP-05).
    turned_down = OptionCode.COMPENSATE_KEEP in facts.rejected_options or not standard
    cap = situation.amount("freight.return_cap")
    row = situation.policy.tables["remedies"].one(
        scene=facts.scene.value,
        window=window,
        usable="no" if counts.usable is False else "yes",
        standard_offer="rejected" if turned_down else "open",
        freight_quote="above_cap" if cap is not None and (facts.freight_quote_minor or 0) > cap else "within_cap",
    )
    situation.trace.row(row, f"options {', '.join(row.says['options'])}", usable=counts.usable, standard_offer_open=not turned_down)
    money = {"standard": standard, "raised": raised_offer(situation, _sum(standard)) if "compensate_raised" in row.says["options"] else []}
    offer = Offer(row)
    for word in row.says["options"]:
        _add(situation, given, offer, OptionCode(word), money)
    wanted = facts.wanted_remedy
    if wanted is not None and wanted.value not in row.says["options"]:
        _add_wanted(situation, given, offer, wanted)
    return offer


def _sum(items: list[CompensateUnits]) -> int:
    return sum(item.amount_minor for item in items)


def _add(situation: Situation, given: Grade, offer: Offer, code: OptionCode, money: dict[str, list[CompensateUnits]]) -> None:
    items: list[RefundItem] = []
    kind = situation.policy.tables["options"].one(option=code.value).word("money")
    hindrance = why_not(situation, code)
    if kind == "refund":
        items = _units(situation)
    elif kind != "none":
        items = [*money[kind]]
        hindrance = hindrance or (None if items else ("no_room", "R-COMP-04"))
    if hindrance is None:
        option = _option(situation, given, offer.row, code, items)
        if items and option.amount_minor == 0:
            hindrance = ("nothing_left", "R-RFD-03")
        else:
            offer.options.append(option)
    if hindrance is not None:
        offer.left_out.append(f"{code.value}: {hindrance[0]}")
        situation.trace.note(hindrance[1], f"{code.value} is left out", reason=hindrance[0])


def _add_wanted(situation: Situation, given: Grade, offer: Offer, code: OptionCode) -> None:
    """A remedy beyond the row: an exchange is granted for merchant fault, the rest is a supervisor's (R-DEC-07)."""
    kind = situation.policy.tables["options"].one(option=code.value).word("money")
    granted = code is OptionCode.EXCHANGE and situation.facts.scene.merchant_fault
    whole = code in (OptionCode.RETURN_REFUND, OptionCode.REFUND_NO_RETURN, OptionCode.RESHIP_NO_RETURN, OptionCode.EXCHANGE)
    if not whole or why_not(situation, code) is not None:
        situation.trace.note("R-DEC-07", f"{code.value} is asked for, but cannot be offered by itself: a supervisor may propose it")
        return
    items = _units(situation) if kind == "refund" else []
    option = _option(situation, given, offer.row, code, items, asked_for=not granted)
    if not items or option.amount_minor:
        situation.trace.note("R-DEC-07", f"{code.value} is asked for beyond the row", granted=granted)
        clause = situation.policy.clauses.get("wanted-remedy", option.clause)
        offer.options.append(option.model_copy(update={"clause": clause, "rule": "R-DEC-07"}))


def _units(situation: Situation) -> list[RefundItem]:
    units = [RefundUnits(line_id=each.line_id, quantity=each.quantity) for each in situation.facts.affected]
    return [*units, *outbound_freight(situation)]


def _option(situation: Situation, given: Grade, row: Row, code: OptionCode, items: list[RefundItem], *, asked_for: bool = False) -> Option:
    settings = situation.policy.settings
    means = situation.policy.tables["options"].one(option=code.value)
    request = RefundRequest(currency=situation.currency, items=tuple(items)) if items else None
    quoted = _quoted(situation, request) if request else None
    back = code in GOODS_COME_BACK
    payer = _payer(situation, row) if back else FreightPayer.NONE
    amount = quoted.amount_minor if quoted else 0
    weight = Weight(code, amount, payer, urgent_remedy=row.word("urgent remedy") == "yes", asked_for=asked_for)
    return Option(
        code=code,
        amount_minor=amount,
        quote=quoted,
        goods_come_back=back,
        freight_payer=payer,
        freight_cap_minor=situation.amount("freight.return_cap") if payer is FreightPayer.MERCHANT else None,
        needs_stock=means.word("needs stock") == "yes",
        approval=approval_for(situation, given, weight),
        clause=situation.policy.clauses[row.word("clause")],
        rule=row.rule,
        request=request,
        steps=means.says["steps"],
        within=settings.duration(means.word("within")) if means.says["within"] else None,
    )


def _payer(situation: Situation, row: Row) -> FreightPayer:
    payer = FreightPayer(row.word("freight"))
    if payer is FreightPayer.NONE:
        # The row sends nothing back; a return asked for beyond it follows the fault (R-FRT-01, R-FRT-07).
        payer = FreightPayer.MERCHANT if situation.facts.scene.merchant_fault else FreightPayer.CUSTOMER
    rule = "R-FRT-01" if payer is FreightPayer.MERCHANT else "R-FRT-07"
    situation.trace.note(rule, f"the {payer.value} bears the return freight", source=row.source)
    return payer


def _quoted(situation: Situation, request: RefundRequest) -> Quote:
    try:
        return quote(situation.facts.order, request, situation.facts.prior)
    except MoneyError as error:
        raise FactsError("order", str(error), "send the order and what was given back on it as they stand") from error

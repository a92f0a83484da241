"""Whether an option can be carried out at all: not ruled out by the process, in stock, not sent again too often."""

from contracts.case_state import OptionCode
from services.workflow.policy.compensation import times_turned_down
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row

SENT_ONCE = frozenset({OptionCode.RESHIP_NO_RETURN, OptionCode.RESHIP})


def why_not(situation: Situation, code: OptionCode) -> tuple[str, str] | None:
    """Why an option cannot be offered, with the rule; None where it can. Stock that nobody knows is settled by reservation (R-RSH-04)."""
    row = situation.policy.tables["options"].find(option=code.value)
    if row is None:
        return "unknown_option", "R-DEC-05"
    if code in situation.facts.unavailable_options:
        return "unavailable", "R-DEC-05"
    return (
        _instead_of_money(situation, code)
        or _unknown_goods(situation, code)
        or _never_again(situation, code)
        or _no_stock(situation, code, row)
    )


def _instead_of_money(situation: Situation, code: OptionCode) -> tuple[str, str] | None:
    """The spare part is an alternative to money (C-27): whoever turned that offer down has turned the part down with it (R-DEC-14)."""
    return ("turned_down", "R-DEC-14") if code is OptionCode.RESHIP_PART and times_turned_down(situation.facts) else None


def _unknown_goods(situation: Situation, code: OptionCode) -> tuple[str, str] | None:
    """A substitute needs an article, waiting needs a date (R-DEC-37)."""
    stockout = situation.facts.stockout
    if code is OptionCode.SUBSTITUTE and (stockout is None or stockout.substitute_unit_minor is None):
        return "no_substitute_known", "R-STK-03"
    if code is OptionCode.WAIT_RESTOCK and (stockout is None or stockout.restock_at is None):
        return "no_date_known", "R-DEC-37"
    return None


def _never_again(situation: Situation, code: OptionCode) -> tuple[str, str] | None:
    """New goods after stock failed, or for a unit that was sent again before (R-RSH-04, R-RSH-06); another variant may be there (R-EXC-04)."""
    facts = situation.facts
    other_variant = facts.exchange is not None and facts.exchange.in_stock
    takes_stock = code in SENT_ONCE or (code is OptionCode.EXCHANGE and not other_variant)
    if takes_stock and facts.reship is not None and facts.reship.reservation_failed_at is not None:
        return "out_of_stock", "R-RSH-04"
    if code not in SENT_ONCE:
        return None
    failed = facts.reship is not None and facts.reship.failed_again
    if failed or any(_sent_too_often(situation, each.line_id, each.quantity) for each in facts.affected):
        return "sent_again_before", "R-RSH-06"
    return None


def _no_stock(situation: Situation, code: OptionCode, row: Row) -> tuple[str, str] | None:
    facts = situation.facts
    if code is OptionCode.EXCHANGE and facts.exchange is not None and facts.exchange.in_stock is not None:
        return None if facts.exchange.in_stock else ("out_of_stock", "R-EXC-04")
    if row.word("needs stock") == "yes" and any(facts.stock.get(each.line_id, each.quantity) < each.quantity for each in facts.affected):
        return "out_of_stock", "R-DEC-05"
    return None


def _sent_too_often(situation: Situation, line_id: str, quantity: int) -> bool:
    allowed = situation.policy.settings.reship.max_per_unit * situation.order.line(line_id).quantity
    return situation.facts.reshipped.get(line_id, 0) + quantity > allowed

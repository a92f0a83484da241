"""Whether an option can be carried out at all: not ruled out by the process, in stock, not sent again too often."""

from contracts.case_state import OptionCode
from services.workflow.policy.situation import Situation

NEVER_SENT_AGAIN = frozenset({OptionCode.RESHIP_NO_RETURN})


def why_not(situation: Situation, code: OptionCode) -> tuple[str, str] | None:
    """Why an option cannot be offered, with the rule; None where it can. Stock that nobody knows is settled by reservation (R-RSH-04)."""
    facts = situation.facts
    if code in facts.unavailable_options:
        return "unavailable", "R-DEC-05"
    row = situation.policy.tables["options"].one(option=code.value)
    if row.word("needs stock") == "yes" and any(facts.stock.get(each.line_id, each.quantity) < each.quantity for each in facts.affected):
        return "out_of_stock", "R-DEC-05"
    if code in NEVER_SENT_AGAIN and any(_sent_too_often(situation, each.line_id, each.quantity) for each in facts.affected):
        return "sent_again_before", "R-RSH-06"
    return None


def _sent_too_often(situation: Situation, line_id: str, quantity: int) -> bool:
    allowed = situation.policy.settings.reship.max_per_unit * situation.facts.order.line(line_id).quantity
    return situation.facts.reshipped.get(line_id, 0) + quantity > allowed

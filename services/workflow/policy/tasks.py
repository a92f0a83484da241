"""What circumstances make somebody do, whatever is offered: a refund after stock failed, an alert about a fault that comes back, an intercept's end."""

from contracts.case_state import OptionCode
from contracts.decision_circumstances import DeliveryFacts
from contracts.decision_result import Action
from contracts.roles import Role
from services.workflow.policy.situation import Situation


def tasks(situation: Situation) -> tuple[Action, ...]:
    """The tasks that the facts call for, in the order of the rules."""
    facts, trace = situation.facts, situation.trace
    done = []
    if facts.reship is not None and facts.reship.reservation_failed_at is not None:
        due = facts.reship.reservation_failed_at + situation.duration("reship.stockout_wait")
        trace.note(
            "R-RSH-04",
            "stock failed: refunded by itself unless the customer answers",
            source="reship.stockout_wait",
            due_at=due.isoformat(),
        )
        trace.note("R-DEC-41", "stock failed when it was carried out")
        done.append(Action(code="refund_automatically", rule="R-RSH-04", due_at=due))
    if facts.reship is not None and facts.reship.failed_again:
        done.append(Action(code="inform_supervisor", rule="R-RSH-06", role=Role.SUPERVISOR))
    quality = situation.policy.settings.quality
    if quality is not None and facts.warranty is not None and facts.warranty.recent_faults >= quality.alert_count:
        trace.note(
            "R-WAR-07", "the same fault too often: quality alert", count=facts.warranty.recent_faults, alert_count=quality.alert_count
        )
        done.append(Action(code="quality_alert", rule="R-WAR-07", role=Role.QA_MANAGER))
    if facts.stockout is not None and facts.stockout.informed_at is not None and facts.agreed_option is None:
        due = facts.stockout.informed_at + situation.duration("stockout.answer")
        trace.note("R-STK-04", "no answer closes nothing: then the manager decides", source="stockout.answer", due_at=due.isoformat())
        done.append(Action(code="decide_without_answer", rule="R-STK-04", role=Role.AFTER_SALES_MANAGER, due_at=due))
    if facts.agreed_option is OptionCode.REFUND_AFTER_INTERCEPT and facts.delivery is not None:
        done.append(_intercept(situation, facts.delivery))
    return tuple(done)


def _intercept(situation: Situation, delivery: DeliveryFacts) -> Action:
    """When the refund after an intercept is submitted: at the carrier's word or the first scan on the way back (R-LOG-08)."""
    seen = [moment for moment in (delivery.intercept_confirmed_at, delivery.return_scan_at) if moment is not None]
    if seen:
        situation.trace.note("R-LOG-08", "intercepted: the refund is submitted", at=min(seen).isoformat())
        return Action(code="submit_refund", rule="R-LOG-08", due_at=min(seen))
    begun = delivery.intercept_requested_at or situation.facts.moment
    due = begun + situation.duration("logistics.intercept_wait")
    situation.trace.note("R-LOG-08", "without the carrier's word a supervisor decides", due_at=due.isoformat())
    return Action(code="decide_without_intercept", rule="R-LOG-08", role=Role.SUPERVISOR, due_at=due)

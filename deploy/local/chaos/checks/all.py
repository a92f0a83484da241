"""All checks of a run, in the order in which they are told."""

from collections.abc import Callable

from deploy.local.chaos.checks.accepted import accepted_acts_are_told, accepted_is_a_case
from deploy.local.chaos.checks.events import committed_is_sent, consumers_saw_everything, keys_are_in_order
from deploy.local.chaos.checks.finding import Check, Checked
from deploy.local.chaos.checks.ledger import books_balance, books_say_what_the_provider_paid, every_settled_refund_is_booked
from deploy.local.chaos.checks.payments import (
    no_payment_gives_back_more_than_it_took,
    refunds_are_paid_once,
    what_cases_say_was_paid_was_paid,
)
from deploy.local.chaos.checks.privacy import personal_data_has_one_road
from deploy.local.chaos.checks.quarantine import nothing_is_held_back
from deploy.local.chaos.checks.reconciliation import nothing_is_left_to_reconcile
from deploy.local.chaos.checks.rest import comes_to_rest
from deploy.local.chaos.checks.waiting import facts_are_heard, open_cases_wait_with_a_deadline
from deploy.local.chaos.traces import Traces

CHECKS: dict[str, tuple[Check, Callable[[Traces], int]]] = {
    "the system comes to rest": (comes_to_rest, lambda _traces: 1),
    "what was accepted is a case": (accepted_is_a_case, lambda traces: len(traces.accepted)),
    "what was accepted of a case is told": (accepted_acts_are_told, lambda traces: len(traces.acts)),
    "an open case waits with a deadline": (open_cases_wait_with_a_deadline, lambda traces: len(traces.cases)),
    "every process heard its facts": (facts_are_heard, lambda traces: len(traces.facts)),
    "a refund is paid once": (refunds_are_paid_once, lambda traces: len(traces.provider)),
    "a case that says refunded was paid": (what_cases_say_was_paid_was_paid, lambda traces: len(traces.refunds)),
    "a payment gives back what it took at most": (no_payment_gives_back_more_than_it_took, lambda traces: len(traces.captured)),
    "the books balance": (books_balance, lambda traces: len(traces.ledger)),
    "every settled refund is booked": (every_settled_refund_is_booked, lambda traces: len(traces.refunds)),
    "the books say what the provider paid": (books_say_what_the_provider_paid, lambda traces: len(traces.provider)),
    "what was committed is in Kafka": (committed_is_sent, lambda traces: len(traces.outbox)),
    "a key's events are in order": (keys_are_in_order, lambda traces: len(traces.kafka)),
    "consumers saw everything once": (consumers_saw_everything, lambda traces: len(traces.kafka)),
    "nothing is held back in quarantine": (nothing_is_held_back, lambda traces: len(traces.quarantine)),
    "personal data has one road": (personal_data_has_one_road, lambda traces: len(traces.kafka) + len(traces.executions)),
    "reconciliation agrees": (nothing_is_left_to_reconcile, lambda traces: len(traces.submissions)),
}
"""The checks by name, each with how many things it looks at."""


def check_all(traces: Traces) -> list[Checked]:
    """Make all checks."""
    return [Checked(name, count(traces), list(check(traces))) for name, (check, count) in CHECKS.items()]

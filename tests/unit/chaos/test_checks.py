"""Each check of a chaos run holds on a run that went well, and fails on one in which its promise was broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.topics import Topic
from deploy.local.chaos.canaries import Sighting
from deploy.local.chaos.checks.all import check_all
from deploy.local.chaos.traces import Accepted, Act, Execution, IntakeCase, LedgerLine, Traces
from tests.support.chaos_traces import (
    AMOUNT,
    CASE,
    CHOICE,
    NOW,
    NUMBER,
    OPEN_CASE,
    REFUND,
    a_provider_refund,
    a_quarantined,
    a_record,
    a_row,
    an_open_case,
    good_traces,
)


def broken(traces: Traces) -> dict[str, list[str]]:
    """The names of the checks that fail, with what they say."""
    return {one.name: [str(finding) for finding in one.findings] for one in check_all(traces) if one.findings}


def test_a_run_that_went_well_holds() -> None:
    assert broken(good_traces()) == {}


def _lose_a_case(traces: Traces) -> None:
    traces.accepted.append(Accepted("gone", "D26-000009"))


def _renumber(traces: Traces) -> None:
    traces.intake[0] = IntakeCase(CASE, "D26-000077", "closed")


def _never_hear(traces: Traces) -> None:
    traces.accepted.append(Accepted("new", "D26-000003"))
    traces.intake.append(IntakeCase("new", "D26-000003", "submitted"))


def _show_an_old_status(traces: Traces) -> None:
    traces.intake[0] = IntakeCase(CASE, NUMBER, "executing")


def _never_open(traces: Traces) -> None:
    traces.never_accepted.append("credit note C1: not opened")


def _lose_a_choice(traces: Traces) -> None:
    traces.acts.add(Act(CASE, "choice"))


def _lose_the_process(traces: Traces) -> None:
    traces.executions.pop()


def _wait_for_ever(traces: Traces) -> None:
    traces.cases[1] = an_open_case(deadlines=())


def _miss_the_deadline(traces: Traces) -> None:
    traces.cases[1] = an_open_case(deadlines=(NOW - timedelta(minutes=3),))


def _end_half_way(traces: Traces) -> None:
    traces.cases[0] = replace(traces.cases[0], status="executing")


def _end_without_outcome(traces: Traces) -> None:
    traces.cases[0] = replace(traces.cases[0], outcome=None)


def _run_on(traces: Traces) -> None:
    traces.executions[0] = replace(traces.executions[0], running=True)


def _lose_a_signal(traces: Traces) -> None:
    traces.executions[0] = Execution(f"case/{CASE}", running=False, history=b"heard nothing")


def _pay_twice(traces: Traces) -> None:
    traces.provider.append(a_provider_refund("re_2", key="another"))


def _pay_too_much(traces: Traces) -> None:
    traces.provider[0] = a_provider_refund(amount_minor=AMOUNT + 1)


def _pay_nothing(traces: Traces) -> None:
    traces.provider.clear()


def _pay_a_stranger(traces: Traces) -> None:
    traces.provider.append(a_provider_refund("re_2", refund_id="unknown", payment="pay_2"))


def _settle_nothing(traces: Traces) -> None:
    traces.refunds[0] = replace(traces.refunds[0], state="stuck")


def _refund_nothing(traces: Traces) -> None:
    traces.refunds.clear()


def _capture_less(traces: Traces) -> None:
    traces.captured = {"pay_1": AMOUNT - 1}


def _unbalance(traces: Traces) -> None:
    traces.ledger[0] = replace(traces.ledger[0], amount_minor=AMOUNT - 1)


def _book_nothing(traces: Traces) -> None:
    traces.ledger.clear()


def _book_something_else(traces: Traces) -> None:
    traces.ledger = [replace(line, amount_minor=line.amount_minor * 2) for line in traces.ledger]


def _book_one_line(traces: Traces) -> None:
    traces.ledger.append(LedgerLine("half", "manual", None, "demo-shop", "GBP", "revenue", 0))


def _skip_a_row(traces: Traces) -> None:
    traces.outbox.append(a_row(a_record(4)))


def _invent_an_event(traces: Traces) -> None:
    traces.kafka.append(a_record(4))
    traces.inboxes["workflow"].add(a_record(4).event_id)


def _leave_a_gap(traces: Traces) -> None:
    traces.kafka.append(a_record(5))


def _swap(traces: Traces) -> None:
    traces.kafka[1], traces.kafka[2] = traces.kafka[2], traces.kafka[1]


def _consume_only_some(traces: Traces) -> None:
    traces.inboxes["workflow"].discard(a_record(2).event_id)


def _consume_twice(traces: Traces) -> None:
    traces.irregular.append("intake.log line 7: event inbox.sequence_late")


def _hold_back(traces: Traces) -> None:
    traces.quarantine[0] = a_quarantined(kind="held", resolved=False)


def _give_no_reason(traces: Traces) -> None:
    traces.quarantine[0] = a_quarantined(reason=" ")


def _tell_a_name(traces: Traces) -> None:
    traces.sightings.append(Sighting("name", "log workflow.log", "line 7"))


def _differ(traces: Traces) -> None:
    traces.breaks.append({"kind": "duplicate", "subject": "sandbox (test)", "key": "re_1", "refund_id": REFUND})


def _be_restless(traces: Traces) -> None:
    traces.unrest.append("3 mails")


@pytest.mark.parametrize(
    ("spoil", "check", "words"),
    [
        (_be_restless, "the system comes to rest", "still on its way: 3 mails"),
        (_lose_a_case, "what was accepted is a case", "D26-000009: accepted, but intake has no such case"),
        (_renumber, "what was accepted is a case", "on record as D26-000077"),
        (_never_hear, "what was accepted is a case", "the workflow service never heard of it"),
        (_show_an_old_status, "what was accepted is a case", "closed in the workflow service, but intake says executing"),
        (_never_open, "what was accepted is a case", "could not be opened although everything was healed"),
        (
            _lose_a_choice,
            "what was accepted of a case is told",
            "its choice was accepted, and there is no aftersales.case.option_chosen.v1",
        ),
        (_lose_the_process, "an open case waits with a deadline", "no process runs for it"),
        (_wait_for_ever, "an open case waits with a deadline", "without any deadline"),
        (_miss_the_deadline, "an open case waits with a deadline", "its last deadline passed at 11:57:00"),
        (_end_half_way, "an open case waits with a deadline", "has no process any more, but is executing"),
        (_end_without_outcome, "an open case waits with a deadline", "without an outcome"),
        (_run_on, "an open case waits with a deadline", "its process still runs"),
        (_lose_a_signal, "every process heard its facts", f"case/{CASE} never heard of option_chosen"),
        (_pay_twice, "a refund is paid once", f"refund {REFUND} is paid 2 times to pay_1, 850 in all"),
        (_pay_too_much, "a refund is paid once", "426 paid for refund"),
        (_pay_nothing, "a refund is paid once", "is settled over 425, the provider paid 0"),
        (_pay_a_stranger, "a refund is paid once", "425 paid for refund unknown, 0 asked"),
        (_settle_nothing, "a case that says refunded was paid", "is stuck"),
        (_refund_nothing, "a case that says refunded was paid", "there is no refund"),
        (_capture_less, "a payment gives back what it took at most", "425 given back of 424 captured"),
        (_unbalance, "the books balance", "2 lines that sum to -1"),
        (_book_one_line, "the books balance", "1 lines that sum to 0"),
        (_book_nothing, "every settled refund is booked", "is settled and not booked"),
        (_book_something_else, "the books say what the provider paid", "the books gave out 850"),
        (_skip_a_row, "what was committed is in Kafka", "number 4 of aftersales.case.v1 was committed and is not in Kafka"),
        (_invent_an_event, "what was committed is in Kafka", "no outbox has it"),
        (_leave_a_gap, "a key's events are in order", "number 5 (aftersales.case.opened.v1) stands where 4 should"),
        (_swap, "a key's events are in order", "number 3 (aftersales.case.opened.v1) stands where 2 should"),
        (_consume_only_some, "consumers saw everything once", "workflow never dealt with aftersales.case.opened.v1 number 2"),
        (_consume_twice, "consumers saw everything once", "intake.log line 7"),
        (_hold_back, "nothing is held back in quarantine", "holds back a record of aftersales.case.v1 (held)"),
        (_give_no_reason, "nothing is held back in quarantine", "without a reason"),
        (_tell_a_name, "personal data has one road", "a customer's name is in log workflow.log"),
        (_differ, "reconciliation agrees", "duplicate in sandbox (test)"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_broken_promise_is_found_and_named(spoil: Callable[[Traces], None], check: str, words: str) -> None:
    traces = good_traces()
    spoil(traces)
    found = broken(traces)
    assert check in found, found
    assert any(words in finding for finding in found[check]), found


def test_a_refund_that_came_back_on_purpose_may_wait_for_finance() -> None:
    traces = good_traces()
    traces.refunds[0] = replace(traces.refunds[0], state="stuck")
    traces.provider[0] = a_provider_refund(status="reversed")
    traces.ledger += [replace(line, entry_id="back", kind="refund_reversed", amount_minor=-line.amount_minor) for line in traces.ledger]
    traces.reversed_on_purpose = {"re_1"}
    assert broken(traces) == {}


def test_a_fact_that_came_too_late_and_was_answered_was_not_lost() -> None:
    traces = good_traces()
    traces.executions[0] = Execution(f"case/{CASE}", running=False)
    traces.answered_facts = {CHOICE}
    assert broken(traces) == {}


def test_what_is_sent_again_later_is_no_swap() -> None:
    traces = good_traces()
    traces.kafka += [a_record(2), a_record(1)]
    assert broken(traces) == {}


def test_of_a_compacted_topic_only_the_newest_record_of_a_key_must_be_there() -> None:
    traces = good_traces()
    first, second = (a_record(number, key="ann", topic=Topic.CONTACT.value) for number in (1, 2))
    traces.outbox += [a_row(first), a_row(second)]
    traces.kafka.append(second)
    traces.inboxes["workflow"].add(second.event_id)
    assert broken(traces) == {}
    traces.kafka.pop()
    assert set(broken(traces)) == {"what was committed is in Kafka"}


def test_an_open_case_may_wait_for_an_approval_alone() -> None:
    traces = good_traces()
    late, soon = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
    traces.cases[1] = an_open_case(case_id=OPEN_CASE, deadlines=(late, soon))
    assert broken(traces) == {}

"""The inbox of a process: each fact once, in order, kept until somebody takes it."""

from uuid import uuid4

from services.workflow.payloads.case import CaseSignal, FactKind
from services.workflow.workflows.inbox import Inbox


def a_signal(kind: str = FactKind.OPTION_CHOSEN, **data: str) -> CaseSignal:
    return CaseSignal(event_id=uuid4(), kind=kind, data=dict(data))


def test_an_event_is_taken_once_however_often_it_comes() -> None:
    inbox, signal = Inbox(), a_signal()
    inbox.put(signal)
    inbox.put(signal)
    assert inbox.take({FactKind.OPTION_CHOSEN}) == signal
    inbox.put(signal)
    assert inbox.take({FactKind.OPTION_CHOSEN}) is None


def test_a_kind_that_nobody_knows_is_dropped() -> None:
    inbox = Inbox()
    inbox.put(a_signal("no_such_kind"))
    assert not inbox.holds(set(FactKind))


def test_facts_are_taken_oldest_first_and_others_stay() -> None:
    inbox = Inbox()
    first, other, second = a_signal(), a_signal(FactKind.WITHDRAWN), a_signal()
    for signal in (first, other, second):
        inbox.put(signal)
    assert [inbox.take({FactKind.OPTION_CHOSEN}) for _ in range(3)] == [first, second, None]
    assert inbox.take({FactKind.WITHDRAWN}) == other


def test_a_fact_about_something_else_does_not_wake() -> None:
    inbox = Inbox()
    inbox.put(a_signal(FactKind.RETURN_RECEIVED, rma_id="another"))
    mine = lambda signal: signal.data.get("rma_id") == "mine"  # noqa: E731 (a predicate of one line)
    assert not inbox.holds({FactKind.RETURN_RECEIVED}, mine)
    assert inbox.take({FactKind.RETURN_RECEIVED}, mine) is None


def test_a_fact_given_back_is_the_next_to_be_taken() -> None:
    inbox = Inbox()
    first, second = a_signal(), a_signal()
    inbox.put(first)
    inbox.put(second)
    taken = inbox.take({FactKind.OPTION_CHOSEN})
    assert taken is not None
    inbox.give_back(taken)
    assert inbox.take({FactKind.OPTION_CHOSEN}) == first

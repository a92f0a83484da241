"""Every case has ended, or waits with a deadline and a process that will act on it; and every process heard what it was to hear."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from contracts.case_state import ENDED
from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import Case, Traces

OVERDUE = timedelta(minutes=2)
"""How long after its deadline something must have happened, on a machine that was busy."""


def open_cases_wait_with_a_deadline(traces: Traces) -> Iterator[Finding]:
    """Ended with an outcome and no process, or open with a running process and a deadline that is not long past."""
    running = {one.workflow_id for one in traces.executions if one.running}
    for case in traces.cases:
        look = f"Temporal: {case.workflow_id}; " + rows("workflow.cases", "case_id", case.case_id)
        for words in _open(case, running, traces) if case.is_open else _ended(case, running):
            yield Finding(words, case.number, look)


def _open(case: Case, running: set[str], traces: Traces) -> Iterator[str]:
    if case.workflow_id not in running:
        yield f"is {case.status}, but no process runs for it"
    if not case.deadlines:
        yield f"is {case.status} without any deadline"
    elif max(case.deadlines) < traces.taken_at - OVERDUE:
        yield f"is {case.status}, and its last deadline passed at {max(case.deadlines):%H:%M:%S}"


def _ended(case: Case, running: set[str]) -> Iterator[str]:
    if case.status not in ENDED:
        yield f"has no process any more, but is {case.status}"
    if case.outcome is None:
        yield f"is {case.status} without an outcome"
    if case.workflow_id in running:
        yield f"is {case.status}, but its process still runs"


def facts_are_heard(traces: Traces) -> Iterator[Finding]:
    """Each fact is in the history of the process that it was for, or was answered or made a task because it came too late."""
    histories: dict[str, list[bytes]] = defaultdict(list)
    for one in traces.executions:
        histories[one.workflow_id].append(one.history)
    numbers = {case.case_id: case.number for case in traces.cases}
    for fact in traces.facts:
        named = fact.event_id.encode()
        if fact.event_id not in traces.answered_facts and not any(named in history for history in histories[fact.workflow_id]):
            look = rows("workflow.delivery", "event_id", fact.event_id)
            yield Finding(f"{fact.workflow_id} never heard of {fact.kind}", numbers.get(fact.case_id, fact.case_id), look)

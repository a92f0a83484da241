"""No request is lost: what was answered with 201 or 202 is on record (README, "no case is lost")."""

from collections.abc import Iterator, Mapping
from typing import Final

from contracts import case_v1
from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import Traces

_RECORDED_AS: Final[Mapping[str, str]] = {
    "evidence": case_v1.EvidenceAdded.event_type,
    "evidence/review": case_v1.EvidenceReviewed.event_type,
    "choice": case_v1.OptionChosen.event_type,
    "withdrawal": case_v1.CaseWithdrawn.event_type,
    "return-shipment": case_v1.ReturnShipped.event_type,
    "inspection-answer": case_v1.InspectionAnswered.event_type,
    "satisfaction": case_v1.SatisfactionStated.event_type,
}
"""The event that tells of an act, by the command at intake."""


def accepted_is_a_case(traces: Traces) -> Iterator[Finding]:
    """Every accepted case is in intake's register and in the workflow service, with its number and the same status in both."""
    at_intake = {case.case_id: case for case in traces.intake}
    at_workflow = {case.case_id: case for case in traces.cases}
    for words in traces.never_accepted:
        yield Finding("could not be opened although everything was healed", words, "the log of intake")
    for told in traces.accepted:
        look = rows("intake.cases", "case_id", told.case_id)
        known, worked = at_intake.get(told.case_id), at_workflow.get(told.case_id)
        if known is None:
            yield Finding("accepted, but intake has no such case", told.number, look)
        elif known.number != told.number:
            yield Finding(f"accepted under {told.number}, but on record as {known.number}", told.number, look)
        elif worked is None:
            yield Finding(
                "on record at intake, but the workflow service never heard of it", told.number, look.replace("intake", "workflow")
            )
    for case in traces.intake:
        worked = at_workflow.get(case.case_id)
        if worked is not None and worked.status != case.status:
            words = f"{worked.status} in the workflow service, but intake says {case.status}"
            yield Finding(words, case.number, rows("intake.cases", "case_id", case.case_id))


def accepted_acts_are_told(traces: Traces) -> Iterator[Finding]:
    """What customers and agents did to a case and were told is accepted has its event."""
    committed = {(row.key, row.event_type) for row in traces.outbox}
    numbers = {case.case_id: case.number for case in traces.intake}
    for act in sorted(traces.acts, key=lambda one: (one.case_id, one.command)):
        event_type = _RECORDED_AS.get(act.command)
        if event_type is not None and (act.case_id, event_type) not in committed:
            words = f"its {act.command} was accepted, and there is no {event_type}"
            yield Finding(words, numbers.get(act.case_id, act.case_id), rows("intake.outbox", "key", act.case_id))

"""No request is lost: what was answered with 201 or 202 is a case, under the number that was told (README, "no case is lost")."""

from collections.abc import Iterator

from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import Traces


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

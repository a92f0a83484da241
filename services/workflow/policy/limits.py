"""The time limits that run for a case at this moment (rules, section 5.2)."""

from contracts.decision_result import NextStep, TimeLimit
from services.workflow.policy.grading import Grade
from services.workflow.policy.situation import Situation


def time_limits(situation: Situation, given: Grade, step: NextStep) -> tuple[TimeLimit, ...]:
    """Each limit with its due time, in the order of the table."""
    facts = situation.facts
    starts = {"recorded": facts.recorded_at or facts.moment, "now": facts.moment}
    limits = []
    for row in situation.policy.tables["limits"].matching(priority=given.priority.value, next_step=step.value):
        limit = situation.policy.settings.duration(row.word("limit"))
        limits.append(TimeLimit(sla=row.word("sla"), due_at=starts[row.word("start")] + limit, limit=limit))
        situation.trace.note(row.word("sla"), f"due {limits[-1].due_at.isoformat()}", source=row.source)
    return tuple(limits)

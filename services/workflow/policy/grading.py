"""How urgent a case is, who is told at once, and what is done without asking (R-PRI-01 to R-PRI-08)."""

from dataclasses import dataclass

from contracts.decision_facts import Verdict
from contracts.decision_result import Action, Department, NextStep, Priority
from contracts.roles import Role
from services.workflow.policy.situation import Situation


@dataclass(frozen=True, slots=True)
class Grade:
    """The priority. ``confirmed`` is False where only a hint in the customer's words says so, until an agent has checked it (R-PRI-07)."""

    priority: Priority
    confirmed: bool

    @property
    def urgent(self) -> bool:
        """Whether the urgent way may be taken without waiting for an agent."""
        return self.priority is Priority.URGENT and self.confirmed


def grade(situation: Situation) -> Grade:
    """The priority of the case. A loss that nobody named is what the affected units cost."""
    facts = situation.facts
    loss = situation.goods_minor if facts.claimed_loss_minor is None else facts.claimed_loss_minor
    high = situation.amount("priority.high_loss") if facts.order else None
    row = situation.policy.tables["priority"].one(
        scene=situation.scene.value,
        hazard_hint="yes" if facts.hazard_hints else "no",
        high_loss="yes" if high is not None and loss >= high else "no",
    )
    situation.trace.note("R-PRI-01", "graded by scene, danger and loss", source=row.source, loss_minor=loss, high_loss_minor=high)
    situation.trace.row(
        row, f"priority {row.word('priority')}", hazard_hints=len(facts.hazard_hints), loss_minor=loss, high_loss_minor=high
    )
    return Grade(Priority(row.word("priority")), row.word("confirmed") == "yes")


def departments(situation: Situation, given: Grade) -> tuple[Department, ...]:
    """The departments that are told directly (R-PRI-05)."""
    rows = situation.policy.tables["departments"].matching(scene=situation.scene.value, priority=given.priority.value)
    for row in rows:
        situation.trace.row(row, f"{row.word('role')} is told")
    return tuple(Department(role=Role(row.word("role")), reason=row.word("reason")) for row in rows)


def actions(situation: Situation, given: Grade, step: NextStep) -> tuple[Action, ...]:
    """What is done besides the customer's remedy: advice about a danger, complaints and claims to the carrier, tasks for departments."""
    table = situation.policy.tables.get("actions")
    if table is None:
        return ()
    facts = situation.facts
    rows = table.matching(
        scene=situation.scene.value,
        priority=given.priority.value,
        hazard_confirmed="yes" if facts.hazard_confirmed else "no",
        evidence="accepted" if facts.evidence.verdict is Verdict.ACCEPTED else "open",
        next_step=step.value,
    )
    done = []
    for row in rows:
        situation.trace.row(row, f"{row.word('action')} is due", role=row.word("role"))
        within = situation.duration(row.word("within")) if row.says["within"] else None
        begin = facts.clocks.attributed_at or facts.moment
        done.append(
            Action(
                code=row.word("action"),
                rule=row.rule,
                role=Role(row.word("role")) if row.says["role"] else None,
                due_at=begin + within if within else None,
            )
        )
    return tuple(done)

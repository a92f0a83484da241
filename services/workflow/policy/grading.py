"""How urgent a case is, and who is told at once (R-PRI-01 to R-PRI-07)."""

from dataclasses import dataclass

from contracts.decision_result import Department, Priority
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
    high = situation.amount("priority.high_loss")
    row = situation.policy.tables["priority"].one(
        scene=facts.scene.value,
        hazard_hint="yes" if facts.hazard_hints else "no",
        high_loss="yes" if high is not None and loss >= high else "no",
    )
    situation.trace.row(
        row, f"priority {row.word('priority')}", hazard_hints=len(facts.hazard_hints), loss_minor=loss, high_loss_minor=high
    )
    return Grade(Priority(row.word("priority")), row.word("confirmed") == "yes")


def departments(situation: Situation, given: Grade) -> tuple[Department, ...]:
    """The departments that are told directly (R-PRI-05)."""
    rows = situation.policy.tables["departments"].matching(scene=situation.facts.scene.value, priority=given.priority.value)
    for row in rows:
        situation.trace.row(row, f"{row.word('role')} is told")
    return tuple(Department(role=Role(row.word("role")), reason=row.word("reason")) for row in rows)

"""How a case goes on: the step, and what it needs."""

from dataclasses import dataclass, field

from contracts.decision_result import Action, ApprovalNeed, EvidenceNeed, FreightShare, NextStep, Option


@dataclass(frozen=True, slots=True)
class Way:
    """The next step of a case, with what belongs to it."""

    step: NextStep
    needed: tuple[EvidenceNeed, ...] = ()
    approval: ApprovalNeed | None = None
    options: tuple[Option, ...] = field(default=())
    only_option_reason: str | None = None
    actions: tuple[Action, ...] = ()
    freight: FreightShare | None = None
    closes_as: str | None = None

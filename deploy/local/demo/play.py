"""A case in play: what was planned, what the platform says of it now, and who has acted on it already."""

import time
from dataclasses import dataclass, field
from typing import Any

from contracts.case_state import ENDED, CaseOutcome, CaseStatus
from contracts.progress import WaitingFor
from contracts.roles import Role
from deploy.local.demo.cases import DemoCase
from deploy.local.demo.scripts import Script

_SOON_SECONDS = 0.6
_SLOWEST = 5


class NotYet(Exception):
    """Somebody cannot act yet, because what they need is still being made."""


@dataclass(slots=True)
class Standing:
    """Where a case stands, as intake's list has it."""

    status: CaseStatus
    waiting_for: WaitingFor
    who: Role | None
    due_at: str | None
    outcome: CaseOutcome | None

    @property
    def step(self) -> tuple[CaseStatus, WaitingFor, Role | None]:
        """What a person would act on: as long as it stays the same, they have done their part."""
        return self.status, self.waiting_for, self.who


@dataclass(slots=True)
class Play:
    """One case of the run. ``trouble`` is the last thing that went wrong with it, for the report of what did not end.

    ``words`` is what the customer writes, None: as everybody with that complaint does.
    ``judged``: an agent accepted its pictures. ``tasks_done`` counts the tasks about it that staff ticked off.
    """

    case: DemoCase
    script: Script
    merchant: str
    order_number: str
    key: str
    words: str | None = None
    case_id: str | None = None
    case_number: str | None = None
    standing: Standing | None = None
    trouble: str = ""
    busy: bool = False
    tries: int = 0
    judged: bool = False
    tasks_done: int = 0
    _acted_on: tuple[Any, ...] | None = field(default=None, repr=False)
    _again_at: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether the case came to its end."""
        return self.standing is not None and self.standing.status in ENDED and self.standing.outcome is not None

    def see(self, item: dict[str, Any]) -> bool:
        """Take over what the list says; True where something changed."""
        before = self.standing
        self.standing = Standing(
            status=CaseStatus(item["status"]),
            waiting_for=WaitingFor(item["waiting_for"]),
            who=Role(item["who"]) if item["who"] in set(Role) else None,
            due_at=item["due_at"],
            outcome=CaseOutcome(item["outcome"]) if item["outcome"] else None,
        )
        return before != self.standing

    def wants_act(self, again_after_seconds: float) -> bool:
        """Whether somebody should act now: the case came to a new step, or nothing came of the last act for a while."""
        step = self.standing.step if self.standing else None
        if self.busy:
            return False
        if step != self._acted_on:
            self._acted_on, self.tries = step, 0
        elif time.monotonic() < self._again_at:
            return False
        self.tries += 1
        self._again_at = time.monotonic() + again_after_seconds * min(self.tries, _SLOWEST)
        return True

    def look_soon(self) -> None:
        """Have the same person try again shortly."""
        self._again_at = time.monotonic() + _SOON_SECONDS

    def told(self) -> str:
        """The case in words, for somebody who wonders why it did not end."""
        name = self.case_number or f"credit note {self.case.credit_note} of order {self.order_number}"
        if self.standing is None:
            return f"{name}: not opened" + (f"; {self.trouble}" if self.trouble else "")
        words = f"{name}: {self.standing.status.value}, waits for {self.standing.waiting_for.value}"
        words += f" ({self.standing.who.value})" if self.standing.who else ""
        words += f" until {self.standing.due_at}" if self.standing.due_at else ""
        return words + (f"; {self.trouble}" if self.trouble else "")

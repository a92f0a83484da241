"""One version of one policy pack, ready to decide."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.decision_result import Clause
from services.workflow.policy.settings import PolicySettings
from services.workflow.policy.table import DecisionTable
from services.workflow.policy.timers import Timers

_BEFORE_THE_KEY = 3
"""What ``case.max_rejected_offers`` was before packs could say so."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings, decision tables and published clauses of a pack version, with everything it takes over from the pack it extends.

    ``effective_from`` is the moment from which it holds for orders placed; ``sandbox`` packs may leave the bounds of settings.
    """

    pack: str
    version: str
    title: str
    effective_from: datetime
    sandbox: bool
    extends: str | None
    settings: PolicySettings
    tables: dict[str, DecisionTable]
    clauses: dict[str, Clause]
    timers: Timers = field(init=False)
    """What a case's processes wait by."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "timers", Timers.of(self.settings))

    @property
    def policy_version(self) -> str:
        """How decisions name this policy: ``pack@version`` (R-POL-01)."""
        return f"{self.pack}@{self.version}"

    @property
    def max_rejected_offers(self) -> int:
        """Offers that may be turned down before the supervisor takes over; the next goes to the manager (R-AUTH-08, R-AUTH-10)."""
        case = self.settings.case
        return _BEFORE_THE_KEY if case is None else case.max_rejected_offers

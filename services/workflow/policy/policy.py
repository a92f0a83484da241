"""One version of one policy pack, ready to decide."""

from dataclasses import dataclass
from datetime import datetime

from contracts.decision_result import Clause
from services.workflow.policy.settings import PolicySettings
from services.workflow.policy.table import DecisionTable
from services.workflow.policy.timers import Timers


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings, decision tables and published clauses of a pack version, with everything it takes over from the pack it extends.

    ``effective_from`` is the moment from which it holds for orders paid; ``sandbox`` packs may leave the bounds of settings.
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

    @property
    def policy_version(self) -> str:
        """How decisions name this policy: ``pack@version`` (R-POL-01)."""
        return f"{self.pack}@{self.version}"

    @property
    def timers(self) -> Timers:
        """What a case's processes wait by."""
        return Timers.of(self.settings)

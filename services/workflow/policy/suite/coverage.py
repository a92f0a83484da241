"""How far policy tests cover the rule catalogue: a rule is covered by every passing case that lists it."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.workflow.policy.catalogue import Rule
from services.workflow.policy.suite.running import Outcome


@dataclass(frozen=True, slots=True)
class CoveredRule:
    """A rule with the cases that cover it, as ``file:line name``."""

    rule: Rule
    cases: tuple[str, ...]

    @property
    def missing(self) -> bool:
        """Whether a case should cover it, and none does."""
        return self.rule.decided and not self.cases


def coverage(catalogue: dict[str, Rule], outcomes: Iterable[Outcome]) -> list[CoveredRule]:
    """Every rule of the catalogue, in its order, with what covers it."""
    covering: dict[str, list[str]] = {}
    for outcome in outcomes:
        for rule in outcome.case.rules if outcome.passed else ():
            covering.setdefault(rule, []).append(f"{outcome.case.place} {outcome.case.name}")
    return [CoveredRule(rule, tuple(covering.get(rule_id, ()))) for rule_id, rule in catalogue.items()]

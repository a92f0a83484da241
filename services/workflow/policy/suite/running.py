"""Running cases: the facts are decided on, and the decision is compared with what was expected."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from services.workflow.policy.decide import decide
from services.workflow.policy.errors import FactsError, UnknownPackError
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import PolicyRegistry
from services.workflow.policy.suite.comparing import Mismatch, differences
from services.workflow.policy.suite.facts_file import facts_of
from services.workflow.policy.suite.reading import Case

DEFAULT_PACK = "cn-marketplace"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended. ``decision`` is None where the facts were refused; ``policy_version`` is empty where no policy was found."""

    case: Case
    policy_version: str
    decision: Decision | None
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.mismatches


def policy_for(registry: PolicyRegistry, name: str, facts: Facts) -> Policy:
    """``pack@version``, or of a ``pack`` the version in force when the order was placed, without an order now (R-POL-02).

    Raises ``UnknownPackError``.
    """
    return registry.get(name) if "@" in name else registry.in_force(name, facts.order.placed_at if facts.order else facts.moment)


def run_case(case: Case, registry: PolicyRegistry, default: str = DEFAULT_PACK) -> Outcome:
    """Decide one case; ``default`` is the policy where the case names none."""
    try:
        facts = facts_of(case.facts)
    except FactsError as error:
        return Outcome(case, "", None, tuple(_refused(case, error)))
    try:
        policy = policy_for(registry, case.policy or default, facts)
    except UnknownPackError as error:
        return Outcome(case, "", None, (Mismatch(case.place, "policy", case.policy or default, str(error)),))
    try:
        decision = decide(facts, policy)
    except FactsError as error:
        return Outcome(case, policy.policy_version, None, tuple(_refused(case, error)))
    return Outcome(case, policy.policy_version, decision, tuple(_decided(case, decision)))


def run_cases(
    cases: tuple[Case, ...], registry: PolicyRegistry, default: str = DEFAULT_PACK, told: Callable[[Outcome], None] | None = None
) -> list[Outcome]:
    """Decide cases in order; ``told`` hears of each as it ends."""
    outcomes = []
    for case in cases:
        outcomes.append(run_case(case, registry, default))
        if told is not None:
            told(outcomes[-1])
    return outcomes


def _refused(case: Case, error: FactsError) -> Iterator[Mismatch]:
    if case.error is None:
        yield Mismatch(case.place, "", "a decision", f"refused: {error}")
    elif case.error.field != error.field:
        yield Mismatch(case.place, "error.field", case.error.field, f"{error.field} ({error})")
    elif case.error.says not in str(error):
        yield Mismatch(case.place, "error.says", case.error.says, str(error))


def _decided(case: Case, decision: Decision) -> Iterator[Mismatch]:
    if case.error is not None:
        yield Mismatch(case.place, "error.field", case.error.field, f"a decision: {decision.next_step.value}")
    if case.expect is not None:
        yield from differences(case.expect, decision)
    spoke = dict.fromkeys(entry.rule for entry in decision.trace)
    for rule in case.rules:
        if rule not in spoke:
            yield Mismatch(case.place, "trace", rule, f"only {', '.join(spoke)} spoke")

"""What a past case would have got under another policy.

Of each case the first decision that led to an offer counts: later facts (offers turned down, approvals given) are answers to the old policy's offers, and
would not have been the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.decision_facts import Facts
from contracts.decision_result import Decision, NextStep
from services.workflow.policy.decide import decide
from services.workflow.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class PastCase:
    """A decision as it was taken. ``facts`` and ``decision`` are JSON, so that a case of which this version knows less can still be named."""

    case_number: str
    merchant_id: str
    policy_version: str
    facts: dict[str, object]
    decision: dict[str, object]


@dataclass(frozen=True, slots=True)
class Got:
    """What is recommended: the first option with its amount in minor units, or the step and nothing."""

    what: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class WouldGet:
    """A case under both policies."""

    case_number: str
    merchant_id: str
    scene: str
    currency: str
    before: Got
    after: Got

    @property
    def difference_minor(self) -> int:
        """What the customer would have got more, in minor units; negative for less."""
        return self.after.amount_minor - self.before.amount_minor

    @property
    def changed(self) -> bool:
        """Whether the other policy recommends something else, or another amount."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class NotDecided:
    """A case on which the other policy could not decide, and why."""

    case_number: str
    merchant_id: str
    scene: str
    why: str


def first_offers(past: Iterable[PastCase]) -> list[PastCase]:
    """Of each case, the first decision that led to an offer. ``past`` is oldest first."""
    first: dict[tuple[str, str], PastCase] = {}
    for each in past:
        if each.decision.get("next_step") == NextStep.OFFER.value:
            first.setdefault((each.merchant_id, each.case_number), each)
    return list(first.values())


def decide_again(past: PastCase, policy: Policy) -> WouldGet | NotDecided:
    """Decide a past case under ``policy``."""
    scene = str(past.facts.get("scene", ""))
    try:
        # The case is fixed to the policy that decided it; here it is not.
        facts = Facts.model_validate(past.facts | {"policy_version": None})
        before, after = Decision.model_validate(past.decision), decide(facts, policy)
    except (ValueError, LookupError) as error:  # facts that are refused, or a scene that this pack, or this version, does not know
        return NotDecided(past.case_number, past.merchant_id, scene, _in_short(error))
    currency = facts.order.currency if facts.order else ""
    return WouldGet(past.case_number, past.merchant_id, scene, currency, _got(before), _got(after))


def sums(cases: Iterable[WouldGet]) -> dict[str, int]:
    """What all customers together would have got more, by currency in minor units."""
    total: dict[str, int] = {}
    for case in cases:
        total[case.currency] = total.get(case.currency, 0) + case.difference_minor
    return dict(sorted(total.items()))


def _got(decision: Decision) -> Got:
    if not decision.options:
        return Got(decision.next_step.value, 0)
    return Got(decision.options[0].code.value, decision.options[0].amount_minor)


def _in_short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3]) or type(error).__name__

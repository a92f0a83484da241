"""Which policy holds for a case, what it decides, and what its processes wait by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from contracts.identifiers import MerchantId
from contracts.merchant import Merchant
from services.kit.errors import PermanentError
from services.workflow.payloads.approval import ApprovalTimers
from services.workflow.payloads.case import CaseTimers
from services.workflow.payloads.refund import RefundTimers
from services.workflow.policy.decide import decide
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import PolicyRegistry
from services.workflow.policy.timers import Timers, dispatch_due


class MerchantWithoutPolicyError(ValueError):
    """A merchant names a policy pack that is not there: none of its cases could be decided."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """The merchants of the installation and the policies they chose. Raises :class:`MerchantWithoutPolicyError`."""

    merchants: Mapping[MerchantId, Merchant]
    registry: PolicyRegistry

    def __post_init__(self) -> None:
        known = self.registry.packs
        lost = [
            f"{merchant.merchant_id} ({merchant.policy_pack})" for merchant in self.merchants.values() if merchant.policy_pack not in known
        ]
        if lost:
            raise MerchantWithoutPolicyError(
                f"no such policy pack for {', '.join(lost)}: known are {', '.join(sorted(known))}; correct policy_pack in the merchants file, "
                "or name the folder of the pack in AFTERSALES_WORKFLOW_POLICY_PACKS_DIRS"
            )

    def merchant(self, merchant_id: MerchantId) -> Merchant:
        """The merchant. Raises ``PermanentError`` where the merchants file does not have it."""
        merchant = self.merchants.get(merchant_id)
        if merchant is None:
            raise PermanentError(f"merchant {merchant_id} is not in the merchants file: add it, then replay")
        return merchant

    def policy(self, merchant_id: MerchantId, policy_version: str | None, placed_at: datetime) -> Policy:
        """The policy fixed for a case; without one, that in force when the order was placed (R-POL-02)."""
        if policy_version is not None:
            return self.registry.get(policy_version)
        return self.registry.in_force(self.merchant(merchant_id).policy_pack, placed_at)

    def timers(self, policy_version: str) -> Timers:
        """The waits of a policy version."""
        return self.registry.get(policy_version).timers

    def decide(self, facts: Facts, policy: Policy) -> Decision:
        """What the policy says to the facts. Raises ``FactsError`` where they are incomplete."""
        return decide(facts, policy)

    def reship_by(self, merchant_id: MerchantId, policy_version: str, accepted_at: datetime) -> datetime:
        """When new goods must have left (R-RSH-05)."""
        return dispatch_due(self.registry.get(policy_version).settings.ship, self.merchant(merchant_id).time_zone, accepted_at)


def case_timers(timers: Timers) -> CaseTimers:
    """What the processes of a case wait by."""
    return CaseTimers(
        offer_grace=timers.offer_grace,
        review=timers.review_answer,
        confirm=timers.confirm_timeout,
        return_remind=timers.return_remind,
        return_transit=timers.return_transit_max,
        return_process=timers.return_process,
        inspection_answer=timers.inspection_answer,
        inspection_remind=timers.inspection_remind,
        reship_delivery=timers.reship_delivery,
        approval=ApprovalTimers(
            agent=timers.approval_agent,
            supervisor=timers.approval_supervisor,
            after_sales_manager=timers.approval_manager,
            duty_director=timers.approval_director,
            finance=timers.approval_finance,
            alarm=timers.approval_alarm,
        ),
        refund=RefundTimers(
            retry_count=timers.refund_retry_count,
            retry_distance=timers.refund_retry,
            first_look=timers.refund_first_look,
            longest_look=timers.refund_longest_look,
            submit_within=timers.refund_submit,
            alarm=timers.refund_alarm,
        ),
    )

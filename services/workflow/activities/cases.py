"""The steps of the case process that touch its records: thin, named, and each one transaction done once."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from temporalio import activity

from contracts.progress import Progress
from services.workflow.payloads.case import (
    AgreeOption,
    AssessCase,
    Breach,
    ChooseOption,
    CompleteRemedy,
    EndCase,
    Plan,
    RaiseOwner,
    ReadWord,
    Remind,
    Withdrawal,
    WithdrawCase,
    Word,
)


class CaseSteps(Protocol):
    """What the records of a case must be able to do. The same ``operation_id`` again gives the stored answer and changes nothing."""

    async def assess(self, ask: AssessCase) -> Plan:
        """Gather the facts, decide, and set out the next step."""

    async def choose(self, ask: ChooseOption) -> Plan:
        """Take the customer's choice, or what is laid down where none came."""

    async def agree(self, ask: AgreeOption) -> Plan:
        """Agree on an option whose approvals were had."""

    async def complete(self, ask: CompleteRemedy) -> Plan:
        """Say that a remedy was carried out, and ask whether that solved the case."""

    async def end(self, ask: EndCase) -> Plan:
        """Close the case."""

    async def withdraw(self, ask: WithdrawCase) -> Withdrawal:
        """Honour or refuse a withdrawal."""

    async def breach(self, ask: Breach) -> Progress:
        """Record a missed limit."""

    async def raise_owner(self, ask: RaiseOwner) -> Progress:
        """Hand the case to a person."""

    async def remind(self, ask: Remind) -> Progress:
        """Remind the customer."""

    async def read_word(self, ask: ReadWord) -> Word:
        """Look up what a signal says."""


class CaseActivities:
    """The activities of ``AfterSalesCase``; its children use those about limits and reminders too."""

    def __init__(self, steps: CaseSteps) -> None:
        self._steps = steps

    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for the worker."""
        return (
            self.assess,
            self.choose,
            self.agree,
            self.complete,
            self.end,
            self.withdraw,
            self.breach,
            self.raise_owner,
            self.remind,
            self.read_word,
        )

    @activity.defn(name="assess_case")
    async def assess(self, ask: AssessCase) -> Plan:
        """Gather the facts, decide, and set out the next step."""
        return await self._steps.assess(ask)

    @activity.defn(name="choose_option")
    async def choose(self, ask: ChooseOption) -> Plan:
        """Take the customer's choice, or what is laid down where none came."""
        return await self._steps.choose(ask)

    @activity.defn(name="agree_option")
    async def agree(self, ask: AgreeOption) -> Plan:
        """Agree on an option whose approvals were had."""
        return await self._steps.agree(ask)

    @activity.defn(name="complete_remedy")
    async def complete(self, ask: CompleteRemedy) -> Plan:
        """Say that a remedy was carried out, and ask whether that solved the case."""
        return await self._steps.complete(ask)

    @activity.defn(name="end_case")
    async def end(self, ask: EndCase) -> Plan:
        """Close the case."""
        return await self._steps.end(ask)

    @activity.defn(name="withdraw_case")
    async def withdraw(self, ask: WithdrawCase) -> Withdrawal:
        """Honour or refuse a withdrawal."""
        return await self._steps.withdraw(ask)

    @activity.defn(name="record_breach")
    async def breach(self, ask: Breach) -> Progress:
        """Record a missed limit."""
        return await self._steps.breach(ask)

    @activity.defn(name="raise_owner")
    async def raise_owner(self, ask: RaiseOwner) -> Progress:
        """Hand the case to a person."""
        return await self._steps.raise_owner(ask)

    @activity.defn(name="remind_customer")
    async def remind(self, ask: Remind) -> Progress:
        """Remind the customer."""
        return await self._steps.remind(ask)

    @activity.defn(name="read_word")
    async def read_word(self, ask: ReadWord) -> Word:
        """Look up what a signal says."""
        return await self._steps.read_word(ask)

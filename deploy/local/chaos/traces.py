"""What a run left behind, as plain records: the checks look at these and at nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.local.chaos.canaries import Sighting


@dataclass(frozen=True, slots=True)
class Accepted:
    """A case that somebody was told is taken in (201 or 202), with the number they were told."""

    case_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to a case at intake that was accepted (201 or 202); ``command`` is the last part of its path, such as ``choice``."""

    case_id: str
    command: str


@dataclass(frozen=True, slots=True)
class IntakeCase:
    """A case in intake's register."""

    case_id: str
    number: str
    status: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case in the workflow service. ``deadlines`` are those of its progress and of its open approvals and tasks; ``is_open``: its process has not ended."""

    case_id: str
    number: str
    status: str
    outcome: str | None
    is_open: bool
    deadlines: tuple[datetime, ...] = ()

    @property
    def workflow_id(self) -> str:
        """Its process."""
        return f"case/{self.case_id}"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a process of a case must have heard."""

    event_id: str
    case_id: str
    workflow_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Execution:
    """A run of a process in Temporal. ``history`` is all of it, as raw as it is kept."""

    workflow_id: str
    running: bool
    history: bytes = b""


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as the platform has it; amounts in minor units."""

    refund_id: str
    case_id: str
    number: str
    state: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Submission:
    """What was asked of the provider for a refund, once per attempt. ``payment`` is the provider's name for it."""

    submission_id: str
    refund_id: str
    payment: str
    amount_minor: int
    state: str


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as the provider has it. ``refund_id`` is what it was told that it is for, ``key`` its idempotency key."""

    provider_id: str
    refund_id: str
    payment: str
    key: str
    amount_minor: int
    currency: str
    status: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A line of the ledger with its entry's head. Debit positive, credit negative, minor units."""

    entry_id: str
    kind: str
    refund_id: str | None
    merchant_id: str
    currency: str
    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An event: a committed row of an outbox (``place`` is the schema), or a record in Kafka (topic, partition and offset)."""

    place: str
    event_id: str
    event_type: str
    topic: str
    key: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that a service could not process."""

    schema: str
    row_id: int
    topic: str
    key: str | None
    kind: str
    reason: str
    resolved: bool


@dataclass(slots=True)
class Traces:
    """All of it. ``answered_facts`` are events that were answered instead of heard (refused, or made a task); ``captured`` is what each payment charged.

    ``inboxes``: by schema, the events it has dealt with. ``reversed_on_purpose``: provider's ids. ``unrest``: what had not come to rest in time.
    ``irregular``: where consumers saw a gap or a late event. ``breaks``: what reconciliation found, as its API tells it.
    """

    taken_at: datetime
    accepted: list[Accepted] = field(default_factory=list)
    acts: set[Act] = field(default_factory=set)
    never_accepted: list[str] = field(default_factory=list)
    intake: list[IntakeCase] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    answered_facts: set[str] = field(default_factory=set)
    executions: list[Execution] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    provider: list[ProviderRefund] = field(default_factory=list)
    captured: dict[str, int] = field(default_factory=dict)
    reversed_on_purpose: set[str] = field(default_factory=set)
    ledger: list[LedgerLine] = field(default_factory=list)
    outbox: list[Sent] = field(default_factory=list)
    kafka: list[Sent] = field(default_factory=list)
    inboxes: dict[str, set[str]] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    irregular: list[str] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    breaks: list[Mapping[str, Any]] = field(default_factory=list)
    unrest: list[str] = field(default_factory=list)

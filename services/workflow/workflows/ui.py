"""The ops screen: search attributes to find a process by, and the text that says what it waits for, until when, and what happens then."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from contracts.case_state import CaseStatus
from contracts.progress import Progress, WaitingFor
from services.workflow.payloads.case import CaseCard
from services.workflow.workflows.wording import THEN, moment, status_words, waits_for, who_acts

CASE_NUMBER = SearchAttributeKey.for_keyword("CaseNumber")
CASE_TYPE = SearchAttributeKey.for_keyword("CaseType")
CASE_STATUS = SearchAttributeKey.for_keyword("CaseStatus")
MERCHANT_ID = SearchAttributeKey.for_keyword("MerchantId")
ORDER_NUMBER = SearchAttributeKey.for_keyword("OrderNumber")
SCENE = SearchAttributeKey.for_keyword("Scene")
PRIORITY = SearchAttributeKey.for_keyword("Priority")
WAITING_FOR = SearchAttributeKey.for_keyword("WaitingFor")
POLICY_VERSION = SearchAttributeKey.for_keyword("PolicyVersion")
CURRENCY_CODE = SearchAttributeKey.for_keyword("CurrencyCode")
AMOUNT_MINOR = SearchAttributeKey.for_int("AmountMinor")
DUE_AT = SearchAttributeKey.for_datetime("DueAt")
SLA_BREACHED = SearchAttributeKey.for_bool("SlaBreached")

SEARCH_ATTRIBUTES = {
    **{
        key.name: "Keyword"
        for key in (
            CASE_NUMBER,
            CASE_TYPE,
            CASE_STATUS,
            MERCHANT_ID,
            ORDER_NUMBER,
            SCENE,
            PRIORITY,
            WAITING_FOR,
            POLICY_VERSION,
            CURRENCY_CODE,
        )
    },
    AMOUNT_MINOR.name: "Int",
    DUE_AT.name: "Datetime",
    SLA_BREACHED.name: "Bool",
}
"""Names and types of the search attributes, for whoever prepares a namespace."""

_LINES_KEPT = 25


def attributes_of(card: CaseCard, status: CaseStatus, waiting_for: WaitingFor) -> TypedSearchAttributes:
    """The search attributes a process of the case starts with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(CASE_NUMBER, card.case_number),
            SearchAttributePair(CASE_TYPE, card.scene.group),
            SearchAttributePair(CASE_STATUS, status.value),
            SearchAttributePair(MERCHANT_ID, card.merchant_id),
            SearchAttributePair(ORDER_NUMBER, card.order_number),
            SearchAttributePair(SCENE, card.scene.value),
            SearchAttributePair(WAITING_FOR, waiting_for.value),
            SearchAttributePair(CURRENCY_CODE, card.currency),
        ]
    )


def summary_of(card: CaseCard, what: str) -> str:
    """The one line that lists of processes show."""
    return f"{what} {card.case_number} · {card.scene.value} · order {card.order_number} · {card.merchant_id}"


class Screen:
    """What the screen shows of one process. Only what changed is sent, and only once the process waits: until then nobody could see it.

    A run that is not ``sparing`` sends each change when it is made.
    """

    def __init__(self, card: CaseCard, what: str) -> None:
        self._card = card
        self._what = what
        self._shown: dict[str, Any] = {}
        self._wanted: dict[SearchAttributeKey[Any], Any] = {}
        self._history: list[str] = []
        self._progress: Progress | None = None
        self._then = ""
        self._where = ""

    def happened(self, text: str) -> None:
        """Add a line to what has happened; it is shown with the next :meth:`show`."""
        self._history.append(f"- {workflow.now():%Y-%m-%d %H:%M:%S} {text}")

    def show(self, progress: Progress, *, then: str | None = None, where: str = "", **changes: Any) -> None:
        """Show where the process stands. ``then`` replaces the standard words, ``where`` says which other process shows more.

        ``changes`` are further search attributes by the names of this module's keys in lower case: ``amount_minor=1200``.
        """
        self._progress = progress
        self._then = then or THEN[progress.then]
        self._where = where
        wanted: dict[SearchAttributeKey[Any], Any] = {
            CASE_STATUS: progress.status.value,
            WAITING_FOR: progress.waiting_for.value,
            DUE_AT: progress.due_at,
            **{_KEYS[name]: value for name, value in changes.items() if value is not None},
        }
        self._want(wanted)
        workflow.set_current_details(self.text())

    def follow(self, workflow_id: str, waiting_for: str, plan: str) -> None:
        """Show that a child process has taken over: it shows each of its waits with its limit, this process only the plan."""
        self._want({WAITING_FOR: waiting_for, DUE_AT: None})
        self._progress = None
        self._where = f"child process `{workflow_id}`, which says what it waits for now, until when, and what happens then"
        self._then = plan
        workflow.set_current_details(self.text())

    def started_with(self, status: CaseStatus, waiting_for: WaitingFor) -> None:
        """Remember what the process was started with, so that it is not sent again."""
        self._shown = {CASE_STATUS.name: status.value, WAITING_FOR.name: waiting_for.value}

    def send(self) -> None:
        """Send what changed. Whoever lets the process wait calls this first."""
        updates: list[SearchAttributeUpdate[Any]] = []
        for key, value in self._wanted.items():
            if self._shown.get(key.name) != value:
                updates.append(key.value_unset() if value is None else key.value_set(value))
                self._shown[key.name] = value
        self._wanted.clear()
        if updates:
            workflow.upsert_search_attributes(updates)

    def _want(self, wanted: dict[SearchAttributeKey[Any], Any]) -> None:
        self._wanted.update(wanted)
        if not self._card.sparing:
            self.send()

    def text(self) -> str:
        """The current details, as markdown."""
        card, progress = self._card, self._progress
        lines = [
            f"## {self._what} {card.case_number}",
            f"Scene `{card.scene.value}` · order `{card.order_number}` · merchant `{card.merchant_id}`",
            "",
        ]
        if progress is not None:
            lines.append(f"**Status:** {status_words(progress.status)}  ")
            lines.append(f"**Waits for:** {waits_for(progress)}  ")
            lines.append(f"**Who must act:** {who_acts(progress)}  ")
            lines.append(f"**Until:** {_until(progress.due_at, card.time_zone)}  ")
            lines.append(f"**What happens then:** {self._then}  ")
        elif self._then:
            lines.append(f"**Waits for:** {self._then}  ")
        if self._where:
            lines.append(f"**See also:** {self._where}  ")
        if self._history:
            lines += ["", "### What has happened (UTC)", *self._history[-_LINES_KEPT:]]
        return "\n".join(lines)


def _until(due_at: datetime | None, time_zone: str) -> str:
    return moment(due_at, time_zone) if due_at else "no limit of its own"


_KEYS: dict[str, SearchAttributeKey[Any]] = {
    "priority": PRIORITY,
    "policy_version": POLICY_VERSION,
    "amount_minor": AMOUNT_MINOR,
    "sla_breached": SLA_BREACHED,
}

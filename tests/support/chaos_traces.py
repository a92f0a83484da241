"""What a run leaves behind where all is well, small and made up: one case, refunded once. Tests of the checks spoil one thing of it."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from deploy.local.chaos.traces import (
    Accepted,
    Act,
    Case,
    Execution,
    Fact,
    IntakeCase,
    LedgerLine,
    ProviderRefund,
    Quarantined,
    Refund,
    Sent,
    Submission,
    Traces,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NUMBER, PAYMENT, OPENED, SETTLED = "D26-000001", "pay_1", "aftersales.case.opened.v1", "aftersales.refund.settled.v1"
AMOUNT = 425


def an_id(name: str) -> str:
    """The id of that name, the same every time."""
    return str(uuid5(NAMESPACE_URL, name))


CASE, OPEN_CASE, REFUND, ENTRY, CHOICE, SUBMISSION = (
    an_id(name) for name in ("case", "open case", "refund", "entry", "choice", "submission")
)


def an_open_case(**changes: object) -> Case:
    """A case that waits for an answer until in a minute."""
    fields: dict[str, object] = {"case_id": OPEN_CASE, "number": "D26-000002", "status": "offer_pending", "outcome": None, "is_open": True}
    return Case(**(fields | {"deadlines": (NOW + timedelta(minutes=1),)} | changes))  # type: ignore[arg-type]  # a builder for tests


def a_provider_refund(name: str = "re_1", **changes: object) -> ProviderRefund:
    """The refund as the provider has it."""
    fields: dict[str, object] = {"provider_id": name, "refund_id": REFUND, "payment": PAYMENT, "key": SUBMISSION}
    return ProviderRefund(**(fields | {"amount_minor": AMOUNT, "currency": "GBP", "status": "succeeded"} | changes))  # type: ignore[arg-type]  # same


def a_record(number: int, name: str | None = None, *, key: str = CASE, topic: str = "aftersales.case.v1") -> Sent:
    """A record in Kafka, the ``number``-th of its key."""
    return Sent(f"{topic} 0:{number}", an_id(name or f"{topic}/{key}/{number}"), OPENED, topic, key, number)


def a_row(record: Sent, schema: str = "intake") -> Sent:
    """The outbox row of a record."""
    return Sent(schema, record.event_id, record.event_type, record.topic, record.key, record.sequence)


def a_quarantined(**changes: object) -> Quarantined:
    """A record that could not be processed and was dropped, with a reason."""
    fields: dict[str, object] = {"schema": "workflow", "row_id": 1, "topic": "aftersales.case.v1", "key": CASE, "kind": "permanent"}
    return Quarantined(**(fields | {"reason": "it names no case", "resolved": True} | changes))  # type: ignore[arg-type]  # same


def good_traces() -> Traces:
    """All of it."""
    records = [a_record(1), a_record(2), a_record(3)]
    lines = [("revenue", AMOUNT), ("clearing:sandbox", -AMOUNT)]
    return Traces(
        taken_at=NOW,
        accepted=[Accepted(CASE, NUMBER)],
        acts={Act(CASE, "unknown-here")},
        intake=[IntakeCase(CASE, NUMBER, "closed"), IntakeCase(OPEN_CASE, "D26-000002", "offer_pending")],
        cases=[Case(CASE, NUMBER, "closed", "refunded", is_open=False), an_open_case()],
        facts=[Fact(CHOICE, CASE, f"case/{CASE}", "option_chosen")],
        executions=[
            Execution(f"case/{CASE}", running=False, history=b"heard " + CHOICE.encode()),
            Execution(f"case/{OPEN_CASE}", running=True),
        ],
        refunds=[Refund(REFUND, CASE, NUMBER, "settled", AMOUNT, "GBP")],
        submissions=[Submission(SUBMISSION, REFUND, PAYMENT, AMOUNT, "succeeded")],
        provider=[a_provider_refund()],
        captured={PAYMENT: 1275},
        ledger=[LedgerLine(ENTRY, "refund_settled", REFUND, "demo-shop", "GBP", account, amount) for account, amount in lines],
        outbox=[a_row(record) for record in records],
        kafka=records,
        inboxes={"workflow": {record.event_id for record in records}, "logistics": set()},
        quarantine=[a_quarantined()],
    )

"""Finance at work: the books on PostgreSQL, the real sandbox provider with its switches, what is published on Kafka, and the API to ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from contracts.envelope import Envelope, to_headers
from contracts.identifiers import EventId
from contracts.quote import RefundUnits
from services.kit.broker import make_producer
from services.workflow.adapters.provider_sandbox import SandboxProvider
from services.workflow.adapters.published_entries import KafkaLedger
from services.workflow.payloads.refund import IssueRefundInput, RefundTimers
from services.workflow.ports import Submission
from tests.support.builders import a_payment, an_order
from tests.support.workflow_api import Caller
from tests.support.workflow_records import RecordsDesk, an_issue


@dataclass(frozen=True)
class Office:
    """Finance at work: the books, the provider with its switches, what is published, and the API."""

    desk: RecordsDesk
    provider: SandboxProvider
    bank: httpx2.Client
    published: KafkaLedger
    topic: str
    bootstrap: str
    finance: Caller

    async def pay(self, amount_minor: int = 425) -> IssueRefundInput:
        """A refund of one mug, ordered here and paid by the provider."""
        body = {"amount_minor": 1275, "currency": "GBP", "method": "card", "merchant_reference": "m"}
        captured = self.bank.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex}).raise_for_status().json()["id"]
        order = an_order(uuid4().hex[:12], payments=(a_payment(1275, provider_reference=captured),))
        issue = an_issue(
            await self.desk.take(order), RefundUnits(line_id="1", quantity=amount_minor // 425), timers=RefundTimers(retry_count=0)
        )
        await self.desk.request(issue)
        await self.desk.record(await self.provider.submit(await self.open_submission(issue)))
        return issue

    async def look_up(self, issue: IssueRefundInput) -> None:
        """Take in how the provider says it ended."""
        found = await self.provider.find(await self.open_submission(issue))
        assert found is not None
        await self.desk.record(found)

    async def open_submission(self, issue: IssueRefundInput) -> Submission:
        """The submission of a refund, as the provider is asked for it."""
        (row,) = await self.desk.submissions(issue.refund.refund_id)
        return Submission(
            submission_id=row["submission_id"],
            provider_reference=row["provider_reference"],
            amount_minor=row["amount_minor"],
            currency=row["currency"],
            merchant_reference=str(issue.refund.refund_id),
        )

    async def settled(self) -> tuple[IssueRefundInput, str]:
        """A refund that both sides have as paid, and its submission's id."""
        issue = await self.pay()
        await self.look_up(issue)
        (submission,) = await self.desk.submissions(issue.refund.refund_id)
        assert submission["state"] == "succeeded"
        return issue, str(submission["submission_id"])

    def mistake(self, submission_id: str, fault: str, **more: Any) -> None:
        """Make the provider's file wrong about one refund."""
        self.bank.put("/admin/settlement-faults", json=[{"idempotency_key": submission_id, "fault": fault, **more}]).raise_for_status()

    def correct(self) -> None:
        """Make the provider's file right again."""
        self.bank.put("/admin/settlement-faults", json=[]).raise_for_status()

    async def publish(self) -> None:
        """Send what the outbox holds to the topic, as the relay does."""
        rows = await self.desk.pool.fetch("SELECT * FROM outbox WHERE topic = 'aftersales.refund.v1' ORDER BY id")
        await self._send([(row, row["value"]) for row in rows])

    async def publish_value(self, like: Any, value: bytes) -> None:
        """Send other words under an event's envelope."""
        await self._send([({**dict(like), "event_id": uuid4()}, value)])

    async def _send(self, records: Sequence[tuple[Any, bytes]]) -> None:
        producer = make_producer(self.bootstrap)
        await producer.start()
        try:
            for row, value in records:
                envelope = Envelope(
                    id=EventId(row["event_id"]),
                    type=row["event_type"],
                    source=row["source"],
                    subject=row["key"],
                    time=row["occurred_at"],
                    sequence=row["sequence"],
                    merchant_id=row["merchant_id"],
                    test=row["test"],
                )
                await producer.send_and_wait(self.topic, value, key=row["key"].encode(), headers=to_headers(envelope))
        finally:
            await producer.stop()

    async def reconcile(self, subject: str = "sandbox (test)") -> dict[str, Any]:
        """Compare today (or the days around midnight)."""
        now = datetime.now(UTC)
        body = {"since": (now - timedelta(minutes=5)).date().isoformat(), "until": now.date().isoformat(), "subject": subject}
        answer = await self.finance.post("/v1/reconciliations", body)
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()[0]
        return report

    async def breaks(self, **query: Any) -> list[dict[str, Any]]:
        """The open breaks."""
        found: list[dict[str, Any]] = (await self.finance.get("/v1/reconciliations/breaks", **{"limit": 100, **query})).json()["items"]
        return found

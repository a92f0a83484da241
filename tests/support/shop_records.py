"""What a case left behind, looked up where each record is kept: Kafka, the ledger, the payment provider, the mailbox, Temporal."""

from collections import Counter
from typing import Any

from aiokafka import AIOKafkaConsumer
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowExecutionStatus

from contracts.envelope import from_headers
from contracts.events import EventBody
from contracts.refund_v1 import RefundSettled
from contracts.registry import parse
from contracts.roles import Role
from contracts.topics import Topic
from tests.support.shop import Case
from tests.support.waiting import eventually

_MAILS_AT_ONCE = 200


class Records:
    """The records behind the cases of one stack."""

    def __init__(self, temporal: Client, kafka: str) -> None:
        self.temporal = temporal
        self._kafka = kafka

    async def events(self, topic: Topic, case: Case) -> list[EventBody]:
        """The events of a case on a topic, each once, in order."""
        found: dict[Any, EventBody] = {}
        consumer = AIOKafkaConsumer(topic.value, bootstrap_servers=self._kafka, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            left = {place for place, end in ends.items() if end > 0}
            while left:
                for records in (await consumer.getmany(*left, timeout_ms=500)).values():
                    for record in records:
                        if record.value is not None and case.case_id.encode() in record.value:
                            envelope = from_headers(record.headers)
                            found.setdefault(envelope.id, parse(envelope.type, record.value))
                for place in list(left):
                    if await consumer.position(place) >= ends[place]:
                        left.discard(place)
        finally:
            await consumer.stop()
        return list(found.values())

    async def assert_paid_once(self, case: Case, amount_minor: int) -> None:
        """One refund of this amount: settled event on Kafka = provider's record = ledger = what the customer is told (R-RFD-13)."""
        settled = [event for event in await self.events(Topic.REFUND, case) if isinstance(event, RefundSettled)]
        provider = (await case.shop.payments.get("/v1/refunds", payment_id=case.order.payment))["data"]
        finance = case.shop.staff("workflow", Role.FINANCE)
        refunds = (await finance.get("/v1/refunds", case_id=case.case_id))["items"]
        seen = await case.read()
        assert [event.amount_minor for event in settled] == [amount_minor]
        assert [(one["amount_minor"], one["status"]) for one in provider] == [(amount_minor, "succeeded")]
        assert [(one["amount_minor"], one["state"]) for one in refunds] == [(amount_minor, "settled")]
        assert [(one["amount_minor"], one["state"]) for one in seen["refunds"]] == [(amount_minor, "settled")]
        assert seen["refunded_minor"] == amount_minor
        detail = await finance.get(f"/v1/refunds/{refunds[0]['refund_id']}")
        assert list(settled[0].provider_references.values()) == [provider[0]["id"]]
        assert [(one["account"], one["amount_minor"]) for one in detail["ledger"]] == [
            (line.account, line.amount_minor) for line in settled[0].journal
        ]
        assert sum(one["amount_minor"] for one in detail["ledger"]) == 0
        assert sum(one["amount_minor"] for one in detail["ledger"] if one["amount_minor"] > 0) >= amount_minor
        assert set((await finance.get("/v1/ledger/balance"))["balance_minor"].values()) == {0}

    async def assert_nothing_paid(self, case: Case) -> None:
        """The provider knows of no refund, and neither do we."""
        assert (await case.shop.payments.get("/v1/refunds", payment_id=case.order.payment))["data"] == []
        assert (await case.shop.staff("workflow", Role.FINANCE).get("/v1/refunds", case_id=case.case_id))["items"] == []

    async def mails(self, case: Case) -> list[dict[str, Any]]:
        """The mails about a case in the customer's box, newest first."""
        found: list[dict[str, Any]] = (
            await case.shop.mailbox.get("/api/messages", case=case.number, to=case.order.mail, limit=_MAILS_AT_ONCE)
        )["data"]
        return found

    async def logged(self, case: Case) -> list[dict[str, Any]]:
        """The messages about a case in the log of notifications, newest first."""
        agent = case.shop.staff("notifications", Role.AGENT, merchants=[case.order.merchant])
        items: list[dict[str, Any]] = (await agent.get("/v1/messages", case_id=case.case_id, limit=_MAILS_AT_ONCE))["items"]
        return items

    async def mailed_moments(self, case: Case, *moments: str) -> Counter[str]:
        """The moments of the catalogue that were mailed, once these are among them and nothing more is to be sent.

        Every message of the log is in the mailbox, and none twice (R-NTF-34).
        """
        sent: Counter[str] = Counter()

        async def all_out() -> bool:
            nonlocal sent
            log = await self.logged(case)
            sent = Counter(one["moment"] for one in log if one["state"] == "sent")
            return bool(log) and sent.total() == len(log) and set(moments) <= sent.keys()

        try:
            await eventually(all_out, f"the mails of {case.number}: {', '.join(moments)}")
        except AssertionError as error:
            raise AssertionError(f"{error}; sent: {dict(sent)}") from None
        mails = await self.mails(case)
        assert len({mail["message_id"] for mail in mails}) == len(mails) == sent.total()
        return sent

    async def screen(self, workflow_id: str) -> str:
        """What the Temporal UI shows of a process now: its current details, in markdown."""
        answer = await self.temporal.get_workflow_handle(workflow_id).query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        return str(answer.current_details)

    async def until_screen(self, workflow_id: str, *texts: str) -> str:
        """The current details once they say all this."""
        shown = ""

        async def says() -> bool:
            nonlocal shown
            shown = await self.screen(workflow_id)
            return all(text in shown for text in texts)

        try:
            await eventually(says, f"{texts} on the screen of {workflow_id}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows:\n{shown}") from None
        return shown

    async def attributes(self, workflow_id: str) -> dict[str, Any]:
        """The search attributes of a process."""
        description = await self.temporal.get_workflow_handle(workflow_id).describe()
        return {pair.key.name: pair.value for pair in description.typed_search_attributes}

    async def found_by_number(self, case: Case) -> dict[str, WorkflowExecutionStatus | None]:
        """The processes that the UI's search finds by the case's number, with their states."""
        query = f"CaseNumber = '{case.number}'"
        return {one.id: one.status async for one in self.temporal.list_workflows(query)}

    async def assert_processes_completed(self, case: Case, *kinds: str, perhaps: str = "") -> None:
        """The search by the case's number finds the case and its children (``return``, ``refund``, ``reship``), all of them completed.

        ``perhaps`` is a child that is there only if it had to be: the refund of a return, if it had to wait (decision 11).
        """
        found: dict[str, WorkflowExecutionStatus | None] = {}

        async def all_there() -> bool:
            nonlocal found
            found = await self.found_by_number(case)
            done = {name.partition("/")[0] for name, status in found.items() if status is WorkflowExecutionStatus.COMPLETED}
            return done - {perhaps} == {"case", *kinds} and len(found) == len(done)

        try:
            await eventually(all_there, f"case {case.number} and {kinds} to be found completed")
        except AssertionError as error:
            raise AssertionError(f"{error}; found: {found}") from None

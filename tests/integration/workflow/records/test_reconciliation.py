"""Reconciliation on the real sandbox provider, PostgreSQL and Kafka: it finds each kind of difference, and says when it is gone (R-RFD-13)."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.roles import Role
from services.workflow.adapters.daily_reconciling import DailyReconciliation
from services.workflow.adapters.provider_sandbox import open_sandbox_provider
from services.workflow.adapters.published_entries import KafkaLedger
from services.workflow.adapters.reconciling import Reconciling
from services.workflow.ports import ProviderRefund, ProviderState
from tests.support.finance_office import Office
from tests.support.sandbox import API_KEY, SandboxServer, a_sandbox
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import a_desk

pytestmark = pytest.mark.engines

EVERYWHERE = ("*",)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as running:
        yield running


@pytest.fixture
async def office(
    server: SandboxServer,
    postgres_dsn_for: Callable[[str], Awaitable[str]],
    kafka_bootstrap: str,
    make_topic: Callable[..., Awaitable[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:
    monkeypatch.setattr("services.workflow.adapters.reconciling.ON_ITS_WAY", timedelta(0))
    topic = await make_topic(partitions=3)
    published = KafkaLedger(kafka_bootstrap, topic)
    with server.client() as bank:
        bank.post("/admin/reset-faults").raise_for_status()
        bank.patch("/admin/faults", json={"settle_delay_ms": 0}).raise_for_status()
        async with a_desk(await postgres_dsn_for("workflow")) as desk, open_sandbox_provider(server.url, API_KEY) as provider:
            await desk.pool.execute("TRUNCATE work_items")  # the module's tests share one database
            app = an_api(desk, [provider], published)
            async with a_client(app) as client:
                finance = Caller(client, a_token("finn", Role.FINANCE, merchants=EVERYWHERE))
                yield Office(desk, provider, bank, published, topic, kafka_bootstrap, finance)


async def the_break(office: Office, submission_id: str) -> dict[str, Any] | None:
    report = await office.reconcile()
    found: list[dict[str, Any]] = [each for each in report["breaks"] if each["submission_id"] == submission_id]
    assert len(found) <= 1, found
    return found[0] if found else None


async def test_what_agrees_on_both_sides_is_no_break(office: Office) -> None:
    _, submission_id = await office.settled()
    assert await the_break(office, submission_id) is None
    report = await office.reconcile()
    assert report["matched"] >= 1


@pytest.mark.parametrize(
    ("fault", "kind", "theirs"),
    [
        ("omit", "missing_at_provider", None),
        ("wrong_amount", "amount_differs", 426),
        ("wrong_currency", "currency_differs", 425),
        ("duplicate", "duplicate", 425),
    ],
)
async def test_a_mistake_in_the_file_is_a_break_and_its_correction_closes_it(
    office: Office, fault: str, kind: str, theirs: int | None
) -> None:
    issue, submission_id = await office.settled()
    office.mistake(submission_id, fault)
    found = await the_break(office, submission_id)
    assert found is not None
    assert (found["kind"], found["ours_minor"], found["theirs_minor"]) == (kind, 425, theirs)
    (task,) = [each for each in await office.breaks() if each["detail"].get("submission_id") == submission_id]
    assert (task["kind"], task["age_days"] in (0, 1), bool(task["reason"])) == (f"reconciliation_{kind}", True, True)
    assert task["case_number"] is not None
    assert f"reconciliation_{kind}" in await office.desk.tasks(issue.refund.case_id)
    office.correct()
    assert await the_break(office, submission_id) is None
    assert not [each for each in await office.breaks() if each["detail"].get("submission_id") == submission_id]
    office.mistake(submission_id, fault)
    await office.reconcile()
    assert [each for each in await office.breaks() if each["detail"].get("submission_id") == submission_id], "it is back, and open again"


async def test_a_refund_that_only_the_provider_has_is_a_break_of_no_merchant(office: Office) -> None:
    body = {"amount_minor": 900, "currency": "GBP", "method": "card", "merchant_reference": "m"}
    captured = office.bank.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex}).json()["id"]
    by_hand = {"payment_id": captured, "amount_minor": 300, "currency": "GBP"}
    reference = office.bank.post("/v1/refunds", json=by_hand, headers={"idempotency-key": f"dashboard-{uuid4()}"}).json()["id"]
    report = await office.reconcile()
    (found,) = [each for each in report["breaks"] if each["kind"] == "unknown_here" and reference in str(each["reference"]) + each["key"]]
    assert (found["theirs_minor"], found["ours_minor"], found["merchant_id"]) == (300, None, None)
    await office.reconcile()
    mine = [each for each in await office.breaks() if each["detail"].get("reference") == found["reference"]]
    assert len(mine) == 1
    resolved = await office.finance.post(f"/v1/work-items/{mine[0]['work_item_id']}/resolve", {"resolution": "made_by_hand"})
    assert resolved.status_code == 200
    await office.reconcile()
    assert not [each for each in await office.breaks() if each["detail"].get("reference") == found["reference"]], "a person has judged it"


async def test_what_the_provider_paid_and_never_told_is_a_break_until_it_is_known(office: Office) -> None:
    office.bank.patch("/admin/faults", json={"settle_delay_ms": 600_000}).raise_for_status()
    issue = await office.pay()
    office.bank.post("/admin/settle").raise_for_status()
    (submission,) = await office.desk.submissions(issue.refund.refund_id)
    assert submission["state"] == "submitted"
    found = await the_break(office, str(submission["submission_id"]))
    assert found is not None
    assert found["kind"] == "not_settled_here"
    await office.look_up(issue)
    assert await the_break(office, str(submission["submission_id"])) is None


async def test_a_settlement_that_comes_days_later_is_told_apart_from_one_that_never_comes(office: Office) -> None:
    _, submission_id = await office.settled()
    await office.desk.pool.execute(
        "UPDATE refund_submissions SET ended_at = ended_at - interval '4 days' WHERE submission_id = $1", UUID(submission_id)
    )
    found = await the_break(office, submission_id)
    assert found is not None
    assert found["kind"] == "settled_late"


async def test_money_that_came_back_and_nobody_was_told_of_is_a_break(office: Office) -> None:
    _, submission_id = await office.settled()
    office.bank.post("/admin/reverse", json={"idempotency_key": submission_id}).raise_for_status()
    found = await the_break(office, submission_id)
    assert found is not None
    assert (found["kind"], found["theirs_minor"]) == ("reversal_unknown_here", 425)
    await office.desk.record(
        ProviderRefund(
            submission_id=UUID(submission_id),  # type: ignore[arg-type]
            state=ProviderState.FAILED,
            amount_minor=425,
            currency="GBP",
            failure_code="returned_by_bank",
        )
    )
    assert await the_break(office, submission_id) is None


async def test_the_ledger_agrees_with_what_was_published_and_an_unpublished_entry_is_a_break(office: Office) -> None:
    issue, _ = await office.settled()
    await office.publish()
    report = await office.reconcile("ledger")
    assert report["breaks"] == []
    assert report["ours"] == report["theirs"]
    late, _ = await office.settled()
    report = await office.reconcile("ledger")
    assert [(each["kind"], each["refund_id"]) for each in report["breaks"]] == [("event_missing", str(late.refund.refund_id))]
    await office.publish()
    assert (await office.reconcile("ledger"))["breaks"] == []
    assert await office.breaks(subject="ledger") == []
    assert issue.refund.refund_id != late.refund.refund_id


async def test_two_who_reconcile_at_once_make_each_task_once(office: Office) -> None:
    _, submission_id = await office.settled()
    office.mistake(submission_id, "omit")
    await asyncio.gather(*(office.reconcile() for _ in range(4)))
    assert len([each for each in await office.breaks() if each["detail"].get("submission_id") == submission_id]) == 1


async def test_breaks_are_exported_with_their_reason(office: Office) -> None:
    _, submission_id = await office.settled()
    office.mistake(submission_id, "omit")
    today = datetime.now(UTC).date().isoformat()
    await office.finance.post("/v1/reconciliations", {"since": today, "until": today})
    table = (await office.finance.get("/v1/reconciliations/export", format="csv")).text
    (row,) = [each for each in csv.DictReader(io.StringIO(table)) if each["submission_id"] == submission_id]
    assert (row["kind"], row["ours_minor"], row["theirs_minor"], bool(row["reason"])) == ("missing_at_provider", "425", "", True)


async def paid_days_ago(office: Office, days: int) -> None:
    issue, _ = await office.settled()
    (submission,) = await office.desk.submissions(issue.refund.refund_id)
    await office.desk.pool.execute("DELETE FROM reconciliations")
    moved = "UPDATE refund_submissions SET ended_at = $1 WHERE submission_id = $2"
    await office.desk.pool.execute(moved, datetime.now(UTC) - timedelta(days=days), submission["submission_id"])


def daily_of(office: Office) -> DailyReconciliation:
    reconciling = Reconciling(office.desk.pool, office.desk.work_items, [office.provider], office.published)
    return DailyReconciliation(office.desk.pool, reconciling)


async def test_the_days_that_are_due_are_those_that_are_over_and_were_not_compared(office: Office) -> None:
    await paid_days_ago(office, 5)
    first = datetime.now(UTC).date() - timedelta(days=5)
    daily = daily_of(office)
    due = await daily.due()
    assert [each.day for each in due if each.subject == "ledger"] == [first + timedelta(days=offset) for offset in range(4)]
    for each in due:
        await daily.reconcile(each)
    assert await daily.due() == []


async def test_a_day_that_could_not_be_compared_stays_due_whatever_was_compared_since(office: Office) -> None:
    await paid_days_ago(office, 5)
    daily = daily_of(office)
    first, *others = [each for each in await daily.due() if each.subject == "ledger"]
    for each in others:
        await daily.reconcile(each)
    today = datetime.now(UTC).date().isoformat()
    await office.finance.post("/v1/reconciliations", {"since": today, "until": today})
    assert [each for each in await daily.due() if each.subject == "ledger"] == [first]


async def test_an_event_of_a_case_that_a_restored_database_does_not_have_is_a_break_of_its_merchant(office: Office) -> None:
    issue, _ = await office.settled()
    await office.publish()
    stranger = await office.desk.pool.fetchrow(
        "SELECT * FROM outbox WHERE event_type = 'aftersales.refund.settled.v1' AND position($1::text::bytea in value) > 0",
        str(issue.refund.refund_id),
    )
    lost, entry = str(uuid4()), str(uuid4())
    assert stranger is not None
    told = json.loads(bytes(stranger["value"])) | {"case_id": lost, "refund_id": str(uuid4()), "ledger_entry_id": entry}
    await office.publish_value(stranger, json.dumps(told).encode())
    report = await office.reconcile("ledger")
    assert [(each["kind"], each["entry_id"]) for each in report["breaks"]] == [("event_without_entry", entry)]
    (task,) = [each for each in await office.breaks(subject="ledger") if each["detail"].get("entry_id") == entry]
    assert (task["merchant_id"], task["case_number"]) == (issue.refund.merchant_id, None)


async def test_many_looks_at_once_at_many_cases_wait_for_each_other(office: Office) -> None:
    paid = [await office.settled() for _ in range(6)]
    faults = [{"idempotency_key": submission_id, "fault": "omit"} for _, submission_id in paid]
    office.bank.put("/admin/settlement-faults", json=faults).raise_for_status()
    for _ in range(3):
        await asyncio.gather(*(office.reconcile(subject) for subject in ("sandbox (test)", "ledger") * 3))
    ours = {str(submission_id) for _, submission_id in paid}
    tasks = [each for each in await office.breaks(subject="sandbox (test)") if each["detail"].get("submission_id") in ours]
    assert len(tasks) == len(paid)


async def test_days_and_subjects_that_make_no_sense_are_refused(office: Office) -> None:
    codes = []
    for body in ({"since": "2026-03-02", "until": "2026-03-01"}, {"since": "2020-01-01", "until": "2026-01-01"}, {"subject": "paypal"}):
        answer = await office.finance.post("/v1/reconciliations", body)
        codes.append((answer.status_code, answer.json()["code"]))
    assert codes == [(422, "days_invalid"), (422, "days_invalid"), (404, "subject_not_found")]

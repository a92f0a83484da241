"""Finance on the command line: books, files, payouts and reconciliation, as a bookkeeper asks for them."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cyclopts import App

from contracts.quote import RefundUnits
from contracts.roles import Role
from services.workflow.commands import refunds_app
from services.workflow.commands_finance import finance_app
from services.workflow.payloads.refund import RefundTimers
from services.workflow.reconciliation.books import PublishedEntry
from tests.support.builders import a_payment, an_order
from tests.support.payment_provider import FakeProvider
from tests.support.workflow_api import a_token, an_api, served
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines


class NothingPublished:
    """A Kafka that nothing was sent to."""

    async def published(self, since: datetime, until: datetime) -> dict[UUID, PublishedEntry]:
        return {}


@pytest.fixture
async def url(desk: RecordsDesk) -> AsyncIterator[str]:
    async with served(an_api(desk, [FakeProvider()], NothingPublished())) as address:
        yield address


@pytest.fixture(autouse=True)
def _who(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_WORKFLOW_URL", url)
    monkeypatch.setenv("AFTERSALES_STAFF_TOKEN", a_token("finn", Role.FINANCE, merchants=("*",)))


async def call(*words: str, app: App = finance_app) -> int:
    """The exit status of ``aftersales finance …``."""

    def run() -> int:
        try:
            app(list(words), exit_on_error=False, result_action="return_value")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return await asyncio.to_thread(run)


async def a_cash_refund(desk: RecordsDesk) -> tuple[UUID, str]:
    payments = (a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider="cash", method="cash_on_delivery"))
    order = an_order(f"cash-{datetime.now(UTC).timestamp()}", payments=payments)
    issue = an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=3), timers=RefundTimers(retry_count=0))
    await desk.request(issue)
    card, cash = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(card, "succeeded"))
    return issue.refund.refund_id, str(cash["submission_id"])


async def test_a_payout_is_found_paid_and_booked_and_the_refund_explains_itself(
    desk: RecordsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    refund_id, payout_id = await a_cash_refund(desk)
    assert await call("payouts") == 0
    assert payout_id in capsys.readouterr().out
    assert await call("pay", payout_id, "--document", "BANK-42") == 0
    assert "document BANK-42" in capsys.readouterr().err
    assert await call("refund", str(refund_id), "--steps") == 0
    shown = capsys.readouterr().out
    for expected in ("GBP 12.75", "Goods given back", "Payout channel", "BANK-42", "CN-", "attempt committed", "R-RFD-07", "booked"):
        assert expected in shown, shown


async def test_the_books_are_read_in_words_and_numbers_a_bookkeeper_knows(desk: RecordsDesk, capsys: pytest.CaptureFixture[str]) -> None:
    _, payout_id = await a_cash_refund(desk)
    await call("pay", payout_id, "--document", "BANK-43")
    capsys.readouterr()
    assert await call("ledger") == 0
    balance = capsys.readouterr().out
    assert "4100" in balance
    assert "sum GBP" in balance
    assert await call("journal", "--account", "clearing.payout") == 0
    assert "BANK" not in capsys.readouterr().err
    assert await call("accounts") == 0
    assert "clearing:<provider>" in capsys.readouterr().out


async def test_exports_are_files_or_go_to_the_pipe(desk: RecordsDesk, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    _, payout_id = await a_cash_refund(desk)
    await call("pay", payout_id, "--document", "BANK-44")
    table = tmp_path / "journal.csv"
    assert await call("export", "journal", "--output", str(table)) == 0
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["debit_minor"] or 0) - int(row["credit_minor"] or 0) for row in rows) == 0
    capsysbinary.readouterr()
    assert await call("export", "journal", "--format", "jsonl") == 0
    piped = capsysbinary.readouterr().out.splitlines()
    assert [json.loads(line)["entry_id"] for line in piped] == [row["entry_id"] for row in rows]


async def test_a_credit_note_is_written_as_pdf_or_data(
    desk: RecordsDesk, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """R-RFD-12."""
    refund_id, payout_id = await a_cash_refund(desk)
    assert await call("credit-note", str(refund_id)) == 1
    assert b"credit_note_not_found" in capsysbinary.readouterr().err
    await call("pay", payout_id, "--document", "BANK-45")
    printed = tmp_path / "note.pdf"
    assert await call("credit-note", str(refund_id), "--output", str(printed)) == 0
    assert printed.read_bytes().startswith(b"%PDF")
    capsysbinary.readouterr()
    assert await call("credit-note", str(refund_id)) == 0
    assert json.loads(capsysbinary.readouterr().out)["note"]["gross_minor"] == 1275


async def test_numbers_of_credit_notes_have_no_gap_though_some_refunds_fail(desk: RecordsDesk) -> None:
    """R-RFD-12."""
    for outcome in ("succeeded", "failed", "succeeded"):
        issue = an_issue(await desk.take(), timers=RefundTimers(retry_count=0))
        await desk.request(issue)
        await desk.record(word((await desk.submissions(issue.refund.refund_id))[0], outcome))
    numbers = await desk.pool.fetch("SELECT sequence FROM credit_notes ORDER BY sequence")
    assert [row["sequence"] for row in numbers] == list(range(1, len(numbers) + 1))


async def test_reconciling_says_what_differs_and_ends_with_status_one(desk: RecordsDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """R-RFD-13."""
    await a_cash_refund(desk)
    assert await call("reconcile", "--subject", "sandbox (test)") == 1
    assert "missing_at_provider" in capsys.readouterr().out
    assert await call("breaks") == 0
    shown = capsys.readouterr().out
    assert "the provider's files do not list it" in shown
    assert await call("breaks", "--subject", "ledger") == 0
    assert capsys.readouterr().out.strip() == "No breaks."


async def a_stuck_refund(desk: RecordsDesk) -> UUID:
    issue = an_issue(await desk.take(), timers=RefundTimers(retry_count=0))
    await desk.request(issue)
    await desk.record(word((await desk.submissions(issue.refund.refund_id))[0], "failed"))
    return issue.refund.refund_id


async def test_finance_has_a_stuck_refund_paid_out_or_gives_it_up(desk: RecordsDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """R-RFD-09, R-RFD-15."""
    paid_out, given_up = await a_stuck_refund(desk), await a_stuck_refund(desk)
    assert await call("attempt", str(paid_out), "--by-payout", app=refunds_app) == 0
    assert [row["provider"] for row in await desk.submissions(paid_out)] == ["sandbox", "payout"]
    assert await call("give-up", str(given_up), "--code", "customer_waived", app=refunds_app) == 0
    assert (await desk.refund(given_up))["state"] == "failed"
    assert await call("give-up", str(given_up), "--code", "customer_waived", app=refunds_app) == 1
    assert "refund_given_up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["reconcile", "--subject", "paypal"], "subject_not_found"),
        (["refund", "00000000-0000-0000-0000-000000000001"], "refund_not_found"),
        (["export", "reconciliation", "--merchant", "demo-shop"], "covers all merchants"),
        (["export", "journal", "--output", "/nowhere/at/all.csv"], "cannot be written"),
        (["pay", "00000000-0000-0000-0000-000000000001", "--document", "B"], "payout_not_found"),
    ],
)
async def test_a_mistake_is_told_with_its_remedy(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await call(*words) == 1
    told: Any = capsys.readouterr().err
    assert says in told


async def test_a_break_that_a_person_judged_counts_no_more(desk: RecordsDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """R-RFD-13."""
    await a_cash_refund(desk)
    await call("reconcile", "--subject", "sandbox")
    capsys.readouterr()
    await call("breaks", "--json")
    for found in json.loads(capsys.readouterr().out):
        assert await call("resolve", found["work_item_id"], "written_off") == 0
    capsys.readouterr()
    assert await call("reconcile", "--subject", "sandbox") == 0
    assert "judged" in capsys.readouterr().out
    assert await call("breaks", "--state", "done") == 0
    assert "written_off, by finn" in capsys.readouterr().out


async def test_tasks_say_what_to_do_and_mistakes_name_the_field(desk: RecordsDesk, capsys: pytest.CaptureFixture[str]) -> None:
    await a_stuck_refund(desk)
    assert await call("tasks") == 0
    assert "aftersales refunds attempt" in capsys.readouterr().out
    assert await call("refund", "H26-000001") == 1
    assert "refund_id" in capsys.readouterr().err
    assert await call("ledger", "--since", "2026-12-01", "--until", "2026-01-01") == 1
    assert "days_invalid" in capsys.readouterr().err
    assert await call("journal", "--account", "petty.cash") == 1
    assert "account_unknown" in capsys.readouterr().err


async def test_without_a_stack_it_is_said_how_to_get_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFTERSALES_WORKFLOW_URL")
    assert await call("ledger") == 1
    assert "aftersales up" in capsys.readouterr().err

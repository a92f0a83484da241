"""The chart of accounts: every code that a journal can hold is in it, and the page for bookkeepers tells each of them."""

from pathlib import Path

import pytest

from contracts.refund_v1 import PayoutKind
from services.workflow.money.accounts import CHART, UnknownAccountError, account_name, account_of, clearing_account
from services.workflow.money.journal import ACCOUNTS, BY_CAUSE, PAYOUT_ACCOUNTS

FINANCE_PAGE = Path(__file__).parents[4] / "docs" / "finance.md"


def test_every_account_that_is_booked_is_in_the_chart() -> None:
    booked = {
        *ACCOUNTS.values(),
        *BY_CAUSE.values(),
        *PAYOUT_ACCOUNTS.values(),
        "refunds.payable",
        "returns.tax:vat",
        "withheld:restocking",
    }
    for code in {*booked, "withheld.tax:vat", clearing_account("stripe"), clearing_account("payout")}:
        assert account_of(code).name
    assert set(PAYOUT_ACCOUNTS) == set(PayoutKind) - {PayoutKind.REFUND}


def test_numbers_and_codes_are_given_once() -> None:
    assert len({account.number for account in CHART}) == len({account.code for account in CHART}) == len(CHART)


@pytest.mark.parametrize("code", ["petty.cash", "clearing", "clearing:", "returns.goods:1", ""])
def test_a_code_that_means_no_account_is_refused_with_those_that_do(code: str) -> None:
    with pytest.raises(UnknownAccountError, match="clearing:<provider>"):
        account_of(code)
    assert account_name(code) == code


@pytest.mark.parametrize("account", CHART, ids=lambda account: account.code)
def test_the_page_for_finance_tells_each_account(account: object) -> None:
    chart = {each.code: each for each in CHART}
    lines = [line for line in FINANCE_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and "`" in line]
    told = {line.split("|")[1].strip(): line for line in lines}
    each = next(one for one in chart.values() if one == account)
    assert f"`{each.code}" in told[str(each.number)]
    assert each.kind.value in told[str(each.number)]

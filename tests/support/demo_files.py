"""Small files of invoices and credit notes for tests: written row by row, or drawn at random."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from deploy.local.demo.dataset import COLUMNS

FIRST_DAY = datetime(2011, 3, 1, 10, 0)  # noqa: DTZ001 - the file has local times


def a_row(
    invoice: str,
    stock_code: str = "85123A",
    quantity: int | str = 1,
    *,
    price: str = "2.55",
    customer: str = "17850",
    day: int = 0,
    description: str = "WHITE HANGING HEART",
    country: str = "United Kingdom",
) -> list[str]:
    """One data row; ``day`` counts from the first of March."""
    moment = FIRST_DAY + timedelta(days=day)
    return [invoice, stock_code, description, str(quantity), f"{moment:%Y-%m-%d %H:%M:%S}", price, customer, country]


def write_file(path: Path, rows: Iterable[Sequence[str]], *, columns: Sequence[str] = COLUMNS, compressed: bool = True) -> Path:
    """Write a file of the demo's format."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if compressed else content)
    return path


_CODES = ("85123A", "22423", "POST", "D", "M", "C2")
_PRICES = ("0.29", "2.55", "0.125", "0.00", "18.00", "0.004")


def _drawn_row(credit: bool) -> st.SearchStrategy[list[str]]:
    numbers = st.sampled_from(["C1", "C2", "C3", "C4"] if credit else ["101", "102", "103", "A7"])
    quantities = st.integers(-6, 1) if credit else st.integers(-2, 12)
    return st.builds(
        lambda invoice, code, quantity, price, customer, day: a_row(invoice, code, quantity, price=price, customer=customer, day=day),
        numbers,
        st.sampled_from(_CODES),
        quantities,
        st.sampled_from(_PRICES),
        st.sampled_from(["", "17850", "12583", "walk-in"]),
        st.integers(0, 60),
    )


def drawn_files() -> st.SearchStrategy[list[list[str]]]:
    """Rows of any order and quality: several dates and customers in an invoice, anonymous and unpriced rows, discounts, credits of nothing."""
    rows = st.lists(_drawn_row(credit=False), min_size=1, max_size=25)
    credits_ = st.lists(_drawn_row(credit=True), max_size=20)
    return st.tuples(rows, credits_).flatmap(lambda both: st.permutations([*both[0], *both[1]]))


def awkward_rows() -> list[list[str]]:
    """A small file with what real files have: see the words beside each row."""
    return [
        a_row("600001", "85123A", 12, price="0.145"),
        a_row("600001", "22423", 2, price="12.75"),
        a_row("600001", "POST", 1, price="18.00", description="POSTAGE"),
        a_row("600001", "D", -1, price="3.33", description="Discount"),  # a discount within an invoice
        a_row("600002", "85123A", 3, price="0.155", day=3),  # another price of the same article
        a_row("600002", "21730", 4, price="4.95", day=4),  # an invoice of several dates
        a_row("C600003", "85123A", -1, price="0.145", day=2),  # four credit notes about one line
        a_row("C600004", "85123A", -2, price="0.145", day=2),
        a_row("C600005", "85123A", -3, price="0.145", day=2),
        a_row("C600006", "85123A", -1, price="0.145", day=2),
        a_row("C600006", "85123A", -1, price="0.145", day=2),  # twice in one note
        a_row("C600007", "85123A", -5, price="0.145", day=6),  # over two orders: two cases
        a_row("C600008", "22423", 1, price="12.75", day=6),  # a credit line of nothing that came back
        a_row("C600009", "D", -1, price="9.99", day=6, description="Discount"),
        a_row("C600010", "22423", -1, price="12.75", day=-3),  # dated before the purchase
        a_row("600011", "47566", 400, price="4.13", customer="wholesale/Ü 9", country="Hong Kong"),  # no number, and a lot of money
        a_row("C600012", "47566", -300, price="4.13", customer="wholesale/Ü 9", day=45),  # late, beyond a supervisor's authority
        a_row("600013", "22423", 30_000, price="0.001", customer="13000"),  # fractions of a penny
        a_row("C600014", "22423", -3, price="0.001", customer="13000", day=1),  # worth less than a penny
        a_row("600015", "85123A", -15, price="0", customer="", description="damages"),  # stock written off
        a_row("A600016", "B", 1, price="11062.06", customer="", description="Adjust bad debt"),
        a_row("600017", "20725", 5, price="1.65", customer="14000"),
        a_row("600017", "20725", 5, price="1.65", customer="15000"),  # two customers in one invoice
        a_row("C600018", "20725", -4, price="1.65", customer="15000", day=7),
        a_row("C600019", "20725", -6, price="1.65", customer="14000", day=7),  # more than was bought
        a_row("600020", "POST", 1, price="40.00", customer="14000", description="POSTAGE"),  # postage alone
    ]

"""Reading a file: what is taken, and how a file that is none is refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from deploy.local.demo.command import DATA
from deploy.local.demo.dataset import COLUMNS, DatasetError, credit_lines, invoices, other_rows, read_rows
from tests.support.demo_files import a_row, write_file


def test_the_file_of_the_project_is_read_whole() -> None:
    rows = read_rows(DATA)
    assert len(rows) == 13_839
    assert len(list(invoices(rows))) == 698
    assert len(credit_lines(rows)) == 651
    assert {row.index for row in rows} == set(range(13_839))


def test_rows_are_orders_credit_lines_or_neither(tmp_path: Path) -> None:
    path = write_file(tmp_path / "f.csv.gz", [a_row("536365"), a_row("C536379", quantity=-1), a_row("A563185")])
    rows = read_rows(path)
    assert [number for number, _ in invoices(rows)] == ["536365"]
    assert [row.invoice for row in credit_lines(rows)] == ["C536379"]
    assert [row.invoice for row in other_rows(rows)] == ["A563185"]


def test_an_uncompressed_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert len(read_rows(write_file(tmp_path / "f.csv.gz", [a_row("1")], compressed=False))) == 1


@pytest.mark.parametrize(
    ("quantity", "price", "pence"),
    [("3", "0.125", 38), ("1", "0.005", 1), ("-3", "0.125", -38), ("7", "2.55", 1785), ("1", "0.004", 0)],
)
def test_a_line_total_is_rounded_half_up_to_the_penny(tmp_path: Path, quantity: str, price: str, pence: int) -> None:
    (row,) = read_rows(write_file(tmp_path / "f.csv", [a_row("1", quantity=quantity, price=price)]))
    assert row.total_minor == pence


def test_a_customer_number_that_a_spreadsheet_made_a_fraction_is_the_same_customer(tmp_path: Path) -> None:
    (row,) = read_rows(write_file(tmp_path / "f.csv", [a_row("1", customer="17850.0", quantity="6.0")]))
    assert (row.customer, row.quantity, row.unit_price) == ("17850", 6, Decimal("2.55"))


@pytest.mark.parametrize(
    ("code", "description", "freight"),
    [
        ("POST", "POSTAGE", True),
        ("C2", "CARRIAGE", True),
        ("DOT", "DOTCOM", True),
        ("22423", "CARRIAGE CLOCK", False),
        ("M", "Manual", False),
    ],
)
def test_postage_and_carriage_are_freight_but_no_article_is(tmp_path: Path, code: str, description: str, freight: bool) -> None:
    (row,) = read_rows(write_file(tmp_path / "f.csv", [a_row("1", code, description=description)]))
    assert row.is_freight is freight


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quantity": "many"}, "Quantity is 'many'"),
        ({"quantity": "1.5"}, "must be a whole number"),
        ({"price": "NaN"}, "UnitPrice is 'NaN'"),
        ({"price": "1e400"}, "UnitPrice"),
        ({"price": ""}, "UnitPrice is ''"),
    ],
)
def test_a_malformed_row_is_named_by_its_number(tmp_path: Path, change: dict[str, str], says: str) -> None:
    path = write_file(tmp_path / "f.csv", [a_row("1"), a_row("2", **change)])  # type: ignore[arg-type]  # one row at a time
    with pytest.raises(DatasetError, match=r"f\.csv, data row 1 \(invoice 2\)") as refusal:
        read_rows(path)
    assert says in str(refusal.value)


def test_a_date_of_another_kind_is_named(tmp_path: Path) -> None:
    row = a_row("1")
    row[4] = "12/1/2010 8:26"
    with pytest.raises(DatasetError, match="InvoiceDate is '12/1/2010 8:26'"):
        read_rows(write_file(tmp_path / "f.csv", [row]))


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no column CustomerID, Country"):
        read_rows(write_file(tmp_path / "f.csv", [a_row("1")[:6]], columns=COLUMNS[:6]))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no file"):
        read_rows(tmp_path / "nothing.csv.gz")


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00 torn", b"\x89PNG\r\n\x1a\n", b"", b"no table at all\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError):
        read_rows(path)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data row"):
        read_rows(write_file(tmp_path / "f.csv.gz", []))

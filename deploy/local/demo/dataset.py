"""The file of invoices and credit notes, read as it is: rows, and whether they are orders, credit lines or neither.

An invoice number of digits alone is an order, one that begins with ``C`` a credit note, any other neither. An article's code begins with five
digits. A row without a customer, or with a price or quantity of zero or less, is no purchase. Amounts are pence.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FREIGHT_CODES = frozenset({"POST", "DOT", "C2"})
DISCOUNT_CODE = "D"
LARGEST_QUANTITY = 1_000_000
"""More units than this are no row of a shop, and no order line takes them."""
_LARGEST_NUMBER = 10**9
_GZIP = b"\x1f\x8b"
_ARTICLE = re.compile(r"^[0-9]{5}")
_ORDER = re.compile(r"^[0-9]+$")


class DatasetError(ValueError):
    """The file is not one of invoices and credit notes; the message names the row and what is wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row. ``index`` counts from 0, without the header; ``unit_price`` is in pounds, ``moment`` the shop's local time."""

    index: int
    invoice: str
    stock_code: str
    description: str
    quantity: int
    moment: datetime
    unit_price: Decimal
    customer: str
    country: str

    @property
    def is_of_order(self) -> bool:
        """Whether the row is of an order."""
        return _ORDER.match(self.invoice) is not None

    @property
    def is_credit(self) -> bool:
        """Whether the row is of a credit note."""
        return self.invoice.upper().startswith("C")

    @property
    def is_article(self) -> bool:
        """Whether the code is an article's."""
        return _ARTICLE.match(self.stock_code) is not None

    @property
    def is_freight(self) -> bool:
        """Whether the row is postage or carriage."""
        return not self.is_article and (self.stock_code.upper() in FREIGHT_CODES or "CARRIAGE" in self.description.upper())

    @property
    def is_discount(self) -> bool:
        """Whether the row is a discount."""
        return self.stock_code.upper() == DISCOUNT_CODE

    @property
    def total_minor(self) -> int:
        """Quantity times unit price, rounded half up to the penny; negative on a credit line."""
        pence = (abs(self.quantity) * self.unit_price * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return int(pence) if self.quantity > 0 else -int(pence)


def read_rows(path: Path) -> list[Row]:
    """All rows of a ``.csv`` or ``.csv.gz`` file, whichever it is by its content. Raises :class:`DatasetError`."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content.startswith(_GZIP) else content).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise DatasetError(f"{path.name} has no column {', '.join(missing)}: its first line must name {', '.join(COLUMNS)}")
        rows = [_row(path, index, record) for index, record in enumerate(reader)]
    except FileNotFoundError:
        raise DatasetError(f"There is no file {path}: name a .csv.gz (or .csv) of invoices and credit notes") from None
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path.name} is no UTF-8 text (byte {error.start}): it must be a CSV file in UTF-8, compressed by gzip or not"
        ) from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise DatasetError(f"{path.name} cannot be read: {error}") from error
    if not rows:
        raise DatasetError(f"{path.name} has no data row")
    return rows


def _row(path: Path, index: int, record: dict[str, str | None]) -> Row:
    values = {column: (record.get(column) or "").strip() for column in COLUMNS}
    try:
        return Row(
            index=index,
            invoice=_given("InvoiceNo", values["InvoiceNo"]),
            stock_code=values["StockCode"],
            description=values["Description"],
            quantity=_whole("Quantity", values["Quantity"]),
            moment=_moment(values["InvoiceDate"]),
            unit_price=_number("UnitPrice", values["UnitPrice"]),
            customer=values["CustomerID"].removesuffix(".0"),
            country=values["Country"],
        )
    except ValueError as error:
        raise DatasetError(f"{path.name}, data row {index} (invoice {values['InvoiceNo'] or '?'}): {error}") from error


def _given(column: str, text: str) -> str:
    if not text:
        raise ValueError(f"{column} is empty")
    return text


def _moment(text: str) -> datetime:
    """The shop's local time, without a zone: the demo shifts it to now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"InvoiceDate is {text!r}, but must be like 2011-03-01 10:08:00") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _number(column: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{column} is {text!r}, but must be a number") from None
    if not number.is_finite() or abs(number) > _LARGEST_NUMBER:
        raise ValueError(f"{column} is {text!r}, but must be a number within {_LARGEST_NUMBER}")
    return number


def _whole(column: str, text: str) -> int:
    number = _number(column, text)
    if number != number.to_integral_value():
        raise ValueError(f"{column} is {text!r}, but must be a whole number")
    return int(number)


def invoices(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The orders of the file: invoice number and rows, in the file's order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.is_of_order:
            groups.setdefault(row.invoice, []).append(row)
    yield from groups.items()


def credit_lines(rows: list[Row]) -> list[Row]:
    """The lines of the credit notes, in the file's order."""
    return [row for row in rows if row.is_credit]


def other_rows(rows: list[Row]) -> list[Row]:
    """The rows that belong to neither an invoice nor a credit note."""
    return [row for row in rows if not row.is_of_order and not row.is_credit]

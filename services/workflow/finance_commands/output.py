"""How the finance commands speak: tables as wide as their content, amounts in the currency's own places, errors on stderr with exit status 1."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

from cyclopts import Parameter
from pydantic_core import to_json
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table

from services.workflow.asking import NotAnsweredError

WIDEST = 1000

_errors = Console(stderr=True)

JsonOption = Annotated[bool, Parameter(name="--json", negative="")]


@contextmanager
def told() -> Iterator[None]:
    """What the service refuses is told on stderr, with exit status 1."""
    try:
        yield
    except NotAnsweredError as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """End with exit status 1 and a line on stderr."""
    _errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


def note(message: str) -> None:
    """A line on stderr, so that what is piped stays clean."""
    _errors.print(message, markup=False, highlight=False, soft_wrap=True)


def flag(wanted: bool | None) -> str | None:
    """A yes or no as a query has it, None where nobody asked."""
    return None if wanted is None else str(wanted).lower()


def print_json(value: Any) -> None:
    """Print plain data as JSON."""
    sys.stdout.write(to_json(value, indent=2).decode() + "\n")


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, amounts: Sequence[str] = (), empty: str = "Nothing.") -> None:
    """Print rows under columns; ``amounts`` are columns that stand to the right."""
    if not rows:
        Console().print(empty, markup=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in amounts else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    show(table)


def show(what: RenderableType) -> None:
    """Print it as wide as it is: a narrow terminal wraps lines, but no id or amount is cut."""
    console = Console(width=WIDEST, markup=False, highlight=False)
    console.width = max(Measurement.get(console, console.options, what).maximum, 40)
    console.print(what)

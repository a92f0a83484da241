"""How the policy commands speak: tables on a terminal, JSON where somebody asks for it or the output is piped, and errors that say what to do."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

from cyclopts import Parameter
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.table import Table

from services.workflow.policy.errors import PolicyError, UnknownPackError

console = Console(highlight=False, markup=False)
errors = Console(stderr=True, highlight=False, markup=False)

JsonOption = Annotated[bool, Parameter(name="--json", negative="")]


def wants_json(asked: bool) -> bool:
    """Whether to print JSON: because it was asked for, or because a program reads."""
    return asked or not sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print models and plain data as JSON."""
    sys.stdout.write(json.dumps(to_jsonable_python(value), ensure_ascii=False, indent=2) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print rows under columns; nothing at all where there are none."""
    if not rows:
        return
    if title is not None:
        say(f"\n{title}", style="bold")
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(columns))
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)


def say(text: str, *, style: str | None = None) -> None:
    """A line of plain text."""
    console.print(text, style=style, soft_wrap=True)


def complain(text: str) -> None:
    """A line on stderr."""
    errors.print(text, style="red", soft_wrap=True)


def fail(text: str) -> NoReturn:
    """End with exit status 1 and a line on stderr."""
    complain(f"aftersales policy: {text}")
    sys.exit(1)


@contextmanager
def told() -> Iterator[None]:
    """What policy refuses is told on stderr, with exit status 1."""
    try:
        yield
    except UnknownPackError as error:
        fail(f"{error}; packs of your own are looked for in the folders of --packs")
    except PolicyError as error:
        fail(str(error))

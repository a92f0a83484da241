"""The worked examples of ``docs/money.md``: each command with what it prints. Rewrite them with ``python -m tests.support.worked_examples``."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from services.workflow.commands_quote import refund_app

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "money.md"
EXAMPLE = re.compile(r"```sh\n(?P<command>aftersales refund [^\n]+)\n```\n\n```text\n(?P<output>.*?)```", re.DOTALL)


def run(command: str) -> str:
    """What ``aftersales refund …`` prints, with file names as they are from the root of the project."""
    words = [str(ROOT / word) if word.startswith("docs/") else word for word in shlex.split(command)[2:]]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        refund_app(words, exit_on_error=False, result_action="return_value")
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def examples() -> Iterator[tuple[str, str]]:
    """Each command of the page, and the output that stands below it."""
    for found in EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")):
        yield found["command"], found["output"]


def rewrite() -> None:
    """Write what the commands print now into the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        EXAMPLE.sub(lambda found: f"```sh\n{found['command']}\n```\n\n```text\n{run(found['command'])}```", text), encoding="utf-8"
    )


if __name__ == "__main__":
    rewrite()

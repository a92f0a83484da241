"""`export`, `credit-note`: files for bookkeeping programs and for print."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

from services.workflow.asking import TokenOption, UrlOption, download
from services.workflow.finance_commands.output import fail, note, told

PATHS = {"journal": "/v1/ledger/journal/export", "reconciliation": "/v1/reconciliations/export"}


def export(
    what: Literal["journal", "reconciliation"],
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    output: Path | None = None,
    format: Literal["csv", "jsonl"] = "csv",  # noqa: A002 - the option's name
    merchant: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> None:
    """Write the journal, or the breaks that reconciliation found, as a file: one row a line of the journal, or a break.

    Args:
        what: journal or reconciliation.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        output: the file; default standard output. A file that is there already is replaced once the new one is whole.
        format: csv (RFC 4180, UTF-8) or jsonl. Amounts are integers in minor units.
        merchant: one merchant; default all of yours. Of the journal only.
        since: first day: by accounting date for the journal, in UTC for reconciliation.
        until: last day, included.
    """
    if merchant is not None and what == "reconciliation":
        fail("aftersales finance export: a provider's file covers all merchants; leave --merchant out")
    query = {"merchant_id": merchant, "since": since, "until": until, "format": format}
    with told():
        _save(download(url, token, PATHS[what], query), output)


def credit_note(
    refund_id: str, *, url: UrlOption = "", token: TokenOption = "", output: Path | None = None, cancellation: bool = False
) -> None:
    """Write the credit note of a refund: as PDF into a file whose name ends in .pdf, else as JSON.

    Args:
        refund_id: which refund.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        output: the file; default JSON on standard output.
        cancellation: the document that took the credit note back instead.
    """
    suffix = ".pdf" if output is not None and output.suffix.lower() == ".pdf" else ""
    query = {"kind": "cancellation" if cancellation else "credit_note"}
    with told():
        _save(download(url, token, f"/v1/refunds/{refund_id}/credit-note{suffix}", query), output)


def _save(chunks: Iterator[bytes], output: Path | None) -> None:
    if output is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file, _progress() as progress:
            task = progress.add_task(output.name, total=None)
            for chunk in chunks:
                progress.advance(task, file.write(chunk))
        part.replace(output)
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")
    finally:
        part.unlink(missing_ok=True)
    note(f"{output}: {output.stat().st_size:,} bytes")


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)

"""What orders are called in a run. The first run of a home uses the invoice numbers; a later one adds its own number, for orders are for ever."""

from pathlib import Path

from deploy.local.stack.files import read_json, write_private

RUNS_FILE = "demo-runs.json"


def next_run(home: Path) -> int:
    """Take the next number of a run, from 1. It is written down before anything is sent, so that no two runs share one."""
    runs = int((read_json(home / RUNS_FILE) or {}).get("runs", 0)) + 1
    write_private(home / RUNS_FILE, {"runs": runs})
    return runs


def order_number(invoice: str, run: int) -> str:
    """The number of an invoice's order in a run."""
    return invoice if run == 1 else f"{invoice}-{run}"

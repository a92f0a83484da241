"""What a person sees of a stack: a box with every address and credential, and a table of health."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.stack.credentials import Credentials
from deploy.local.stack.health import Health

DOCUMENTED = ("intake", "workflow", "logistics", "notifications")


def box(state: Mapping[str, Any], credentials: Credentials) -> RenderableType:
    """The box that ``aftersales up`` prints once everything runs."""
    places = _two_columns()
    for service in DOCUMENTED:
        places.add_row(f"{service} API", f"{state['urls'][service]}/docs")
    places.add_row("Temporal UI", state["temporal_ui_url"] or "(where your Temporal is)")
    places.add_row("Mailbox", state["urls"]["mailbox"])
    places.add_row("Payment provider", f"{state['urls']['payments']}/docs")
    places.add_row("Carrier", f"{state['urls']['carrier']}/docs")
    places.add_row("Kafka", state["kafka_bootstrap_servers"])
    places.add_row("Temporal", f"{state['temporal_address']} (namespace {state['temporal_namespace']})")

    keys = _two_columns()
    for merchant, secret in credentials.merchants.items():
        keys.add_row(f"API key of {merchant}", secret["api_key"])
    keys.add_row("Staff token", "aftersales token issue --role supervisor --merchant demo-shop")
    keys.add_row("All credentials", state["credentials_file"])
    keys.add_row("Logs", f"{state['home']}/logs")
    parts: list[RenderableType] = [Text("Where", style="bold"), places, Text(""), Text("Credentials of this machine", style="bold"), keys]
    return Panel(Group(*parts), title="aftersales is up", subtitle="Ctrl-C stops all of it; data stays", border_style="green", expand=False)


def health_table(state: Mapping[str, Any], health: Mapping[str, Health]) -> RenderableType:
    """One line per process: is it ready, its pid, how often it was started."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "process", "pid", "starts", "state"):
        table.add_column(column)
    for process in state["processes"]:
        of_this = health.get(process["name"], Health(ready=False, words=process["phase"]))
        mark = Text("●", style="green" if of_this.ready else "yellow" if process["phase"] == "held" else "red")
        table.add_row(mark, process["name"], str(process["pid"] or "-"), str(process["starts"]), Text(of_this.words))
    return table


def _two_columns() -> Table:
    # Addresses and keys are there to be copied: they fold, they are never cut.
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    return table

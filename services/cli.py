"""The ``aftersales`` command: the local stack, the services one by one, and what operators need of a running system.

This is the only module of ``services`` that knows ``deploy``, and it imports it when a command needs it. Commands of a service live in that
service's ``commands.py``; they are named here and imported when used, so that ``--help`` is quick.
"""

import sys
from errno import ENOSPC
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Group, Parameter
from rich.console import Console

Service = Literal["intake", "workflow", "logistics", "notifications"]
SERVICES: tuple[Service, ...] = ("intake", "workflow", "logistics", "notifications")

LOCAL = Group.create_ordered("On this machine")
OPERATING = Group.create_ordered("Operating")
SELLING = Group.create_ordered("Working with cases")

app = App(
    name="aftersales",
    help="After-sales for a shop: every case a durable workflow, every refund paid once.\n\nStart everything on this machine: aftersales up",
    version=lambda: version("aftersales"),
    version_flags=["--version"],
    help_format="plaintext",
)
console = Console(stderr=False)
errors = Console(stderr=True)

HomeOption = Annotated[Path | None, Parameter(name="--home", env_var="AFTERSALES_HOME")]


@app.command(group=LOCAL)
def up(*, home: HomeOption = None, detach: bool = False) -> int:
    """Start engines, sandbox world and the four services, and stay until Ctrl-C, which stops all of it.

    The first start creates data and credentials in the home directory; they survive restarts. An engine is replaced by one of your own if its
    setting is given: AFTERSALES_KAFKA_BOOTSTRAP_SERVERS, AFTERSALES_TEMPORAL_ADDRESS (and _NAMESPACE), AFTERSALES_POSTGRES_ADMIN_DSN.

    Args:
        home: Where data lives; default .aftersales in the working directory. Several stacks run side by side in several homes.
        detach: Return when the stack is up and leave it running in the background; stop it with: aftersales down
    """
    import asyncio

    from deploy.local.paths import stack_home
    from deploy.local.stack import up as stack_up

    if detach:
        return stack_up.up_detached(stack_home(home), console)
    return asyncio.run(stack_up.up(stack_home(home), console))


@app.command(group=LOCAL)
def down(*, home: HomeOption = None) -> int:
    """Stop the stack that runs in the home directory. Its data stays.

    Args:
        home: Which stack; default .aftersales in the working directory.
    """
    from deploy.local.paths import stack_home
    from deploy.local.stack import up as stack_up

    return stack_up.down(stack_home(home), console)


@app.command(group=LOCAL)
def status(*, home: HomeOption = None) -> int:
    """Show every process of the running stack and whether it can do its work. Exit status 1 if one cannot.

    Args:
        home: Which stack; default .aftersales in the working directory.
    """
    import asyncio

    from deploy.local.paths import stack_home
    from deploy.local.stack.files import read_state
    from deploy.local.stack.health import ask_all
    from deploy.local.stack.view import health_table

    state = read_state(stack_home(home))
    health = asyncio.run(ask_all(state["processes"], state["urls"]))
    console.print(health_table(state, health))
    return 0 if all(one.ready for one in health.values()) else 1


@app.command(group=LOCAL)
def env(*, merchant: str = "high-street", home: HomeOption = None) -> None:
    """Print addresses and keys of the running stack for a shell.

    Use it as: eval "$(aftersales env)"

    Args:
        merchant: Whose API key; high-street, acme-cn, demo-shop or demo-strict on a fresh stack.
        home: Which stack; default .aftersales in the working directory.
    """
    from deploy.local.paths import stack_home
    from deploy.local.stack.shell import exports

    sys.stdout.writelines(f"{line}\n" for line in exports(stack_home(home), merchant))


@app.command(group=LOCAL)
def hold(name: str, *, home: HomeOption = None) -> None:
    """Stop one process of the running stack and keep it stopped, as if its machine were gone, until it is released.

    Args:
        name: Such as logistics, notifications, kafka, payments; see: aftersales status
        home: Which stack; default .aftersales in the working directory.
    """
    from deploy.local.paths import stack_home
    from deploy.local.stack import supervisor

    supervisor.hold(stack_home(home), name)
    console.print(f"{name} is being stopped; `aftersales release {name}` starts it again", highlight=False)


@app.command(group=LOCAL)
def release(name: str, *, home: HomeOption = None) -> None:
    """Start a held process again; it catches up with what it missed.

    Args:
        name: The process that was held.
        home: Which stack; default .aftersales in the working directory.
    """
    from deploy.local.paths import stack_home
    from deploy.local.stack import supervisor

    supervisor.release(stack_home(home), name)
    console.print(f"{name} is being started", highlight=False)


@app.command(group=LOCAL)
def doctor(*, home: HomeOption = None) -> int:
    """Check this machine: Python, Java, engines, disk, memory, ports, locks. Says what to do about what is missing.

    Args:
        home: Which stack it is about; default .aftersales in the working directory.
    """
    from deploy.local.doctor import doctor as examine
    from deploy.local.paths import stack_home

    return examine(stack_home(home), console)


@app.command(group=OPERATING)
def run(service: Service, *, only: str | None = None) -> int:
    """Run one service in the foreground. Settings come from the environment; in the home of a running stack, what is not set comes from there.

    Args:
        service: Which service. It may run several times.
        only: Some of its parts, separated by commas: api, consumers, relay, worker.
    """
    import importlib

    main = importlib.import_module(f"services.{service}.__main__")
    status: int = main.run(only)
    return status


@app.command(group=OPERATING)
def migrate(*services: Service) -> None:
    """Apply the migrations of services to the databases in AFTERSALES_<SERVICE>_POSTGRES_DSN. Forward only; safe to repeat and to run in parallel.

    Args:
        services: Which ones; all if none is named.
    """
    import os

    from services.kit.migrate import apply_migrations

    for service in services or SERVICES:
        variable = f"AFTERSALES_{service.upper()}_POSTGRES_DSN"
        dsn = os.environ.get(variable)
        if not dsn:
            raise SystemExit(f"aftersales migrate: set {variable} to the database of {service}")
        apply_migrations(dsn, service, f"services.{service}.migrations")
        console.print(f"{service} is up to date", highlight=False)


@app.command(group=OPERATING)
def topics(
    *, create: bool = False, bootstrap_servers: Annotated[str | None, Parameter(env_var="AFTERSALES_KAFKA_BOOTSTRAP_SERVERS")] = None
) -> None:
    """List the topics of the platform: owner, key, partitions, how long they are kept.

    Args:
        create: Create those that are missing in Kafka.
        bootstrap_servers: Which Kafka; needed to create.
    """
    import asyncio

    from rich.table import Table

    from contracts.topics import TOPICS

    table = Table("topic", "owner", "key", "partitions", "kept", box=None, pad_edge=False)
    for spec in TOPICS:
        kept = "newest of each key" if spec.compacted else f"{spec.retention.days} days" if spec.retention else "for ever"
        table.add_row(spec.topic.value, spec.owner, spec.key, str(spec.partitions), kept)
    console.print(table)
    if create:
        from deploy.local.provision.kafka import create_topics

        if bootstrap_servers is None:
            raise SystemExit("aftersales topics: to create them, set AFTERSALES_KAFKA_BOOTSTRAP_SERVERS or --bootstrap-servers")
        made = asyncio.run(create_topics(bootstrap_servers))
        console.print(f"Created: {', '.join(made) or 'nothing, all are there'}", highlight=False)


def _register(module: str, attribute: str, name: str, group: Group, summary: str) -> None:
    """Name a command of another module. A distribution without that module (the services alone, say) does not have the command."""
    try:
        present = find_spec(module) is not None
    except ModuleNotFoundError:  # a parent package is missing
        present = False
    if present:
        app.command(f"{module}:{attribute}", name=name, group=group, help=summary)


_register(
    "deploy.local.demo.command",
    "demo",
    "demo",
    LOCAL,
    "Replay a quarter of real orders and credit notes through the whole system and check every penny.",
)
_register(
    "deploy.local.chaos.command",
    "chaos",
    "chaos",
    LOCAL,
    "Play cases while everything goes wrong, and check every promise on the records.",
)
_register("services.cli_token", "app", "token", SELLING, "Signed tokens for staff of the local stack.")
_register("services.intake.commands", "orders_app", "orders", SELLING, "Orders: back-fill from a file.")
_register("services.workflow.commands", "approvals_app", "approvals", SELLING, "Approvals: what waits for whom, and deciding it.")
_register("services.workflow.commands", "refunds_app", "refunds", SELLING, "Refunds, and what finance orders about them.")
_register(
    "services.workflow.commands_finance",
    "finance_app",
    "finance",
    SELLING,
    "The books, payouts, reconciliation, and files of them for bookkeepers.",
)
_register(
    "services.workflow.commands_policy", "policy_app", "policy", SELLING, "Policy packs: read, check, test them, and try out a change."
)
_register(
    "services.workflow.commands_quote", "refund_app", "refund", SELLING, "What a refund comes to, from files: aftersales refund quote."
)
_register("services.kit.commands", "quarantine_app", "quarantine", OPERATING, "Records that could not be processed: look, replay, drop.")
_register("services.kit.commands", "outbox_app", "outbox", OPERATING, "Events on their way to Kafka: send again.")

OF_THE_STACK_ITSELF = frozenset({"up", "down", "status", "env", "hold", "release", "doctor", "demo", "chaos"})
"""Commands that start stacks or look at them; the others take what is not set from the stack that runs in the home."""


def main() -> None:
    """Entry point of the command; ends the process with its exit status."""
    try:
        if len(sys.argv) > 1 and sys.argv[1] not in OF_THE_STACK_ITSELF:
            _adopt_settings(serving=sys.argv[1] == "run")
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OSError as problem:
        if problem.errno != ENOSPC:
            raise
        errors.print("aftersales: no space is left where the output goes", style="red")
        raise SystemExit(1) from None
    except Exception as problem:
        if not _is_told(problem):
            raise
        errors.print(f"aftersales: {problem}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


def _adopt_settings(*, serving: bool) -> None:
    """Take settings that are not set from the running stack of the home, if there is one."""
    if find_spec("deploy") is None:
        return
    from deploy.local.stack.adopt import adopt_settings

    adopt_settings(serving=serving)


def _is_told(problem: Exception) -> bool:
    """Whether the text of an error is meant for the person at the keyboard; anything else is a defect and shows where."""
    from services.kit.settings import SettingsError

    if isinstance(problem, SettingsError):
        return True
    if find_spec("deploy") is None:
        return False
    from deploy.local.errors import LocalError

    return isinstance(problem, LocalError)


if __name__ == "__main__":
    main()

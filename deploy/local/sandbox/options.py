"""The command line of a sandbox server; each option that is a secret or an address can also come from the environment."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook


@dataclass(frozen=True)
class Options:
    """Where a server listens and keeps its data."""

    name: str
    host: str
    port: int
    data: Path

    @property
    def database(self) -> Path:
        """The file of its records."""
        return self.data / f"{self.name}.sqlite3"


@dataclass(frozen=True)
class ApiOptions(Options):
    """The same for a server with an API key and webhooks."""

    api_key: str
    webhook_secret: str
    webhook_url: str | None


def base_parser(name: str, summary: str) -> argparse.ArgumentParser:
    """A parser with what every server takes."""
    parser = argparse.ArgumentParser(prog=f"python -m deploy.local.sandbox.{name}", description=summary)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for the server's data file")
    return parser


def api_options(name: str, summary: str, argv: Sequence[str] | None = None) -> ApiOptions:
    """Read the command line of a server with an API key and webhooks; ends the program with a message if something is missing."""
    parser = base_parser(name, summary)
    prefix = f"SANDBOX_{name.upper()}_"
    for option in ("api-key", "webhook-secret", "webhook-url"):
        variable = prefix + option.upper().replace("-", "_")
        parser.add_argument(f"--{option}", default=os.environ.get(variable), help=f"or {variable}")
    given = parser.parse_args(argv)
    for option in ("api_key", "webhook_secret"):
        if not getattr(given, option):
            parser.error(f"--{option.replace('_', '-')} or the environment variable {prefix}{option.upper()} is needed")
    try:
        Webhook(given.webhook_secret)
    except (ValueError, EmptyWebhookSecretError):
        parser.error("--webhook-secret must be whsec_ followed by base64, as Standard Webhooks has it")
    return ApiOptions(name=name, **vars(given))

"""What a shell needs to talk to the running stack: addresses and keys as ``export`` lines."""

import shlex
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.stack.credentials import load_credentials
from deploy.local.stack.files import read_state


def exports(home: Path, merchant: str) -> list[str]:
    """Lines for ``eval``: one address per server, the API key of ``merchant`` and the keys of the sandbox.

    Raises:
        NotRunning: no stack runs in ``home``.
        LocalError: the stack does not know the merchant.
    """
    state, credentials = read_state(home), load_credentials(home)
    known = credentials.merchants if credentials else {}
    if credentials is None or merchant not in known:
        raise LocalError(f"There is no merchant {merchant} here; there are: {', '.join(known)}")
    values = {name.upper(): url for name, url in state["urls"].items()} | {
        "KAFKA": state["kafka_bootstrap_servers"],
        "TEMPORAL_UI": state["temporal_ui_url"] or "",
        "MERCHANT": merchant,
        "API_KEY": credentials.merchants[merchant]["api_key"],
        "PAYMENTS_KEY": credentials.payments_api_key,
        "CARRIER_KEY": credentials.carrier_api_key,
    }
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]

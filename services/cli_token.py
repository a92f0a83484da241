"""``aftersales token``: staff tokens for the local stack. An installation has its own issuer and gives the services its public key only."""

import json
from datetime import timedelta
from os import environ
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from contracts.roles import STAFF_ROLES, Role
from services.kit.tokens import ALL_MERCHANTS, issue_staff_token

app = App(name="token", help="Signed tokens for staff of the local stack.")

KEY_VARIABLE = "AFTERSALES_STAFF_PRIVATE_KEY"


@app.command
def issue(
    *,
    role: Annotated[list[str], Parameter(negative=())],
    sub: str | None = None,
    merchant: Annotated[list[str] | None, Parameter(negative=())] = None,
    hours: float = 12.0,
    home: Annotated[Path, Parameter(env_var="AFTERSALES_HOME")] = Path(".aftersales"),
) -> None:
    """Print a staff token, signed with the key of the local stack (or the one in AFTERSALES_STAFF_PRIVATE_KEY).

    Use it as: curl -H "Authorization: Bearer $(aftersales token issue --role supervisor)" …

    A customer's case token comes from intake itself: a merchant's key exchanges its customer for one, a guest gets one for order number and
    phone, mail or postcode; see the API page of intake.

    Args:
        role: A role of the rules: agent, supervisor, after_sales_manager, duty_director, warehouse_supervisor, finance, … May be repeated.
        sub: Who it is for; default is the first role. Different people need different names: nobody approves what they asked for.
        merchant: The merchants they work for, may be repeated; default all.
        hours: How long it is valid.
        home: The home directory of the stack.
    """
    unknown = sorted(set(role) - {known.value for known in STAFF_ROLES})
    if unknown:
        raise SystemExit(
            f"aftersales token: no staff role {', '.join(unknown)}; there are: {', '.join(sorted(known.value for known in STAFF_ROLES))}"
        )
    if hours <= 0:
        raise SystemExit("aftersales token: --hours must be above 0")
    token = issue_staff_token(
        _private_key(home),
        staff_id=sub or role[0],
        roles=[Role(name) for name in role],
        merchants=merchant or [ALL_MERCHANTS],
        lifetime=timedelta(hours=hours),
    )
    print(token)  # noqa: T201 - the bare token, for $(…)


def _private_key(home: Path) -> str:
    given = environ.get(KEY_VARIABLE)
    if given:
        return given
    credentials = home.expanduser() / "credentials.json"
    try:
        return str(json.loads(credentials.read_text(encoding="utf-8"))["staff_private_key"])
    except FileNotFoundError:
        raise SystemExit(
            f"aftersales token: {credentials} is not there. Start the stack once (aftersales up), name its home with --home, or set {KEY_VARIABLE}"
        ) from None

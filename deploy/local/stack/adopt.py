"""Commands in the home of a running stack need no settings: what is not set is taken from there."""

import os
from collections.abc import MutableMapping

from deploy.local.errors import NotRunning
from deploy.local.paths import stack_home
from deploy.local.provision.postgres import SERVICES
from deploy.local.stack.files import read_state


def adopt_settings(*, serving: bool, environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what is not set from the stack of the home; does nothing if none runs there.

    ``serving`` is true for a process that will listen itself: the port of the running one is taken, so it gets a free one.
    """
    try:
        state = read_state(stack_home())
    except NotRunning:
        return
    for service in SERVICES:
        for name, value in state["settings"][service].items():
            environment.setdefault(name, "0" if serving and name.endswith("_HTTP_PORT") else value)
    for name, url in state["urls"].items():
        environment.setdefault(f"AFTERSALES_{name.upper()}_URL", url)

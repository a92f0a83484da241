"""The connections that can be cut: between each service and the engines and third parties it uses, one proxy each."""

from collections.abc import Mapping
from typing import Final

from deploy.local.chaos.proxy import Proxy
from deploy.local.provision.postgres import SERVICES

LINKS: Final = (
    *((service, "postgres") for service in SERVICES),
    *((service, "kafka") for service in SERVICES),
    ("workflow", "temporal"),
    ("workflow", "payments"),
    ("logistics", "carrier"),
    ("notifications", "mailbox_smtp"),
)
"""Who uses what; the second is a name among the stack's ports."""


class Links:
    """A proxy for each of :data:`LINKS`. Their ports are known at once; they forward once they are opened and aimed."""

    def __init__(self) -> None:
        self.proxies: dict[tuple[str, str], Proxy] = {link: Proxy() for link in LINKS}

    def port(self, service: str, used: str) -> int:
        """Where a service finds what it uses."""
        return self.proxies[service, used].port

    def aim(self, ports: Mapping[str, int]) -> None:
        """Say where the proxies forward to."""
        for (_service, used), proxy in self.proxies.items():
            proxy.target = ports[used]

    async def open(self) -> None:
        """Begin to forward."""
        for proxy in self.proxies.values():
            await proxy.open()

    async def heal(self) -> None:
        """Let everything pass."""
        for proxy in self.proxies.values():
            await proxy.heal()

    async def close(self) -> None:
        """End all of it."""
        for proxy in self.proxies.values():
            await proxy.close()

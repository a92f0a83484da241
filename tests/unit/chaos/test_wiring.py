"""A service of a chaos run reaches everything through its own proxies, and nothing past them."""

from pathlib import Path

import pytest

from deploy.local.chaos.links import LINKS, Links
from deploy.local.chaos.wiring import launch_shifted, wire
from deploy.local.errors import LocalError
from deploy.local.provision.postgres import SERVICES
from deploy.local.stack.external import ExternalEngines


@pytest.fixture
async def links() -> Links:
    made = Links()
    await made.close()  # its ports are enough here
    return made


async def test_no_service_is_told_where_anything_really_is(links: Links, short_home: Path) -> None:
    plan = wire(short_home, ExternalEngines(), links, launch_shifted({}))
    specs = {server.name: server.spec() for _kind, server in plan.servers if server.name in SERVICES}
    for service, used in LINKS:
        told = " ".join(value for name, value in specs[service].env.items() if name.startswith("AFTERSALES_"))
        assert f"127.0.0.1:{links.port(service, used)}" in told
        assert f"127.0.0.1:{plan.ports[used]}" not in told
        assert str(short_home / "postgres") not in told  # where its Unix socket is
    assert {link for link, proxy in links.proxies.items() if not proxy.target} == set()


async def test_clocks_are_wrong_where_they_are_said_to_be(links: Links, tmp_path: Path) -> None:
    plan = wire(tmp_path, ExternalEngines(), links, launch_shifted({"workflow": -2.5, "payments": 3.0}))
    argv = {
        server.name: list(server.spec().argv)[1:5] for _kind, server in plan.servers if server.name in {"workflow", "payments", "intake"}
    }
    assert argv["workflow"] == ["-m", "deploy.local.chaos.shifted", "-2.5", "services.workflow"]
    assert argv["payments"] == ["-m", "deploy.local.chaos.shifted", "3.0", "deploy.local.sandbox.payments"]
    assert argv["intake"] == ["-m", "services.intake"]


async def test_engines_elsewhere_are_not_killed(links: Links, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="needs its own"):
        wire(tmp_path, ExternalEngines(temporal_address="temporal.example:7233"), links, launch_shifted({}))

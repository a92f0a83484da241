"""The Temporal server of the Temporal CLI, with its web UI, on an SQLite file that survives kills."""

import asyncio
import shutil
import sys
from pathlib import Path

from temporalio.service import ConnectConfig, RPCError, ServiceClient

from deploy.local.engines.base import Engine
from deploy.local.errors import EngineMissing
from deploy.local.process import ProcessSpec
from deploy.local.server import accepts_connections

HOST = "127.0.0.1"
NAMESPACE = "default"
HEALTH_SERVICE = "temporal.api.workflowservice.v1.WorkflowService"


class Temporal(Engine):
    """gRPC on ``port``, the web UI on ``ui_port``; search attributes and retention are set by :mod:`deploy.local.provision.temporal`."""

    engine = "temporal"

    def __init__(self, home: Path, port: int, ui_port: int) -> None:
        super().__init__(home)
        self.port = port
        self.ui_port = ui_port
        self._binary = Path()

    @property
    def address(self) -> str:
        """Address for clients."""
        return f"{HOST}:{self.port}"

    @property
    def ui_url(self) -> str:
        """Address of the web UI."""
        return f"http://{HOST}:{self.ui_port}"

    async def prepare(self) -> None:
        """Find the CLI and make the data directory."""
        self._binary = find_temporal()
        self.data.mkdir(parents=True, exist_ok=True)

    def spec(self) -> ProcessSpec:
        """The server process. The two pragmas triple its throughput (measured): a commit no longer waits for the disk, yet a killed process loses nothing."""
        return ProcessSpec(
            name=self.name,
            argv=[
                *(str(self._binary), "server", "start-dev", "--log-level", "warn", "--log-format", "json"),
                *("--ip", HOST, "--port", str(self.port), "--ui-ip", HOST, "--ui-port", str(self.ui_port), "--ui-disable-news-fetch"),
                *("--db-filename", str(self.data / "temporal.db")),
                *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
                *("--dynamic-config-value", "frontend.namespaceRPS=100000", "--dynamic-config-value", "frontend.rps=100000"),
            ],
            log=self.log,
            stop_seconds=20,
        )

    async def is_ready(self) -> bool:
        """Whether the frontend reports itself as serving."""
        return await accepts_connections(HOST, self.port) and await temporal_answers(self.address)


async def temporal_answers(address: str) -> bool:
    """Whether a Temporal frontend at this address reports itself as serving."""
    try:
        client = await asyncio.wait_for(ServiceClient.connect(ConnectConfig(target_host=address)), 5)
        return await asyncio.wait_for(client.check_health(service=HEALTH_SERVICE), 5)
    except (RPCError, RuntimeError, TimeoutError):  # RuntimeError is how the SDK reports a refused connection
        return False


def find_temporal() -> Path:
    """Return the path of the Temporal CLI: the one of this environment first.

    Raises:
        EngineMissing: there is none.
    """
    beside_python = Path(sys.executable).with_name("temporal")
    if beside_python.exists():
        return beside_python
    found = shutil.which("temporal")
    if not found:
        raise EngineMissing(
            "The Temporal CLI is missing. Run make setup again, or use a Temporal of your own by setting AFTERSALES_TEMPORAL_ADDRESS."
        )
    return Path(found)

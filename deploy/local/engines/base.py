"""An engine is a server with a data directory."""

from pathlib import Path
from typing import ClassVar

from deploy.local.server import Server


class Engine(Server):
    """A server that keeps data. Starting it again on the same directory, after a stop or a kill, gives the same data."""

    engine: ClassVar[str]

    def __init__(self, home: Path) -> None:
        """``home`` is the directory of the stack; the engine keeps its data in ``home/<engine>`` and its log in ``home/logs``."""
        super().__init__(self.engine, home / "logs" / f"{self.engine}.log")
        self.data = home / self.engine

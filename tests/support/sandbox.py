"""Real sandbox servers for tests: separate processes on free ports, which can be killed, and a receiver for their webhooks.

``a_sandbox("payments", data)`` is a context manager; `Receiver` takes webhooks; `wait_for` waits for a condition with a deadline.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2

API_KEY = "key-for-tests"
WEBHOOK_SECRET = "whsec_c2FuZGJveC1zZWNyZXQtZm9yLXRlc3Rz"
_ROOT = Path(__file__).parents[2]
_EXTRA_ARGUMENTS = {"mailbox": ["--smtp-port", "0"]}
T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], seconds: float = 45.0) -> T:
    """The first truthy value of ``condition``; fails the test if there is none within the deadline."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        pause.wait(0.02)


class SandboxServer:
    """One sandbox server as a process of its own."""

    def __init__(self, name: str, data: Path, **environment: str) -> None:
        self.name = name
        self._data = data
        outer = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
        prefix = f"SANDBOX_{name.upper()}_"
        self._environment = {**outer, f"{prefix}API_KEY": API_KEY, f"{prefix}WEBHOOK_SECRET": WEBHOOK_SECRET, **environment}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.smtp_port = 0

    def start(self) -> Self:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", f"deploy.local.sandbox.{self.name}", "--port", "0", "--data", str(self._data)]
        command += _EXTRA_ARGUMENTS.get(self.name, [])
        self._process = subprocess.Popen(command, cwd=_ROOT, env=self._environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        announced = self._process.stdout.readline().split()
        assert announced, f"{self.name} ended with {self._process.wait()} before it answered"
        self.url = announced[4].rstrip(",")
        self.smtp_port = int(announced[-1].rpartition(":")[2])
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        process = self._process
        if process is None:
            return 0
        self._process = None
        process.send_signal(number)
        code = process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def kill_and_restart(self) -> Self:
        """``kill -9``, then a new process on the same data."""
        self.end(signal.SIGKILL)
        return self.start()

    def client(self) -> httpx2.Client:
        """An HTTP client with the server's API key."""
        return httpx2.Client(base_url=self.url, headers={"authorization": f"Bearer {API_KEY}"}, timeout=20, trust_env=False)


@contextmanager
def a_sandbox(name: str, data: Path, **environment: str) -> Iterator[SandboxServer]:
    """A running server, ended with the block."""
    server = SandboxServer(name, data, **environment)
    try:
        yield server.start()
    finally:
        server.end()


@dataclass(frozen=True)
class Received:
    """A webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Its ``webhook-id``."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """Its JSON."""
        value: dict[str, Any] = json.loads(self.body)
        return value


class Receiver:
    """An HTTP endpoint that keeps what it was sent. ``refusals`` is how many of the next it answers with 500."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.refused: list[Received] = []
        self.refusals = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.take(Received({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
                """Keep quiet."""

        return Handler

    def take(self, webhook: Received) -> int:
        """Keep or refuse a webhook; the status to answer."""
        if self.refusals > 0:
            self.refusals -= 1
            self.refused.append(webhook)
            return 500
        self.received.append(webhook)
        return 204

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

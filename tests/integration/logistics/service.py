"""The logistics service as a process of its own, which can be killed, and a proxy that can keep the carrier's answers back."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import httpx2

from tests.support.sandbox import wait_for

ROOT = Path(__file__).parents[3]


class ServiceProcess:
    """``python -m services.logistics`` with exactly these settings; its log goes to a file."""

    def __init__(self, settings: Mapping[str, str], log_file: Path) -> None:
        self.settings = dict(settings)
        self.url = f"http://127.0.0.1:{settings['AFTERSALES_LOGISTICS_HTTP_PORT']}"
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **changes: str) -> Self:
        """Start, and wait until it is ready."""
        own = {f"AFTERSALES_LOGISTICS_{name}": value for name, value in changes.items()}
        environment = {**os.environ, **self.settings, **own}
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.logistics"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        wait_for(self._ready, 30)
        return self

    def kill(self) -> None:
        """``kill -9``."""
        self._end("kill")

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end("terminate")

    def _end(self, how: str) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        getattr(process, how)()
        return process.wait(timeout=45)

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log_file.read_text(errors="replace")[-4000:]
        try:
            return httpx2.get(f"{self.url}/readyz", trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False


class HoldingProxy:
    """Stands before the carrier. While ``holding``, bookings reach the carrier and are committed there, but no answer comes back."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.holding = False
        self.held = threading.Event()
        self._release = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._forward()

            def do_POST(self) -> None:
                self._forward()

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                names = ("authorization", "idempotency-key", "content-type")
                headers = {name: self.headers[name] for name in names if self.headers[name]}
                url = f"{proxy._target}{self.path}"
                try:
                    answer = httpx2.request(self.command, url, content=body, headers=headers, timeout=20, trust_env=False)
                except httpx2.HTTPError:  # the carrier dropped its answer, so this one is dropped, too
                    self.close_connection = True
                    return
                if proxy.holding and self.command == "POST":
                    proxy.held.set()
                    proxy._release.wait(30)
                    self.close_connection = True
                    return
                self.send_response(answer.status_code)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
                """Keep quiet."""

        return Handler

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

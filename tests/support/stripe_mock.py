"""Stripe's own mock server, which checks each request against Stripe's OpenAPI description and answers from fixtures, without a memory.

It is a Go program: the first time it is built from the Go module proxy into the user's cache. Without Go, or without the module, the tests that need it
are skipped.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from deploy.local.paths import cache_dir
from tests.support.ports import own_port
from tests.support.sandbox import wait_for

VERSION = "v0.203.0"
MODULE = f"github.com/stripe/stripe-mock@{VERSION}"
API_KEY = "sk_test_123"
"""Stripe's mock takes any key of test mode, and none of live mode."""

_BUILD_SECONDS = 180


@contextmanager
def a_stripe_mock() -> Iterator[str]:
    """A running mock, ended with the block; its address. Skips the test where it cannot be had."""
    program, port = _program(), own_port()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([program, "-http-addr", f"127.0.0.1:{port}"], stdout=said, stderr=subprocess.STDOUT)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: _answers(process, url))
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    assert process.poll() is None, f"stripe-mock ended with {process.poll()}"
    with suppress(httpx2.TransportError):
        httpx2.get(url, trust_env=False)
        return True
    return False


def _program() -> Path:
    folder = cache_dir() / f"stripe-mock-{VERSION}"
    program = folder / "stripe-mock"
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            pytest.skip(f"Stripe's mock server is built with Go, which is not installed; it would be {MODULE}")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as building:
            _build(go, Path(building))
            os.replace(Path(building) / "stripe-mock", program)  # noqa: PTH105 - several test processes may do it at once: the last one wins
    return program


def _build(go: str, target: Path) -> None:
    # No other toolchain is fetched, and no C compiler is asked for.
    environment = {**os.environ, "GOBIN": str(target), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    try:
        built = subprocess.run(
            [go, "install", MODULE], env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{MODULE} could not be built within {_BUILD_SECONDS} s")
    if built.returncode != 0:
        pytest.skip(f"{MODULE} could not be had or built: {built.stderr.strip()[-300:]}")

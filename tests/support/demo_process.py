"""``aftersales demo`` as a process of its own, on a stack that is up."""

import json
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT
from os import environ
from pathlib import Path
from typing import Any

from deploy.local.stack.running import RunningStack


async def run_demo(stack: RunningStack, report: Path, *options: str) -> dict[str, Any]:
    """Run it on the stack; it must hold. Returns its report."""
    argv = [sys.executable, "-m", "services.cli", "demo", "--report", str(report), *options]
    demo = await create_subprocess_exec(*argv, stdout=PIPE, stderr=STDOUT, env=environ | {"AFTERSALES_HOME": str(stack.home)})
    try:
        told, _ = await demo.communicate()
    finally:
        if demo.returncode is None:
            demo.kill()
    assert demo.returncode == 0, told.decode()
    return _read(report)


def _read(report: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return content

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from services.workflow.commands_policy import policy_app

Run = Callable[..., Any]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A policy command as a program calls it: its JSON."""

    def call(*words: str) -> Any:
        policy_app(words, result_action="return_value", exit_on_error=False)
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def on_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A policy command as a person calls it: exit status, output and errors."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "250")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        try:
            policy_app(words, result_action="return_value", exit_on_error=False)
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        told = capsys.readouterr()
        return status, told.out, told.err

    return call

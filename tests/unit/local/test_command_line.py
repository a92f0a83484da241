"""The ``aftersales`` command as its users meet it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.kit.tokens import ALL_MERCHANTS, StaffTokens, generate_staff_keys

COMMANDS = (
    "up",
    "down",
    "status",
    "hold",
    "release",
    "doctor",
    "demo",
    "run",
    "migrate",
    "topics",
    "token",
    "orders",
    "approvals",
    "quarantine",
    "outbox",
)


def aftersales(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"AFTERSALES_HOME": str(home), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    answer = aftersales("--help", home=tmp_path)
    assert answer.returncode == 0
    assert [command for command in COMMANDS if f"│ {command} " not in answer.stdout] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_of_its_own(tmp_path: Path, command: str) -> None:
    answer = aftersales(command, "--help", home=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert f"Usage: aftersales {command}" in answer.stdout


@pytest.mark.parametrize("command", [["status"], ["hold", "logistics"]])
def test_without_a_stack_a_command_says_how_to_get_one(tmp_path: Path, command: list[str]) -> None:
    answer = aftersales(*command, home=tmp_path)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert str(tmp_path) in answer.stderr


def test_down_without_a_stack_is_no_failure(tmp_path: Path) -> None:
    assert aftersales("down", home=tmp_path).returncode == 0


def test_a_service_without_settings_names_every_missing_one(tmp_path: Path) -> None:
    answer = aftersales("run", "notifications", home=tmp_path)
    assert answer.returncode == 1
    assert "AFTERSALES_NOTIFICATIONS_POSTGRES_DSN" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_staff_token_is_accepted_by_the_services_with_the_roles_it_names(tmp_path: Path) -> None:
    private, public = generate_staff_keys()
    (tmp_path / "credentials.json").write_text(json.dumps({"staff_private_key": private}))
    answer = aftersales("token", "issue", "--role", "supervisor", "--role", "agent", "--sub", "li.na", home=tmp_path)
    principal = StaffTokens(public).verify(answer.stdout.strip())
    assert principal.staff_id == "li.na"
    assert {role.value for role in principal.roles} == {"supervisor", "agent"}
    assert principal.merchants == {ALL_MERCHANTS}


def test_a_role_that_is_none_is_refused_with_the_ones_there_are(tmp_path: Path) -> None:
    answer = aftersales("token", "issue", "--role", "boss", home=tmp_path)
    assert answer.returncode == 1
    assert "no staff role boss" in answer.stderr
    assert "supervisor" in answer.stderr

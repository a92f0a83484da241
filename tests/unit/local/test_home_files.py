import os
from pathlib import Path

import pytest

from deploy.local.errors import AlreadyRunning, LocalError, NotRunning
from deploy.local.stack.credentials import ensure_credentials
from deploy.local.stack.external import external_engines
from deploy.local.stack.files import STATE_FILE, hold_home, is_held, read_state, write_private
from deploy.local.stack.leftovers import birth, end_leftovers, living


def test_a_home_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with hold_home(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(AlreadyRunning, match="aftersales down"), hold_home(tmp_path):
            pass
    assert not is_held(tmp_path)


def test_the_state_of_a_run_that_is_over_is_not_taken_for_a_running_stack(tmp_path: Path) -> None:
    write_private(tmp_path / STATE_FILE, {"phase": "running"})
    with pytest.raises(NotRunning, match="aftersales up"):
        read_state(tmp_path)
    with hold_home(tmp_path):
        assert read_state(tmp_path) == {"phase": "running"}


def test_credentials_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = ensure_credentials(tmp_path, ("demo-shop",))
    again = ensure_credentials(tmp_path, ("demo-shop",))
    assert first == again
    assert (tmp_path / "credentials.json").stat().st_mode & 0o077 == 0


def test_a_merchant_added_later_gets_credentials_and_the_others_keep_theirs(tmp_path: Path) -> None:
    first = ensure_credentials(tmp_path, ("demo-shop",))
    later = ensure_credentials(tmp_path, ("demo-shop", "acme-cn"))
    assert later.merchants["demo-shop"] == first.merchants["demo-shop"]
    assert later.merchants["acme-cn"]["api_key"] != first.merchants["demo-shop"]["api_key"]


def test_a_recorded_pid_that_now_belongs_to_another_process_is_left_alone() -> None:
    born = birth(os.getpid())
    assert born is not None
    record = {"name": "kafka", "pid": os.getpid(), "born": born - 3600}
    assert living([record]) == []
    assert end_leftovers([record]) == []


def test_all_services_have_a_dsn_or_none() -> None:
    with pytest.raises(LocalError, match="AFTERSALES_WORKFLOW_POSTGRES_DSN"):
        external_engines({"AFTERSALES_INTAKE_POSTGRES_DSN": "postgresql://intake@db/aftersales"})

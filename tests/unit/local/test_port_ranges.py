"""The ports of test processes: each has its own, whoever else runs tests on the machine."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK, is_free
from tests.support import ports
from tests.support.ports import RANGE_SIZE, PortRange, RangeUsedUpError, own_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def held() -> Iterator[PortRange]:
    held = PortRange.hold()
    yield held
    held.release()


def test_two_holders_never_have_a_port_in_common(held: PortRange) -> None:
    other = PortRange.hold()
    try:
        assert abs(other.first - held.first) >= RANGE_SIZE
        assert all(held.first < port < held.first + RANGE_SIZE for port in held.take(20))
    finally:
        other.release()


def test_another_process_gets_another_range() -> None:
    program = "from tests.support.ports import PortRange; held = PortRange.hold(); print(held.first, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        first = int(other.stdout.readline())
        assert not is_free(first)
        assert not first <= own_port() < first + RANGE_SIZE
        other.kill()


def test_a_port_is_given_once(held: PortRange) -> None:
    given = [*held.take(13), *held.take(2), *held.take(1)]
    assert len(set(given)) == 16


def test_a_port_on_which_somebody_listens_is_left_out(held: PortRange) -> None:
    with socket.create_server((LOOPBACK, held.first + 3)):
        assert held.take(4) == [held.first + place for place in (4, 5, 6, 7)]


def test_a_range_that_is_used_up_says_so(held: PortRange) -> None:
    held.take(RANGE_SIZE - 1)
    with pytest.raises(RangeUsedUpError, match="no 1 free ports left"):
        held.take(1)


@pytest.mark.parametrize(("setting", "lowest"), [("20000\t60999\n", 20_000), ("1024\t65535\n", 32_768), (None, 32_768)])
def test_ranges_end_below_the_ports_that_the_kernel_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None, lowest: int
) -> None:
    file = tmp_path / "ip_local_port_range"
    if setting is not None:
        file.write_text(setting)
    monkeypatch.setattr(ports, "GIVEN_BY_THE_KERNEL", file)
    assert ports._lowest_given_port() == lowest

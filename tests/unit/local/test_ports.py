import socket
from collections.abc import Iterator

import pytest

from deploy.local.errors import PortTaken
from deploy.local.ports import BASE_VARIABLE, DEFAULT_PORTS, choose_ports, free_ports, is_free
from tests.support.ports import own_port


@pytest.fixture
def listener() -> Iterator[int]:
    """Port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_somebody_listens_on_is_not_free(listener: int) -> None:
    assert not is_free(listener)


def test_free_ports_are_all_different() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50


def test_a_port_of_the_earlier_run_is_kept() -> None:
    earlier = own_port()
    assert choose_ports({"intake": earlier})["intake"] == earlier


def test_a_port_of_the_earlier_run_that_is_taken_is_replaced(listener: int) -> None:
    ports = choose_ports({"intake": listener})
    assert ports["intake"] != listener
    assert len(set(ports.values())) == len(DEFAULT_PORTS)


def test_a_port_that_was_asked_for_and_is_taken_is_named(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE_VARIABLE, str(listener))
    with pytest.raises(PortTaken, match=rf"{listener} \(intake\).*{BASE_VARIABLE}"):
        choose_ports()


@pytest.mark.parametrize("base", ["eighty", "80", "65535", "-1"])
def test_a_base_that_cannot_be_one_is_refused(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE_VARIABLE, base)
    with pytest.raises(PortTaken, match="must be a number"):
        choose_ports()

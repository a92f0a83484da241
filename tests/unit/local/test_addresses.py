"""Services reach the stack's own PostgreSQL by its Unix socket, people by TCP; what is given from outside stays as it is."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from deploy.local.engines.postgres_socket import LONGEST_PATH_BYTES, by_socket, socket_folder, socket_path
from deploy.local.provision.postgres import SERVICES
from deploy.local.stack.addresses import Addresses, addresses_of
from deploy.local.stack.credentials import ensure_credentials
from deploy.local.stack.external import ExternalEngines

PORTS = dict.fromkeys(
    (
        "intake",
        "workflow",
        "logistics",
        "notifications",
        "payments",
        "carrier",
        "mailbox",
        "mailbox_smtp",
        "temporal",
        "temporal_ui",
        "kafka",
    ),
    1,
) | {"postgres": 5433}


def addresses(home: Path, external: ExternalEngines) -> Addresses:
    return addresses_of(home, PORTS, ensure_credentials(home, ("demo-shop",)), external)


def test_services_take_the_socket_and_people_the_port(short_home: Path) -> None:
    ours = addresses(short_home, ExternalEngines())
    passwords = ensure_credentials(short_home, ("demo-shop",)).postgres_passwords
    for service in SERVICES:
        assert conninfo_to_dict(ours.postgres_dsns[service]) == {
            "user": service,
            "password": passwords[service],
            "host": str(short_home / "postgres" / "socket"),
            "port": "5433",
            "dbname": "aftersales",
        }
    assert ours.postgres_admin_dsn is not None
    assert conninfo_to_dict(ours.postgres_admin_dsn)["host"] == "127.0.0.1"


def test_a_postgres_elsewhere_is_reached_as_was_said(short_home: Path) -> None:
    by_admin = addresses(short_home, ExternalEngines(postgres_admin_dsn="postgresql://boss:pw@db:5432/postgres?sslmode=require"))
    told = conninfo_to_dict(by_admin.postgres_dsns["intake"])
    assert (told["host"], told["sslmode"]) == ("db", "require")
    given = {service: f"postgresql://{service}@db/shop" for service in SERVICES}
    assert addresses(short_home, ExternalEngines(postgres_dsns=given)).postgres_dsns == given


@pytest.mark.parametrize("name", ["x" * LONGEST_PATH_BYTES, "one,two"])
def test_where_a_socket_cannot_be_there_is_none(name: str) -> None:
    dsn = "postgresql://u:p@127.0.0.1:5433/d"
    assert socket_folder(Path("/") / name, 5433) is None
    assert by_socket(Path("/") / name, dsn) == dsn


def test_the_longest_path_is_still_a_socket() -> None:
    room = LONGEST_PATH_BYTES - len(str(socket_path(Path("/") / "postgres" / "socket", 5433))) - 1
    assert socket_folder(Path("/") / ("x" * room), 5433) is not None
    assert socket_folder(Path("/") / ("x" * (room + 1)), 5433) is None

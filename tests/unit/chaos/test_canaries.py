"""Canaries are found wherever they turn up, and nothing else is taken for one."""

from datetime import datetime

import pytest

from deploy.local.chaos.canaries import Canaries
from deploy.local.demo.orders import DemoOrder

ORDER = DemoOrder("536365", "17850", "United Kingdom", datetime(2011, 3, 1, 10))  # noqa: DTZ001 - the file's time has no zone


def test_every_datum_of_a_contact_is_found() -> None:
    canaries = Canaries(7)
    contact = canaries.contact_of(ORDER)
    found = {name: {one.kind for one in canaries.look(str(value).encode(), "place", "")} for name, value in contact.items()}
    assert found["name"] == {"name"}
    assert found["email"] == {"mail address"}
    assert found["phone"] == {"phone"}
    assert found["address_lines"] == {"street"}
    assert found["postcode"] == {"postcode"}
    assert canaries.contact_of(ORDER) == contact


def test_what_customers_write_is_found_with_the_name_in_it() -> None:
    canaries = Canaries(7)
    assert {one.kind for one in canaries.look(canaries.words(3).encode(), "place", "")} == {"free text", "name"}


def test_a_phone_is_found_in_its_national_form_too() -> None:
    assert Canaries(7).look(b'"phone": "07700900123"', "place", "")


@pytest.mark.parametrize("content", [b"1707700900123456", b"77009001234", b"Kim of High Street", b""])
def test_other_bytes_are_no_canary(content: bytes) -> None:
    assert Canaries(7).look(content, "place", "") == []


def test_each_run_has_canaries_of_its_own() -> None:
    assert Canaries(8).look(str(Canaries(7).contact_of(ORDER)["name"]).encode(), "place", "") == []

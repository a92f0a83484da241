"""Packed documents: whole again whatever they hold, readable with the dictionary that packed them, and small."""

from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.packing import Packing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
FIRST, SECOND = b'{"subject":"Your refund","text":"we have paid it back"}', b'{"subject":"Your parcel","text":"has arrived"}'
HOUSE = Path(__file__).parents[3]
DIGESTS = {
    "services/intake/packing/dictionary.1.txt": "cad2f59152eb838f778650894df364b920d32b7c2a61b6c147e5f32f8793a0bc",
    "services/notifications/packing/dictionary.1.txt": "5afccf569d7690488c19d5adaa26853430416c6d18b54df841285fdabeb42491",
    "services/workflow/packing/dictionary.1.txt": "5212caaab00e728a3a51d94ad9ad41f55ce11ee813177f9c963a5e47aa7d31ff",
}


@given(JSON)
def test_a_document_comes_back_as_it_was(document: object) -> None:
    packing = Packing(FIRST)
    assert packing.unpack(packing.pack(document)) == document


def test_a_document_of_before_a_newer_dictionary_is_read() -> None:
    document = {"subject": "Your refund", "text": "we have paid it back to you"}
    packed = Packing(FIRST).pack(document)
    newer = Packing(FIRST, SECOND)
    assert newer.unpack(packed) == document
    assert newer.pack(document) != packed


def test_plain_json_of_before_packing_is_read() -> None:
    packing = Packing(FIRST)
    for text, document in (('{"a": [1]}', {"a": [1]}), ('["x", "您好"]', ["x", "您好"]), ("null", None), ('"s"', "s")):
        assert packing.unpack(text.encode()) == document


def test_what_the_dictionary_says_takes_no_room() -> None:
    document = {"subject": "Your refund", "text": "we have paid it back", "id": str(uuid4())}
    assert len(Packing(FIRST).pack(document)) < len(Packing(b"").pack(document)) - 20


def test_without_its_dictionary_a_document_is_refused() -> None:
    packed = Packing(FIRST, SECOND).pack({"subject": "Your parcel"})
    with pytest.raises(IndexError):
        Packing(FIRST).unpack(packed)


def test_dictionaries_stay_as_they_are() -> None:
    """A changed one would make what it packed unreadable: add one with the next number, and its digest here."""
    found = {
        str(file.relative_to(HOUSE)): sha256(file.read_bytes()).hexdigest() for file in HOUSE.glob("services/*/packing/dictionary.*.txt")
    }
    assert found == DIGESTS

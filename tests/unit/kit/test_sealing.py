"""Sealing: opens with the right key and context only, and keys rotate."""

import pytest

from services.kit.sealing import Sealer, SealError, generate_sealing_key

OLD, NEW = generate_sealing_key("k1"), generate_sealing_key("k2")


def test_what_was_sealed_opens_in_its_context_only() -> None:
    sealer = Sealer.parse(OLD)
    sealed = sealer.seal(b"Anna", "customer/1")
    assert sealer.open(sealed, "customer/1") == b"Anna"
    assert "Anna" not in sealed
    with pytest.raises(SealError, match="another context"):
        sealer.open(sealed, "customer/2")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    sealer = Sealer.parse(OLD)
    assert sealer.seal(b"x", "c") != sealer.seal(b"x", "c")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    before = Sealer.parse(OLD).seal(b"x", "c")
    rotated = Sealer.parse(f"{NEW}, {OLD}")
    assert rotated.open(before, "c") == b"x"
    assert rotated.seal(b"x", "c").startswith("k2.")
    with pytest.raises(SealError, match="not configured"):
        Sealer.parse(NEW).open(before, "c")


@pytest.mark.parametrize("broken", ["", "k1", "k1.", "k1.AAAA", "k1.!!!", "k1." + "A" * 80])
def test_what_was_never_sealed_does_not_open(broken: str) -> None:
    with pytest.raises(SealError):
        Sealer.parse(OLD).open(broken, "c")


@pytest.mark.parametrize("setting", ["", "k1", "k1:short", "k1:####", "k 1:" + "A" * 43 + "="])
def test_a_wrong_key_is_told_at_start(setting: str) -> None:
    with pytest.raises(ValueError, match="sealing key"):
        Sealer.parse(setting)

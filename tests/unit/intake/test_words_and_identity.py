"""Small pure things: hazards in words, identities in hashes, numbers, wording."""

from datetime import UTC, datetime

import pytest

from contracts.case_state import OptionCode
from contracts.identifiers import MerchantId
from contracts.progress import Then, WaitingFor
from contracts.refund_v1 import RefundEvent
from contracts.registry import EVENT_TYPES
from contracts.storefront_v1 import Contact
from contracts.topics import Topic
from services.intake.domain.case_numbers import case_number, year_at
from services.intake.domain.facts_told import timeline_code
from services.intake.domain.hazards import hazard_hints
from services.intake.domain.identity import IdentityHasher
from services.intake.domain.wording import Words
from tests.support.builders import MERCHANT, a_merchant

HASHER = IdentityHasher(b"k" * 32)
CONTACT = Contact(phone="07911 123456", email="Ann@Example.org", postcode="n1 7gr", country="GB")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("插上就漏电，还触电了", {"electric_leakage", "electric_shock"}),
        ("冒烟然后起火", {"smoke", "fire"}),
        ("吃的药不对", {"medicine"}),
        ("水果变质发霉了", {"spoiled", "mould"}),
        ("It started SMOKING and caught fire", {"smoke", "fire"}),
        ("I got an electric shock from the exposed wire", {"electric_leakage", "electric_shock"}),
        ("The cheese is mouldy and has gone off", {"mould", "spoiled"}),
        ("wrong medication in the box", {"medicine"}),
        ("The handle is scratched, it does not fit", set()),
        ("no fireplace, smokeless grey, a drugstore bag", set()),
        ("", set()),
    ],
)
def test_hazards_are_found_in_both_languages_and_not_inside_other_words(text: str, codes: set[str]) -> None:
    """R-PRI-07."""
    assert set(hazard_hints(text)) == codes


@pytest.mark.parametrize("phone", ["07911 123456", "+44 7911 123456", "0044 7911 123456", "7911-123-456", "(07911) 123456"])
def test_a_phone_is_recognised_in_any_writing(phone: str) -> None:
    known = set(HASHER.of_contact(MERCHANT, CONTACT, "GB"))

    assert known & set(HASHER.of_claim(MERCHANT, "GB", phone=phone, email=None, postcode=None))


@pytest.mark.parametrize("phone", ["07911 123457", "+86 7911 123456", "123456", "", "phone"])
def test_another_phone_is_not(phone: str) -> None:
    known = set(HASHER.of_contact(MERCHANT, CONTACT, "GB"))

    assert not known & set(HASHER.of_claim(MERCHANT, "GB", phone=phone, email=None, postcode=None))


def test_a_phone_abroad_is_recognised_by_its_national_digits() -> None:
    """The shop is in China, the customer in Britain."""
    known = set(HASHER.of_contact(MERCHANT, CONTACT, "CN"))

    assert known & set(HASHER.of_claim(MERCHANT, "CN", phone="07911 123456", email=None, postcode=None))


def test_mail_and_postcode_are_compared_without_case_and_gaps() -> None:
    known = set(HASHER.of_contact(MERCHANT, CONTACT, "GB"))

    assert known & set(HASHER.of_claim(MERCHANT, "GB", phone=None, email=" ann@example.ORG ", postcode=None))
    assert known & set(HASHER.of_claim(MERCHANT, "GB", phone=None, email=None, postcode="N1-7GR"))
    assert HASHER.of_claim(MERCHANT, "GB", phone=None, email="no mail", postcode=" ") == []


def test_hashes_depend_on_key_and_merchant_and_show_nothing() -> None:
    own = HASHER.of_contact(MERCHANT, CONTACT, "GB")

    assert not set(own) & set(IdentityHasher(b"x" * 32).of_contact(MERCHANT, CONTACT, "GB"))
    assert not set(own) & set(HASHER.of_contact(MerchantId("other"), CONTACT, "GB"))
    assert all(len(one) == 64 and "7911" not in bytes.fromhex(one).decode("latin-1") for one in own)


def test_case_numbers_carry_the_year_of_the_merchants_calendar() -> None:
    shanghai = a_merchant(time_zone="Asia/Shanghai", case_number_prefix="A")
    new_years_eve = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)

    assert case_number(shanghai, year_at(shanghai, new_years_eve), 42) == "A27-000042"
    assert case_number(a_merchant(), year_at(a_merchant(), new_years_eve), 1_234_567) == "C26-1234567"


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB", "fr"])
def test_there_are_words_for_everything_that_can_happen(locale: str) -> None:
    words = Words(locale)

    assert all(words.next_step(one) for one in WaitingFor)
    assert all(words.then(one) or one is Then.NOTHING for one in Then)
    assert all(words.option(one) for one in OptionCode)
    told = [
        body
        for body in EVENT_TYPES.values()
        if body.topic in {Topic.CASE, Topic.RESOLUTION, Topic.SHIPMENT} or issubclass(body, RefundEvent)
    ]
    assert all(words.happened(timeline_code(body)) != timeline_code(body) for body in told)

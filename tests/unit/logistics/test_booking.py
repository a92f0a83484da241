"""A booking happens once, whatever happens to the answer."""

import pytest

from services.logistics.jobs.booking import book_once
from services.logistics.ports.carrier import Booked, OutcomeUnknownError
from tests.unit.logistics.carrier_behaviour import a_return
from tests.unit.logistics.fake_carrier import FakeCarrier


async def test_an_answer_that_was_dropped_is_looked_up_at_once() -> None:
    carrier = FakeCarrier()
    carrier.drop_answers = 1
    booked = await book_once(carrier, "k", lambda key: carrier.book_return(a_return(), key), begun_before=False)
    assert booked == await carrier.find_booking("k")
    assert carrier.calls == 1


async def test_a_booking_begun_before_is_looked_up_and_not_booked_again() -> None:
    carrier = FakeCarrier()
    first = await carrier.book_return(a_return(), "k")
    again = await book_once(carrier, "k", lambda key: carrier.book_return(a_return(weight_grams=1), key), begun_before=True)
    assert again == first
    assert carrier.calls == 1


async def test_an_unknown_outcome_of_which_the_carrier_knows_nothing_is_tried_again_later() -> None:
    carrier = FakeCarrier()

    async def lost_on_the_way(_key: str) -> Booked:
        raise OutcomeUnknownError

    with pytest.raises(OutcomeUnknownError):
        await book_once(carrier, "k", lost_on_the_way, begun_before=False)

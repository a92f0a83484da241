"""The view of a case follows the facts, and every kind of fact is understood."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from contracts.case_state import CaseStatus
from contracts.progress import WaitingFor
from contracts.resolution_v1 import ChoiceRefused, OfferMade, ResolutionEvent
from contracts.shipment_v1 import ShipmentEvent
from services.intake.domain.facts_told import facts_told
from services.intake.domain.fold_resolution import fold_resolution
from services.intake.domain.fold_shipment import fold_shipment
from services.intake.domain.view import CaseView, OfferAnswer, first_view
from tests.support.builders import OPENED_AT
from tests.support.sample_events import sample_events

HOUR = timedelta(hours=1)
SAMPLES = sample_events()
RESOLUTIONS = [event for event in SAMPLES if isinstance(event, ResolutionEvent)]
SHIPMENTS = [event for event in SAMPLES if isinstance(event, ShipmentEvent)]


def a_view() -> CaseView:
    return first_view(OPENED_AT, (), HOUR, HOUR / 2)


def test_a_hazard_shortens_the_promise_of_the_first_plan() -> None:
    """R-SLA-04, R-SLA-09."""
    assert first_view(OPENED_AT, ("smoke",), HOUR, HOUR / 2).progress.due_at == OPENED_AT + HOUR / 2
    assert a_view().progress.due_at == OPENED_AT + HOUR


@pytest.mark.parametrize("event", RESOLUTIONS, ids=lambda event: type(event).__name__)
def test_every_resolution_event_moves_the_progress_and_survives_storage(event: ResolutionEvent) -> None:
    view = fold_resolution(a_view(), event, OPENED_AT)

    assert view.progress == event.progress
    assert CaseView.model_validate_json(view.model_dump_json()) == view


@pytest.mark.parametrize("event", SHIPMENTS, ids=lambda event: type(event).__name__)
def test_every_shipment_event_shows_in_the_view(event: ShipmentEvent) -> None:
    view = fold_shipment(a_view(), event)

    assert view != a_view()
    assert CaseView.model_validate_json(view.model_dump_json()) == view


@pytest.mark.parametrize("event", [*RESOLUTIONS, *SHIPMENTS], ids=lambda event: type(event).__name__)
def test_the_timeline_keeps_scalars_and_codes_only(event: ResolutionEvent) -> None:
    for value in _leaves(facts_told(event)):
        assert not hasattr(value, "model_dump")


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def test_the_whole_story_of_a_return_can_be_read_off_the_view() -> None:
    view = a_view()
    for event in RESOLUTIONS:
        view = fold_resolution(view, event, OPENED_AT)

    assert view.offer is None
    assert view.agreed is not None
    assert view.outcome is not None
    assert view.closed_at is not None


def test_a_case_that_runs_again_has_no_end_any_more() -> None:
    ended = a_view()
    for event in RESOLUTIONS:
        ended = fold_resolution(ended, event, OPENED_AT)
    offer = next(event for event in RESOLUTIONS if isinstance(event, OfferMade))

    again = fold_resolution(ended, offer, OPENED_AT)

    assert (again.outcome, again.closed_at, again.status) == (None, None, offer.progress.status)


def test_a_refused_withdrawal_is_taken_back() -> None:
    refused = next(event for event in RESOLUTIONS if isinstance(event, ChoiceRefused))
    waiting = a_view().model_copy(update={"withdrawal_event_id": refused.source_event_id})

    view = fold_resolution(waiting, refused, OPENED_AT)

    assert view.withdrawal_event_id is None
    assert view.last_refusal is not None
    assert view.last_refusal.command == "withdrawal"


def test_a_refusal_of_something_else_leaves_the_answer() -> None:
    offer = next(event for event in RESOLUTIONS if isinstance(event, OfferMade))
    refused = next(event for event in RESOLUTIONS if isinstance(event, ChoiceRefused))
    view = fold_resolution(a_view(), offer, OPENED_AT)
    assert view.offer is not None
    answer = OfferAnswer(option=offer.options[0].code, at=OPENED_AT, event_id=uuid4())
    answered = view.model_copy(update={"offer": view.offer.model_copy(update={"answer": answer})})

    after = fold_resolution(answered, refused, OPENED_AT)

    assert after.offer is not None
    assert after.offer.answer == answer
    assert after.progress.status is CaseStatus(refused.progress.status)
    assert after.progress.waiting_for in WaitingFor

"""Facts of the platform and of parcels travel on different topics: whichever comes first, the view ends up the same."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from contracts.case_state import CaseStatus, Stage
from contracts.events import EventBody
from contracts.progress import Progress, WaitingFor
from contracts.resolution_v1 import Agreed, ReminderDue, ReshipmentRequested, ResolutionEvent, ReturnAuthorised
from contracts.shipment_v1 import ReshipmentShipped, ReturnInTransit, ReturnLabelCreated, ReturnReceived, ShipmentEvent
from services.intake.domain.fold_resolution import fold_resolution
from services.intake.domain.fold_shipment import fold_shipment
from services.intake.domain.view import CaseView, first_view
from tests.support.builders import OPENED_AT
from tests.support.sample_events import sample_events

SAMPLES = {type(event): event for event in sample_events()}
WAITING = Progress(status=CaseStatus.AWAITING_RETURN, stage=Stage.EXECUTE, waiting_for=WaitingFor.RETURN_SHIPMENT)
AGREED = Progress(status=CaseStatus.AGREED, stage=Stage.EXECUTE, waiting_for=WaitingFor.RETURN_SHIPMENT)
SENDING = Progress(status=CaseStatus.AGREED, stage=Stage.EXECUTE, waiting_for=WaitingFor.RESHIPMENT)


def at(kind: type[ResolutionEvent], progress: Progress) -> EventBody:
    return SAMPLES[kind].model_copy(update={"progress": progress})


def view_after(events: Sequence[EventBody]) -> CaseView:
    view = first_view(OPENED_AT, (), timedelta(hours=1), timedelta(minutes=30))
    for event in events:
        if isinstance(event, ResolutionEvent):
            view = fold_resolution(view, event, OPENED_AT)
        elif isinstance(event, ShipmentEvent):
            view = fold_shipment(view, event)
    return view


def interleavings(one: Sequence[EventBody], other: Sequence[EventBody]) -> list[list[EventBody]]:
    """Every order of both topics that keeps the order within each."""
    everything = [*one, *other]
    return [
        list(order)
        for order in permutations(everything)
        if [event for event in order if event in one] == list(one) and [event for event in order if event in other] == list(other)
    ]


RETURN_TOLD = [at(Agreed, AGREED), at(ReturnAuthorised, WAITING), at(ReminderDue, WAITING)]
PARCEL_TOLD = [SAMPLES[ReturnLabelCreated], SAMPLES[ReturnInTransit]]


@pytest.mark.parametrize("events", interleavings(RETURN_TOLD, PARCEL_TOLD))
def test_a_parcel_under_way_shows_whichever_topic_is_read_first(events: list[EventBody]) -> None:
    view = view_after(events)
    assert (view.status, view.progress.waiting_for) == (CaseStatus.RETURN_IN_TRANSIT, WaitingFor.RETURN_ARRIVAL)
    assert view.returning is not None
    assert (view.returning.waybill, view.returning.state) == ("CR000000015ZZ", "in_transit")
    assert view.returning.label_url is not None
    assert view.returning.units


@pytest.mark.parametrize("events", interleavings([at(ReturnAuthorised, WAITING)], [SAMPLES[ReturnLabelCreated]]))
def test_a_label_that_is_told_of_before_its_return_is_not_forgotten(events: list[EventBody]) -> None:
    view = view_after(events)
    assert view.progress == WAITING
    assert view.returning is not None
    assert (view.returning.waybill, view.returning.state) == ("CR000000015ZZ", "label_ready")


def test_a_parcel_that_arrived_waits_for_its_inspection() -> None:
    view = view_after([*RETURN_TOLD, *PARCEL_TOLD, SAMPLES[ReturnReceived]])
    assert (view.status, view.progress.waiting_for) == (CaseStatus.RETURN_RECEIVED, WaitingFor.INSPECTION)


@pytest.mark.parametrize("events", interleavings([at(ReshipmentRequested, SENDING)], [SAMPLES[ReshipmentShipped]]))
def test_new_goods_under_way_cannot_be_stopped_any_more(events: list[EventBody]) -> None:
    """R-CASE-05."""
    view = view_after(events)
    assert view.status is CaseStatus.EXECUTING
    assert view.reshipment is not None
    assert view.reshipment.state == "shipped"

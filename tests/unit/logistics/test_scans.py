"""A parcel's progress is a fold over its scans: repeats and disorder change nothing (R-RTN-06)."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.logistics.domain.scans import Scan, ScanStatus, fold, silent_too_long

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_scan(status: ScanStatus, hours: float = 0, scan_id: str | None = None) -> Scan:
    return Scan("sandbox", "CR000000015ZZ", scan_id or f"{status}-{hours}", status, NOON + timedelta(hours=hours))


scans = st.lists(
    st.builds(a_scan, st.sampled_from(ScanStatus), st.integers(0, 5), st.integers(0, 9).map(str)),
    max_size=8,
    unique_by=lambda scan: scan.scan_id,
)


@given(scans, st.randoms(use_true_random=False))
def test_order_of_arrival_and_repeats_change_nothing(arrived: list[Scan], random: Random) -> None:
    disordered = arrived + [scan for scan in arrived if random.random() < 0.5]
    random.shuffle(disordered)
    assert fold(disordered) == fold(arrived)


@given(scans)
def test_a_delivered_parcel_stays_delivered_and_is_not_lost(arrived: list[Scan]) -> None:
    progress = fold([*arrived, a_scan(ScanStatus.DELIVERED, 3, "the delivery")])
    assert progress.status is ScanStatus.DELIVERED
    assert progress.delivered_at is not None
    assert progress.lost_at is None


def test_no_scan_is_no_progress() -> None:
    assert fold([]).handed_in_at is None


def test_any_scan_proves_that_the_carrier_has_the_parcel() -> None:
    assert fold([a_scan(ScanStatus.IN_TRANSIT, 2)]).handed_in_at == NOON + timedelta(hours=2)


def test_a_lost_parcel_that_is_seen_again_is_found() -> None:
    lost = [a_scan(ScanStatus.HANDED_IN), a_scan(ScanStatus.LOST, 1)]
    assert fold(lost).lost_at == NOON + timedelta(hours=1)
    assert fold([*lost, a_scan(ScanStatus.IN_TRANSIT, 2)]).lost_at is None


def test_damage_is_remembered_while_the_parcel_travels_on() -> None:
    progress = fold([a_scan(ScanStatus.HANDED_IN), a_scan(ScanStatus.DAMAGED, 1), a_scan(ScanStatus.DELIVERED, 2)])
    assert progress.damaged_at == NOON + timedelta(hours=1)
    assert progress.status is ScanStatus.DELIVERED


def test_a_parcel_is_lost_after_the_limit_without_a_scan_and_not_before() -> None:
    limit, last = timedelta(hours=120), NOON + timedelta(hours=10)
    assert not silent_too_long(underway_since=NOON, last_scan_at=last, now=last + limit - timedelta(seconds=1), lost_after=limit)
    assert silent_too_long(underway_since=NOON, last_scan_at=last, now=last + limit, lost_after=limit)
    assert silent_too_long(underway_since=NOON, last_scan_at=None, now=NOON + limit, lost_after=limit)

"""The faults of a run follow from its seed, and spare nobody."""

from itertools import islice

from deploy.local.chaos.faults import COMPONENTS, LANES, clock_shifts, third_party_faults
from deploy.local.chaos.links import LINKS
from deploy.local.sandbox.switches import HttpSwitches, MailSwitches, PaymentSwitches


def test_a_seed_draws_the_same_faults_every_time_and_another_one_others() -> None:
    for lane in LANES.values():
        drawn = [list(islice(lane(seed), 50)) for seed in (7, 7, 8)]
        assert drawn[0] == drawn[1] != drawn[2]
    assert clock_shifts(7) == clock_shifts(7) != clock_shifts(8)


def test_every_component_is_hit_and_every_link_is_cut_before_any_is_again() -> None:
    for lane in ("kills", "stalls"):
        assert {fault.target for fault in islice(LANES[lane](7), len(COMPONENTS))} == set(COMPONENTS)
    assert {fault.target for fault in islice(LANES["cuts"](7), len(LINKS))} == {"-".join(link) for link in LINKS}


def test_the_third_parties_know_the_switches() -> None:
    switches = third_party_faults(7)
    assert PaymentSwitches.model_validate(switches["payments"]).drop_answer_rate == 0.3
    assert HttpSwitches.model_validate(switches["carrier"]).webhook_reorder
    assert MailSwitches.model_validate(switches["mailbox"]).seed == 7

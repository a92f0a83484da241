"""Who plays what follows from the seed, and even a small run has most endings in it."""

import pytest

from deploy.local.chaos.parts import COMPENSATED, deal_parts
from deploy.local.demo.command import DATA
from deploy.local.demo.run import arrivals
from deploy.local.demo.scope import Scope, read_scope
from deploy.local.demo.scripts import Outcome


@pytest.fixture(scope="module")
def scope() -> Scope:
    return read_scope(DATA, 60)


def test_the_same_seed_deals_the_same_parts(scope: Scope) -> None:
    first, again, other = (deal_parts(scope, arrivals(scope), seed) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert len(first.scripts) == len(scope.cases)


def test_every_ending_and_every_scene_occurs(scope: Scope) -> None:
    scripts = deal_parts(scope, arrivals(scope), 7).scripts
    assert {script.expected for script in scripts} == set(Outcome)
    assert len({script.scene for script in scripts}) == 5
    assert COMPENSATED in scripts
    assert any(script.lets_pass for script in scripts)

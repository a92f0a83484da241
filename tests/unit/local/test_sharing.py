"""What the workers of a test run are given: as pytest-xdist really does it, with workers that only write down what they got."""

from types import SimpleNamespace
from typing import Any

from xdist.remote import Producer

from tests.support.sharing import Sharing, place, pytest_xdist_make_scheduler

STACK = [f"tests/e2e/test_{name}.py::test_{number}" for name in ("one", "two", "three") for number in range(4)]
CHAOS = [f"tests/chaos/test_planted.py::test_defect[{number}]" for number in range(5)]
KIT = [f"tests/integration/kit/test_relay.py::test_{number}" for number in range(5)]
INTAKE = [f"tests/integration/intake/test_relay.py::test_{number}[{number}/a::b]" for number in range(5)]
SMALL = [f"tests/unit/kit/test_small.py::test_{number}" for number in range(20)]


class Worker:
    """Gets tests, and has done them at once when it is asked to."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def shared(tests: list[str]) -> list[list[str]]:
    """What each of two workers runs in the end."""
    config: Any = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=lambda _name: ["2*popen"])
    scheduler: Sharing = pytest_xdist_make_scheduler(config, Producer("test", enabled=False))
    workers = [Worker("gw0"), Worker("gw1")]
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    done = [0, 0]
    while any(done[number] < len(worker.given) for number, worker in enumerate(workers)):
        for number, worker in enumerate(workers):
            if done[number] < len(worker.given):
                scheduler.mark_test_complete(worker, worker.given[done[number]])
                done[number] += 1
    return [[tests[index] for index in worker.given] for worker in workers]


def test_all_tests_of_the_stack_run_in_one_worker_and_every_file_of_integration_or_chaos_in_one() -> None:
    tests = STACK + CHAOS + KIT + INTAKE + SMALL
    given = shared(tests)
    assert sorted(given[0] + given[1]) == sorted(tests)
    for together in (STACK, CHAOS, KIT, INTAKE):
        assert [[test for test in one if test in together] for one in given if set(together) & set(one)] == [together]


def test_small_tests_fill_the_time_of_both_workers() -> None:
    assert all(set(one) & set(SMALL) for one in shared(STACK + KIT + SMALL))


def test_the_tests_that_take_longest_come_first_and_files_stay_whole() -> None:
    ordered = sorted(SMALL + KIT + INTAKE + CHAOS + STACK, key=place)
    assert ordered == STACK + CHAOS + KIT + INTAKE + SMALL

"""Of a chaos run with defects planted in its services each is found, and named: the checks find what they are for."""

import re
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from rich.console import Console

from deploy.local.chaos.bounds import Bounds
from deploy.local.chaos.result import Result
from deploy.local.chaos.run import run_seed
from deploy.local.demo.display import Display
from tests.support.flawed_service import launch_flawed
from tests.support.ports import a_stack_starts

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

CASES = 12
SHORT = Bounds(trouble_seconds=50, patience_seconds=120, rest_seconds=5, booked_seconds=62, in_play=6)
"""Cases that a defect keeps from ending are not waited for."""
DEFECTS = {
    "intake": ["no_deduplication"],
    "workflow": ["key_per_call", "unbooked_entry", "lost_signal"],
    "notifications": ["offsets_without_effect", "skipped_row", "told_contact"],
}
"""What is planted where. They share one run: none hides another, and what is found names the service or the refund."""


def told(result: Result, check: str) -> list[str]:
    """What a check found."""
    (checked,) = [one for one in result.checked if one.name == check]
    return [str(finding) for finding in checked.findings]


@pytest.fixture(scope="module")
async def flawed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Result]:
    with a_stack_starts():
        home = tmp_path_factory.mktemp("flawed") / "chaos"
        yield await run_seed(home, 11, CASES, Display(Console(file=StringIO())), launch=launch_flawed(DEFECTS), bounds=SHORT)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        pytest.param(
            "consumers saw everything once", r"intake\.log line \d+: event inbox\.sequence_late", id="no deduplication in the inbox"
        ),
        pytest.param("consumers saw everything once", "notifications never dealt with", id="offsets committed without the effect"),
        pytest.param(
            "what was committed is in Kafka",
            "of aftersales.message.v1 was committed and is not in Kafka",
            id="a row that the relay skipped",
        ),
        pytest.param("personal data has one road", "a customer's name is in log notifications.log", id="a name written to a log"),
        pytest.param("a refund is paid once", "times to pay_", id="a key per call at the provider"),
        pytest.param("every settled refund is booked", "is settled and not booked", id="an entry that was not booked"),
        pytest.param("reconciliation agrees", "event_without_entry in ledger", id="an entry that was published and not booked"),
        pytest.param("every process heard its facts", "never heard of satisfaction_stated", id="a signal that was lost"),
    ],
)
async def test_a_planted_defect_is_found(flawed: Result, check: str, words: str) -> None:
    assert any(re.search(words, finding) for finding in told(flawed, check)), told(flawed, check)

"""A short chaos run holds."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.chaos.bounds import Bounds
from deploy.local.chaos.faults import Blow
from deploy.local.chaos.proxy import Cut
from deploy.local.chaos.run import run_seed
from deploy.local.demo.display import Display
from tests.support.ports import a_stack_starts

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

SHORT = Bounds(trouble_seconds=60, patience_seconds=300, rest_seconds=240, booked_seconds=62, in_play=5)
"""Little trouble, and patience with a machine on which other tests run."""


async def test_a_short_run_holds(tmp_path: Path) -> None:
    says = StringIO()
    with a_stack_starts():
        result = await run_seed(tmp_path / "chaos", 11, 12, Display(Console(file=says)), bounds=SHORT)
    found = {one.name: [str(finding) for finding in one.findings] for one in result.checked if one.findings}
    assert found == {}, says.getvalue()
    assert result.trouble.count(*Blow) >= 3
    assert result.trouble.count(*Cut) >= 5
    assert [one.name for one in result.checked if not one.things] == ["nothing is held back in quarantine"]

"""Past decisions over HTTP, page by page, and `aftersales policy dry-run` on top of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.case_v1 import CaseOpened
from contracts.decision import Attributes, EvidenceFacts, Facts, NextStep, Verdict
from contracts.identifiers import MerchantId
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.adapters.packing import PACKING
from services.workflow.commands_policy import policy_app
from services.workflow.policy.decide import decide
from services.workflow.policy.registry import load_packs
from tests.support.builders import an_order, facts
from tests.support.workflow_api import OTHER_SHOP, Caller, a_client, a_token, an_api, served
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines
UK = load_packs().get("uk-retail@1.0")
START = datetime(2026, 5, 1, tzinfo=UTC)


async def decided(desk: RecordsDesk, case: CaseOpened, at: datetime, given: Facts) -> None:
    decision = decide(given, UK)
    packed = (PACKING.pack(given), PACKING.pack(decision))
    await desk.pool.execute(_DECISION, uuid4(), case.case_id, case.merchant_id, UK.policy_version, *packed, decision.next_step, at)


@pytest.fixture(scope="module")
async def numbers(desk: RecordsDesk) -> list[str]:
    """Three cases: damage that was offered on twice after a question for evidence, a return, and one of another shop."""
    found = []
    for place, shop in enumerate(("demo-shop", "demo-shop", OTHER_SHOP)):
        order = an_order(uuid4().hex[:12], merchant_id=MerchantId(shop))
        case = await desk.take(order)
        found.append(case.case_number)
        at = START + timedelta(hours=place)
        if place == 0:
            damage = facts(order=order, scene=Scene.LOGISTICS_DAMAGE)
            await decided(desk, case, at, damage)
            glass = damage.model_copy(update={"reviewed": Attributes(usable=True), "evidence": EvidenceFacts(verdict=Verdict.ACCEPTED)})
            await decided(desk, case, at + timedelta(minutes=1), glass)
            await decided(desk, case, at + timedelta(minutes=2), glass.model_copy(update={"reviewed": Attributes(usable=False)}))
        else:
            await decided(desk, case, at, facts(order=order))
    return found


@pytest.fixture
async def url(desk: RecordsDesk) -> AsyncIterator[str]:
    async with served(an_api(desk)) as address:
        yield address


async def test_pages_neither_skip_nor_repeat_and_show_own_merchants_only(desk: RecordsDesk, numbers: list[str]) -> None:
    async with a_client(an_api(desk)) as client:
        agent = Caller(client, a_token("alex", Role.AGENT))
        seen: list[tuple[str, str]] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await agent.get("/v1/decisions", limit=2, since="2026-05-01T00:00:00Z", **cursor)).json()
            seen += [(item["case_number"], item["decision"]["next_step"]) for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert [number for number, _ in seen] == [numbers[0]] * 3 + [numbers[1]]
        assert seen[0][1] == NextStep.ASK_EVIDENCE.value
        offers = (await agent.get("/v1/decisions", next_step="offer", since="2026-05-01T00:01:30Z")).json()["items"]
        assert [item["case_number"] for item in offers] == [numbers[0], numbers[1]]
        assert offers[0]["facts"]["scene"] == "logistics.damage"
        assert (await agent.get("/v1/decisions", merchant_id=OTHER_SHOP)).status_code == 403
        everywhere = Caller(client, a_token("finn", Role.FINANCE, merchants=("*",)))
        assert len((await everywhere.get("/v1/decisions", since="2026-05-01T00:00:00Z")).json()["items"]) == 5


async def dry_run(url: str, *words: str, merchants: tuple[str, ...] = ("*",)) -> int:
    token = a_token("sue", Role.SUPERVISOR, merchants=merchants)

    def run() -> int:
        try:
            policy_app(["dry-run", "--url", url, "--token", token, *words], exit_on_error=False, result_action="return_value")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return await asyncio.to_thread(run)


async def test_a_dry_run_says_who_would_have_got_what(url: str, numbers: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert await dry_run(url, "--pack", "cn-marketplace@1.0", "--since", "2026-05-01T00:00:00") == 0
    told = json.loads(capsys.readouterr().out)
    damage = next(each for each in told["decided"] if each["case_number"] == numbers[0])
    assert damage["before"] == {"what": "return_refund", "amount_minor": 850}
    assert damage["after"]["what"] == "return_refund"
    assert (told["cases"], told["not_decided"]) == (3, [])
    assert await dry_run(url, "--pack", "uk-retail", "--merchant", "demo-shop", "--since", "2026-05-01T00:30:00") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["case_number"] for each in told["decided"]] == [numbers[1]]
    assert (told["changed"], told["difference_minor"]) == (0, {"GBP": 0})


async def test_a_dry_run_that_cannot_be_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await dry_run(url, "--pack", "nobody") == 1
    assert "policy nobody is not known" in capsys.readouterr().err
    assert await dry_run(url, "--pack", "uk-retail", "--merchant", OTHER_SHOP, merchants=("demo-shop",)) == 1
    assert "merchant_not_yours" in capsys.readouterr().err
    assert await dry_run("http://127.0.0.1:9", "--pack", "uk-retail") == 1
    assert "is the workflow service running?" in capsys.readouterr().err


_DECISION = """
INSERT INTO decisions (decision_id, case_id, merchant_id, policy_version, facts, decision, next_step, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

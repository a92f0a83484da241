"""Documents of before they were packed are read as they were: a case's application, a decision with its facts, an offer, a fact."""

import asyncio
from uuid import uuid4

import pytest

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from contracts.identifiers import OfferId
from contracts.roles import Role
from services.kit.migrate import apply_migrations
from services.kit.postgres import transaction
from services.workflow.adapters.facts import FactBook
from services.workflow.adapters.offers import OfferBook
from services.workflow.payloads.case import FactKind
from services.workflow.policy.decide import decide
from services.workflow.policy.registry import load_packs
from tests.integration.workflow.records.test_upgrade import AT, opened_before
from tests.support.builders import a_case, an_order, facts
from tests.support.stack import DsnFactory
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import a_desk

pytestmark = pytest.mark.engines


async def test_what_was_decided_offered_and_heard_before_is_read_as_it_was(empty_postgres_dsn_for: DsnFactory) -> None:
    dsn = await empty_postgres_dsn_for("workflow")
    await asyncio.to_thread(apply_migrations, dsn, "workflow", "services.workflow.migrations", until="0004")
    order = an_order("of-before-packing")
    case, given = a_case(order=order), facts(order=order)
    decision = decide(given, load_packs().get("uk-retail@1.1"))
    chosen = {"chosen_by": {"kind": "staff", "staff": {"staff_id": "alex"}}, "option": "return_refund"}
    async with a_desk(dsn) as desk, transaction(desk.pool) as conn:
        await desk.orders.apply(conn, order)
        await opened_before(conn, case)
        decision_id, offer_id, event_id = uuid4(), OfferId(uuid4()), uuid4()
        await conn.execute(_DECISION, decision_id, case.case_id, decision.policy_version, given, decision, AT)
        await conn.execute(_OFFER, offer_id, case.case_id, decision_id, decision.policy_version, list(decision.options), AT)
        await conn.execute(_FACT, event_id, case.case_id, chosen, AT)
    await asyncio.to_thread(apply_migrations, dsn, "workflow", "services.workflow.migrations")

    async with a_desk(dsn) as desk:
        async with transaction(desk.pool) as conn:
            row = await desk.cases.read(conn, case.case_id)
            assert row.opened == case.model_dump(mode="json", exclude={"order"})
            offer = await OfferBook().get(conn, case.case_id, offer_id)
            assert offer is not None
            assert offer.options == decision.options
            fact = await FactBook().get(conn, case.case_id, event_id, FactKind.OPTION_CHOSEN)
            assert fact is not None
            assert fact.body == chosen
        async with a_client(an_api(desk)) as client:
            agent = Caller(client, a_token("alex", Role.AGENT))
            for path in (f"/v1/cases/{case.case_id}/decisions", "/v1/decisions?next_step=offer"):
                answer = (await agent.get(path)).json()
                (shown,) = answer if isinstance(answer, list) else answer["items"]
                assert Facts.model_validate(shown["facts"]) == given
                assert Decision.model_validate(shown["decision"]) == decision


_DECISION = """
INSERT INTO decisions (decision_id, case_id, merchant_id, policy_version, facts, decision, decided_at) VALUES ($1, $2, 'demo-shop', $3, $4, $5, $6)
"""

_OFFER = """
INSERT INTO offers (offer_id, case_id, decision_id, number, policy_version, options, valid_until, state, made_at)
VALUES ($1, $2, $3, 1, $4, $5, $6, 'chosen', $6)
"""

_FACT = """
INSERT INTO case_facts (event_id, case_id, kind, workflow_id, body, run_number, occurred_at) VALUES ($1, $2, 'option_chosen', 'case/1', $3, 0, $4)
"""

"""A case of before its timeline stood in its row: it is read as it was, and goes on."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.case_state import CaseStatus, Stage
from contracts.progress import Progress, Then, WaitingFor
from services.intake.adapters.case_reader import CaseReader
from services.intake.adapters.cases import PostgresCases
from services.intake.domain.view import CaseView, TimelineEntry
from services.kit.migrate import apply_migrations
from services.kit.postgres import open_pool, transaction
from tests.support.stack import DsnFactory

pytestmark = pytest.mark.engines

AT = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
VIEW = CaseView(
    progress=Progress(status=CaseStatus.SUBMITTED, stage=Stage.ACCEPT, waiting_for=WaitingFor.TRIAGE, then=Then.NOTHING),
    sequences={"aftersales.resolution.v1": 2},
)
CASE = """
INSERT INTO cases (case_id, merchant_id, case_number, order_id, order_number, customer_ref, scene, currency, locale, channel, opened_by,
    application_number, requested_at, opened_at, updated_at, test, status, view)
VALUES ($1, 'demo-shop', 'C26-000001', $1, 'A1', $1, 'return.no_reason', 'GBP', 'en', 'storefront', '{"kind": "storefront", "staff": null}', 1, $2, $2, $2,
    true, 'submitted', $3)
"""
ENTRY = "INSERT INTO case_timeline (event_id, case_id, at, code, data, internal) VALUES ($1, $2, $3, $4, $5, $4 LIKE '%breached')"


async def test_a_timeline_of_before_is_read_and_goes_on(empty_postgres_dsn_for: DsnFactory) -> None:
    dsn = await empty_postgres_dsn_for("intake")
    await asyncio.to_thread(apply_migrations, dsn, "intake", "services.intake.migrations", until="0001")
    case_id, silent = uuid4(), uuid4()
    async with open_pool(dsn, service="intake test") as pool:
        await pool.execute(CASE.replace("C26-000001", "C26-000002"), silent, AT, VIEW)
        await pool.execute(CASE, case_id, AT, VIEW)
        await pool.execute(ENTRY, uuid4(), case_id, AT + timedelta(seconds=2), "resolution.sla_breached", {"sla": "R-SLA-01"})
        await pool.execute(ENTRY, uuid4(), case_id, AT + timedelta(milliseconds=10), "resolution.offer_made", {"options": ["退货"]})
    await asyncio.to_thread(apply_migrations, dsn, "intake", "services.intake.migrations")

    async with open_pool(dsn, service="intake test") as pool:
        reader, cases = CaseReader(pool), PostgresCases()
        async with transaction(pool) as conn:
            record = await cases.get(conn, case_id, lock=True)
            assert record is not None
            assert record.view == VIEW
            later = TimelineEntry(AT + timedelta(seconds=1), "case.option_chosen", {"option": "return_refund"})
            await cases.save(conn, record, VIEW, AT, [later])
        detail = await reader.detail(case_id)
        assert detail is not None
        assert [(each["code"], each["data"], each["internal"]) for each in detail.timeline] == [
            ("resolution.offer_made", {"options": ["退货"]}, False),
            ("case.option_chosen", {"option": "return_refund"}, False),
            ("resolution.sla_breached", {"sla": "R-SLA-01"}, True),
        ]
        assert [datetime.fromisoformat(each["at"]) - AT for each in detail.timeline] == [timedelta(seconds=s) for s in (0.01, 1, 2)]
        assert json.dumps(detail.timeline)
        told_nothing = await reader.detail(silent)
        assert told_nothing is not None
        assert told_nothing.timeline == []

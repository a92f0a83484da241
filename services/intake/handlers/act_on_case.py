"""Acting on a case: lock it, judge the act against the view, record fact, timeline and event in one transaction, answer 202."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.case_v1 import CaseReopened, EvidenceReviewed, OpenedBy
from contracts.identifiers import EventId
from services.intake.domain.acts import Act, Setting
from services.intake.domain.application import check_units
from services.intake.domain.callers import Caller
from services.intake.domain.errors import CaseNotFoundError
from services.intake.domain.facts_told import timeline_code
from services.intake.domain.view import CaseRecord, TimelineEntry
from services.intake.ports import Cases, Orders, Refunds
from services.kit import idempotency, outbox
from services.kit.clock import utc_now
from services.kit.http import require_match
from services.kit.idempotency import IdempotentRequest, Reply
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool, transaction

log = get_logger(__name__)

Perform: TypeAlias = Callable[[CaseRecord, Setting], Act]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command on a case: who, which, and the conditions they put on it. ``raw`` is the body, for the idempotency key."""

    caller: Caller
    case_id: UUID
    name: str
    by: OpenedBy
    key: str | None = None
    if_match: str | None = None
    raw: bytes = b""


class ActOnCase:
    """Carries commands on cases out."""

    def __init__(self, pool: Pool, cases: Cases, orders: Orders, refunds: Refunds) -> None:
        self._pool = pool
        self._cases = cases
        self._orders = orders
        self._refunds = refunds

    async def __call__(self, command: Command, perform: Perform) -> Reply:
        """Do it, once per idempotency key where there is one. Raises what ``perform`` raises, and ``CaseNotFoundError``."""

        async def run(connection: Connection) -> Reply:
            return await self._run(connection, command, perform)

        if command.key is None:
            async with transaction(self._pool) as connection:
                return await run(connection)
        merchant_id = await self._merchant(command)
        route = f"POST /v1/cases/{command.case_id}/{command.name}"
        request = IdempotentRequest(merchant_id=merchant_id, caller=command.caller.name, route=route, key=command.key, body=command.raw)
        return await idempotency.run(self._pool, request, run)

    async def locked(self, connection: Connection, caller: Caller, case_id: UUID) -> CaseRecord:
        """The case, locked until commit. Raises :class:`CaseNotFoundError` where the caller may not know of it."""
        case = await self._cases.get(connection, case_id, lock=True)
        if case is None or not caller.sees(case.merchant_id, case.customer_ref, case.order_id):
            raise CaseNotFoundError("Look for it with GET /v1/cases.")
        return case

    async def commit(self, connection: Connection, case: CaseRecord, act: Act, setting: Setting) -> None:
        """Record an act and publish its facts, as the end of the transaction."""
        ids = [setting.event_id, *(uuid7() for _ in act.events[1:])]
        await self._effects(connection, case, act)
        entries = [TimelineEntry(setting.now, timeline_code(type(event)), act.data) for event in act.events]
        await self._cases.save(connection, case, act.view, setting.now, entries)
        await outbox.append(
            connection,
            [
                OutgoingEvent(body=event, event_id=EventId(id_), occurred_at=setting.now, test=case.test)
                for id_, event in zip(ids, act.events, strict=True)
            ],
        )

    async def _run(self, connection: Connection, command: Command, perform: Perform) -> Reply:
        case = await self.locked(connection, command.caller, command.case_id)
        if command.if_match is not None:
            require_match(command.if_match, case.version)
        refunds = await self._refunds.states(connection, case.case_id)
        setting = Setting(uuid7(), utc_now(), command.by, refunds)
        act = perform(case, setting)
        repeated = not act.events
        first_event_id = act.first_event_id or case.view.told.get(act.command)
        if not repeated:
            act = replace(act, view=act.view.model_copy(update={"told": {**act.view.told, act.command: setting.event_id}}))
            await self.commit(connection, case, act, setting)
            log.info("case.acted_on", case_id=str(case.case_id), command=act.command, by=command.by.kind)
        answer = {
            "case_id": case.case_id,
            "case_number": case.case_number,
            "accepted": act.command,
            "event_id": first_event_id if repeated else setting.event_id,
            "repeated": repeated,
        }
        return Reply(202, answer, {"Location": f"/v1/cases/{case.case_id}"})

    async def _effects(self, connection: Connection, case: CaseRecord, act: Act) -> None:
        """What an act changes beside the view: the units claimed."""
        for event in act.events:
            if isinstance(event, CaseReopened):
                await self._check_units(connection, case, None)
                await self._cases.set_open(connection, case.case_id, is_open=True)
            elif isinstance(event, EvidenceReviewed) and event.affected is not None:
                await self._check_units(connection, case, event)
                await self._cases.set_quantities(connection, case.case_id, event.affected)

    async def _check_units(self, connection: Connection, case: CaseRecord, reviewed: EvidenceReviewed | None) -> None:
        found = await self._orders.for_case(connection, case.order_id)
        if found is None:
            raise LookupError("a case without its order")
        order, _locale, claims = found
        check_units(order, case.case_id, claims, reviewed.affected if reviewed is not None else None)

    async def _merchant(self, command: Command) -> str:
        async with self._pool.acquire() as connection:
            case = await self._cases.get(connection, command.case_id)
        if case is None or not command.caller.sees(case.merchant_id, case.customer_ref, case.order_id):
            raise CaseNotFoundError("Look for it with GET /v1/cases.")
        return case.merchant_id

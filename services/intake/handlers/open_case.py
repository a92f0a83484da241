"""Opening a case: one transaction, few statements, and an answer that says number, next step and deadline (R-INT-05 to R-INT-08)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.case_v1 import CaseOpened
from contracts.identifiers import CaseId, MerchantId, order_id_for
from contracts.merchant import Merchant, Mode
from contracts.order_v1 import Order
from services.intake.domain.admission import Admission, admit
from services.intake.domain.application import Duplicate, NewCase, judge
from services.intake.domain.callers import Caller, merchant_of
from services.intake.domain.case_numbers import case_number, year_at
from services.intake.domain.errors import CaseAlreadyOpenError, NotThereError, OrderNotFoundError
from services.intake.domain.forms import CaseApplication
from services.intake.domain.hazards import hazard_hints
from services.intake.domain.view import CaseRecord, TimelineEntry, first_view
from services.intake.handlers.answers import opened_answer
from services.intake.ports import CaseNumbers, Cases, Orders
from services.intake.settings import IntakeSettings
from services.kit import idempotency, outbox
from services.kit.clock import utc_now
from services.kit.idempotency import IdempotentRequest, Reply
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool, transaction

log = get_logger(__name__)


class OpenCase:
    """Opens cases."""

    def __init__(
        self,
        pool: Pool,
        orders: Orders,
        cases: Cases,
        numbers: CaseNumbers,
        merchants: Mapping[MerchantId, Merchant],
        settings: IntakeSettings,
    ) -> None:
        self._pool = pool
        self._orders = orders
        self._cases = cases
        self._numbers = numbers
        self._merchants = merchants
        self._settings = settings

    async def __call__(self, caller: Caller, form: CaseApplication, key: str, raw: bytes) -> Reply:
        """Open a case once per idempotency key, or answer why not."""
        merchant = self._merchants.get(merchant_of(caller, form.merchant_id))
        if merchant is None:
            raise NotThereError("The merchant is not configured here.", code="merchant_not_found")
        now = utc_now()
        admission = admit(caller, form, merchant, now)
        request = IdempotentRequest(merchant_id=merchant.merchant_id, caller=caller.name, route="POST /v1/cases", key=key, body=raw)
        year = year_at(merchant, now)
        # Taken before the transaction: inside it, a second connection could be waited for by everybody who holds the first.
        ordinal = await self._numbers.take(merchant.merchant_id, year)
        opening = _Opening(self, caller, form, merchant, admission, case_number(merchant, year, ordinal), now)
        try:
            reply = await idempotency.run(self._pool, request, opening.run)
        except CaseAlreadyOpenError as error:
            await self._link(error.case_id, form, now)
            raise
        finally:
            if not opening.number_used:
                self._numbers.give_back(merchant.merchant_id, year, ordinal)
        if opening.number_used:
            log.info(
                "case.opened",
                case_id=str(opening.case_id),
                case_number=opening.number,
                merchant_id=merchant.merchant_id,
                scene=form.scene.value,
            )
        return reply

    async def _link(self, case_id: UUID, form: CaseApplication, now: datetime) -> None:
        async with transaction(self._pool) as connection:
            await self._cases.link_scene(connection, case_id, form.scene, now)

    async def judge(self, connection: Connection, opening: "_Opening") -> tuple[Order, str | None, NewCase | Duplicate]:
        """Look at the order and what was claimed of it; it stays locked until commit."""
        order_id = order_id_for(opening.merchant.merchant_id, opening.form.order_number)
        found = await self._orders.for_case(connection, order_id)
        if found is None or not opening.caller.sees(opening.merchant.merchant_id, found[0].customer_ref, order_id):
            raise OrderNotFoundError(
                "Send it first, with PUT /v1/orders/{number}, by webhook or on storefront.order.v1; then open the case."
            )
        order, locale, claims = found
        limit = self._settings.max_applications if opening.admission.limited else None
        return order, locale, judge(order, opening.form.scene, opening.form.lines, claims, max_applications=limit)

    async def append_to(self, connection: Connection, opening: "_Opening", duplicate: Duplicate) -> CaseRecord:
        """Add the words of a repeated application to the case there is (R-INT-05)."""
        words = opening.form.words
        if words is not None:
            text_id = uuid7()
            await self._cases.add_text(connection, duplicate.case_id, text_id, opening.admission.opened_by.kind, words, opening.now)
            await self._cases.add_to_timeline(
                connection, CaseId(duplicate.case_id), [TimelineEntry(text_id, opening.now, "case.text_added")]
            )
        case = await self._cases.get(connection, duplicate.case_id)
        if case is None:  # its claim was found in this transaction
            raise LookupError("a claim without its case")
        return case

    async def store(self, connection: Connection, opening: "_Opening", order: Order, locale: str | None, verdict: NewCase) -> CaseRecord:
        """Store the case and publish it."""
        hints = hazard_hints(opening.form.words)
        case = self._record(opening, order, locale, verdict, hints)
        text_id = uuid7() if opening.form.words is not None else None
        text = None if text_id is None else (text_id, opening.admission.opened_by.kind, opening.form.words or "")
        await self._cases.insert(connection, case, opening.form.lines, hints, text)
        body = _event(opening, case, order, hints, text_id)
        await outbox.append(connection, OutgoingEvent(body=body, occurred_at=opening.now, test=case.test))
        return case

    def _record(self, opening: "_Opening", order: Order, locale: str | None, verdict: NewCase, hints: tuple[str, ...]) -> CaseRecord:
        form, merchant = opening.form, opening.merchant
        return CaseRecord(
            case_id=opening.case_id,
            case_number=opening.number,
            merchant_id=merchant.merchant_id,
            order_id=order.order_id,
            order_number=order.number,
            customer_ref=order.customer_ref,
            scene=form.scene,
            linked_scenes=(),
            currency=order.currency,
            locale=form.locale or locale or merchant.locale,
            channel=opening.admission.channel,
            opened_by=opening.admission.opened_by,
            wanted_remedy=form.wanted_remedy,
            application_number=verdict.application_number,
            requested_at=opening.admission.requested_at,
            opened_at=opening.now,
            updated_at=opening.now,
            version=1,
            test=merchant.mode is Mode.TEST,
            view=first_view(opening.now, hints, self._settings.plan_within, self._settings.urgent_plan_within),
        )


class _Opening:
    """One application on its way through its transaction."""

    def __init__(
        self, house: OpenCase, caller: Caller, form: CaseApplication, merchant: Merchant, admission: Admission, number: str, now: datetime
    ) -> None:
        self.house = house
        self.caller = caller
        self.form = form
        self.merchant = merchant
        self.admission = admission
        self.number = number
        self.now = now
        self.case_id = CaseId(uuid7())
        self.number_used = False

    async def run(self, connection: Connection) -> Reply:
        """The body of the transaction."""
        order, locale, verdict = await self.house.judge(connection, self)
        if isinstance(verdict, Duplicate):
            case = await self.house.append_to(connection, self, verdict)
            return Reply(200, opened_answer(case, duplicate=True), {"Location": f"/v1/cases/{case.case_id}"})
        case = await self.house.store(connection, self, order, locale, verdict)
        self.number_used = True
        return Reply(202, opened_answer(case, duplicate=False), {"Location": f"/v1/cases/{case.case_id}"})


def _event(opening: _Opening, case: CaseRecord, order: Order, hints: tuple[str, ...], text_id: UUID | None) -> CaseOpened:
    form = opening.form
    return CaseOpened(
        merchant_id=case.merchant_id,
        case_id=case.case_id,
        case_number=case.case_number,
        customer_ref=case.customer_ref,
        locale=case.locale,
        channel=case.channel,
        opened_by=case.opened_by,
        scene=case.scene,
        affected=form.lines,
        claimed=form.claimed,
        wanted_remedy=form.wanted_remedy,
        accept_if_offered=form.accept_if_offered,
        reason_given=text_id is not None,
        text_id=None if text_id is None else str(text_id),
        hazard_hints=hints,
        application_number=case.application_number,
        requested_at=case.requested_at,
        opened_at=case.opened_at,
        order=order,
    )

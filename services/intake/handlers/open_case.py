"""Opening a case, and an answer that says number, next step and deadline (R-INT-05 to R-INT-08).

The usual case is opened in two statements: a look at the order without a lock, then all rows at once if the order is still the same. Whatever is not
usual goes the long way: a transaction that takes the key, locks the order, and says what is so.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from pydantic_core import to_json
from uuid_utils.compat import uuid7

from contracts.case_v1 import CaseOpened
from contracts.identifiers import CaseId, MerchantId, order_id_for
from contracts.merchant import Merchant, Mode
from contracts.order_v1 import Order
from services.intake.domain.admission import Admission, admit
from services.intake.domain.application import Duplicate, NewCase, judge
from services.intake.domain.callers import Caller, merchant_of
from services.intake.domain.case_numbers import case_number, year_at
from services.intake.domain.errors import CaseAlreadyOpenError, IntakeError, NotThereError, OrderNotFoundError
from services.intake.domain.forms import CaseApplication
from services.intake.domain.hazards import hazard_hints
from services.intake.domain.view import CaseRecord, TimelineEntry, first_view
from services.intake.handlers.answers import opened_answer
from services.intake.ports import CaseNumbers, Cases, NewCaseRows, Openings, OrderFound, OrderLooks, Orders
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
        looks: OrderLooks,
        cases: Cases,
        openings: Openings,
        numbers: CaseNumbers,
        merchants: Mapping[MerchantId, Merchant],
        settings: IntakeSettings,
    ) -> None:
        self._pool = pool
        self._orders = orders
        self._looks = looks
        self._cases = cases
        self._openings = openings
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
        opening = _Opening(caller, form, merchant, admission, case_number(merchant, year, ordinal), now)
        try:
            reply = await self._at_once(opening, request) or await idempotency.run(self._pool, request, partial(self._locked, opening))
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

    async def _at_once(self, opening: "_Opening", request: IdempotentRequest) -> Reply | None:
        """Open the case as its order looks without a lock. None where that cannot be: then nothing was written.

        Why it cannot be is for the transaction to say: only there it is known whether the key has its answer already.
        """
        try:
            found = self._theirs(opening, await self._looks.look(opening.order_id))
            verdict = self._judge(opening, found)
        except IntakeError:
            return None
        if isinstance(verdict, Duplicate):
            return None
        rows = self._rows(opening, found, verdict)
        reply = _accepted(rows.case)
        async with self._pool.acquire() as connection:
            opening.number_used = True  # also where the connection breaks: nobody knows then what was written
            opening.number_used = await self._openings.open(connection, request, reply, found.claims, rows)
        return reply if opening.number_used else None

    async def _locked(self, opening: "_Opening", connection: Connection) -> Reply:
        """Open the case, or find the one there is, in the key's transaction; the order stays locked until commit."""
        found = self._theirs(opening, await self._orders.for_case(connection, opening.order_id))
        verdict = self._judge(opening, found)
        if isinstance(verdict, Duplicate):
            return _repeated(await self._append_to(connection, opening, verdict))
        rows = self._rows(opening, found, verdict)
        await self._cases.insert(connection, rows)
        await outbox.append(connection, rows.event)
        opening.number_used = True
        return _accepted(rows.case)

    async def _link(self, case_id: UUID, form: CaseApplication, now: datetime) -> None:
        async with transaction(self._pool) as connection:
            await self._cases.link_scene(connection, case_id, form.scene, now)

    def _theirs(self, opening: "_Opening", found: OrderFound | None) -> OrderFound:
        """The order, if the caller may know of it. Raises ``OrderNotFoundError``."""
        if found is None or not opening.caller.sees(opening.merchant.merchant_id, found.order.customer_ref, opening.order_id):
            raise OrderNotFoundError(
                "Send it first, with PUT /v1/orders/{number}, by webhook or on storefront.order.v1; then open the case."
            )
        return found

    def _judge(self, opening: "_Opening", found: OrderFound) -> NewCase | Duplicate:
        limit = self._settings.max_applications if opening.admission.limited else None
        return judge(found.order, opening.form.scene, opening.form.lines, found.claims, max_applications=limit)

    async def _append_to(self, connection: Connection, opening: "_Opening", duplicate: Duplicate) -> CaseRecord:
        """Add the words of a repeated application to the case there is (R-INT-05)."""
        words = opening.form.words
        if words is not None:
            text_id = uuid7()
            await self._cases.add_text(connection, duplicate.case_id, text_id, opening.admission.opened_by.kind, words, opening.now)
            await self._cases.add_to_timeline(connection, CaseId(duplicate.case_id), [TimelineEntry(opening.now, "case.text_added")])
        case = await self._cases.get(connection, duplicate.case_id)
        if case is None:  # its claim was found in this transaction
            raise LookupError("a claim without its case")
        return case

    def _rows(self, opening: "_Opening", found: OrderFound, verdict: NewCase) -> NewCaseRows:
        """What is to be written of the case, and published."""
        words = opening.form.words
        hints = hazard_hints(words)
        case = self._record(opening, found, verdict, hints)
        text = None if words is None else (uuid7(), opening.admission.opened_by.kind, words)
        body = _event(opening, case, found.order, hints, text[0] if text else None)
        event = OutgoingEvent(body=body, occurred_at=opening.now, test=case.test)
        return NewCaseRows(case=case, order=found.order, lines=opening.form.lines, hazard_hints=hints, text=text, event=event)

    def _record(self, opening: "_Opening", found: OrderFound, verdict: NewCase, hints: tuple[str, ...]) -> CaseRecord:
        form, merchant, order = opening.form, opening.merchant, found.order
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
            locale=form.locale or found.locale or merchant.locale,
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
    """One application on its way to a case. ``number_used`` says whether its case number is, or may be, that of a case."""

    def __init__(self, caller: Caller, form: CaseApplication, merchant: Merchant, admission: Admission, number: str, now: datetime) -> None:
        self.caller = caller
        self.form = form
        self.merchant = merchant
        self.admission = admission
        self.number = number
        self.now = now
        self.case_id = CaseId(uuid7())
        self.order_id = order_id_for(merchant.merchant_id, form.order_number)
        self.number_used = False


def _accepted(case: CaseRecord) -> Reply:
    return Reply(202, to_json(opened_answer(case, duplicate=False)), {"Location": f"/v1/cases/{case.case_id}"})


def _repeated(case: CaseRecord) -> Reply:
    return Reply(200, opened_answer(case, duplicate=True), {"Location": f"/v1/cases/{case.case_id}"})


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

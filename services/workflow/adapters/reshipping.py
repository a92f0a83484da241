"""The records of a reshipment: asked for, shipped, delivered, failed (R-RSH-04, R-RSH-05)."""

from contracts.resolution_v1 import ReshipmentRequested
from contracts.shipment_v1 import ReshipmentDelivered, ReshipmentFailed, ReshipmentShipped
from services.kit.postgres import Connection
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import NOBODY, CaseRow, Changes
from services.workflow.adapters.ending import RESHIP
from services.workflow.cases import standing
from services.workflow.payloads.case import FactKind
from services.workflow.payloads.reships import FollowReshipment, RequestReshipment, ReshipStanding

_MODELS: dict[FactKind, type[ReshipmentShipped | ReshipmentDelivered | ReshipmentFailed]] = {
    FactKind.RESHIPMENT_SHIPPED: ReshipmentShipped,
    FactKind.RESHIPMENT_DELIVERED: ReshipmentDelivered,
    FactKind.RESHIPMENT_FAILED: ReshipmentFailed,
}


async def request(books: Books, conn: Connection, row: CaseRow, ask: RequestReshipment) -> ReshipStanding:
    """Ask logistics for new goods; until they are with the carrier the case can still be withdrawn."""
    agreement = ask.agreement
    ship_by = books.deciding.reship_by(row.header.merchant_id, agreement.policy_version, ask.at)
    if not row.workflow_open:  # withdrawn meanwhile: no goods are to leave, and the process is about to hear of it
        return ReshipStanding(progress=row.progress, due_at=ship_by)
    order = await books.orders.get(conn, row.header.order_id)
    progress = standing.reshipping(ship_by, shipped=False)
    event = ReshipmentRequested(
        **row.header.common(progress),
        reship_id=ask.reship_id,
        remedy_ordinal=agreement.remedy_ordinal,
        units=agreement.units,
        skus={unit.line_id: order.line(unit.line_id).sku for unit in agreement.units},
        ship_by=ship_by,
    )
    await books.publish(conn, row, ask.operation_id, progress, event, changes=Changes(active_workflow=f"{RESHIP}{ask.reship_id}"))
    return ReshipStanding(progress=progress, due_at=ship_by)


async def follow(books: Books, conn: Connection, row: CaseRow, ask: FollowReshipment) -> ReshipStanding:
    """What a fact says of the goods, as its row has it."""
    case_id = row.header.case_id
    unknown = ReshipStanding(progress=row.progress, due_at=ask.due_at)
    for kind, model in _MODELS.items():
        fact = await books.facts.get(conn, case_id, ask.fact, kind)
        if fact is None:
            continue
        body = model.model_validate(fact.body)
        if body.reship_id != ask.reship_id:
            return unknown
        progress = standing.reshipping(ask.due_at, shipped=kind is not FactKind.RESHIPMENT_FAILED)
        over = None if kind is FactKind.RESHIPMENT_SHIPPED else Changes(active_workflow=NOBODY)
        await books.publish(conn, row, ask.operation_id, progress, changes=over)
        word = body.reason if isinstance(body, ReshipmentFailed) else kind.value.removeprefix("reshipment_")
        return ReshipStanding(progress=progress, due_at=ask.due_at, word=word)
    return unknown

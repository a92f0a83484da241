"""Units for which a remedy was carried out, over all cases of an order: what can still be sent again, and what counts as the merchant's fault."""

from collections.abc import Sequence
from uuid import UUID

from contracts.case_state import OptionCode
from contracts.resolution_v1 import UnitsSettled
from services.kit.postgres import Connection
from services.workflow.adapters.cases import CaseRow

_REFUNDING = (OptionCode.RETURN_REFUND, OptionCode.REFUND_NO_RETURN)


class SettledBook:
    """The settled units on PostgreSQL."""

    async def add(self, conn: Connection, row: CaseRow, remedy_ordinal: int, settled: Sequence[UnitsSettled]) -> None:
        """Keep what a remedy settled; a repeat changes nothing."""
        for units in settled:
            await conn.execute(
                _ADD,
                row.header.case_id,
                remedy_ordinal,
                row.header.order_id,
                units.line_id,
                units.quantity,
                units.remedy.value,
                row.scene.merchant_fault,
            )

    async def reshipped(self, conn: Connection, order_id: UUID) -> dict[str, int]:
        """Units sent again so far, by line (R-RSH-06)."""
        rows = await conn.fetch(_SUM + "remedy = $2 GROUP BY line_id", order_id, OptionCode.RESHIP_NO_RETURN.value)
        return {row["line_id"]: row["quantity"] for row in rows}

    async def merchant_fault_refunded(self, conn: Connection, order_id: UUID) -> dict[str, int]:
        """Units given back so far for the merchant's fault, by line (R-FRT-12)."""
        rows = await conn.fetch(
            _SUM + "remedy = ANY($2) AND merchant_fault GROUP BY line_id", order_id, [code.value for code in _REFUNDING]
        )
        return {row["line_id"]: row["quantity"] for row in rows}


_ADD = """
INSERT INTO settled_units (case_id, remedy_ordinal, order_id, line_id, quantity, remedy, merchant_fault) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""

_SUM = "SELECT line_id, sum(quantity)::integer AS quantity FROM settled_units WHERE order_id = $1 AND "

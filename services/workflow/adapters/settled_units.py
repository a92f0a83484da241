"""Units for which a remedy was carried out, over all cases of an order: what can still be sent again, and what counts as the merchant's fault."""

from collections.abc import Sequence

from contracts.resolution_v1 import UnitsSettled
from services.kit.postgres import Connection
from services.kit.writing import write
from services.workflow.adapters.cases import CaseRow


class SettledBook:
    """The settled units on PostgreSQL."""

    async def add(self, conn: Connection, row: CaseRow, remedy_ordinal: int, settled: Sequence[UnitsSettled]) -> None:
        """Keep what a remedy settled; a repeat changes nothing."""
        for units in settled:
            await write(
                conn,
                _ADD,
                row.header.case_id,
                remedy_ordinal,
                row.header.order_id,
                units.line_id,
                units.quantity,
                units.remedy.value,
                row.scene.merchant_fault,
            )


_ADD = """
INSERT INTO settled_units (case_id, remedy_ordinal, order_id, line_id, quantity, remedy, merchant_fault) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""

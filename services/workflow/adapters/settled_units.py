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
        if not settled:
            return
        columns = zip(*((units.line_id, units.quantity, units.remedy.value) for units in settled), strict=True)
        header = row.header
        await write(
            conn, _ADD, header.case_id, remedy_ordinal, header.order_id, row.scene.merchant_fault, *(list(column) for column in columns)
        )


_ADD = """
INSERT INTO settled_units (case_id, remedy_ordinal, order_id, merchant_fault, line_id, quantity, remedy)
SELECT $1, $2, $3, $4, * FROM unnest($5::text[], $6::integer[], $7::text[])
ON CONFLICT DO NOTHING
"""

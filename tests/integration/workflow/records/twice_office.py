"""Whom the workflow service's commands are given to in these tests, and who gives them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from contracts.refund_v1 import PayoutKind
from contracts.roles import Role
from services.kit.postgres import Connection
from services.workflow.adapters import payouts
from services.workflow.ports import CaseHeader
from tests.support.approval_records import Approvals
from tests.support.payment_provider import FakeProvider
from tests.support.twice import Twice
from tests.support.workflow_api import a_token
from tests.support.workflow_records import RecordsDesk


@dataclass(frozen=True)
class Office:
    """The records, the approvals on them, and the payment provider."""

    desk: RecordsDesk
    approvals: Approvals
    provider: FakeProvider

    async def ask_for_payout(self, conn: Connection, header: CaseHeader, payout_id: UUID, at: datetime) -> None:
        """Somebody asks finance for a payout."""
        await payouts.request(
            conn,
            self.desk.work_items,
            header,
            payout_id=payout_id,
            kind=PayoutKind.FREIGHT_TOPUP,
            amount_minor=450,
            reason="faulty goods sent back",
            rule="R-FRT-14",
            requested_by="sue",
            at=at,
        )


Row: TypeAlias = Twice[Office]
Headers: TypeAlias = dict[str, str]


def two(role: Role) -> tuple[Headers, Headers]:
    """Two members of staff of one role."""
    sam, kim = ({"Authorization": f"Bearer {a_token(f'{name}-{role.value}', role)}"} for name in ("sam", "kim"))
    return sam, kim

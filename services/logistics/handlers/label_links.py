"""The links to return labels that customers get by message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.identifiers import RmaId
from services.kit.clock import utc_now
from services.logistics.domain.label_link import check_label_link, sign_label_link


@dataclass(frozen=True, slots=True)
class LabelLinks:
    """Makes and checks links. ``keys``: the first signs, all open. ``lifetime`` runs from the day the parcel is to be handed in."""

    public_url: str
    keys: tuple[str, ...]
    lifetime: timedelta

    def expiry_for(self, ship_by: datetime) -> datetime:
        """Until when the link of a return opens."""
        return max(ship_by, utc_now()) + self.lifetime

    def url(self, rma_id: RmaId, expires_at: datetime) -> str:
        """The link to a return's label."""
        return f"{self.public_url.rstrip('/')}/v1/returns/{rma_id}/label?token={sign_label_link(self.keys[0], rma_id, expires_at)}"

    def check(self, rma_id: RmaId, token: str) -> None:
        """Raise ``LabelLinkInvalidError`` or ``LabelLinkExpiredError`` unless the token opens this return's label now."""
        check_label_link(self.keys, rma_id, token, utc_now())

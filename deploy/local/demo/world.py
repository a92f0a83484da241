"""Who is who in a run: the merchants with their keys, staff with signed tokens, customers with case tokens, and the third parties."""

from datetime import timedelta

import httpx2

from contracts.roles import Role
from deploy.local.demo.client import Api
from deploy.local.demo.merchants import MERCHANTS
from deploy.local.errors import LocalError
from deploy.local.stack.running import RunningStack
from services.kit.tokens import ALL_MERCHANTS, issue_staff_token

_SHIFT = timedelta(hours=12)


class World:
    """Callers of a running stack. Addresses and credentials are read once: a run does not outlive them."""

    def __init__(self, stack: RunningStack, http: httpx2.AsyncClient) -> None:
        state, secrets = stack.state, stack.credentials
        missing = [merchant for merchant in MERCHANTS if merchant not in secrets.merchants]
        if missing:
            raise LocalError(f"The stack in {stack.home} has no merchant {', '.join(missing)}: the demo needs those of a fresh home")
        self.kafka: str = state["kafka_bootstrap_servers"]
        self._urls: dict[str, str] = dict(state["urls"])
        self._http = http
        self._staff_key = secrets.staff_private_key
        self.merchants = {merchant: Api(http, self._urls["intake"], secrets.merchants[merchant]["api_key"]) for merchant in MERCHANTS}
        self.payments = Api(http, self._urls["payments"], secrets.payments_api_key)
        self.carrier = Api(http, self._urls["carrier"], secrets.carrier_api_key)
        self.agent_desk = self.staff("intake", Role.AGENT)
        self.warehouse = self.staff("logistics", Role.WAREHOUSE_SUPERVISOR)
        self.finance = self.staff("workflow", Role.FINANCE)
        self._customers: dict[tuple[str, str], Api] = {}
        self._approvers: dict[Role, Api] = {}

    def staff(self, service: str, role: Role) -> Api:
        """A member of staff at one service; each role is another person (R-AUTH-05)."""
        token = issue_staff_token(self._staff_key, staff_id=f"demo-{role.value}", roles=[role], merchants=[ALL_MERCHANTS], lifetime=_SHIFT)
        return Api(self._http, self._urls[service], token)

    def approver(self, tier: Role) -> Api:
        """Whoever decides at a tier."""
        if tier not in self._approvers:
            self._approvers[tier] = self.staff("workflow", tier)
        return self._approvers[tier]

    async def customer(self, merchant: str, customer_id: str) -> Api:
        """A customer at intake, with the token that the shop exchanged for them (R-SEC-01)."""
        known = self._customers.get((merchant, customer_id))
        if known is None:
            answer = await self.merchants[merchant].post("/v1/customer-tokens", {"customer_id": customer_id})
            known = self._customers[merchant, customer_id] = Api(self._http, self._urls["intake"], answer["token"])
        return known

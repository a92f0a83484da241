"""Who may ask what would be decided: staff, for the merchants of their token, and a storefront with its merchant's API key, for itself."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from contracts.identifiers import MerchantId
from services.kit.api_keys import KEY_PREFIX
from services.kit.problems import FieldError, Problem
from services.kit.tokens import ALL_MERCHANTS, TokenError, bearer_token
from services.workflow.api_context import Context


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and for which merchants. ``storefront`` is one merchant's own program."""

    merchants: frozenset[MerchantId]
    storefront: bool

    def merchant(self, named: str | None) -> MerchantId:
        """The merchant a question is about: the one that is named, or the only one there can be.

        Raises :class:`Problem` 404 for one that is not theirs, 422 where they must name one.
        """
        if named is not None:
            if MerchantId(named) not in self.merchants and ALL_MERCHANTS not in self.merchants:
                raise Problem(
                    404, "merchant_not_found", "There is no such merchant, or it is not yours.", "Leave merchant_id out, or name yours."
                )
            return MerchantId(named)
        if len(self.merchants) != 1 or ALL_MERCHANTS in self.merchants:
            detail = "Say which merchant: your token is for several."
            raise Problem(
                422, "merchant_required", "Several merchants could be meant.", detail, errors=[FieldError("/merchant_id", detail)]
            )
        return next(iter(self.merchants))


async def _asker(request: Request, context: Context) -> Asker:
    token = request.headers.get("x-api-key") or bearer_token(request)
    if token.startswith(KEY_PREFIX):
        holder = context.api_keys.holder(token)
        if holder is None:
            raise TokenError("The API key is not known here.")
        return Asker(frozenset({holder.merchant_id}), storefront=True)
    staff = context.staff_tokens.verify(token)
    if not staff.roles:
        raise Problem(403, "role_required", "Your token carries no role of this shop's staff.", "Ask for a token with your role.")
    return Asker(staff.merchants, storefront=False)


Asking = Annotated[Asker, Depends(_asker)]
"""Whoever asks."""

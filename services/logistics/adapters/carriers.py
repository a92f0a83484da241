"""Which carrier works for whom: play parcels for test merchants, real ones for live merchants, never the other way round."""

from collections.abc import Mapping, Sequence

from contracts.identifiers import MerchantId
from contracts.merchant import Merchant, Mode
from services.logistics.ports.carrier import Carrier


class Carriers:
    """The carriers of this installation, in order of preference."""

    def __init__(self, carriers: Sequence[Carrier], merchants: Mapping[MerchantId, Merchant]) -> None:
        self._carriers = tuple(carriers)
        self._merchants = merchants

    def of_merchant(self, merchant_id: MerchantId) -> Carrier | None:
        """The carrier that works for a merchant; None where none may."""
        merchant = self._merchants.get(merchant_id)
        if merchant is None:
            return None
        play = merchant.mode is Mode.TEST
        return next((carrier for carrier in self._carriers if carrier.sandbox is play), None)

    def named(self, name: str) -> Carrier | None:
        """The carrier with this name, None if there is none."""
        return next((carrier for carrier in self._carriers if carrier.name == name), None)

"""Why the carrier says no (each a RefusedError, see the tree in deploy.local.sandbox.errors)."""

from deploy.local.sandbox.errors import RefusedError


class ShipmentNotFoundError(RefusedError):
    """No parcel has this id or waybill."""

    status = 404
    code = "shipment_not_found"


class AddressRequiredError(RefusedError):
    """An outbound parcel needs to know where to go."""

    code = "address_required"


class WaybillTakenError(RefusedError):
    """This waybill is followed already."""

    status = 409
    code = "waybill_taken"


class ScanNotPossibleError(RefusedError):
    """A parcel in this state cannot be seen like that."""

    status = 409
    code = "scan_not_possible"


class CancelNotPossibleError(RefusedError):
    """A parcel on its way cannot be cancelled."""

    status = 409
    code = "cancel_not_possible"


class CurrencyNotSupportedError(RefusedError):
    """There is no tariff in this currency."""

    code = "currency_not_supported"

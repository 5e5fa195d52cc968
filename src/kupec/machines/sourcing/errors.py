"""What keeps a supplier from being added, or an offer from being believed."""

from kupec.kit.errors import KupecError


class SupplierExists(KupecError):
    """You buy of this seller already."""

    status = 409
    code = "supplier_exists"


class NoOffer(KupecError):
    """This seller makes no offer: {reason}."""

    status = 502
    code = "no_offer"

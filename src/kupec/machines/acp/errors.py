"""What a platform that buys by ACP may be told. The docstring is the message, `code` the protocol's if it has one."""

from kupec.kit.errors import KupecError, NotFound


class NoKey(KupecError):
    """Send your key as Authorization: Bearer kupeca_…"""

    status = 401
    code = "unauthorized"


class UnknownPlatform(KupecError):
    """This key opens nothing here: it was mistyped, replaced or revoked."""

    status = 401
    code = "unauthorized"


class MissingVersion(KupecError):
    """Say with the header API-Version which version of the protocol you speak."""

    status = 400
    code = "missing_api_version"


class UnsupportedVersion(KupecError):
    """This version of the protocol is not spoken here."""

    status = 400
    code = "unsupported_api_version"


class KeyRequired(KupecError):
    """Idempotency-Key header is required on all POST requests."""

    status = 400
    code = "idempotency_key_required"


class KeyTooLong(KupecError):
    """An Idempotency-Key has 1 to 255 printable characters, such as a UUID."""

    status = 400
    code = "invalid_idempotency_key"


class KeyReused(KupecError):
    """Idempotency-Key has already been used with a different request body."""

    status = 422
    code = "idempotency_conflict"


class StillUnderWay(KupecError):
    """A request with this Idempotency-Key is currently being processed."""

    status = 409
    code = "idempotency_in_flight"


class UnreadableRequest(KupecError):
    """The request cannot be read: {reason}."""

    status = 400
    code = "invalid"


class NotSoldHere(KupecError):
    """The item “{item}” is not sold here."""

    status = 400
    code = "invalid_item"


class CurrencyUnknown(KupecError):
    """Nothing is sold here in {currency}."""

    status = 422
    code = "unsupported_currency"


class NoSuchSession(NotFound):
    """There is no such checkout session."""


class NoSuchCart(NotFound):
    """There is no such cart, or it was cancelled."""


class NotCancelable(KupecError):
    """The session is over or being paid: it cannot be cancelled any more."""

    status = 405
    code = "not_cancelable"


class PaymentHandlerUnknown(KupecError):
    """This payment handler is not offered here; “{offered}” is."""

    status = 400
    code = "unsupported"


class PlatformTaken(KupecError):
    """There is a platform “{platform_code}” already. Please choose another code."""

    status = 409
    code = "platform_taken"


class NoSuchPlatform(NotFound):
    """There is no such platform."""

"""What a platform may be told. The docstring is the message; where no status is given, it is a business outcome."""

from kupec.kit.errors import KupecError, NotFound


class InvalidProfile(KupecError):
    """The UCP-Agent header must name your profile, as in profile="https://agent.example/.well-known/ucp"."""

    status = 400
    code = "invalid_profile_url"


class VersionUnsupported(KupecError):
    """This shop speaks version {spoken} of the protocol, not {version}."""

    status = 422
    code = "version_unsupported"


class CapabilitiesIncompatible(KupecError):
    """What this is about is not among the capabilities that your profile and this shop have in common."""

    status = 200
    code = "capabilities_incompatible"


class InvalidKey(KupecError):
    """An Idempotency-Key is 8 to 128 letters, digits, hyphens and underscores, such as a UUID."""

    status = 400
    code = "invalid_idempotency_key"


class KeyMissing(KupecError):
    """This request needs an Idempotency-Key: a UUID that stays the same whenever the request is repeated."""

    status = 400
    code = "idempotency_key_missing"


class MalformedRequest(KupecError):
    """The request cannot be read: {reason}."""

    status = 400
    code = "malformed_request"


class RequestTooLarge(KupecError):
    """At most {most} identifiers may be looked up at once."""

    status = 400
    code = "request_too_large"


class EmptySearch(KupecError):
    """A search needs words, a category or a price range."""

    status = 400
    code = "empty_search"


class SessionNotFound(NotFound):
    """There is no such checkout session."""


class BasketNotFound(NotFound):
    """There is no such cart."""


class OrderNotFound(NotFound):
    """There is no such order."""


class ItemUnavailable(KupecError):
    """The item “{item}” is not sold here."""

    status = 200
    code = "item_unavailable"


class SessionOver(KupecError):
    """This session has become an order and stays as it is. Ask the shop to change or cancel the order."""

    status = 409
    code = "session_completed"


class SessionGivenUp(KupecError):
    """This session was cancelled and stays as it is. Open a new one."""

    status = 409
    code = "session_canceled"


class SoldOut(KupecError):
    """“{item}” is sold out."""

    status = 200
    code = "out_of_stock"


class ProductNotFound(NotFound):
    """Nothing is sold here as “{item}”."""


class MethodUnavailable(KupecError):
    """We deliver; there is no other way to get the goods."""

    status = 200
    code = "fulfillment_method_unavailable"


class UnknownHandler(KupecError):
    """This payment handler is not offered here; these are: {offered}."""

    status = 200
    code = "payment_failed"


class KeyRefused(KupecError):
    """The machine's key does not let it buy: it is unknown, has expired, was revoked, or is not for buying."""

    status = 200
    code = "payment_failed"

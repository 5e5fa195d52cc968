"""What may go wrong between the shop and other systems."""

from kupec.kit.errors import KupecError


class UnknownKey(KupecError):
    """This API key is not known, has expired or was revoked."""

    status = 401
    code = "unknown_key"


class KeyMissing(KupecError):
    """Send your API key in the header “Authorization: Bearer …”."""

    status = 401
    code = "key_missing"


class ScopeMissing(KupecError):
    """This API key does not have the scope “{scope}”."""

    status = 403
    code = "scope_missing"


class RateLimited(KupecError):
    """This API key makes more than {limit} requests a minute. Wait a moment and repeat the request."""

    status = 429
    code = "rate_limited"


class KeyNeeded(KupecError):
    """This request needs an Idempotency-Key of 8 to 128 letters, digits, hyphens and underscores."""

    status = 400
    code = "idempotency_key_missing"


class CursorUnknown(KupecError):
    """This cursor is not known here. Read everything anew, then go on from the cursor “latest”."""

    status = 410
    code = "cursor_unknown"

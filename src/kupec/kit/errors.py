"""Typed errors. The docstring of an error is its message; `{…}` in it is filled from the error's details.

The edge renders them as problem+json (RFC 9457) or, for people, as translated text beside the field.
"""

import inspect
from typing import Any, ClassVar


class KupecError(Exception):
    """Something went wrong on our side. Nothing was changed."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, *, field: str | None = None, **details: Any) -> None:
        self.field = field
        self.details = details
        super().__init__(self.message)

    @classmethod
    def template(cls) -> str:
        """The untranslated message, as it stands in the translation catalogues."""
        return inspect.cleandoc(cls.__doc__ or "")

    @property
    def message(self) -> str:
        """The message in English."""
        return self.template().format_map({"field": self.field, **self.details})

    def problem(self) -> dict[str, Any]:
        """This error as a problem+json object."""
        body: dict[str, Any] = {
            "type": f"urn:kupec:error:{self.code}",
            "title": self.message,
            "status": self.status,
            "code": self.code,
        }
        if self.field is not None:
            body["field"] = self.field
        return body


class InvalidValue(KupecError):
    """“{field}” is not valid: expected {expected}."""

    status = 422
    code = "invalid_value"


class NotFound(KupecError):
    """There is no such {what}."""

    status = 404
    code = "not_found"


class Conflict(KupecError):
    """This was changed by someone else in the meantime. Load it again and repeat the change."""

    status = 409
    code = "conflict"


class IdempotencyMismatch(KupecError):
    """This idempotency key was already used with a different request."""

    status = 409
    code = "idempotency_mismatch"


class NotSignedIn(KupecError):
    """Please sign in first."""

    status = 401
    code = "not_signed_in"


class Forbidden(KupecError):
    """Your role does not allow this ({permission})."""

    status = 403
    code = "forbidden"


class TooManyRequests(KupecError):
    """Too many attempts. Please wait a moment and try again."""

    status = 429
    code = "too_many_requests"


def public_errors(root: type[KupecError] = KupecError) -> list[type[KupecError]]:
    """Every error type that has been imported: their templates must stand in the catalogues."""
    found = [root]
    for child in root.__subclasses__():
        found.extend(public_errors(child))
    return found

"""What can go wrong between agents and this door. The docstring is the message."""

from typing import ClassVar

from kupec.kit.errors import KupecError


class OAuthError(KupecError):
    """This request for access is not valid: {why}."""

    status = 400
    code = "oauth_error"
    error: ClassVar[str] = "invalid_request"
    """As RFC 6749 calls it."""


class InvalidClient(OAuthError):
    """This application is not known here. It has to register again."""

    status = 401
    code = "unknown_client"
    error = "invalid_client"


class InvalidGrant(OAuthError):
    """This code or token is not valid any more. Connect the agent again."""

    code = "invalid_grant"
    error = "invalid_grant"


class InvalidTarget(OAuthError):
    """Access is given to {resource} only."""

    code = "invalid_target"
    error = "invalid_target"


class InvalidScope(OAuthError):
    """There are the scopes “read” and “buy”."""

    code = "invalid_scope"
    error = "invalid_scope"


class UnsupportedGrantType(OAuthError):
    """Tokens are given for a code or a refresh token."""

    code = "unsupported_grant_type"
    error = "unsupported_grant_type"


class InvalidRedirect(OAuthError):
    """The address to go back to must be https, a local one, or an application's own, without a fragment."""

    code = "invalid_redirect_uri"
    error = "invalid_redirect_uri"


class InvalidMetadata(OAuthError):
    """This registration is not valid: {why}."""

    code = "invalid_client_metadata"
    error = "invalid_client_metadata"


class AskExpired(KupecError):
    """This request for access is over: it has expired, or was answered already. Start again in the application."""

    status = 409
    code = "ask_expired"

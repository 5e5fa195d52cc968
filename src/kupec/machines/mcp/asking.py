"""An application asks for access: its request is checked, and carried to the consent page under our signature."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.signing import sign, unsign
from kupec.machines.mcp.clients import allowed_redirect, get_client
from kupec.machines.mcp.errors import (
    AskExpired,
    InvalidRedirect,
    InvalidScope,
    InvalidTarget,
    OAuthError,
)
from kupec.machines.mcp.models import ACCESS_SCOPES, ASK_LIFE, AccessScope, Ask

_PURPOSE: Final = "mcp-ask"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_STATE: Final = 1000


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The application is told, at its own address."""

    address: str


async def read_ask(db: Connection, asked: Mapping[str, str], *, issuer: str, resource: str) -> Ask | Refused:
    """The request for access as it may be shown to a customer, or where to go with what is wrong with it.

    Raises InvalidClient and InvalidRedirect: then there is nobody whom to send the customer back to.
    """
    client = await get_client(db, asked.get("client_id", ""))
    redirect = asked.get("redirect_uri") or (client.redirect_uris[0] if len(client.redirect_uris) == 1 else "")
    if not allowed_redirect(redirect, client.redirect_uris):
        raise InvalidRedirect(field="redirect_uri")
    state = asked.get("state")
    try:
        if state is not None and len(state) > _LONGEST_STATE:
            state = None
            raise OAuthError(why=f"a state of at most {_LONGEST_STATE} characters")
        if asked.get("response_type") != "code":
            raise OAuthError(why="response_type is “code”")
        if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
            raise OAuthError(why="a code_challenge by S256 is needed")
        check_resource(asked.get("resource"), resource)
        scopes = read_scopes(asked.get("scope"))
    except OAuthError as error:
        return Refused(address=go_back(redirect, state, issuer, error=error.error, error_description=error.message))
    return Ask(
        id=uuid7(),
        client_id=client.id,
        redirect_uri=redirect,
        challenge=asked["code_challenge"],
        scopes=scopes,
        state=state,
    )


def check_resource(named: str | None, resource: str) -> None:
    """Access is for this address alone (RFC 8707). Raises InvalidTarget."""
    if named is not None and named.rstrip("/") != resource:
        raise InvalidTarget(resource=resource)


def read_scopes(text: str | None) -> list[AccessScope]:
    """The scopes that are asked for; none named is reading. Words that are not ours are let be. Raises InvalidScope."""
    wanted = (text or "read").split()
    known = [scope for scope in ACCESS_SCOPES if scope in wanted]
    if not known:
        raise InvalidScope
    return known if "read" in known else ["read", *known]


def seal_ask(ask: Ask, secret: str, *, now: datetime) -> str:
    """The request as a text that only we can have written."""
    packed = base64.urlsafe_b64encode(msgspec.json.encode(ask)).decode().rstrip("=")
    return sign(secret, _PURPOSE, packed, expires=now + ASK_LIFE)


def open_ask(text: str, secret: str, *, now: datetime) -> Ask:
    """Raises AskExpired, also for what we have not written."""
    packed = unsign(secret, _PURPOSE, text, now=now)
    if packed is None:
        raise AskExpired
    return msgspec.json.decode(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), type=Ask)


def go_back(redirect: str, state: str | None, issuer: str, **said: str) -> str:
    """The application's address with an answer, and who it is from (RFC 9207)."""
    parts = urlsplit(redirect)
    answer = {**said, **({"state": state} if state is not None else {}), "iss": issuer}
    query = "&".join(part for part in (parts.query, urlencode(answer)) if part)
    return urlunsplit(parts._replace(query=query))

"""Who calls: a machine by its key, or a guest; how often they may; and that no page of somebody else's sends them."""

import time
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from litestar import Request
from litestar.datastructures import State

from kupec.catalogue import Market, markets
from kupec.customers import get_party, roles_of, roots
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.errors import TooManyRequests
from kupec.kit.i18n import LANGUAGES, best_language
from kupec.kit.rates import RateLimit
from kupec.kit.settings import Settings
from kupec.kit.tools import ToolContext
from kupec.machines.mandates import MachineCaller, UnknownMachineKey, authenticate, mandates_for
from kupec.machines.mcp.door import Door

AnyRequest = Request[Any, Any, State]
CHANNEL: Final = "machine"
GUESTS_A_MINUTE: Final = 60
"""Calls of one address without a key."""
CALLS_A_MINUTE: Final = 600
"""Calls of one machine."""
WRONG_KEYS_A_MINUTE: Final = 20
REGISTRATIONS_A_MINUTE: Final = 10
REGISTRATIONS_AN_HOUR: Final = 60
"""From one address, or one line of IPv6: what all may register together is not for one of them alone."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls. `machine` is None for a guest, who has no scopes."""

    machine: MachineCaller | None
    scopes: frozenset[str]
    language: str
    at_home: str
    """The language of whom it is for: it says where they buy, whatever is spoken."""

    of_organisation: bool = False

    @property
    def is_paused(self) -> bool:
        return self.machine is not None and self.machine.machine.state == "paused"

    @property
    def signed_in(self) -> bool:
        return self.machine is not None


def resource_of(settings: Settings) -> str:
    """What this door is called among resources (RFC 8707, RFC 9728)."""
    return f"{settings.base_url.rstrip('/')}/mcp"


def issuer_of(settings: Settings) -> str:
    return settings.base_url.rstrip("/")


def from_elsewhere(request: AnyRequest, settings: Settings) -> bool:
    """Whether a page of another site sends this. The shop's own address is asked, not the Host header: a name that was
    turned to this address (DNS rebinding) would agree with itself.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        sent, ours = urlsplit(origin), urlsplit(settings.base_url)
    except ValueError:
        return True
    return (sent.scheme, sent.netloc) != (ours.scheme, ours.netloc)


def limit(request: AnyRequest, what: str, most: int, who: str | None = None) -> None:
    """At most so many a minute of this machine, or of the address. Nothing is limited where the shop's limit is off.

    Raises TooManyRequests.
    """
    state = request.app.state
    if "mcp_limits" not in state:
        state.mcp_limits = RateLimit()
    if not state.site.settings.rate_limit:
        return
    asker = who or (request.client.host if request.client else "")
    if not state.mcp_limits.allows(f"{what}@{asker}", most, at=time.monotonic()):
        raise TooManyRequests


def limit_registrations(request: AnyRequest) -> None:
    """Raises TooManyRequests for an address from which too many applications register, in a minute or in an hour."""
    limit(request, "register", REGISTRATIONS_A_MINUTE)
    state = request.app.state
    if "mcp_hours" not in state:
        state.mcp_hours = RateLimit()
    line = line_of(request.client.host if request.client else "")
    hours = time.monotonic() / 60  # its window is a minute of what it is told
    if state.site.settings.rate_limit and not state.mcp_hours.allows(line, REGISTRATIONS_AN_HOUR, at=hours):
        raise TooManyRequests


def line_of(address: str) -> str:
    """Whose address it is: of IPv6 a household has a whole /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


async def caller_of(request: AnyRequest, door: Door) -> Caller:
    """Whose key this is. Raises UnknownMachineKey, also where there is none; TooManyRequests."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnknownMachineKey
    try:
        async with door.database.reading() as db:
            machine = await authenticate(db, token.strip(), now=door.clock.now())
            owner = await get_party(db, machine.machine.party_id)
    except UnknownMachineKey:
        limit(request, "key", WRONG_KEYS_A_MINUTE)
        raise
    limit(request, "machine", CALLS_A_MINUTE, str(machine.machine.id))
    return Caller(
        machine=machine,
        scopes=frozenset(machine.scopes),
        language=spoken(request, owner.language),
        at_home=owner.language,
        of_organisation=owner.kind == "organisation",
    )


def guest_of(request: AnyRequest) -> Caller:
    """Anybody, without a key. Raises TooManyRequests."""
    limit(request, "guest", GUESTS_A_MINUTE)
    language = spoken(request, "en")
    return Caller(machine=None, scopes=frozenset(), language=language, at_home=language)


def spoken(request: AnyRequest, otherwise: str) -> str:
    """The language that the caller names, else their own."""
    known = otherwise if otherwise in LANGUAGES else "en"
    return best_language(request.headers.get("accept-language", ""), known)


async def context_of(db: Connection, door: Door, caller: Caller, key: str, now: datetime) -> ToolContext:
    """Who asks, as tools are told it: the machine's owner, with their own rights of today, proven by the key."""
    market = await _market(db, caller)
    actor, party_id = await _owner(db, caller)
    return ToolContext(
        db=db,
        actor=actor,
        now=now,
        key=key,
        language=caller.language,
        market=market.code,
        channel=CHANNEL,
        currency=market.currency,
        customer_id=party_id,
        party_id=party_id,
        proven=party_id is not None,
        base_url=door.settings.base_url,
        services=door.tool_services,
    )


async def _owner(db: Connection, caller: Caller) -> tuple[Actor, UUID | None]:
    if caller.machine is None:
        return guest(uuid4()), None
    owner = caller.machine.machine.party_id
    root = (await roots(db, [owner]))[owner]
    return customer(root, await roles_of(db, root)), root


async def _market(db: Connection, caller: Caller) -> Market:
    """Where a machine may buy, else the market of its owner's language, else the first. A shop without any can still be
    asked.
    """
    known = await markets(db)
    held = await mandates_for(db, caller.machine.machine.id) if caller.machine else []
    where = {mandate.market for mandate in held if mandate.revoked_at is None}
    at_home = [market for market in known if market.language == caller.at_home]
    nowhere = Market(code="", language=caller.at_home, currency="EUR", home_country="", countries=[])
    return next(iter([*(market for market in known if market.code in where), *at_home, *known]), nowhere)

"""Where calls to other systems may go: to addresses of the public internet over TLS, and nowhere into our own network.

The name is resolved once, what it resolves to is checked, and the connection is made to exactly that: a name that
answers otherwise the next time (rebinding) gains nothing. Redirects are not followed by those who use this.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _

LONGEST_URL: Final = 2_000
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_NAT64: Final = IPv6Network("64:ff9b::/96")
# Looks public, but is the platform's own door on Azure.
_METADATA: Final = frozenset({IPv4Address("168.63.129.16")})

_Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


class ForbiddenAddress(KupecError):
    """Calls to this address are not made: {reason}."""

    status = 422
    code = "forbidden_address"


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Where calls may go besides the public internet.

    `allowed` are host names, addresses or networks ("erp.lan", "10.1.0.0/16"). `local` lets them go to this machine
    over plain HTTP, for the demo.
    """

    allowed: tuple[str, ...] = ()
    local: bool = False


def reach_of(allowed: str, *, local: bool) -> Reach:
    """From a setting: entries separated by commas or spaces."""
    return Reach(allowed=tuple(allowed.replace(",", " ").lower().split()), local=local)


def check_url(url: str, reach: Reach) -> str:
    """The address of an endpoint, as far as it can be judged without asking the network. Raises InvalidValue (url)."""
    example = _("an address such as https://erp.example/webhooks")
    try:
        # As the client will read it: another parser might see another host in a hostile address.
        parts = URL(url)
        host, port = parts.raw_host or "", parts.port
    except ValueError:
        raise InvalidValue(field="url", expected=example) from None
    fit = 0 < len(url) <= LONGEST_URL and host and port and url.isprintable() and " " not in url
    if not fit or parts.scheme not in ("https", "http") or parts.user or parts.password or parts.fragment:
        raise InvalidValue(field="url", expected=example)
    if parts.scheme == "http" and not (reach.local and host in _LOCAL):
        raise InvalidValue(field="url", expected=_("an address that begins with https://"))
    literal = _literal(host)
    if literal is not None and not may_go(host, literal, reach):
        raise InvalidValue(field="url", expected=_("an address on the public internet"))
    return url


def may_go(host: str, address: _Address, reach: Reach) -> bool:
    """Whether a connection may be made to this address, which `host` has resolved to."""
    if _is_public(address) or host.lower() in reach.allowed:
        return True
    if reach.local and host.lower() in _LOCAL and _plain(address).is_loopback:
        return True
    return any(network is not None and _plain(address) in network for network in map(_network, reach.allowed))


async def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system's resolver has them. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(each[4][0]) for each in found]


class CheckedResolver(AbstractResolver):
    """For aiohttp: gives the addresses that may be connected to, or raises ForbiddenAddress (one bad one suffices)."""

    def __init__(self, reach: Reach, resolve: Resolve = resolve_by_system) -> None:
        self._reach = reach
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = [ip_address(text.partition("%")[0]) for text in await self._resolve(host, port)]
        for address in addresses:
            if not may_go(host, address, self._reach):
                raise ForbiddenAddress(reason=f"{host} is {address}")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


def _is_public(address: _Address) -> bool:
    plain = _plain(address)
    hidden = plain.is_multicast or plain.is_reserved or plain.is_unspecified or plain in _METADATA
    return plain.is_global and not hidden


def _plain(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one only wraps."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address


def _literal(host: str) -> _Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None

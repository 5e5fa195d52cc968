"""Another shop over the Universal Commerce Protocol: discovered, asked, ordered at. Every request is signed."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import msgspec

from kupec.kit.errors import KupecError
from kupec.kit.outside import Answer, CallFailed
from kupec.machines.sourcing import answers
from kupec.machines.sourcing.errors import NoOffer
from kupec.machines.trust import PlatformProfile, Trust

S = TypeVar("S", bound=msgspec.Struct)
SERVICE: Final = "dev.ucp.shopping"
_MOST: Final = 512_000  # bytes of an answer
_SERVER_FAULT: Final = 500


class Undecided(KupecError):
    """The seller does not say whether it has taken the order: {reason}."""

    code = "seller_undecided"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """How an order is paid there: one of the seller's ways, and what pays."""

    handler: str
    type: str
    token: str


class SellerClient:
    """One seller. Raises NoOffer with a code for whatever it does but sell; nothing that it answers harms us."""

    def __init__(self, trust: Trust, url: str) -> None:
        self._trust = trust
        self._profile_url = f"{url}/.well-known/ucp"
        self._endpoint: str | None = None

    async def discover(self) -> str:
        """Where its API is, as its profile says: on its own host, since the owner trusts no other."""
        if self._endpoint is None:
            try:
                profile = await self._trust.profile(self._profile_url)
            except KupecError as error:
                raise NoOffer(reason=error.code) from None
            self._endpoint = _endpoint(profile, self._profile_url)
        return self._endpoint

    async def search(self, text: str, *, limit: int = 10) -> answers.Found:
        """Goods by words."""
        body = {"query": text, "pagination": {"limit": limit}}
        return await self._ask(answers.Found, "POST", "/catalog/search", body)

    async def lookup(self, items: Sequence[str]) -> dict[str, answers.Variant]:
        """By what was asked for, what the seller knows it as; what it does not know is missing."""
        found = await self._ask(answers.Found, "POST", "/catalog/lookup", {"ids": list(items)})
        known: dict[str, answers.Variant] = {}
        for product in found.products:
            for variant in product.variants:
                for name in [each.id for each in variant.inputs] or [variant.id]:
                    if name in items:
                        known.setdefault(name, variant)
        return known

    async def open_session(self, body: Mapping[str, Any]) -> answers.Session:
        return await self._ask(answers.Session, "POST", "/checkout-sessions", body, key=str(uuid4()))

    async def change_session(self, session_id: str, body: Mapping[str, Any]) -> answers.Session:
        return await self._ask(answers.Session, "PUT", _session(session_id), body, key=str(uuid4()))

    async def session(self, session_id: str) -> answers.Session:
        return await self._ask(answers.Session, "GET", _session(session_id))

    async def cancel(self, session_id: str) -> None:
        """Give a session up; whether the seller hears of it matters to nobody."""
        try:
            await self._ask(answers.Session, "POST", f"{_session(session_id)}/cancel", {}, key=str(uuid4()))
        except NoOffer:
            return

    async def complete(self, session_id: str, payment: Payment, *, key: str) -> answers.Session:
        """Order and pay; with the same key once, however often it is said.

        Raises NoOffer where the seller has refused, and Undecided where it may have ordered.
        """
        instrument = {
            "id": "owner",
            "handler_id": payment.handler,
            "type": payment.type,
            "selected": True,
            "credential": {"type": "token", "token": payment.token},
        }
        body = msgspec.json.encode({"payment": {"instruments": [instrument]}})
        try:
            answer = await self._call("POST", f"{_session(session_id)}/complete", body, key)
        except CallFailed as error:
            raise Undecided(reason=error.details["reason"]) from None
        if answer.status >= _SERVER_FAULT or answer.status in (409, 425, 429):
            raise Undecided(reason=f"status_{answer.status}")
        if not answer.arrived:
            raise NoOffer(reason=f"status_{answer.status}")
        try:
            return answers.read(answers.Session, answer.body)
        except NoOffer as error:
            if error.details["reason"] == "unreadable":
                raise Undecided(reason="unreadable") from None
            raise

    async def order(self, order_id: str) -> answers.Order:
        return await self._ask(answers.Order, "GET", f"/orders/{quote(order_id, safe='')}")

    async def _ask(
        self, kind: type[S], method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> S:
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = await self._call(method, path, content, key or (str(uuid4()) if content is not None else None))
        except CallFailed as error:
            raise NoOffer(reason=str(error.details["reason"])) from None
        if not answer.arrived:
            raise NoOffer(reason=f"status_{answer.status}")
        return answers.read(kind, answer.body)

    async def _call(self, method: str, path: str, content: bytes | None, key: str | None) -> Answer:
        headers = {"accept": "application/json"}
        if content is not None:
            headers["content-type"] = "application/json"
        if key is not None:
            headers["idempotency-key"] = key
        url = f"{await self.discover()}{path}"
        answer = await self._trust.call(method, url, headers=headers, body=content, most=_MOST)
        try:
            await self._trust.check_answer(answer, self._profile_url)
        except KupecError as error:
            raise CallFailed(reason=error.code) from None
        return answer


def _session(session_id: str) -> str:
    return f"/checkout-sessions/{quote(session_id, safe='')}"


def _endpoint(profile: PlatformProfile, profile_url: str) -> str:
    services = profile.document["ucp"].get("services")
    entries = services.get(SERVICE) if isinstance(services, dict) else None
    for entry in entries if isinstance(entries, list) else [entries]:
        if isinstance(entry, dict):
            rest = entry.get("rest")
            told = entry.get("endpoint") or (rest.get("endpoint") if isinstance(rest, dict) else None)
            if entry.get("transport", "rest") == "rest" and isinstance(told, str) and _same_house(told, profile_url):
                return told.rstrip("/")
    raise NoOffer(reason="no_rest_service")


def _same_house(endpoint: str, profile_url: str) -> bool:
    """Whether the endpoint is on the profile's host, or below it."""
    try:
        there, here = urlsplit(endpoint), urlsplit(profile_url)
        if there.scheme != here.scheme or there.query or there.fragment:
            return False
        host, home = there.hostname or "", here.hostname or ""
    except ValueError:
        return False
    if there.netloc == here.netloc:
        return True
    return host.endswith(f".{home}") and not _is_address(home)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

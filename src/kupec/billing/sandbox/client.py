"""The sandbox gateway as a card provider."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import aiohttp
import msgspec
from yarl import URL

from kupec.billing.models import (
    HERE,
    KeepFor,
    KeptCard,
    Notice,
    Outcome,
    OutcomeState,
    Payment,
    ProviderUnreachable,
    RefundOutcome,
)
from kupec.billing.sandbox.signature import verify
from kupec.billing.sandbox.wire import GatewayPayment, GaveBack, Message, NewCharge, NewGiveBack, Refused

PATIENCE = 15.0
"""Seconds a call may take, its repetition included. Well under billing's NOT_FOUND_GRACE."""

_STATES: dict[str, OutcomeState] = {
    "requires_action": "requires_action",
    "authorised": "authorised",
    "declined": "failed",
    "expired": "failed",
    "captured": "captured",
    "voided": "voided",
}
TYPED_THERE = "page"
_encode = msgspec.json.encode
_payment = msgspec.json.Decoder(GatewayPayment)
_gave_back = msgspec.json.Decoder(GaveBack)
_refused = msgspec.json.Decoder(Refused)
_message = msgspec.json.Decoder(Message)
T = TypeVar("T")


class SandboxCards:
    """A CardProvider that speaks HTTP with the gateway; one for each process, as it keeps its connections.

    `authorise` with "customer:card" charges a kept card while its owner is away, with "here:customer:card" one that
    they have chosen on our page, with nothing one that is typed on a page of the gateway's.
    Every call carries an idempotency key, so one that lost its connection is repeated once at once.
    """

    name = "sandbox"

    def __init__(
        self, url: str, *, key: str, webhook_secret: str, connections: int = 64, patience: float = PATIENCE
    ) -> None:
        self._url = url.rstrip("/")
        self._payments = URL(f"{self._url}/v1/payments", encoded=True)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._webhook_secret = webhook_secret
        self._connections = connections
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def authorise(self, payment: Payment, *, token: str, return_url: str, keep: KeepFor | None = None) -> Outcome:
        customer, _, card = token.removeprefix(HERE).rpartition(":")
        charge = NewCharge(
            amount=payment.amount,
            currency=payment.currency,
            token=card or TYPED_THERE,
            customer=customer,
            owner_away=bool(customer) and not token.startswith(HERE),
            keep_for=keep.party_id.hex if keep else "",
            return_url=return_url,
            metadata={"order_id": str(payment.order_id)},
        )
        status, body = await self._call("POST", self._payments, _encode(charge), key=str(payment.id))
        if status == 409:
            # Asked before with other words (another card): what was asked first is what counts.
            return await self.find(payment)
        if status == 422:
            return Outcome(payment_id=payment.id, state="failed", error_code=_read(_refused, body).error.code)
        return _outcome(payment, status, body)

    async def capture(self, payment: Payment) -> Outcome:
        return await self._on_known(payment, "capture")

    async def void(self, payment: Payment) -> Outcome:
        return await self._on_known(payment, "void")

    async def find(self, payment: Payment) -> Outcome:
        status, body = await self._call("GET", self._payments.with_query(key=str(payment.id)))
        return _outcome(payment, status, body)

    async def refund(self, payment: Payment, *, refund_id: UUID, amount: int) -> RefundOutcome:
        url = URL(f"{self._payments}/{payment.provider_reference}/refunds", encoded=True)
        status, body = await self._call("POST", url, _encode(NewGiveBack(amount=amount)), key=str(refund_id))
        if status == 200:
            return RefundOutcome(done=True, reference=_read(_gave_back, body).id)
        if status in (404, 422):
            return RefundOutcome(done=False, error_code=_read(_refused, body).error.code)
        raise ProviderUnreachable(f"answered {status}")

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """A message about something else than a payment of ours is a Notice without outcome."""
        external_id = verify(self._webhook_secret, headers, body, now=now)
        try:
            message = _message.decode(body)
            payment_id = UUID(message.data.key)
        except (msgspec.DecodeError, ValueError):
            return Notice(external_id=external_id, outcome=None)
        known = message.type.startswith("payment.")
        return Notice(external_id=external_id, outcome=_said(payment_id, message.data) if known else None)

    async def _on_known(self, payment: Payment, step: str) -> Outcome:
        """Do `step` with a payment; one whose reference we never learnt is looked up first."""
        reference = payment.provider_reference
        if reference is None:
            found = await self.find(payment)
            if found.reference is None:
                return found
            reference = found.reference
        url = URL(f"{self._payments}/{reference}/{step}", encoded=True)
        status, body = await self._call("POST", url)
        return _outcome(payment, status, body)

    async def _call(self, method: str, url: URL, body: bytes | None = None, *, key: str = "") -> tuple[int, bytes]:
        headers = {**self._headers, "Idempotency-Key": key} if key else self._headers
        try:
            async with asyncio.timeout(self._patience):
                try:
                    return await self._send(method, url, body, headers)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                    # A kept connection may have been closed just as we wrote; the key makes repeating safe.
                    return await self._send(method, url, body, headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnreachable(f"{type(error).__name__}: {error}") from error

    async def _send(self, method: str, url: URL, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self._open().request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            return response.status, await response.read()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            settings: dict[str, Any] = {"cookie_jar": aiohttp.DummyCookieJar(), "auto_decompress": False}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=3.0),
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
                **settings,
            )
        return self._session


def _read(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ProviderUnreachable(f"answered what cannot be read: {error}") from error


def _outcome(payment: Payment, status: int, body: bytes) -> Outcome:
    """409 shows the payment, too: as it is, instead of as it was to be."""
    if status in (200, 409):
        return _said(payment.id, _read(_payment, body))
    if status == 404:
        return Outcome(payment_id=payment.id, state="not_found")
    raise ProviderUnreachable(f"answered {status}")


def _said(payment_id: UUID, found: GatewayPayment) -> Outcome:
    state = _STATES[found.state]
    return Outcome(
        payment_id=payment_id,
        state=state,
        reference=found.id,
        amount=found.amount,
        currency=found.currency,
        action_url=found.action_url,
        error_code=(found.error or found.state) if state == "failed" else None,
        card_label=found.card,
        kept=_kept(found) if state in ("authorised", "captured") else None,
    )


def _kept(found: GatewayPayment) -> KeptCard | None:
    customer, _, card = found.metadata.get("kept_card", "").partition(":")
    return KeptCard(customer_reference=customer, card_reference=card, label=found.card or "Card") if card else None

"""The sandbox gateway's HTTP service. What it accepts and answers is described in docs/algorithms/payments.md."""

import asyncio
import hashlib
import hmac
import random
import re
import secrets
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from kupec.billing.sandbox.cards import BY_TOKEN, CARDS, DROPPING, SLOWNESS, TYPED_THERE, Card, recognise
from kupec.billing.sandbox.pages import confirm_page
from kupec.billing.sandbox.store import TOKEN_LIFE, Store, Stored
from kupec.billing.sandbox.wire import (
    Faults,
    GatewayPayment,
    GatewayState,
    GaveBack,
    NewCharge,
    NewGiveBack,
    NewToken,
    Refusal,
    Refused,
    Token,
)
from kupec.kit.i18n import mark as _

LARGEST_BODY = 16_384
LARGEST_AMOUNT = 10**12
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(/[!-~]*)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
_KEPT = "card_"
_BY_NUMBER = {card.number: card for card in CARDS}
_encode = msgspec.json.encode
T = TypeVar("T", NewCharge, NewGiveBack, NewToken, Faults)


class _Dropped(Exception):
    """The connection ends here, without an answer."""


class _Refuse(Exception):
    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = _encode(Refused(error=Refusal(code=code, message=message, field=field)))


class Gateway:
    """Answers requests; all it knows is in the store, apart from the faults ordered."""

    def __init__(self, store: Store, *, key: str, faults: Faults) -> None:
        self._store = store
        self._authorization = f"Bearer {key}".encode()
        self._faults = faults

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except _Refuse as refusal:
            await self._store.settled()
            return _json(refusal.body, refusal.status)
        except _Dropped:
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        match request.method, *parts:
            case "POST", "v1", "payments", *rest:
                self._authorise_caller(request)
                return await self._money(request, rest)
            case "GET", "v1", "payments":
                self._authorise_caller(request)
                return await self._find(request.query.get("key", ""))
            case "POST", "v1", "tokens":
                return await self._make_token(request)
            case "OPTIONS", "v1", "tokens":
                return web.Response(status=204, headers=_ANY_ORIGIN)
            case "GET" | "POST", "3ds", secret:
                return await self._confirm(request, secret)
            case "GET", "v1", "ledger":
                self._authorise_caller(request)
                return await self._ledger()
            case "POST", "v1", "faults":
                self._authorise_caller(request)
                self._faults = _read(Faults, await _body(request))
                return _json(_encode(self._faults))
            case "GET", "healthz":
                return web.Response(text="ok")
        raise _Refuse(404, "not_found", "There is nothing here.")

    def _authorise_caller(self, request: web.BaseRequest) -> None:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._authorization):
            raise _Refuse(401, "invalid_key", "The key is missing or wrong.")

    async def _bad_luck(self) -> bool:
        """The ordered faults; True when the reply is to be dropped."""
        faults = self._faults
        if faults.delay_ms:
            await asyncio.sleep(faults.delay_ms / 1000)
        if faults.lose_rate and random.random() < faults.lose_rate:  # noqa: S311
            raise _Dropped
        if faults.error_rate and random.random() < faults.error_rate:  # noqa: S311
            raise _Refuse(503, "unavailable", "Please try again later.")
        return bool(faults.drop_rate) and random.random() < faults.drop_rate  # noqa: S311

    async def _money(self, request: web.BaseRequest, rest: list[str]) -> web.Response:
        body = await _body(request)
        drop = await self._bad_luck()
        key = request.headers.get("Idempotency-Key", "")
        match rest:
            case []:
                response = await self._authorise(key, body)
            case payment_id, "capture":
                response = self._capture(self._known(payment_id))
            case payment_id, "void":
                response = self._void(self._known(payment_id))
            case payment_id, "refunds":
                response = self._refund(self._known(payment_id), key, body)
            case _:
                raise _Refuse(404, "not_found", "There is nothing here.")
        await self._store.settled()
        if drop:
            raise _Dropped
        return response

    def _known(self, payment_id: str) -> Stored:
        stored = self._store.payment("id", payment_id)
        if stored is None:
            raise _Refuse(404, "not_found", "There is no such payment.")
        return stored

    async def _authorise(self, key: str, body: bytes) -> web.Response:
        charge = _checked(_read(NewCharge, body), key)
        request_hash = hashlib.sha256(body).digest()
        rows = self._store.rows("select request_hash, reply, behaviour from payment where key = ?", (key,))
        if rows:
            return await self._repeat(request_hash, *rows[0])
        card = (
            self._kept(charge) if charge.customer and charge.token.startswith(_KEPT) else self._card(charge.token, key)
        )
        if card.behaviour == "lost":
            raise _Dropped
        state, error = _verdict(card, owner_away=charge.owner_away)
        shown = GatewayPayment(
            id=f"pay_{secrets.token_hex(12)}",
            key=key,
            state=state,
            amount=charge.amount,
            currency=charge.currency,
            card=card.label,
            error=error,
            metadata=charge.metadata | self._keep(charge, card, state),
        )
        secret = secrets.token_urlsafe(24) if state == "requires_action" else None
        shown = msgspec.structs.replace(shown, action_url=self._store.action_url(secret))
        reply = _encode(shown)
        stored = Stored(shown=shown, behaviour=card.behaviour, secret=secret, return_url=charge.return_url)
        self._store.add(stored, request_hash, reply)
        if card.behaviour in DROPPING:
            await self._store.settled()
            raise _Dropped
        if card.behaviour == "slow":
            await asyncio.sleep(SLOWNESS)
        return _json(reply)

    async def _repeat(self, request_hash: bytes, known_hash: bytes, reply: bytes, behaviour: str) -> web.Response:
        if not hmac.compare_digest(request_hash, known_hash):
            raise _Refuse(409, "idempotency_mismatch", "This key stands for another request.")
        if behaviour == "drop_always":
            await self._store.settled()
            raise _Dropped
        return _json(reply)

    def _keep(self, charge: NewCharge, card: Card, state: GatewayState) -> dict[str, str]:
        """The same customer's same card is kept under the same name."""
        if not charge.keep_for or state == "declined":
            return {}
        customer = f"cus_{charge.keep_for}"
        name = _KEPT + hashlib.sha256(f"{customer}:{card.number}".encode()).hexdigest()[:24]
        self._store.change("insert or ignore into kept values (?, ?, ?)", (name, customer, card.number))
        return {"kept_card": f"{customer}:{name}"}

    def _kept(self, charge: NewCharge) -> Card:
        """A card that is kept for this customer, and for nobody else."""
        rows = self._store.rows(
            "select number from kept where card = ? and customer = ?", (charge.token, charge.customer)
        )
        if not rows:
            raise _Refuse(422, "invalid_token", "No such card is kept for this customer.", "token")
        return _BY_NUMBER[rows[0][0]]

    def _card(self, token: str, key: str) -> Card:
        if token == TYPED_THERE.token:
            return TYPED_THERE
        if token in BY_TOKEN:
            return BY_TOKEN[token]
        rows = self._store.rows(
            "select number, used_by from token where token = ? and made_at > unixepoch() - ?", (token, TOKEN_LIFE)
        )
        if not rows:
            raise _Refuse(422, "invalid_token", "This token is unknown or too old.", "token")
        number, used_by = rows[0]
        if used_by not in (None, key):
            raise _Refuse(422, "token_used", "This token was used for another payment.", "token")
        self._store.change("update token set used_by = ? where token = ?", (key, token))
        return _BY_NUMBER[number]

    def _capture(self, stored: Stored) -> web.Response:
        shown = stored.shown
        if shown.state == "authorised":
            if stored.behaviour == "capture_fails":
                return _json(_encode(self._store.move(shown, "expired", error="authorisation_expired")), 409)
            shown = self._store.move(shown, "captured")
        return _json(_encode(shown), 200 if shown.state == "captured" else 409)

    def _void(self, stored: Stored) -> web.Response:
        shown = stored.shown
        if shown.state in ("authorised", "requires_action"):
            shown = self._store.move(shown, "voided")
        return _json(_encode(shown), 200 if shown.state == "voided" else 409)

    def _refund(self, stored: Stored, key: str, body: bytes) -> web.Response:
        amount = _read(NewGiveBack, body).amount
        shown = stored.shown
        request_hash = hashlib.sha256(shown.id.encode() + body).digest()
        if not key:
            raise _Refuse(422, "key_required", "A refund needs an Idempotency-Key.")
        rows = self._store.rows("select request_hash, reply from refund where key = ?", (key,))
        if rows:
            if not hmac.compare_digest(request_hash, rows[0][0]):
                raise _Refuse(409, "idempotency_mismatch", "This key stands for another request.")
            return _json(rows[0][1])
        if shown.state != "captured":
            raise _Refuse(422, "not_captured", "Nothing was captured.")
        if not 0 < amount <= shown.amount - shown.refunded:
            raise _Refuse(422, "amount_too_large", "That is more than is left.", "amount")
        if stored.behaviour == "refund_fails":
            raise _Refuse(422, "refund_refused", "The customer's bank refuses the refund.")
        reply = _encode(GaveBack(id=f"ref_{secrets.token_hex(12)}", payment=shown.id, amount=amount))
        self._store.give_back(shown, key, request_hash, amount, reply)
        return _json(reply)

    async def _find(self, key: str) -> web.Response:
        drop = await self._bad_luck()
        self._store.expire()
        stored = self._store.payment("key", key)
        await self._store.settled()
        if drop:
            raise _Dropped
        if stored is None:
            raise _Refuse(404, "not_found", "There is no such payment.")
        return _json(_encode(stored.shown))

    async def _make_token(self, request: web.BaseRequest) -> web.Response:
        """For browsers of any origin: it takes a card and gives away nothing."""
        try:
            card = recognise(_read(NewToken, await _body(request)))
            if isinstance(card, Refusal):
                raise _Refuse(422, card.code, card.message, card.field)
        except _Refuse as refusal:
            return _json(refusal.body, refusal.status, _ANY_ORIGIN)
        token = f"tok_{secrets.token_urlsafe(24)}"
        self._store.change("delete from token where made_at < unixepoch() - ?", (TOKEN_LIFE,))
        self._store.change("insert into token values (?, ?, null, unixepoch())", (token, card.number))
        await self._store.settled()
        return _json(_encode(Token(token=token, card=card.label)), 200, _ANY_ORIGIN)

    async def _confirm(self, request: web.BaseRequest, secret: str) -> web.StreamResponse:
        # Read before looking: nothing may happen to the payment between the look and the decision.
        form = parse_qs((await _body(request)).decode("ascii", "replace"))
        self._store.expire()
        stored = self._store.payment("secret", secret)
        if stored is None:
            raise _Refuse(404, "not_found", "There is no such payment.")
        waiting = stored.shown.state == "requires_action"
        if request.method == "GET" and waiting:
            return _page(request, stored)
        if request.method == "POST" and waiting:
            decision = form.get("decision", [""])[0]
            if stored.behaviour == "typed_there" and decision == "confirm":
                refused = self._typed(stored, form)
                if refused is not None:
                    return _page(request, stored, problem=refused.message)
            elif decision == "confirm":
                self._store.move(stored.shown, "authorised")
            elif decision == "decline":
                self._store.move(stored.shown, "declined", error="authentication_failed")
            else:
                raise _Refuse(422, "invalid_decision", "Confirm or decline.")
        await self._store.settled()
        return web.Response(status=303, headers={"Location": stored.return_url, "Cache-Control": "no-store"})

    def _typed(self, stored: Stored, form: Mapping[str, list[str]]) -> Refusal | None:
        """A card was typed on our page: hold the money, or decline, as that card does; or what is wrong with it."""
        month, _slash, year = form.get("expiry", [""])[0].partition("/")
        if not (month.strip().isdecimal() and year.strip().isdecimal()):
            return Refusal(code="invalid_expiry", field="expiry", message=_("The expiry date is written as 12/34."))
        number, cvc = form.get("number", [""])[0], form.get("cvc", [""])[0]
        card = recognise(NewToken(number=number, exp_month=int(month), exp_year=int(year), cvc=cvc))
        if isinstance(card, Refusal):
            return card
        state, error = _verdict(card, owner_away=False)
        # Whoever typed it here is here to confirm it, too.
        self._store.change(
            "update payment set card = ?, behaviour = ? where id = ?", (card.label, card.behaviour, stored.shown.id)
        )
        shown = msgspec.structs.replace(stored.shown, card=card.label)
        self._store.move(shown, "authorised" if state == "requires_action" else state, error=error)
        return None

    async def _ledger(self) -> web.Response:
        payments, sums = self._store.all_payments(), self._store.sums()
        (waiting,) = self._store.rows("select count(*) from message")[0]
        await self._store.settled()
        return _json(_encode({"payments": payments, "sums": sums, "webhooks_waiting": waiting}))


def _checked(charge: NewCharge, key: str) -> NewCharge:
    if not 8 <= len(key) <= 200:
        raise _Refuse(422, "key_required", "A payment needs an Idempotency-Key.")
    if not 0 < charge.amount <= LARGEST_AMOUNT:
        raise _Refuse(422, "invalid_amount", "The amount must be above zero.", "amount")
    if not _CURRENCY.fullmatch(charge.currency):
        raise _Refuse(422, "invalid_currency", "The currency must be an ISO 4217 code.", "currency")
    if len(charge.return_url) > 2000 or not _ADDRESS.fullmatch(charge.return_url):
        raise _Refuse(422, "invalid_return_url", "The return_url must be an http address.", "return_url")
    return charge


def _verdict(card: Card, *, owner_away: bool) -> tuple[GatewayState, str | None]:
    if card.behaviour == "insufficient_funds":
        return "declined", "insufficient_funds"
    if card.behaviour == "absent_refused" and owner_away:
        return "declined", "refused_off_session"
    if card.behaviour == "typed_there":
        return "requires_action", None
    if card.behaviour == "requires_action":
        return ("declined", "authentication_required") if owner_away else ("requires_action", None)
    return "authorised", None


def _page(request: web.BaseRequest, stored: Stored, *, problem: str = "") -> web.Response:
    page, headers = confirm_page(
        stored.shown,
        return_url=stored.return_url,
        accept_language=request.headers.get("Accept-Language", ""),
        typed_there=stored.behaviour == "typed_there",
        problem=problem,
    )
    return web.Response(text=page, content_type="text/html", headers=headers, status=422 if problem else 200)


async def _body(request: web.BaseRequest) -> bytes:
    body = await request.read() if (request.content_length or 0) <= LARGEST_BODY else b""
    if len(body) > LARGEST_BODY or (request.content_length or 0) > LARGEST_BODY:
        raise _Refuse(413, "too_large", "The body is too large.")
    return body


def _read(kind: type[T], body: bytes) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise _Refuse(422, "invalid_body", str(error)) from error


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)

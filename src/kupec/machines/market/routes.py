"""The market over HTTP, for machines with a key: docs/market.md. Errors are problem+json."""

import re
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath

from kupec.kit.actor import Actor, machine
from kupec.kit.db import Connection
from kupec.kit.door import Door
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.machines.mandates import KeyLacksScope, MachineCaller, UnknownMachineKey, authenticate
from kupec.machines.market.answering import set_quoting_policy, submit_quote
from kupec.machines.market.asking import open_rfq
from kupec.machines.market.awarding import choose_quote, decide_rfq
from kupec.machines.market.errors import QuoteLate
from kupec.machines.market.models import NewQuote, NewRfq, Rfq
from kupec.machines.market.openapi import document
from kupec.machines.market.replaying import replay
from kupec.machines.market.rows import award_of, open_rfqs, own_quote, quotes_of
from kupec.machines.market.shapes import (
    Choice,
    OpenRfqs,
    PolicyIn,
    PolicyStands,
    RfqShape,
    quote_shape,
    seen_by_buyer,
    seen_by_seller,
)

AnyRequest = Request[Any, Any, State]
_KEY = re.compile(r"[!-~]{1,200}")
Body = TypeVar("Body")


_rfq_in = msgspec.json.Decoder(NewRfq)
_quote_in = msgspec.json.Decoder(NewQuote)
_choice_in = msgspec.json.Decoder(Choice)
_policy_in = msgspec.json.Decoder(PolicyIn)


@post("/market/v1/rfqs", status_code=201)
async def ask(request: AnyRequest) -> Response[bytes]:
    """Ask all sellers. Needs the scope "buy" and an Idempotency-Key."""
    door, data = _door(request), await _read(request, _rfq_in)
    async with door.database.transaction() as db:
        caller, actor = await _caller(request, db, "buy")
        rfq = await open_rfq(db, caller.machine.id, data, key=_key(request), actor=actor, now=door.clock.now())
        return _answer(seen_by_buyer(rfq, None, None), status=201)


@get("/market/v1/rfqs")
async def requests(request: AnyRequest) -> Response[bytes]:
    """What may be quoted on now."""
    door = _door(request)
    async with door.database.transaction(quiet=True) as db:
        await _caller(request, db, "read")
        found = await open_rfqs(db, now=door.clock.now())
    return _answer(OpenRfqs(rfqs=[seen_by_seller(one) for one in found]))


@get("/market/v1/rfqs/{rfq:uuid}")
async def request_one(request: AnyRequest, rfq: FromPath[UUID]) -> Response[bytes]:
    """One request: for its machine with the quotes and the award once it is decided, for a seller with its own quote.

    Whoever looks first after the deadline has it decided.
    """
    door = _door(request)
    async with door.database.transaction() as db:
        caller, actor = await _caller(request, db, "read")
        found = await decide_rfq(db, rfq, now=door.clock.now())
        return _answer(await _shown(db, found, caller, actor, door))


@post("/market/v1/rfqs/{rfq:uuid}/quotes", status_code=201)
async def quote(request: AnyRequest, rfq: FromPath[UUID]) -> Response[bytes]:
    """A sealed quote in the place of the seller's earlier one. Needs the scope "buy"."""
    door, data = _door(request), await _read(request, _quote_in)
    now = door.clock.now()
    async with door.database.transaction() as db:
        caller, actor = await _caller(request, db, "buy")
        if caller.machine.state != "active":
            raise Forbidden(permission="quote")
        made = await submit_quote(db, rfq, caller.machine.id, data, actor=actor, now=now)
        deadline = await db.fetchval("select deadline from rfq where id = $1", rfq)
    if made.state == "late":
        raise QuoteLate(deadline=deadline.isoformat())
    return _answer(quote_shape(made, None), status=201)


@post("/market/v1/rfqs/{rfq:uuid}/award", status_code=200)
async def award(request: AnyRequest, rfq: FromPath[UUID]) -> Response[bytes]:
    """The buyer names the winner, where its rule says "named". Needs the scope "buy"."""
    door, data = _door(request), await _read(request, _choice_in)
    async with door.database.transaction() as db:
        caller, actor = await _caller(request, db, "buy")
        now = door.clock.now()
        await decide_rfq(db, rfq, now=now)
        found = await choose_quote(db, rfq, data.quote_id, actor=actor, now=now)
        return _answer(await _shown(db, found, caller, actor, door))


@get("/market/v1/rfqs/{rfq:uuid}/replay")
async def replayed(request: AnyRequest, rfq: FromPath[UUID]) -> Response[bytes]:
    """The award decided again from the stored record, for the machine that asked."""
    door = _door(request)
    async with door.database.transaction(quiet=True) as db:
        _, actor = await _caller(request, db, "read")
        return _answer(await replay(db, rfq, actor=actor, now=door.clock.now()))


@put("/market/v1/policy")
async def policy(request: AnyRequest) -> Response[bytes]:
    """Have us quote for this seller by a policy. Needs the scope "buy"."""
    door, data = _door(request), await _read(request, _policy_in)
    async with door.database.transaction() as db:
        caller, actor = await _caller(request, db, "buy")
        version = await set_quoting_policy(
            db, caller.machine.id, data.policy, active=data.active, actor=actor, now=door.clock.now()
        )
    return _answer(PolicyStands(version=version, active=data.active))


@get("/market/v1/openapi.json")
async def market_document(request: AnyRequest) -> Response[bytes]:
    """These addresses as OpenAPI 3.1."""
    return Response(
        document(_door(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


async def _shown(db: Connection, rfq: Rfq, caller: MachineCaller, actor: Actor, door: Door) -> RfqShape:
    if rfq.machine_id != caller.machine.id:
        return seen_by_seller(rfq, await own_quote(db, rfq.id, str(caller.machine.id)))
    if rfq.state == "open":
        return seen_by_buyer(rfq, None, None)
    quotes = await quotes_of(db, rfq.id, actor=actor, now=door.clock.now())
    return seen_by_buyer(rfq, quotes, await award_of(db, rfq.id))


def _door(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    return door


async def _caller(request: AnyRequest, db: Connection, scope: Literal["read", "buy"]) -> tuple[MachineCaller, Actor]:
    """Whose key it is. Raises UnknownMachineKey, KeyLacksScope."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise UnknownMachineKey
    caller = await authenticate(db, token.strip(), now=_door(request).clock.now())
    if not caller.may(scope):
        raise KeyLacksScope(scope=scope)
    return caller, machine(str(caller.machine.id))


def _key(request: AnyRequest) -> str:
    key: str = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise InvalidValue(field="Idempotency-Key", expected="1 to 200 visible characters")
    return key


async def _read(request: AnyRequest, decoder: "msgspec.json.Decoder[Body]") -> Body:
    try:
        return decoder.decode(await request.body())
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise InvalidValue(field=path.rstrip("`") or "body", expected=reason) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValue(field="body", expected="JSON") from error


def _answer(value: object, *, status: int = 200) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


routes: tuple[Any, ...] = (ask, requests, request_one, quote, award, replayed, policy, market_document)

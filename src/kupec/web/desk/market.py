"""The market at the desk: how machine buyers choose, what a price would do, the requests with their sealed quotes."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.money import parse_amount
from kupec.machines.choice import ChoiceSeen, OfferSeen, buyer_models, is_fitting, last_fit, order_fit, what_if
from kupec.machines.market import Sealed, award_of, get_rfq, list_rfqs, quotes_of, replay
from kupec.web.desk.gate import actor_of
from kupec.web.desk.market_words import (
    AWARD_STATES,
    FOOT,
    HEIGHT,
    LEFT,
    REASONS,
    STATE_TONES,
    STATES,
    TIES,
    WIDTH,
    chance_in_words,
    drawn,
    fate_of,
    is_sure,
    manner_of,
    published_rule,
    rule_in_words,
    seller_word,
    sureness,
    weight_lines,
)
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.rollout_events import percent
from kupec.web.desk.timeline import days
from kupec.web.device_view import goods_names
from kupec.web.forms import query_form
from kupec.web.rendering import AnyRequest, site_of

PERMISSION = "customers.read"
HERE = "/desk/market"
_ROWS = 50
_PAGES = 200


@get("/market", opt={"permission": PERMISSION})
async def buyers(request: AnyRequest) -> Response[str]:
    """Each buyer and how it chooses."""
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/market/buyers.html",
            section="market",
            tab="buyers",
            rows=[
                (machine_id, name, model, manner_of(model, reader), weight_lines(model, reader))
                for machine_id, name, model in await buyer_models(db)
            ],
            fit=await last_fit(db),
            fitting=await is_fitting(db),
            percent=lambda value: percent(round(value, 2), reader.language),
        )


@post("/market/learn", opt={"permission": "settings.write"})
async def learn(request: AnyRequest) -> Response[Any]:
    """Learn from all choices now."""
    async with site_of(request).database.transaction() as db:
        await order_fit(db, actor=actor_of(request))
    return go(
        request, HERE, done=reader_of(request).text(_("It is being learnt; the figures change in a few seconds."))
    )


@get("/market/{machine_id:uuid}", opt={"permission": PERMISSION})
async def buyer(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[str]:
    """What one buyer weighs or follows, what a price and a lead time of ours would do, and the rows behind it."""
    reader, site, form = reader_of(request), site_of(request), query_form(request)
    errors: dict[str, str] = {}
    async with site.database.reading() as db:
        asked: dict[str, Any] = {"sku": form.text("sku", most=100) or None}
        usual = await what_if(db, machine_id, **asked, actor=actor_of(request), now=site.clock.now())
        for name, read in (("price", _price), ("lead_days", _days)):
            text = form.text("days" if name == "lead_days" else name, most=20)
            try:
                asked[name] = read(text, usual.currency) if text else None
            except InvalidValue as error:
                errors["days" if name == "lead_days" else name] = explain(error, reader.language)
        found = usual
        if not errors and (asked.get("price") or asked.get("lead_days") is not None):
            found = await what_if(db, machine_id, **asked, actor=actor_of(request), now=site.clock.now())
        return await desk_page(
            request,
            db,
            "desk/market/buyer.html",
            section="market",
            tab="buyers",
            status=422 if errors else 200,
            machine_id=machine_id,
            found=found,
            goods=await goods_names(
                db, sorted({*found.skus, *(one.sku for one in found.seen[:_ROWS])}), reader.language
            ),
            manner=manner_of(found.model, reader),
            lines=weight_lines(found.model, reader),
            rules=[(one, rule_in_words(one.rule, reader), is_sure(one)) for one in found.model.rules],
            sureness=lambda value: sureness(value, reader),
            said=lambda chance: chance_in_words(chance, reader),
            picture=drawn(found.proposal, found.currency, found.price, reader) if found.proposal else None,
            canvas=(WIDTH, HEIGHT, LEFT, FOOT),
            sellers=await _sellers(db, {offer.seller for one in found.seen[:_ROWS] for offer in one.offers}),
            seller_word=lambda seller, names: seller_word(seller, names, reader),
            choices=[(one, *_parted(one)) for one in found.seen[:_ROWS]],
            plain=_plain,
            percent=lambda value: percent(round(value, 2), reader.language),
            errors=errors,
        )


def _parted(seen: ChoiceSeen) -> tuple[list[OfferSeen], list[OfferSeen]]:
    """What was taken, and what was passed over."""
    return [seen.offers[seen.chosen]], [offer for number, offer in enumerate(seen.offers) if number != seen.chosen]


def _price(text: str, currency: str) -> int:
    amount = parse_amount(text, currency, field="price")
    if not 0 < amount <= 10**12:
        raise InvalidValue(field="price", expected=_("an amount above zero"))
    return amount


def _days(text: str, _currency: str) -> int:
    if not text.isdecimal() or int(text) > 365:
        raise InvalidValue(field="days", expected=_("days from 0 to 365"))
    return int(text)


def _plain(amount: int) -> str:
    """As the field takes it back."""
    whole, rest = divmod(amount, 100)
    return f"{whole},{rest:02}" if rest else str(whole)


async def _sellers(db: Connection, sellers: set[str]) -> dict[str, str]:
    """The names of outside sellers, by what quotes call them."""
    rows = await db.fetch("select id::text as id, name from machine where id::text = any($1::text[])", sorted(sellers))
    return {row["id"]: row["name"] for row in rows}


@get("/market/requests", opt={"permission": PERMISSION})
async def requests(request: AnyRequest) -> Response[str]:
    """The requests, the latest first."""
    reader, form = reader_of(request), query_form(request)
    page = form.whole("page", least=1, most=_PAGES, default=1)
    async with site_of(request).database.reading() as db:
        rows = await list_rfqs(db, actor=actor_of(request), skip=(page - 1) * _ROWS, limit=_ROWS + 1)
        names = await _machines(db, [one.machine_id for one in rows])
        return await desk_page(
            request,
            db,
            "desk/market/requests.html",
            section="market",
            tab="requests",
            rows=rows[:_ROWS],
            page=page,
            more=len(rows) > _ROWS,
            names=names,
            goods=await goods_names(db, [one.sku for one in rows], reader.language),
            states=STATES,
            state_tones=STATE_TONES,
            rule_word=lambda rule: published_rule(rule, reader),
        )


async def _machines(db: Connection, ids: list[UUID]) -> dict[UUID, str]:
    rows = await db.fetch("select id, name from machine where id = any($1::uuid[])", ids)
    return {row["id"]: row["name"] for row in rows}


@get("/market/requests/{rfq_id:uuid}", opt={"permission": PERMISSION})
async def request_page(request: AnyRequest, rfq_id: FromPath[UUID]) -> Response[str]:
    """One request: sealed until its deadline, then with all quotes, the award and the proof."""
    reader, site, actor = reader_of(request), site_of(request), actor_of(request)
    subject = f"rfq:{rfq_id}"
    async with site.database.reading() as db:
        rfq = await get_rfq(db, rfq_id)
        now = site.clock.now()
        try:
            quotes = await quotes_of(db, rfq_id, actor=actor, now=now)
        except Sealed:
            quotes = None
        proof = await replay(db, rfq_id, actor=actor, now=now) if rfq.state in ("awarded", "failed") else None
        return await desk_page(
            request,
            db,
            "desk/market/request.html",
            section="market",
            tab="requests",
            rfq=rfq,
            goods=(await goods_names(db, [rfq.sku], reader.language))[rfq.sku],
            quotes=quotes,
            proof=proof,
            award=await award_of(db, rfq_id),
            machine=(await _machines(db, [rfq.machine_id])).get(rfq.machine_id, ""),
            sellers=await _sellers(db, {quote.seller for quote in quotes or []}),
            seller_word=lambda seller, names: seller_word(seller, names, reader),
            fate=lambda quote: fate_of(rfq, quote.id, quote.state, reader),
            rule_word=published_rule(rfq.rule, reader),
            states=STATES,
            state_tones=STATE_TONES,
            award_states=AWARD_STATES,
            reasons=REASONS,
            ties=TIES,
            past=await days(db, await subject_history(db, subject), reader, here=subject),
        )


routes: tuple[Any, ...] = (buyers, learn, buyer, requests, request_page)

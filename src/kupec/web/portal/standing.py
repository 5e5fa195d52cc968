"""Standing orders: what comes when, left out, moved, changed once or from now on, paused, resumed, ended, begun."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.billing import accounts_of, cards_on_file
from kupec.kit import recurrence_words
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import (
    StandingChange,
    StandingOrder,
    StandingTerms,
    WantedLine,
    change_occurrence,
    change_standing,
    end_standing,
    get_standing,
    list_occurrences,
    list_standing,
    move_occurrence,
    next_occurrences,
    pause_standing,
    price_standing,
    resume_standing,
    skip_occurrence,
    standing_from_order,
    unskip_occurrence,
    variants_named,
)
from kupec.web import recurring
from kupec.web.forms import Form, read_form
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.order_here import order_here
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.portal.standing_terms import choices_of
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/standing"
AHEAD = 10
STATES = {"active": _("running"), "paused": _("paused"), "ended": _("ended")}
OCCURRENCES = {
    "planned": _("planned"),
    "placing": _("being ordered"),
    "placed": _("ordered"),
    "skipped": _("left out"),
    "failed": _("the payment failed"),
    "missed": _("missed"),
    "cancelled": _("cancelled"),
}
Verb = Callable[[Connection, StandingOrder, datetime], Awaitable[Any]]


@get("/{language:str}/my/standing", opt={"part": "orders"})
async def show_all(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await list_standing(db, party_ids=me.account_ids)
        nexts = {one.id: await next_occurrences(db, one, now=now, limit=AHEAD) for one in found}
        names = await _names(db, found, shop.language)
    return my_page(
        request,
        shop,
        "standing_list.html",
        section="standing",
        standings=found,
        nexts=nexts,
        names=names,
        states=STATES,
        often=lambda rule: recurrence_words.in_words(rule, shop.language),
    )


async def _names(db: Connection, standings: list[StandingOrder], language: str) -> dict[UUID, str]:
    wanted = sorted({line.variant_id for one in standings for line in one.lines})
    return await variants_named(db, wanted, language=language)


async def standing_here(db: Connection, me: SignedInCustomer, standing_id: UUID) -> StandingOrder:
    """What is somebody else's does not exist."""
    found = await get_standing(db, standing_id)
    mine_or_missing(found.customer_id in me.account_ids, "standing order")
    return found


@get("/{language:str}/my/standing/{standing_id:uuid}", opt={"part": "orders"})
async def show(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[str]:
    return await _page(request, standing_id)


async def _page(
    request: AnyRequest, standing_id: UUID, *, error: KupecError | None = None, form: Form | None = None
) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        standing = await standing_here(db, me, standing_id)
        ahead = await next_occurrences(db, standing, now=now, limit=AHEAD)
        past = await list_occurrences(db, standing_id=standing.id, limit=12)
        names = await _names(db, [standing], shop.language)
        cost = (await price_standing(db, [standing], now=now)).get(standing.id)
        choices = await choices_of(db, me, standing)
    zone = ZoneInfo(standing.recurrence.zone)
    today = now.astimezone(zone).date()
    return my_page(
        request,
        shop,
        "standing.html",
        section="standing",
        status=error.status if error else 200,
        standing=standing,
        ahead=ahead,
        past=[one for one in past if one.state not in ("planned", "skipped", "cancelled") or one.due_at <= now],
        names=names,
        cost=cost,
        choices=choices,
        states=STATES,
        occurrence_words=OCCURRENCES,
        often=recurrence_words.in_words(standing.recurrence, shop.language),
        rhythm=recurrence_words.how_often(standing.recurrence, shop.language),
        rest=recurrence_words.besides(standing.recurrence, shop.language),
        fields=recurring.typed(form) if form and "every" in form else recurring.shown(standing.recurrence, today=today),
        units=recurring.UNITS,
        weekdays=recurrence_words.WEEKDAYS,
        local=lambda moment: moment.astimezone(zone).date(),
        earliest=today,
        errors={recurring.place(error.field): say(error, shop.language)} if error else {},
    )


async def _do(request: AnyRequest, standing_id: UUID, verb: Verb, done: str) -> Response[Any]:
    """Do one thing to a standing order of the account; what cannot be is said on its page."""
    site, me = site_of(request), customer_of(request)
    try:
        async with site.database.transaction() as db:
            standing = await standing_here(db, me, standing_id)
            await verb(db, standing, site.clock.now())
    except KupecError as error:
        if error.status == 404:
            raise
        return go(request, f"{PATH}/{standing_id}", failed=say(error, request.path_params["language"]))
    return go(request, f"{PATH}/{standing_id}", done=done)


@post("/{language:str}/my/standing/{standing_id:uuid}/skip", status_code=303, opt={"part": "buy"})
async def skip(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    """Leave one time out, or (with `back`) have it after all."""
    actor, form = customer_of(request).actor, await read_form(request)
    number = form.whole("number", least=1, most=10**6)
    if "back" in form:
        return await _do(
            request,
            standing_id,
            lambda db, one, now: unskip_occurrence(db, one.id, number, actor=actor, now=now),
            _("It comes after all."),
        )
    return await _do(
        request,
        standing_id,
        lambda db, one, now: skip_occurrence(db, one.id, number, actor=actor, now=now),
        _("This time is left out. The next ones stay as they are."),
    )


@post("/{language:str}/my/standing/{standing_id:uuid}/move", status_code=303, opt={"part": "buy"})
async def move(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    actor, form = customer_of(request).actor, await read_form(request)
    number, day = form.whole("number", least=1, most=10**6), _day(form.text("day"))
    return await _do(
        request,
        standing_id,
        lambda db, one, now: move_occurrence(db, one.id, number, day, actor=actor, now=now),
        _("This time is moved. The next ones stay as they are."),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field="day", expected=_("a date")) from None


@post("/{language:str}/my/standing/{standing_id:uuid}/pause", status_code=303, opt={"part": "buy"})
async def pause(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    """Pause, resume or end it."""
    actor, form = customer_of(request).actor, await read_form(request)
    verbs = {
        "pause": (pause_standing, _("The standing order is paused. Nothing comes until you resume it.")),
        "resume": (resume_standing, _("The standing order runs again.")),
        "end": (end_standing, _("The standing order has ended.")),
    }
    wanted = form.text("wanted")
    if wanted not in verbs:
        raise InvalidValue(field="wanted", expected=", ".join(verbs))
    verb, done = verbs[wanted]
    return await _do(request, standing_id, lambda db, one, now: verb(db, one.id, actor=actor, now=now), done)


@post("/{language:str}/my/standing/{standing_id:uuid}/lines", status_code=303, opt={"part": "buy"})
async def lines(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    """Other quantities: from now on, or for one time (`number`) only."""
    actor, form = customer_of(request).actor, await read_form(request)

    async def verb(db: Connection, one: StandingOrder, now: datetime) -> None:
        wanted = [
            WantedLine(variant_id=line.variant_id, quantity=pieces, options=line.options)
            for line in one.lines
            if (pieces := form.whole(f"quantity.{line.id}", least=0, most=9999, default=line.quantity))
        ]
        if form.text("number"):
            number = form.whole("number", least=1, most=10**6)
            await change_occurrence(db, one.id, number, wanted, actor=actor, now=now)
        else:
            await change_standing(db, one.id, StandingChange(lines=wanted), actor=actor, now=now)

    done = _("Changed for this time only.") if form.text("number") else _("Changed from now on.")
    return await _do(request, standing_id, verb, done)


@post("/{language:str}/my/standing/{standing_id:uuid}/rhythm", status_code=303, opt={"part": "buy"})
async def rhythm(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    """Another recurrence, from now on."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    now = site.clock.now()
    try:
        async with site.database.transaction() as db:
            standing = await standing_here(db, me, standing_id)
            kept = standing.recurrence
            rule = recurring.read(
                form,
                zone=kept.zone,
                country=kept.country or standing.address.country,
                today=now.astimezone(ZoneInfo(kept.zone)).date(),
                kept=kept,
            )
            await change_standing(db, standing.id, StandingChange(recurrence=rule), actor=me.actor, now=now)
    except InvalidValue as error:
        response: Response[Any] = await _page(request, standing_id, error=error, form=form)
        return response
    return go(request, f"{PATH}/{standing_id}", done=_("Changed from now on."))


@get("/{language:str}/my/orders/{order_id:uuid}/repeat", opt={"part": None})
async def ask(request: AnyRequest, order_id: FromPath[UUID]) -> Response[str]:
    """“Repeat this every…”: the form."""
    return await _ask(request, order_id)


async def _ask(
    request: AnyRequest, order_id: UUID, *, error: KupecError | None = None, form: Form | None = None
) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        order = await order_here(request, db, str(order_id), part="buy")
        accounts = await accounts_of(db, me.account_ids)
        cards = [card for one in me.account_ids for card in await cards_on_file(db, one)]
    today = site.clock.now().astimezone(ZoneInfo(site.settings.shop_timezone)).date()
    return my_page(
        request,
        shop,
        "standing_new.html",
        section="standing",
        status=error.status if error else 200,
        order=order,
        on_account=any(account.currency == order.currency for account in accounts.values()),
        cards=cards,
        fields=recurring.typed(form) if form else recurring.shown(None, today=today),
        units=recurring.UNITS,
        weekdays=recurrence_words.WEEKDAYS,
        earliest=today,
        key=form.text("key") if form else uuid4().hex,
        errors={recurring.place(error.field): say(error, shop.language)} if error else {},
    )


@post("/{language:str}/my/orders/{order_id:uuid}/repeat", status_code=200, opt={"part": None})
async def begin(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    now, zone = site.clock.now(), site.settings.shop_timezone
    pay = form.text("payment")
    try:
        async with site.database.transaction() as db:
            order = await order_here(request, db, str(order_id), part="buy")
            rule = recurring.read(
                form, zone=zone, country=order.address.country, today=now.astimezone(ZoneInfo(zone)).date()
            )
            terms = StandingTerms(
                recurrence=rule,
                payment="account" if pay == "account" else "card",
                card_id=None if pay == "account" else form.uuid("payment"),
            )
            made = await standing_from_order(
                db,
                order.id,
                terms,
                customer_id=me.account.id,
                ordered_by=None if me.for_oneself else me.party.id,
                key=form.text("key", most=100) or None,
                actor=me.actor,
                now=now,
            )
    except KupecError as error:
        if error.status == 404:
            raise
        return await _ask(request, order_id, error=error, form=form)
    return Redirect(f"/{request.path_params['language']}{PATH}/{made.id}", status_code=303)


routes = (show_all, show, skip, move, pause, lines, rhythm, ask, begin)

"""The account's addresses: where a checkout begins."""

from typing import Any
from uuid import UUID

from babel.core import Locale
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import ADDRESS_FIELDS, addresses_of, put_address, remove_address
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.text import sort_key
from kupec.web.forms import Form, query_form, read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, my_page, say
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import Shop, open_shop

PATH = "/my/addresses"


@get("/{language:str}/my/addresses", opt={"part": "buy"})
async def show(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(request: AnyRequest, typed: Form | None = None, error: InvalidValue | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        kept = await addresses_of(db, me.account_ids)
    wanted = (typed.text("id") if typed else "") or query_form(request).text("change")
    changed = next((one for one in kept if str(one.id) == wanted), None)
    values = {part: changed.address.get(part, "") if changed else "" for part in ADDRESS_FIELDS}
    if not changed:
        values |= {
            "name": me.party.name if me.party.name != me.party.email else "",
            "country": shop.market.home_country,
        }
    if typed:
        values = {part: typed.text(part, most=100_000)[:1000] for part in ADDRESS_FIELDS}
    return my_page(
        request,
        shop,
        "addresses.html",
        section="addresses",
        status=error.status if error else 200,
        kept=kept,
        changed=changed,
        values=values,
        countries=countries(shop),
        errors={error.field or "street": say(error, shop.language)} if error else {},
    )


def countries(shop: Shop) -> list[tuple[str, str]]:
    """Where any of our markets delivers, home first, the rest by name."""
    names = Locale(shop.language).territories
    codes = {code for market in shop.markets.values() for code in market.countries}
    home = shop.market.home_country
    return sorted(
        ((code, names.get(code, code)) for code in codes),
        key=lambda country: (country[0] != home, sort_key(country[1], shop.language)),
    )


@post("/{language:str}/my/addresses", status_code=200, opt={"part": "buy"})
async def save(request: AnyRequest) -> Response[Any]:
    """A new address, or a known one written anew."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    known = form.uuid("id") if form.text("id") else None
    try:
        async with site.database.transaction() as db:
            await put_address(
                db,
                me.account.id,
                {part: form.text(part, most=1000) for part in ADDRESS_FIELDS},
                address_id=known,
                actor=me.actor,
                now=site.clock.now(),
            )
    except InvalidValue as error:
        return await _page(request, form, error)
    return go(request, PATH, done=_("The address is saved."))


@post("/{language:str}/my/addresses/{address_id:uuid}/remove", status_code=303, opt={"part": "buy"})
async def remove(request: AnyRequest, address_id: FromPath[UUID]) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        if address_id not in {one.id for one in await addresses_of(db, me.account_ids)}:
            raise NotFound(what="address")
        await remove_address(db, me.account.id, address_id, actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("The address is removed. Orders keep theirs."))


routes = (show, save, remove)

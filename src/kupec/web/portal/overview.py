"""The first page of the account: what is coming, and what is asked of the customer."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from litestar import Response, get

from kupec.customers import asked_of, invitations_for, title_in
from kupec.kit import recurrence_words
from kupec.sales import (
    approvals_of,
    list_orders,
    list_standing,
    next_occurrences,
    owned_of,
    variants_named,
)
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import my_page
from kupec.web.portal.people import ROLE_WORDS
from kupec.web.portal.standing import STATES
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import open_shop

_LATEST = 3
_SOON = timedelta(days=30)


@get("/{language:str}/my", opt={"part": None})
async def show(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    today = now.astimezone(ZoneInfo(site.settings.shop_timezone)).date()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        reads = me.may("orders")
        orders = await list_orders(db, customer_ids=me.account_ids, limit=_LATEST) if reads else []
        standings = await list_standing(db, party_ids=me.account_ids, state="active") if reads else []
        things = await owned_of(db, me.account_ids) if reads else []
        waiting = await approvals_of(db, me.account_ids, state="asked") if me.may("approve") else []
        names = await variants_named(
            db, sorted({line.variant_id for one in standings for line in one.lines}), language=shop.language
        )
        nexts = {one.id: await next_occurrences(db, one, now=now, limit=10) for one in standings}
        asked = await asked_of(db, me.account_ids) if me.may("buy") else []
        invitations = await invitations_for(db, me.own_ids, now=now)
    return my_page(
        request,
        shop,
        "overview.html",
        section="overview",
        orders=orders,
        standings=standings,
        nexts=nexts,
        names=names,
        states=STATES,
        often=lambda rule: recurrence_words.in_words(rule, shop.language),
        asked=[(one, title_in(one, shop.language)) for one in asked],
        due=[
            one
            for one in things
            if one.booked_on or (one.next_service_on is not None and one.next_service_on <= today + _SOON)
        ],
        waiting=len(waiting),
        invitations=invitations,
        role_words=ROLE_WORDS,
    )

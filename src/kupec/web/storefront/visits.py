"""Whether visits are recorded: asked once, in a line below the head, and to be changed at any time."""

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from kupec.customers import (
    VISITS,
    Proof,
    consents_of,
    give_consent,
    objects_to_tracking,
    withdraw_consent,
)
from kupec.kit.actor import Actor
from kupec.kit.errors import InvalidValue
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.security import read_signed_cookie
from kupec.web.storefront.shop import open_shop, page
from kupec.web.storefront.visitor import CHOICE_COOKIE, PURPOSE, choice_cookies, visitor_of


@get("/{language:str}/visits", include_in_schema=False)
async def show(request: AnyRequest) -> Response[str]:
    """What is recorded of those who agree, how long it is kept, and what this browser has chosen."""
    async with site_of(request).database.reading() as db:
        shop = await open_shop(request, db)
        rules = (await published(db, VISITS))[VISITS]
        visitor_id = visitor_of(request)
        standing = await consents_of(db, visitor_id) if visitor_id else []
    recorded = any(one.purpose.code == PURPOSE and one.allowed for one in standing)
    return page(
        request,
        shop,
        "visits.html",
        headers={"Cache-Control": "no-store"},
        objects=objects_to_tracking(request.headers),
        recorded=recorded,
        chosen=recorded or read_signed_cookie(request, CHOICE_COOKIE) is not None,
        keep_days=rules.keep_days,
        asked=False,
    )


@post("/{language:str}/visits", include_in_schema=False)
async def choose(request: AnyRequest) -> Response[Any]:
    """Yes or no, from the line below the head or from the page; back to where it was said."""
    form = await read_form(request)
    async with site_of(request).database.reading() as db:
        shop = await open_shop(request, db)
    agrees = form.text("choice") == "yes" and not objects_to_tracking(request.headers)
    cookies = await (_agree(request) if agrees else _refuse(request))
    return Redirect(
        _back(form, shop.address()), status_code=303, cookies=cookies, headers={"Cache-Control": "no-store"}
    )


async def _agree(request: AnyRequest) -> list[Cookie]:
    site = site_of(request)
    visitor_id = visitor_of(request) or uuid7()
    try:
        async with site.database.transaction() as db:
            await give_consent(
                db,
                visitor_id,
                PURPOSE,
                proof=Proof(how="visit"),
                actor=Actor(kind="guest", id=str(visitor_id)),
                now=site.clock.now(),
            )
    except InvalidValue:
        return choice_cookies(site, "no")  # the merchant has done away with the purpose
    return choice_cookies(site, "yes", visitor_id)


async def _refuse(request: AnyRequest) -> list[Cookie]:
    site = site_of(request)
    visitor_id = visitor_of(request)
    if visitor_id is not None:
        async with site.database.transaction() as db:
            await withdraw_consent(
                db,
                visitor_id,
                PURPOSE,
                proof=Proof(how="visit"),
                actor=Actor(kind="guest", id=str(visitor_id)),
                now=site.clock.now(),
            )
    return choice_cookies(site, "no")


def _back(form: Form, home: str) -> str:
    """A page of this shop in this language, never another site."""
    wanted = form.text("back", most=2000)
    inside = wanted == home or wanted.startswith((f"{home}/", f"{home}?"))
    return wanted if inside and "\\" not in wanted else home

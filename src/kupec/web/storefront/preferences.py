"""What a customer agrees to, behind the signed link that stands in every mail; and how news are asked for.

Pages that change something by being opened would be opened by mail scanners: every change is a form.
"""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import (
    CONSENTS,
    LinkExpired,
    Proof,
    confirm_consent,
    get_ask,
    get_party,
    roots,
)
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.signing import sign, unsign
from kupec.kit.versions import published
from kupec.web.consent_form import HOWS, KINDS, benefits_in_words, consent_view, save_choices
from kupec.web.forms import read_form
from kupec.web.rendering import site_of
from kupec.web.security import limit_guesses
from kupec.web.storefront.checkout_consent import agree_or_ask
from kupec.web.storefront.shop import Shop, open_shop, page
from kupec.web.storefront.visitor import recognise

NEWS = "marketing.email"
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

AnyRequest = Request[Any, Any, Any]


def preferences_address(secret: str, party_id: UUID, language: str) -> str:
    """The path of a customer's preference page."""
    return f"/{language}/preferences/{sign(secret, 'preferences', str(party_id))}"


@get("/{language:str}/preferences/{token:str}", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        party_id = await _whose(request, db, token)
        view = await consent_view(db, party_id, language=shop.language, now=site.clock.now())
    known = await recognise(request, party_id)
    response = page(
        request,
        shop,
        "preferences.html",
        headers=_PRIVATE,
        view=view,
        hows={code: translate(shop.language, text) for code, text in HOWS.items()},
        kinds={code: translate(shop.language, text) for code, text in KINDS.items()},
        saved="saved" in request.query_params,
        action=shop.address(f"/preferences/{token}"),
        query_string="",
    )
    response.cookies.extend(known)
    return response


@post("/{language:str}/preferences/{token:str}", include_in_schema=False)
async def save(request: AnyRequest, token: FromPath[str]) -> Redirect:
    site, form = site_of(request), await read_form(request)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        party_id = await _whose(request, db, token)
        await save_choices(
            db, party_id, form, proof=Proof(how="preferences"), actor=customer(party_id), now=site.clock.now()
        )
    return Redirect(shop.address(f"/preferences/{token}?saved=1"), status_code=303)


async def _whose(request: AnyRequest, db: Connection, token: str) -> UUID:
    """The customer of the link, as of today. Answers 404 for a link that is not ours."""
    site = site_of(request)
    value = unsign(site.settings.secret, "preferences", token, now=site.clock.now())
    if value is None:
        raise NotFoundException
    party_id = UUID(value)
    party_id = (await roots(db, [party_id]))[party_id]
    await get_party(db, party_id)
    return party_id


@get("/{language:str}/consent/{token:str}", include_in_schema=False)
async def confirm_page(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        ask = await get_ask(db, _asked(request, token))
        return await _confirm_page(request, db, shop, token, ask.purposes, done=ask.confirmed_at is not None)


@post("/{language:str}/consent/{token:str}", include_in_schema=False)
async def confirm(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    ask_id = _asked(request, token)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        try:
            ask = await confirm_consent(db, ask_id, now=site.clock.now())
        except LinkExpired as error:
            purposes = (await get_ask(db, ask_id)).purposes
            return await _confirm_page(request, db, shop, token, purposes, refusal=explain(error, shop.language))
    return Redirect(
        f"{preferences_address(site.settings.secret, ask.party_id, shop.language)}?saved=1", status_code=303
    )


def _asked(request: AnyRequest, token: str) -> UUID:
    site = site_of(request)
    value = unsign(site.settings.secret, "consent", token, now=site.clock.now())
    if value is None:
        raise NotFoundException
    return UUID(value)


async def _confirm_page(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    token: str,
    codes: list[str],
    *,
    done: bool = False,
    refusal: str = "",
) -> Response[str]:
    document = (await published(db, CONSENTS))[CONSENTS]
    purposes = [one for one in document.purposes if one.code in codes]
    return page(
        request,
        shop,
        "consent_confirm.html",
        status=410 if refusal else 200,
        headers=_PRIVATE,
        purposes=purposes,
        benefits=await benefits_in_words(db, purposes, shop.language),
        done=done,
        refusal=refusal,
        action=shop.address(f"/consent/{token}"),
    )


@get("/{language:str}/newsletter", include_in_schema=False)
async def newsletter(request: AnyRequest) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        return await _newsletter(request, db, shop, asked="asked" in request.query_params)


@post("/{language:str}/newsletter", include_in_schema=False)
async def subscribe(request: AnyRequest) -> Response[Any]:
    """The same answer for every address, known or not; its owner gets a mail and decides."""
    site, form = site_of(request), await read_form(request)
    limit_guesses(request, "newsletter")
    email = form.text("email", most=10_000)[:1000]
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        try:
            agreed = await agree_or_ask(db, shop, email, [NEWS], how="newsletter", now=site.clock.now())
        except InvalidValue as error:
            if error.field != "email":
                raise NotFound(what="newsletter") from error
            said = {"email": explain(error, shop.language)}
            return await _newsletter(request, db, shop, errors=said, email=email, status=422)
    if agreed and shop.customer is not None:
        address = preferences_address(site.settings.secret, shop.customer.party.id, shop.language)
        return Redirect(f"{address}?saved=1", status_code=303)
    return Redirect(shop.address("/newsletter?asked=1"), status_code=303)


async def _newsletter(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    *,
    asked: bool = False,
    errors: dict[str, str] | None = None,
    email: str = "",
    status: int = 200,
) -> Response[str]:
    purpose = (await published(db, CONSENTS))[CONSENTS].purpose(NEWS)
    if purpose is None:
        raise NotFoundException
    return page(
        request,
        shop,
        "newsletter.html",
        status=status,
        purpose=purpose,
        benefit=(await benefits_in_words(db, [purpose], shop.language)).get(NEWS, ""),
        asked=asked,
        errors=errors or {},
        email=email,
        query_string="",
    )


routes = (show, save, confirm_page, confirm, newsletter, subscribe)

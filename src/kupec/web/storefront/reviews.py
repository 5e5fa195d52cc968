"""Where a buyer says what they think of what they bought, led there by the signed link of their order."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.catalogue import ProductCard, products_by_ids
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, TooManyRequests
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.sales import (
    LONGEST_AUTHOR,
    LONGEST_BODY,
    LONGEST_TITLE,
    Order,
    Review,
    ReviewDraft,
    review_faults,
    reviewable,
    write_review,
)
from kupec.web.forms import Form, read_form
from kupec.web.portal.order_here import order_here
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop, open_shop, page

_FAULTS = {
    "stars": _("Please choose one to five stars."),
    "title": _("At most %(num)s characters, without HTML."),
    "body": _("At most %(num)s characters, without HTML."),
    "author": _("At most %(num)s characters, without HTML."),
}
_LIMITS = {"title": LONGEST_TITLE, "body": LONGEST_BODY, "author": LONGEST_AUTHOR}
_LONGEST = 100_000

AnyRequest = Request[Any, Any, Any]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A product that may be reviewed, and what stands in its form. `errors` by field, in the buyer's words."""

    card: ProductCard
    review: Review | None
    stars: int
    title: str
    body: str
    author: str
    errors: dict[str, str] = {}


@get("/{language:str}/order/{token:str}/review", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """A form for each product of the order. Answers 404 while there is nothing to say yet."""
    return await _page(request, token, {}, Form([]), None)


@post("/{language:str}/order/{token:str}/review", status_code=200, include_in_schema=False)
async def submit(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    form = await read_form(request)
    product_id = form.uuid("product")
    stars = form.text("stars", most=_LONGEST)
    draft = ReviewDraft(
        stars=int(stars) if stars in ("1", "2", "3", "4", "5") else 0,
        title=form.text("title", most=_LONGEST),
        body=form.prose("body", most=_LONGEST),
        author=form.text("author", most=_LONGEST),
    )
    errors: dict[str, str] = {}
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            order = await order_here(request, db, token)
            if order.customer_id is None:
                raise NotFoundException
            actor = customer(order.customer_id)
            await write_review(db, order, product_id, draft, actor=actor, now=site.clock.now())
    except InvalidValue:
        errors = {fault.field or "": _said(fault.field or "", shop.language) for fault in review_faults(draft)}
    except TooManyRequests as error:
        errors = {"stars": explain(error, shop.language)}
    if errors:
        return await _page(request, token, errors, form, product_id)
    return Redirect(shop.address(f"/order/{token}/review#p-{product_id}"), status_code=303)


def _said(field: str, language: str) -> str:
    return translate(language, _FAULTS[field]) % {"num": _LIMITS.get(field, 0)}


async def _page(
    request: AnyRequest, token: str, errors: dict[str, str], form: Form, refused: UUID | None
) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        order = await order_here(request, db, token)
        subjects = await _subjects(db, shop, order, errors, form, refused, site.clock.now())
    if not subjects:
        raise NotFoundException
    return page(
        request,
        shop,
        "review.html",
        status=422 if errors else 200,
        headers={"Cache-Control": "no-store"},
        order=order,
        token=token,
        subjects=subjects,
        limits=_LIMITS,
    )


async def _subjects(
    db: Connection, shop: Shop, order: Order, errors: dict[str, str], form: Form, refused: UUID | None, now: Any
) -> list[Subject]:
    """What is not sold any more has no page that a review could stand on."""
    written = await reviewable(db, order)
    cards = await products_by_ids(db, shop.market, list(written), now=now)
    return [
        _refused(card, written[card.id], errors, form)
        if card.id == refused
        else _subject(card, written[card.id], order.name or "")
        for card in cards
    ]


def _subject(card: ProductCard, review: Review | None, buyer: str) -> Subject:
    if review is None:
        return Subject(card=card, review=None, stars=0, title="", body="", author=signed_as(buyer))
    return Subject(
        card=card, review=review, stars=review.stars, title=review.title, body=review.body, author=review.author
    )


def _refused(card: ProductCard, review: Review | None, errors: dict[str, str], form: Form) -> Subject:
    """What was typed comes back, however long it is."""
    stars = form.text("stars", most=_LONGEST)
    return Subject(
        card=card,
        review=review,
        stars=int(stars) if stars in ("1", "2", "3", "4", "5") else 0,
        title=form.text("title", most=_LONGEST),
        body=form.prose("body", most=_LONGEST),
        author=form.text("author", most=_LONGEST),
        errors=errors,
    )


def signed_as(name: str) -> str:
    """How a buyer is called in public unless they say otherwise: "Jana N."."""
    first, _space, rest = name.strip().partition(" ")
    return f"{first} {rest.strip()[0]}." if rest.strip() else first

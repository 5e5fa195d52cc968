"""Reviews: what buyers have written, to be read before it is shown, and answered."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain, translations
from kupec.kit.i18n import mark as _
from kupec.sales import (
    Review,
    ReviewState,
    list_reviews,
    publish_reviews,
    reject_reviews,
    reply_to_review,
    review_counts,
)
from kupec.web.desk.catalogue import goods_language, page_of
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
STATES: tuple[ReviewState, ...] = ("pending", "published", "rejected")
_MOST_CHOSEN = 500
_HERE = "/desk/catalogue/reviews"


class ReviewList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it: each review with the name of its product."""

    state: ReviewState
    page: int
    rows: list[tuple[Review, str]]
    counts: dict[str, int]

    @property
    def filters(self) -> dict[str, Any]:
        return {"state": self.state if self.state != "pending" else None, "page": self.page if self.page > 1 else None}

    @property
    def more(self) -> bool:
        return self.page * PAGE < self.counts[self.state]


@get("/catalogue/reviews", opt={"permission": "catalogue.read"})
async def reviews(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(
    request: AnyRequest, *, status: int = 200, errors: Mapping[str, str] | None = None, values: Form | None = None
) -> Response[str]:
    form = query_form(request)
    asked, page = form.text("state", most=10_000), page_of(form)
    state: ReviewState = next((each for each in STATES if each == asked), "pending")
    async with site_of(request).database.reading() as db:
        language = await goods_language(request, db)
        listing = ReviewList(
            state=state,
            page=page,
            rows=await list_reviews(db, state, language=language, limit=PAGE, offset=(page - 1) * PAGE),
            counts=await review_counts(db),
        )
        return await desk_page(
            request,
            db,
            "desk/reviews.html",
            section="catalogue",
            status=status,
            listing=listing,
            states=STATES,
            chosen=values.all("review") if values else [],
            errors=errors or {},
            typed=typed(values),
        )


@post("/catalogue/reviews", opt={"permission": "catalogue.write"})
async def decide(request: AnyRequest) -> Response[Any]:
    """Publish or reject all that are chosen."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    target = f"{_HERE}?{request.url.query}" if request.url.query else _HERE
    chosen = _ids(form)
    actor, now = actor_of(request), site.clock.now()
    spoken = translations(language)
    try:
        async with site.database.transaction() as db:
            if form.text("decision", most=10_000) == "publish":
                done = await publish_reviews(db, chosen, actor=actor, now=now)
                said = spoken.ngettext("%(num)d review is published.", "%(num)d reviews are published.", done)
            else:
                reason = form.text("reason", most=10_000)
                done = await reject_reviews(db, chosen, reason=reason, actor=actor, now=now)
                said = spoken.ngettext("%(num)d review is rejected.", "%(num)d reviews are rejected.", done)
    except KupecError as error:
        if error.field is None:
            return go(request, target, failed=explain(error, language))
        errors = {f"bulk.{error.field}": in_words(error, language)}
        return await _page(request, status=error.status, errors=errors, values=form)
    if not chosen:
        return go(request, target, failed=reader_of(request).text(_("No review is chosen.")))
    return go(request, target, done=said % {"num": done})


def _ids(form: Form) -> list[UUID]:
    """The chosen ones; what is no identifier chooses nothing."""
    found = []
    for text in form.all("review")[:_MOST_CHOSEN]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@post("/catalogue/reviews/{review_id:uuid}/reply", opt={"permission": "catalogue.write"})
async def reply(request: AnyRequest, review_id: FromPath[UUID]) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    target = f"{_HERE}?state=published"
    try:
        async with site.database.transaction() as db:
            text = form.prose("reply", most=100_000)
            await reply_to_review(db, review_id, text, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        said = in_words(error, language) if error.field else explain(error, language)
        return go(request, target, failed=said)
    return go(request, target, done=reader_of(request).text(_("Saved.")))


routes = (reviews, decide, reply)

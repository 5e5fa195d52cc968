"""Who looks at a page: a browser that agreed to have its visits recorded, or nobody.

Nothing is recorded, no cookie is set and nobody is asked where the browser says that it does not want to be followed
(Do-Not-Track, Global Privacy Control). The id is a cookie of ours, made when somebody agrees and never before.
"""

from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from litestar import Request
from litestar.datastructures import Cookie

from kupec.customers import PageView, ViewKind, allowed, know_visitor, objects_to_tracking
from kupec.kit.ids import uuid7
from kupec.web.collector import Collector
from kupec.web.forms import clean
from kupec.web.security import forget_cookie, read_signed_cookie, signed_cookie
from kupec.web.site import Site

VISITOR_COOKIE: Final = "kupec_visitor"
CHOICE_COOKIE: Final = "kupec_choice"
PURPOSE: Final = "analytics"
_VISITOR_DAYS: Final = 395
_CHOICE_DAYS: Final = 180
_KINDS: Final[dict[str, ViewKind]] = {
    "home.html": "page",
    "category.html": "category",
    "product.html": "product",
    "search.html": "search",
    "cart.html": "cart",
    "checkout.html": "checkout",
}
_LONGEST: Final = 100

AnyRequest = Request[Any, Any, Any]
Choice = Literal["yes", "no"]


def visitor_of(request: AnyRequest) -> UUID | None:
    """The browser's id, if it agreed and does not object."""
    if objects_to_tracking(request.headers):
        return None
    value = read_signed_cookie(request, VISITOR_COOKIE)
    return UUID(hex=value) if value else None


def is_asked(request: AnyRequest) -> bool:
    """Whether the page asks: neither has the browser objected, nor has anybody chosen."""
    return not (
        objects_to_tracking(request.headers)
        or read_signed_cookie(request, CHOICE_COOKIE)
        or read_signed_cookie(request, VISITOR_COOKIE)
    )


def choice_cookies(site: Site, choice: Choice, visitor_id: UUID | None = None) -> list[Cookie]:
    """What remembers the choice; only a yes names the browser."""
    visitor = (
        signed_cookie(site, VISITOR_COOKIE, visitor_id.hex, days=_VISITOR_DAYS)
        if choice == "yes" and visitor_id
        else forget_cookie(site, VISITOR_COOKIE)
    )
    return [signed_cookie(site, CHOICE_COOKIE, choice, days=_CHOICE_DAYS), visitor]


def note_view(request: AnyRequest, template: str, context: dict[str, Any]) -> None:
    """Have a page that a person sees written down, if they agreed; what scripts fetch is no view."""
    visitor_id = visitor_of(request)
    if visitor_id is None or not _is_looked_at(request):
        return
    kind = _KINDS.get(template) or ("page" if template.startswith("info/") else None)
    if kind is None:
        return  # an order, a return, a preference page: their addresses are secrets
    site: Site = request.app.state.site
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1")[:2000], errors="replace"))
    named = {name: clean(query.get(f"utm_{name}", ""))[:_LONGEST] for name in ("source", "medium", "campaign")}
    product = context.get("product") if kind == "product" else None
    view = PageView(
        visitor_id=visitor_id,
        at=site.clock.now(),
        kind=kind,
        path=request.scope["path"],
        text=_called(kind, context, product),
        product_id=product.id if product is not None else None,
        language=request.path_params["language"],
        referrer=_referrer(request, site),
        **named,
    )
    collector_of(request).note(view)


def collector_of(request: AnyRequest) -> Collector:
    state = request.app.state
    if "collector" not in state:
        state.collector = Collector(state.site.database)
    collector: Collector = state.collector
    return collector


async def recognise(request: AnyRequest, party_id: UUID) -> list[Cookie]:
    """Somebody in this browser has just said who they are, by an order, a sign-in or a link of ours.

    What the browser saw becomes theirs. On a computer that was somebody else's a new id begins for those who agreed as
    themselves; others are asked anew. Returns the cookies that the answer has to carry.
    """
    visitor_id = visitor_of(request)
    if visitor_id is None:
        return []
    site: Site = request.app.state.site
    async with site.database.transaction() as db:
        if await know_visitor(db, visitor_id, party_id, now=site.clock.now()):
            return []
        if party_id in await allowed(db, [party_id], PURPOSE):
            fresh = uuid7()
            await know_visitor(db, fresh, party_id, now=site.clock.now())
            return choice_cookies(site, "yes", fresh)
    return [forget_cookie(site, VISITOR_COOKIE), forget_cookie(site, CHOICE_COOKIE)]


def _is_looked_at(request: AnyRequest) -> bool:
    headers = request.headers
    return headers.get("sec-fetch-dest", "document") == "document" and "prefetch" not in headers.get("sec-purpose", "")


def _called(kind: ViewKind, context: dict[str, Any], product: Any) -> str:
    if kind == "product":
        return str(product.name)
    if kind == "category":
        return str(context["here"].name)
    return clean(str(context.get("wanted", ""))) if kind == "search" else ""


def _referrer(request: AnyRequest, site: Site) -> str:
    """The host they came from, unless it is ours."""
    host = urlsplit(request.headers.get("referer", "")).hostname or ""
    ours = {urlsplit(site.settings.base_url).hostname, request.headers.get("host", "").partition(":")[0]}
    return "" if host in ours else host[:_LONGEST]

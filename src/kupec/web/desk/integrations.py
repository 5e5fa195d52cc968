"""Settings, Integrations: keys that other systems call with, and addresses that are told of events."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.integrations import (
    KINDS,
    RATE_LIMIT,
    SCOPES,
    NewKey,
    Reach,
    add_endpoint,
    create_key,
    list_endpoints,
    list_keys,
    reach_of,
    revoke_key,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.reader import Reader
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/settings/integrations"
READ = {"permission": "integrations.write"}
WRITE = {"permission": "integrations.write", "confirmed": HERE}
MOST_REQUESTS = 100_000

SCOPE_WORDS = {
    "products.read": _("read products"),
    "products.write": _("write products"),
    "prices.write": _("write prices"),
    "stock.read": _("read stock"),
    "stock.write": _("write stock"),
    "orders.read": _("read orders"),
    "orders.write": _("ship and cancel orders"),
    "customers.read": _("read customers"),
    "customers.write": _("write customers"),
    "changes.read": _("follow what changes"),
}
KIND_WORDS = {
    "order": _("orders"),
    "payment": _("payments"),
    "refund": _("refunds"),
    "return": _("returns"),
    "parcel": _("parcels"),
    "invoice": _("invoices"),
    "credit_note": _("credit notes"),
    "product": _("products"),
    "price": _("prices"),
    "price_list": _("price lists"),
    "list_price": _("prices in lists"),
    "stock": _("stock"),
    "category": _("categories"),
    "customer": _("customers"),
}
STATE_WORDS = {
    "active": _("active"),
    "expired": _("expired"),
    "revoked": _("revoked"),
    "failing": _("failing"),
    "stopped": _("stopped: it said that it is gone"),
    "off": _("switched off"),
}
STATE_TONES = {"active": "good", "failing": "bad", "stopped": "bad"}

Work = Callable[[Connection, Actor, datetime], Awaitable[object]]


def reach_here(request: AnyRequest) -> Reach:
    settings = site_of(request).settings
    return reach_of(settings.webhook_allowed_hosts, local=settings.demo)


def in_language(words: Mapping[str, str], reader: Reader) -> dict[str, str]:
    return {key: reader.text(text) for key, text in words.items()}


async def overview(
    request: AnyRequest,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    values: Form | None = None,
    made: NewKey | None = None,
) -> Response[str]:
    """Keys and endpoints; a key that was just made is shown this once."""
    site, reader = site_of(request), reader_of(request)
    async with site.database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/integrations.html",
            section="integrations",
            status=status,
            keys=[(key, key.state(site.clock.now())) for key in await list_keys(db)],
            endpoints=await list_endpoints(db),
            scopes=in_language(SCOPE_WORDS, reader),
            kinds=in_language(KIND_WORDS, reader),
            states=in_language(STATE_WORDS, reader),
            state_tones=STATE_TONES,
            chosen=values.all if values else lambda _name: [],
            usual_rate=RATE_LIMIT,
            errors=errors or {},
            typed=typed(values),
            made=made,
        )


@get("/settings/integrations", opt=READ)
async def integrations(request: AnyRequest) -> Response[str]:
    return await overview(request)


@post("/settings/integrations/keys", opt=WRITE)
async def make_key(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            made = await create_key(
                db,
                form.text("name", most=1000),
                scopes=[scope for scope in form.all("scopes") if scope in SCOPES],
                expires_at=_end_of(form, reader_of(request)),
                rate_limit=form.whole("rate_limit", least=1, most=MOST_REQUESTS, default=RATE_LIMIT),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        errors = {f"key.{error.field or 'name'}": in_words(error, language_of(request))}
        return await overview(request, errors=errors, status=error.status, values=form)
    return await overview(request, made=made)


@post("/settings/integrations/keys/{key_id:uuid}/revoke", opt=WRITE)
async def end_key(request: AnyRequest, key_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await revoke_key(db, key_id, actor=actor, now=now)

    return await changed(request, work, _("The key opens nothing any more."), back=HERE)


@post("/settings/integrations/endpoints", opt=WRITE)
async def add(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            endpoint = await add_endpoint(
                db,
                form.text("url", most=10_000),
                events=events_of(form),
                description=form.text("description", most=1000),
                reach=reach_here(request),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        errors = {f"endpoint.{error.field or 'url'}": in_words(error, language_of(request))}
        return await overview(request, errors=errors, status=error.status, values=form)
    done = reader_of(request).text(_("Added. Give its secret to the other system and send a test."))
    return go(request, f"{HERE}/endpoints/{endpoint.id}", done=done)


def events_of(form: Form) -> list[str]:
    """The kinds that are ticked and the single names that are typed."""
    kinds = [f"{kind}.*" for kind in form.all("kinds") if kind in KINDS]
    return [*kinds, *form.text("names", most=2000).replace(",", " ").split()]


async def changed(request: AnyRequest, work: Work, message: str, *, back: str) -> Response[Any]:
    """Do something and go back with a line about it."""
    site, reader = site_of(request), reader_of(request)
    try:
        async with site.database.transaction() as db:
            await work(db, actor_of(request), site.clock.now())
    except KupecError as error:
        return go(request, back, failed=in_words(error, reader.language))
    return go(request, back, done=reader.text(message))


def moment_of(form: Form, name: str, reader: Reader) -> datetime | None:
    """The beginning of a day, where the shop is; None when the field is empty. Raises InvalidValue."""
    text = form.text(name)
    if not text:
        return None
    try:
        return datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(), reader.zone)  # noqa: DTZ007
    except ValueError:
        raise InvalidValue(field=name, expected=_("a day")) from None


def _end_of(form: Form, reader: Reader) -> datetime | None:
    """A key holds through its last day."""
    last = moment_of(form, "expires_at", reader)
    try:
        return last + timedelta(days=1) if last else None
    except OverflowError:
        raise InvalidValue(field="expires_at", expected=_("a day")) from None

"""The same done to many rows at once: each by itself, so that one which cannot keeps no other back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, post

from kupec.catalogue import ProductDraft, update_product
from kupec.customers import parties_by_ids, set_price_group, set_segments
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.reader import ngettext
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

MOST_AT_ONCE = 200
_STATES: tuple[Literal["active", "draft", "archived"], ...] = ("active", "draft", "archived")

Verb = Callable[[Connection, UUID], Awaitable[None]]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row; `problem` is why it was left as it was."""

    id: UUID
    problem: KupecError | None


def chosen(form: Form, field: str) -> list[UUID]:
    """The rows whose boxes were ticked, each once. Raises InvalidValue."""
    try:
        return list(dict.fromkeys(UUID(text) for text in form.all(field)[:MOST_AT_ONCE]))
    except ValueError:
        raise InvalidValue(field=field, expected="identifiers of rows") from None


async def do_each(request: AnyRequest, ids: Sequence[UUID], verb: Verb) -> list[Outcome]:
    """`verb` for each row in a transaction of its own; what it refuses is told beside the row."""
    database = site_of(request).database
    outcomes = []
    for row in ids:
        problem = None
        try:
            async with database.transaction() as db:
                await verb(db, row)
        except KupecError as error:
            problem = error
        outcomes.append(Outcome(id=row, problem=problem))
    return outcomes


async def tell(
    request: AnyRequest,
    outcomes: Sequence[Outcome],
    *,
    section: str,
    title: str,
    names: Mapping[UUID, str],
    base: str,
    onward: tuple[str, str] | None = None,
) -> Response[Any]:
    """A page that says of each row what became of it. `onward` is a link (label, address) to what comes next."""
    language = language_of(request)
    rows = [
        (
            outcome.id,
            names.get(outcome.id, str(outcome.id)),
            explain(outcome.problem, language) if outcome.problem else "",
        )
        for outcome in outcomes
    ]
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/bulk_result.html",
            section=section,
            title=title,
            base=base,
            onward=onward,
            done=[row for row in rows if not row[2]],
            refused=[row for row in rows if row[2]],
        )


@post("/customers/bulk", opt={"permission": "customers.write"})
async def group_customers(request: AnyRequest) -> Response[Any]:
    """Put the chosen customers into a segment, or give them a price group."""
    form, reader, actor = await read_form(request), reader_of(request), actor_of(request)
    now = site_of(request).clock.now()
    ids, key, what = chosen(form, "customer"), form.text("key"), form.text("action")
    back = f"/desk/customers?{request.url.query}" if request.url.query else "/desk/customers"
    if not ids:
        return go(request, back, failed=reader.text(_("Choose some rows first.")))

    async def into_segment(db: Connection, row: UUID) -> None:
        standing = await db.fetchval("select segments from party where id = $1 for no key update", row)
        await set_segments(db, row, [*(standing or []), key], actor=actor, now=now)

    async def into_group(db: Connection, row: UUID) -> None:
        await set_price_group(db, row, key or None, actor=actor, now=now)

    outcomes = await do_each(request, ids, into_group if what == "price_group" else into_segment)
    first = outcomes[0].problem
    if isinstance(first, InvalidValue):
        return go(request, back, failed=in_words(first, language_of(request)))
    async with site_of(request).database.reading() as db:
        known = await parties_by_ids(db, ids)
    if all(outcome.problem is None for outcome in outcomes):
        return go(
            request, back, done=reader.count(*ngettext("{n} customer changed.", "{n} customers changed."), len(ids))
        )
    return await tell(
        request,
        outcomes,
        section="customers",
        title=reader.text(_("Customers")),
        names={party.id: party.name or party.email or reader.text(_("No name")) for party in known.values()},
        base="/desk/customers",
    )


@post("/catalogue/bulk", opt={"permission": "catalogue.write"})
async def change_products(request: AnyRequest) -> Response[Any]:
    """Put the chosen products on sale, or take them off it."""
    form, reader, actor = await read_form(request), reader_of(request), actor_of(request)
    now = site_of(request).clock.now()
    ids, state = chosen(form, "product"), form.text("state")
    back = f"/desk/catalogue?{request.url.query}" if request.url.query else "/desk/catalogue"
    if not ids:
        return go(request, back, failed=reader.text(_("Choose some rows first.")))
    wanted = next((known for known in _STATES if known == state), None)
    if wanted is None:
        raise InvalidValue(field="state", expected="active, draft or archived")
    change = ProductDraft(external_id="", status=wanted)

    async def into_state(db: Connection, row: UUID) -> None:
        await update_product(db, row, change, actor=actor, now=now)

    outcomes = await do_each(request, ids, into_state)
    if all(outcome.problem is None for outcome in outcomes):
        return go(
            request, back, done=reader.count(*ngettext("{n} product changed.", "{n} products changed."), len(ids))
        )
    async with site_of(request).database.reading() as db:
        known = await db.fetch("select id, external_id from product where id = any($1::uuid[])", ids)
    return await tell(
        request,
        outcomes,
        section="catalogue",
        title=reader.text(_("Catalogue")),
        names={row["id"]: row["external_id"] for row in known},
        base="/desk/catalogue",
    )

"""What the forms of a customer's details do: fields, contacts, addresses, identities."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.customers import (
    ADDRESS_FIELDS,
    PartyChange,
    add_contact_point,
    change_party,
    choose_contact_point,
    contact_points_of,
    label_contact_point,
    members_of,
    put_address,
    put_identity,
    remove_address,
    remove_contact_point,
    remove_identity,
    root_of,
    set_price_group,
    verify_contact_point,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.web.desk.customer import beside, done
from kupec.web.desk.gate import actor_of
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, site_of

WRITE = {"permission": "customers.write"}
SHOW = "details"
Work = Callable[[Connection, Actor, datetime], Awaitable[None]]


async def carry_out(
    request: AnyRequest, customer_id: UUID, form: Form, work: Work, *, show: str, place: str, message: str
) -> Response[Any]:
    """Do `work` in one transaction and go back to the tab; what is refused stands beside its field."""
    site, actor = site_of(request), actor_of(request)
    try:
        async with site.database.transaction() as db:
            await work(db, actor, site.clock.now())
    except KupecError as error:
        return await beside(request, customer_id, show, error, form, place=place)
    return done(request, customer_id, show, message)


@post("/customers/{customer_id:uuid}/details", opt=WRITE)
async def change_details(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        change = PartyChange(
            name=form.text("name", most=300),
            language=form.text("language"),
            company_id=form.text("company_id"),
            vat_id=form.text("vat_id"),
            custom=form.under("custom.") or None,
        )
        await change_party(db, customer_id, change, actor=actor, now=now)
        root = await root_of(db, customer_id)
        group = form.text("price_group") or None
        if group != await db.fetchval("select price_group from party where id = $1", root):
            await set_price_group(db, root, group, actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="details", message=_("Saved."))


@post("/customers/{customer_id:uuid}/contacts", opt=WRITE)
async def add_contact(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        value, label = form.text("value", most=320), form.text("label")
        kind: Literal["email", "phone"] = "email" if "@" in value else "phone"
        try:
            await add_contact_point(
                db, customer_id, kind, value, label=label, country=form.text("country"), actor=actor, now=now
            )
        except KupecError as error:
            error.field = "value" if error.field == kind else error.field
            raise

    message = _("Added. It counts as verified once it has been proved.")
    return await carry_out(request, customer_id, form, work, show=SHOW, place="contact", message=message)


@post("/customers/{customer_id:uuid}/contacts/{point_id:uuid}", opt=WRITE)
async def change_contact(request: AnyRequest, customer_id: FromPath[UUID], point_id: FromPath[UUID]) -> Response[Any]:
    """Use it first, give it a name, note that it was proved, or take it away."""
    form = await read_form(request)
    action = form.text("action")
    messages = {
        "choose": _("It is used first from now on."),
        "label": _("Saved."),
        "verify": _("It counts as verified from now on."),
        "remove": _("Removed."),
    }

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        members = await members_of(db, await root_of(db, customer_id))
        point = next((one for one in await contact_points_of(db, members) if one.id == point_id), None)
        if point is None or action not in messages:
            raise NotFound(what="contact point")
        if action == "choose":
            await choose_contact_point(db, point_id, actor=actor, now=now)
        elif action == "label":
            await label_contact_point(db, point_id, form.text("label"), actor=actor, now=now)
        elif action == "verify":
            await verify_contact_point(db, customer_id, point.kind, point.value, actor=actor, now=now)
        else:
            await remove_contact_point(db, point_id, actor=actor, now=now)

    message = messages.get(action, "")
    return await carry_out(request, customer_id, form, work, show=SHOW, place=str(point_id), message=message)


@post("/customers/{customer_id:uuid}/identities", opt=WRITE)
async def add_identity(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await put_identity(db, customer_id, form.text("channel"), form.text("identity"), actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="identity", message=_("Added."))


@post("/customers/{customer_id:uuid}/identities/{identity_id:uuid}/remove", opt=WRITE)
async def drop_identity(request: AnyRequest, customer_id: FromPath[UUID], identity_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await remove_identity(db, identity_id, actor=actor, now=now)

    form = await read_form(request)
    return await carry_out(request, customer_id, form, work, show=SHOW, place="identity", message=_("Removed."))


@post("/customers/{customer_id:uuid}/addresses", opt=WRITE)
async def keep_address(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    """Another address, or the one of the hidden field written anew."""
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        address = {name: form.text(name, most=300) for name in ADDRESS_FIELDS}
        which = form.uuid("address_id") if form.text("address_id") else None
        await put_address(db, customer_id, address, address_id=which, actor=actor, now=now)

    place = f"address-{form.text('address_id')}" if form.text("address_id") else "address"
    return await carry_out(request, customer_id, form, work, show=SHOW, place=place, message=_("Saved."))


@post("/customers/{customer_id:uuid}/addresses/{address_id:uuid}/remove", opt=WRITE)
async def drop_address(request: AnyRequest, customer_id: FromPath[UUID], address_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await remove_address(db, customer_id, address_id, actor=actor, now=now)

    form = await read_form(request)
    return await carry_out(request, customer_id, form, work, show=SHOW, place="address", message=_("Removed."))


routes = (
    change_details,
    add_contact,
    change_contact,
    add_identity,
    drop_identity,
    keep_address,
    drop_address,
)

"""What the forms of a customer's people do: roles in organisations, and relations."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.customers import RelationKind as Kind
from kupec.customers import (
    Role,
    add_relation,
    get_party,
    give_role,
    list_parties,
    remove_relation,
    take_role,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.web.desk.customer_editing import WRITE, carry_out
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest

SHOW = "people"


async def one_customer(db: Connection, text: str, *, field: str = "other") -> UUID:
    """The customer somebody means: by id, e-mail, phone, or a name that only one has. Raises InvalidValue."""
    try:
        return (await get_party(db, UUID(text))).id
    except (ValueError, NotFound):
        found = await list_parties(db, text, limit=2) if text else []
    exact = [one for one in found if text.casefold() in (one.name.casefold(), one.email)]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0].id
    raise InvalidValue(field=field, expected="one customer: their e-mail, their phone, or their whole name")


@post("/customers/{customer_id:uuid}/roles", opt=WRITE)
async def hand_role(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    """Between an organisation and a person, whichever of the two the page is about."""
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        here = await get_party(db, customer_id)
        other = await one_customer(db, form.text("other"))
        pair = (here.id, other) if here.kind == "organisation" else (other, here.id)
        try:
            await give_role(db, *pair, cast(Role, form.text("role")), actor=actor, now=now)
        except InvalidValue as error:
            error.field = "other" if error.field in ("person", "organisation") else error.field
            raise

    return await carry_out(request, customer_id, form, work, show=SHOW, place="role", message=_("The role is given."))


@post("/customers/{customer_id:uuid}/roles/take", opt=WRITE)
async def end_role(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        organisation, person = form.uuid("organisation"), form.uuid("person")
        await take_role(db, organisation, person, cast(Role, form.text("role")), actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="role", message=_("The role is ended."))


@post("/customers/{customer_id:uuid}/relations", opt=WRITE)
async def tie(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        other = await one_customer(db, form.text("other"))
        kind = cast(Kind, form.text("kind"))
        await add_relation(db, customer_id, kind, other_id=other, source="desk", actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="relation", message=_("Noted."))


@post("/customers/{customer_id:uuid}/relations/{relation_id:uuid}/remove", opt=WRITE)
async def untie(request: AnyRequest, customer_id: FromPath[UUID], relation_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await remove_relation(db, customer_id, relation_id=relation_id, actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="relation", message=_("Removed."))


routes = (hand_role, end_role, tie, untie)

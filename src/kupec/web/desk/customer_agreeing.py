"""What the forms of a customer's consents, points and wishes about their data do."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.customers import (
    Proof,
    give_consent,
    grant_points,
    request_erasure,
    request_export,
    withdraw_consent,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.web.desk.customer_editing import WRITE, carry_out
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest

SHOW = "consents"


@post("/customers/{customer_id:uuid}/consents", opt=WRITE)
async def note_consent(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    """What the customer said in person, with where and how."""
    form = await read_form(request)
    purpose = form.text("purpose", most=1000)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        proof = Proof(how="desk", reason=form.text("reason", most=10_000))
        act = give_consent if form.text("action") == "give" else withdraw_consent
        await act(db, customer_id, purpose, proof=proof, actor=actor, now=now)

    place = f"consent-{purpose}"
    return await carry_out(request, customer_id, form, work, show=SHOW, place=place, message=_("It is noted."))


@post("/customers/{customer_id:uuid}/points", opt=WRITE)
async def give_points(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        amount = form.whole("amount", least=1, most=1_000_000)
        key = form.text("key", most=100) or uuid7().hex
        reason = form.text("reason", most=10_000)
        source = f"desk:{customer_id}:{key}"
        await grant_points(db, customer_id, amount, kind="desk", source=source, reason=reason, actor=actor, now=now)

    return await carry_out(
        request, customer_id, form, work, show=SHOW, place="points", message=_("The points are granted.")
    )


@post("/customers/{customer_id:uuid}/privacy", opt={"permission": "privacy.write"})
async def ask(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    """The customer wants their data, or to be forgotten."""
    form = await read_form(request)
    kind = form.text("kind")

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        if kind not in ("export", "erasure"):
            raise NotFound(what="request")
        verb = request_export if kind == "export" else request_erasure
        language = await db.fetchval("select language from party where id = $1", customer_id)
        reason = form.text("reason", most=10_000)
        if kind == "erasure" and not reason:
            expected = _("a few words on where and how they asked: it cannot be undone")
            raise InvalidValue(field="reason", expected=expected)
        await verb(db, customer_id, language=language or "en", reason=reason, actor=actor, now=now)

    return await carry_out(
        request,
        customer_id,
        form,
        work,
        show=SHOW,
        place=f"privacy-{kind}",
        message=_("The request is being worked off."),
    )


routes = (note_consent, give_points, ask)

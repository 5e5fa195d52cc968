"""Putting two records of one customer together, and apart again; who may be in the books twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import accounts_of
from kupec.customers import (
    CUSTOM_FIELDS,
    MergeProof,
    duplicates,
    get_party,
    merge_parties,
    merge_preview,
    tell_apart,
    undo_merge,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.web.desk import party_words
from kupec.web.desk.customer import done, not_done
from kupec.web.desk.customer_editing import WRITE, carry_out
from kupec.web.desk.customer_ties import one_customer
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

MOST = 100


class BothHaveAccounts(KupecError):
    """Both buy on account in {currency}. Close one of the two accounts first, then merge."""

    status = 409
    code = "both_have_accounts"


async def accounts_fit(db: Connection, survivor: Sequence[UUID], absorbed: Sequence[UUID]) -> None:
    """A guard for merges; an account of one of the two serves both afterwards. Raises BothHaveAccounts."""
    mine = {currency for _, currency in await accounts_of(db, survivor)}
    theirs = {currency for _, currency in await accounts_of(db, absorbed)}
    if both := sorted(mine & theirs):
        raise BothHaveAccounts(currency=both[0])


GUARDS = (accounts_fit,)


@get("/customers/{customer_id:uuid}/merge", opt=WRITE)
async def compare(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[str]:
    """Who is meant, and then what would come of it."""
    async with site_of(request).database.reading() as db:
        return await _page(request, db, customer_id, query_form(request).text("with"))


async def _page(
    request: AnyRequest,
    db: Connection,
    customer_id: UUID,
    wanted: str,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    reader, problems = reader_of(request), dict(errors or {})
    party, other, preview = await get_party(db, customer_id), None, None
    if wanted:
        try:
            other = await get_party(db, await one_customer(db, wanted, field="with"))
            preview = await merge_preview(db, party.id, other.id, guards=GUARDS)
        except InvalidValue as error:
            problems["merge.with"] = in_words(error, reader.language)
    fields = {one.code: one for one in (await published(db, CUSTOM_FIELDS))[CUSTOM_FIELDS].fields}
    return await desk_page(
        request,
        db,
        "desk/merge.html",
        section="customers",
        status=status,
        party=party,
        other=other,
        wanted=wanted,
        preview=preview,
        refused=explain(preview.refused, reader.language) if preview and preview.refused else "",
        counts=[reader.count(*party_words.COUNTS[name], count) for name, count in preview.counts.items()]
        if preview
        else [],
        field_name=lambda name: (
            fields[name[7:]].name(reader.language)
            if name.startswith("custom.") and name[7:] in fields
            else party_words.field_name(name, reader)
        ),
        errors=problems,
        typed=typed(values),
    )


@post("/customers/{customer_id:uuid}/merge", opt=WRITE)
async def merge(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    other = form.uuid("other")
    try:
        async with site.database.transaction() as db:
            await merge_parties(
                db,
                customer_id,
                other,
                proof=_proof(form),
                guards=GUARDS,
                take=form.all("take"),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except InvalidValue as error:
        errors = {f"merge.{error.field}": in_words(error, language)}
        async with site.database.reading() as db:
            return await _page(request, db, customer_id, str(other), status=error.status, errors=errors, values=form)
    except KupecError as error:
        return not_done(request, customer_id, "details", error)
    return done(request, customer_id, "details", _("They are one customer now. It can be undone here."))


def _proof(form: Form) -> MergeProof:
    source, _dot, what = form.text("proof", most=400).partition(":")
    if source != "shared":
        return MergeProof(source="staff", stated=form.text("stated", most=400))
    kind, _dot, value = what.partition(":")
    return MergeProof(source="contact_point" if kind in ("email", "phone") else "identity", kind=kind, value=value)


@post("/customers/{customer_id:uuid}/merges/{merge_id:uuid}/undo", opt={"permission": "privacy.write"})
async def undo(request: AnyRequest, customer_id: FromPath[UUID], merge_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await undo_merge(db, merge_id, actor=actor, now=now)

    message = _("They are two customers again.")
    return await carry_out(request, customer_id, form, work, show="details", place="merge", message=message)


@get("/customers/duplicates", opt={"permission": "customers.read"})
async def suspected(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/duplicates.html",
            section="customers",
            pairs=await duplicates(db, limit=MOST),
            most=MOST,
            why=lambda reason: reader_of(request).text(party_words.REASONS[reason]),
        )


@post("/customers/duplicates", opt=WRITE)
async def apart(request: AnyRequest) -> Response[Any]:
    """A person says that two are not the same."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            one, other = form.uuid("one"), form.uuid("other")
            await tell_apart(db, one, other, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, "/desk/customers/duplicates", failed=explain(error, language_of(request)))
    return go(
        request, "/desk/customers/duplicates", done=reader_of(request).text(_("They will not be suggested again."))
    )


routes = (compare, merge, undo, suspected, apart)

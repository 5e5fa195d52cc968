"""A customer whom somebody of the staff writes down."""

from typing import Any, Literal

from litestar import Response, get, post

from kupec.customers import CUSTOM_FIELDS, NewParty, create_party, fields_for
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.web.desk.customer_details import own_fields
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.settings_pages import place_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, site_of

WRITE = {"permission": "customers.write"}


@get("/customers/new", opt=WRITE)
async def new_customer(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, _kind(query_form(request)))


async def _page(
    request: AnyRequest,
    db: Connection,
    kind: Literal["person", "organisation"],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    document = (await published(db, CUSTOM_FIELDS))[CUSTOM_FIELDS]
    return await desk_page(
        request,
        db,
        "desk/customer_new.html",
        section="customers",
        status=status,
        kind=kind,
        own_fields=own_fields(fields_for(document, kind), None, reader_of(request)),
        countries=(await place_of(db)).countries,
        speaks=LANGUAGES,
        errors=errors or {},
        typed=typed(values),
    )


@post("/customers/new", opt=WRITE)
async def make_customer(request: AnyRequest) -> Response[Any]:
    site, form, reader = site_of(request), await read_form(request), reader_of(request)
    try:
        new = NewParty(
            kind=_kind(form),
            name=form.text("name", most=300),
            language=form.text("language"),
            email=form.text("email", most=320),
            phone=form.text("phone"),
            country=form.text("country"),
            company_id=form.text("company_id"),
            vat_id=form.text("vat_id"),
            custom={code: value for code, value in form.under("custom.").items() if value},
        )
        async with site.database.transaction() as db:
            made = await create_party(db, new, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        if error.field is None:
            return go(request, "/desk/customers/new", failed=explain(error, reader.language))
        errors = {f"new.{error.field}": in_words(error, reader.language)}
        async with site.database.reading() as db:
            return await _page(request, db, _kind(form), status=error.status, errors=errors, values=form)
    return go(request, f"/desk/customers/{made}?show=details", done=reader.text(_("The customer is written down.")))


def _kind(form: Form) -> Literal["person", "organisation"]:
    return "organisation" if form.text("kind") == "organisation" else "person"


routes = (new_customer, make_customer)

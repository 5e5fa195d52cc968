"""Bank statements at the desk: brought in, and what did not match by itself matched by a person."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.billing import (
    PAYMENT,
    BankLine,
    MatchedPart,
    NothingOwed,
    Suggestion,
    awaited,
    get_line,
    ignore_line,
    import_statement,
    line_counts,
    list_lines,
    list_statements,
    match_line,
    matches_of,
    reopen_line,
    statement_formats,
    suggestions,
    unmatch_line,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.tabular import InvalidFile
from kupec.kit.versions import published
from kupec.web.desk.catalogue import page_of
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
LARGEST_STATEMENT = 4_000_000  # bytes
_BANK = "/desk/finance/bank"
_STATES = ("open", "matched", "ignored")
LineState = Literal["open", "matched", "ignored"]
REASONS = {
    "symbol": _("the same symbol"),
    "amount": _("the same amount"),
    "message": _("the number in the message"),
    "name": _("the same name"),
}


class LineList(msgspec.Struct, frozen=True, kw_only=True):
    """Movements as the address asks for them; no state means all."""

    state: LineState | None
    statement: UUID | None
    page: int
    rows: list[BankLine]
    counts: dict[str, int]
    more: bool

    @property
    def filters(self) -> dict[str, Any]:
        page = self.page if self.page > 1 else None
        state = "all" if self.state is None else self.state if self.state != "open" else None
        return {"state": state, "statement": self.statement, "page": page}


async def line_list(request: AnyRequest, db: Connection) -> LineList:
    form = query_form(request)
    wanted, page = form.text("state", most=20) or "open", page_of(form)
    state = cast(LineState, wanted) if wanted in _STATES else None
    statement = form.uuid("statement") if form.text("statement") else None
    rows = await list_lines(
        db,
        actor=actor_of(request),
        state=state,
        statement_id=statement,
        limit=PAGE + 1,
        offset=(page - 1) * PAGE,
    )
    counts = await line_counts(db, statement_id=statement)
    return LineList(state=state, statement=statement, page=page, rows=rows[:PAGE], counts=counts, more=len(rows) > PAGE)


async def order_numbers(db: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await db.fetch("select id, number from sales_order where id = any($1::uuid[])", list(ids))
    return {row["id"]: row["number"] or "" for row in rows}


async def bank_page(
    request: AnyRequest,
    db: Connection,
    line: BankLine | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    """The movements, and one of them with what it may be for beside the list."""
    found: list[Suggestion] = (await suggestions(db, [line])).get(line.id, []) if line else []
    parts: list[MatchedPart] = await matches_of(db, line_ids=[line.id]) if line else []
    orders = [each.owed.order_id for each in found] + [part.order_id for part in parts]
    return await desk_page(
        request,
        db,
        "desk/bank.html",
        section="finance",
        status=status,
        listing=await line_list(request, db),
        line=line,
        suggested=found,
        matched=parts,
        numbers=await order_numbers(db, orders),
        reasons=REASONS,
        statements=await list_statements(db, actor=actor_of(request), limit=10),
        formats=sorted(await statement_formats(db)),
        currencies=sorted({"CZK", "EUR", "PLN", *(await published(db, PAYMENT))[PAYMENT].accounts}),
        errors=errors or {},
        typed=typed(values),
    )


@get("/finance/bank", opt={"permission": "billing.read"})
async def bank(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await bank_page(request, db, None)


@get("/finance/bank/{line_id:uuid}", opt={"permission": "billing.read"})
async def bank_line(request: AnyRequest, line_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await bank_page(request, db, await get_line(db, line_id, actor=actor_of(request)))


@post("/finance/bank/import", opt={"permission": "billing.write"}, request_max_body_size=LARGEST_STATEMENT)
async def bring_in(request: AnyRequest) -> Response[Any]:
    """A statement's file. The same one again changes nothing."""
    site, reader = site_of(request), reader_of(request)
    form = Form([(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)])
    try:
        name, content = await _uploaded(request)
        async with site.database.transaction() as db:
            done = await import_statement(
                db,
                content,
                filename=name,
                format_name=form.text("format", most=100),
                account=form.text("account", most=64),
                currency=form.text("currency", most=3),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        unread = reader.text(_("This is no statement in this format. Please check the file and the format."))
        text = unread if isinstance(error, InvalidFile) else in_words(error, language_of(request))
        said = {f"statement.{error.field or 'file'}": text}
        async with site.database.reading() as db:
            return await bank_page(request, db, None, status=error.status, errors=said, values=form)
    text = reader.text(_("New lines: {fresh} of {lines}. Payments settled: {settled}.")).format(
        fresh=done.fresh, lines=done.lines, settled=done.settled
    )
    if done.wrong:
        first = done.wrong[0]
        wrong = reader.text(_("Lines that cannot be read: {count}; the first is line {number}.")).format(
            count=len(done.wrong), number=first.number
        )
        return go(request, f"{_BANK}?statement={done.statement_id}", failed=f"{text} {wrong}")
    return go(request, f"{_BANK}?statement={done.statement_id}", done=text)


async def _uploaded(request: AnyRequest) -> tuple[str, bytes]:
    """Raises InvalidValue when there is no file."""
    for _name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile) and value.filename:
            return value.filename, await value.read()
    raise InvalidValue(field="file", expected=_("a file from the bank"))


@post("/finance/bank/{line_id:uuid}/match", opt={"permission": "billing.write"})
async def match(request: AnyRequest, line_id: FromPath[UUID]) -> Response[Any]:
    """By a suggestion's button, or by the symbols (or order numbers) that somebody typed."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            chosen = [form.uuid("payment")] if "payment" in form else await _by_symbols(db, form)
            settled = await match_line(db, line_id, chosen, actor=actor_of(request), now=site.clock.now())
            following = await _next_open(db, request, line_id)
    except KupecError as error:
        return await _beside(request, line_id, error, form)
    text = _("The payment is settled.") if settled else _("It is noted. The payment is not paid whole yet.")
    return go(request, following, done=reader_of(request).text(text))


async def _by_symbols(db: Connection, form: Form) -> list[UUID]:
    """Payments by the symbols or order numbers somebody typed. Raises InvalidValue, NothingOwed."""
    typed_in = re.findall(r"[0-9]{1,10}", form.text("symbols", most=2000))
    if not typed_in:
        raise InvalidValue(field="symbols", expected=_("one or more order numbers"))
    wanted = [digits.lstrip("0") for digits in typed_in]
    owed = {each.variable_symbol: each.id for each in await awaited(db, limit=100_000)}
    missing = [digits for digits in wanted if digits not in owed]
    if missing:
        raise NothingOwed(field="symbols")
    return [owed[digits] for digits in wanted]


async def _next_open(db: Connection, request: AnyRequest, line_id: UUID) -> str:
    """Where to go on: the line itself while something is left of it, else the next open one, else the list."""
    kept = _kept(request)
    line = await get_line(db, line_id, actor=actor_of(request))
    if line.state == "open":
        return f"{_BANK}/{line_id}{kept}"
    rows = await list_lines(db, actor=actor_of(request), state="open", limit=1)
    return f"{_BANK}/{rows[0].id}{kept}" if rows else f"{_BANK}{kept}"


@post("/finance/bank/{line_id:uuid}/unmatch", opt={"permission": "billing.write"})
async def unmatch(request: AnyRequest, line_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await unmatch_line(db, line_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, f"{_BANK}/{line_id}{_kept(request)}", failed=explain(error, language_of(request)))
    return _done(request, line_id, _("The match is taken back; the money is owed again."))


@post("/finance/bank/{line_id:uuid}/ignore", opt={"permission": "billing.write"})
async def ignore(request: AnyRequest, line_id: FromPath[UUID]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            note = form.text("note", most=300)
            await ignore_line(db, line_id, note=note, actor=actor_of(request), now=site.clock.now())
            following = await _next_open(db, request, line_id)
    except KupecError as error:
        return await _beside(request, line_id, error, form)
    return go(request, following, done=reader_of(request).text(_("The line is put aside.")))


@post("/finance/bank/{line_id:uuid}/reopen", opt={"permission": "billing.write"})
async def reopen(request: AnyRequest, line_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        await reopen_line(db, line_id, actor=actor_of(request), now=site.clock.now())
    return _done(request, line_id, _("The line waits again."))


def _kept(request: AnyRequest) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _done(request: AnyRequest, line_id: UUID, message: str) -> Redirect:
    return go(request, f"{_BANK}/{line_id}{_kept(request)}", done=reader_of(request).text(message))


async def _beside(request: AnyRequest, line_id: UUID, error: KupecError, form: Form) -> Response[Any]:
    field = "symbols" if error.field == "payment" and "symbols" in form else error.field
    if field not in ("symbols", "note"):
        return go(request, f"{_BANK}/{line_id}{_kept(request)}", failed=explain(error, language_of(request)))
    said = {f"line.{field}": in_words(error, language_of(request))}
    async with site_of(request).database.reading() as db:
        line = await get_line(db, line_id, actor=actor_of(request))
        return await bank_page(request, db, line, status=error.status, errors=said, values=form)

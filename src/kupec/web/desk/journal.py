"""The journal: what was said to whom, for what purpose and why; and what was not said."""

from typing import get_args
from uuid import UUID

from litestar import Response, get

from kupec.customers import members_of
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.outreach import OURS, PURPOSES, RULES, Asked, MailState, journal, kinds_written
from kupec.web.desk.messages import PURPOSE_WORDS
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.desk.rule_words import EVENT_WORDS
from kupec.web.desk.sentences import code_in_words
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, site_of

PAGE = 50
REASONS = {
    "event:": _("what happened"),
    "rule:": _("a rule"),
    "sweep:": _("a due time"),
    "staff:": _("a person on the desk"),
}
"""What makes us write, by how a reason begins."""
WHAT_FOR = {"abandoned_cart": _("a left cart"), "dormant": _("no order for long"), "service_due": _("service due")}


def reason_in_words(reason: str, reader: Reader, rules: dict[str, str] | None = None) -> str:
    """Why a mail was written: the kind of reason, and which one where that says more. `rules` are names by code."""
    kind, colon, what = reason.partition(":")
    words = REASONS.get(f"{kind}:")
    if words is None or not colon:
        return reason or "—"
    if kind == "staff":
        return reader.text(words)
    if kind == "rule":
        return f"{reader.text(words)}: {(rules or {}).get(what, what)}"
    said = reader.text(WHAT_FOR[what]) if what in WHAT_FOR else reader.word_of("event", EVENT_WORDS.get(what, ""))
    return f"{reader.text(words)}: {said}" if said else reader.text(words)


def _asked(form: Form, party_ids: list[UUID]) -> Asked:
    state, purpose = form.text("state", most=20), form.text("purpose", most=40)
    return Asked(
        state=state if state in get_args(MailState) else None,  # type: ignore[arg-type]
        kind=form.text("kind", most=60),
        purpose=purpose if purpose in PURPOSES else "",
        reason=form.text("reason", most=100),
        party_ids=party_ids,
    )


@get("/marketing/journal", opt={"permission": "customers.read"})
async def written(request: AnyRequest) -> Response[str]:
    form, reader = query_form(request), reader_of(request)
    before = read_cursor(form.text("before"))
    customer = form.uuid("customer") if form.text("customer") else None
    async with site_of(request).database.reading() as db:
        asked = _asked(form, await members_of(db, customer) if customer else [])
        found = await journal(db, asked, before=before, limit=PAGE + 1)
        rows = found[:PAGE]
        names = await db.fetch(
            "select id, name from party where id = any($1::uuid[])",
            [row.customer_id for row in rows if row.customer_id],
        )
        rules = {rule.code: reader.text(rule.name) for rule in (await published(db, RULES))[RULES].rules}
        filters = {
            "state": asked.state or "",
            "kind": asked.kind,
            "purpose": asked.purpose,
            "reason": asked.reason,
            "customer": str(customer or ""),
        }
        return await desk_page(
            request,
            db,
            "desk/journal.html",
            section="marketing",
            rows=rows,
            names={row["id"]: row["name"] for row in names},
            filters=filters,
            before=form.text("before") if before else None,
            older=write_cursor(rows[-1].created_at, rows[-1].id) if len(found) > PAGE else None,
            states=get_args(MailState),
            kinds=sorted({*OURS, *await kinds_written(db)}),
            purposes=PURPOSE_WORDS,
            reasons=REASONS,
            kind_of=lambda kind: code_in_words(kind, reader),
            why_of=lambda why: code_in_words(f"why.{why}", reader),
            reason_of=lambda reason: reason_in_words(reason, reader, rules),
        )


routes = (written,)

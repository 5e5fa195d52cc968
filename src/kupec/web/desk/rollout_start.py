"""Starting a roll-out at the desk: what is tried, on whom, and what stops it."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from kupec.assistant import Rollout, Triable, start_rollout, triable
from kupec.experiments import EXPERIMENTS, METRICS, ExperimentRules, Guardrail
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox_list import channel_word
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.reader import Reader
from kupec.web.desk.rollout_events import percent
from kupec.web.desk.rollout_words import METRIC_WORDS, names_of, number, unit
from kupec.web.desk.rollouts import HERE, PERMISSION, share_in, shelf_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

_USUAL: Final = 0.1


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """A guardrail in the form: the margin as people write it."""

    metric: str
    title: str
    unit: str
    margin: str
    is_on: bool


@get("/rollouts/new", opt={"permission": PERMISSION})
async def new_rollout(request: AnyRequest) -> Response[str]:
    """`subject` and `version` in the address choose what is tried."""
    query = query_form(request)
    async with site_of(request).database.reading() as db:
        chosen = f"{query.text('subject', most=140)}|{query.text('version')}"
        return await _page(request, db, chosen=chosen)


@post("/rollouts/new", opt={"permission": PERMISSION})
async def begin(request: AnyRequest) -> Response[Any]:
    """Begin, or say beside the field what is in the way."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            rules = (await published(db, EXPERIMENTS))[EXPERIMENTS]
            wanted = _wanted(form, rules, list(site.channels))
            shelf, now = await shelf_of(request, db), site.clock.now()
            one = await start_rollout(db, wanted, shelf=shelf, actor=actor_of(request), now=now)
    except KupecError as error:
        field = error.field if error.field in ("share", "channels") or _is_margin(error.field) else "what"
        told = in_words(error, language) if isinstance(error, InvalidValue) else explain(error, language)
        async with site.database.reading() as db:
            errors = {f"rollout.{field}": told}
            return await _page(
                request, db, chosen=typed(form)("what", ""), form=form, errors=errors, status=error.status
            )
    return go(request, f"{HERE}/{one.id}", done=translate(language, _("The roll-out has begun.")))


def _is_margin(field: str | None) -> bool:
    return field is not None and field.removeprefix("margin_") in METRICS


def _wanted(form: Form, rules: ExperimentRules, channels: list[str]) -> Rollout:
    subject, _bar, version = form.text("what", most=300).rpartition("|")
    if not subject:
        raise InvalidValue(field="what", expected=_("what is to be tried"))
    chosen = tuple(code for code in form.all("channel") if code in channels)
    guardrails = tuple(
        msgspec.structs.replace(one, margin=_margin(form, one))
        for one in rules.guardrails
        if f"on_{one.metric}" in form
    )
    return Rollout(
        subject=subject,
        version=version,
        share=share_in(form.text("share", most=20)),
        channels=() if len(chosen) == len(channels) else chosen,
        guardrails=guardrails,
        note=form.text("note"),
        despite="despite" in form,
    )


def _margin(form: Form, guardrail: Guardrail) -> float:
    """As people write it: points of a hundred, or of the rating; with a point or a comma."""
    metric, field = METRICS[guardrail.metric], f"margin_{guardrail.metric}"
    try:
        written = Decimal(form.text(field, most=20).replace(",", "."))
    except InvalidOperation:
        written = Decimal(-1)
    margin = float(written) / (100 if metric.is_share else 1)
    if not 0 <= margin < metric.span:
        raise InvalidValue(field=field, expected=_("a margin from 0 up to what the metric spans"))
    return margin


async def _page(
    request: AnyRequest,
    db: Connection,
    *,
    chosen: str,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    reader, site = reader_of(request), site_of(request)
    rules = (await published(db, EXPERIMENTS))[EXPERIMENTS]
    offered = await triable(db)
    names = await names_of(db, [one.subject for one in offered], reader)
    return await desk_page(
        request,
        db,
        "desk/rollouts/new.html",
        section="rollouts",
        status=status,
        errors=errors or {},
        offered=[(f"{one.subject}|{one.version}", _title(one, names, reader)) for one in offered],
        chosen=chosen,
        steps=[(str(value), percent(value, reader.language)) for value in rules.shares],
        share_chosen=typed(form)("share", str(_USUAL)),
        channels=[(code, channel_word(code, reader)) for code in site.channels],
        channels_chosen=form.all("channel") if form else list(site.channels),
        guards=[_guard(one, reader, form) for one in rules.guardrails],
        note=typed(form)("note", ""),
        asks_despite=any(one.subject == "model" for one in offered),
        despite=form is not None and "despite" in form,
    )


def _title(one: Triable, names: Any, reader: Reader) -> str:
    before = names.version(one.subject, one.live)
    told = reader.text(_("{subject}: {version} (now: {before})")).format(
        subject=names.subject(one.subject), version=names.version(one.subject, one.version), before=before
    )
    return f"{told} – {one.note}" if one.note else told


def _guard(one: Guardrail, reader: Reader, form: Form | None) -> Guard:
    metric = METRICS[one.metric]
    usual = number(reader, one.margin * 100, 1) if metric.is_share else number(reader, one.margin, 2)
    return Guard(
        metric=one.metric,
        title=reader.text(METRIC_WORDS[one.metric]),
        unit=unit(reader, metric),
        margin=typed(form)(f"margin_{one.metric}", usual),
        is_on=form is None or f"on_{one.metric}" in form,
    )


routes = (new_rollout, begin)

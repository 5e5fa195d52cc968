"""Rules at the desk: what holds and what it did, one rule's form, and what it would have done in the past."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import markets
from kupec.customers import CONSENTS, PRIORITIES, Party, parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import (
    get_document,
    get_version,
    one_at_a_time,
    publish,
    published,
    read_document,
    save_draft,
    standing,
)
from kupec.outreach import (
    OURS,
    PURPOSES,
    RULE_EVENTS,
    RULE_OPERATORS,
    RULES,
    DryRun,
    Rule,
    Rules,
    dry_run,
    rule_counts,
    rule_errors,
    rule_history,
    try_again,
)
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.rule_form import CONDITIONS, blank_rule, in_the_form, read_rule, shown_rule
from kupec.web.desk.rule_words import (
    EVENT_WORDS,
    KINDS,
    OPERATOR_WORDS,
    REASON_WORDS,
    STATE_TONES,
    STATE_WORDS,
    action_in_words,
    trigger_in_words,
)
from kupec.web.desk.settings_editing import faults_of
from kupec.web.desk.task_form import people_of, typed_values
from kupec.web.desk.task_words import PRIORITY_WORDS, REMINDERS, reminder_in_words
from kupec.web.desk.timeline import subject_page
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "settings.write"
HERE = "/desk/rules"
MONTH = timedelta(days=30)
TRIES = (30, 90, 365)
"""Offered lengths of a dry run, in days."""
_EXAMPLES = 10


@get("/rules", opt={"permission": PERMISSION})
async def rules(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db)


@get("/rules/new", opt={"permission": PERMISSION})
async def new_rule(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _form_page(request, db, None, shown_rule(blank_rule()))


@get("/rules/{code:str}", opt={"permission": PERMISSION})
async def rule_record(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        document = await _document(db, query_form(request).text("version"))
        return await _form_page(request, db, code, shown_rule(_stored(document, code)))


@post("/rules/new", opt={"permission": PERMISSION})
async def make_rule(request: AnyRequest) -> Response[Any]:
    return await _change(request, None)


@post("/rules/{code:str}", opt={"permission": PERMISSION})
async def change_rule(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    return await _change(request, code)


@post("/rules/failed/{due_id:uuid}", opt={"permission": PERMISSION})
async def again(request: AnyRequest, due_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await try_again(db, due_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=explain(error, language_of(request)))
    return go(request, HERE, done=reader_of(request).text(_("It is tried again in a moment.")))


async def _document(db: Connection, version: str = "") -> Rules:
    """The version the address names, else what holds. Raises NotFound."""
    if not version:
        return (await published(db, RULES))[RULES]
    try:
        return await get_document(db, RULES, UUID(version))
    except ValueError:
        raise NotFound(what="version") from None


def _stored(document: Rules, code: str) -> Rule:
    found = next((one for one in document.rules if one.code == code), None)
    if found is None:
        raise NotFound(what="rule")
    return found


async def _change(request: AnyRequest, code: str | None) -> Response[Any]:
    """Try the rule as it was typed on the past; or keep it as a draft, and publish that if it was asked for."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    doing, version = form.text("do"), query_form(request).text("version")
    faults: dict[str, str] = {}
    try:
        async with site.database.reading() as db:
            before = await _document(db, version)
            values = typed_values(shown_rule(_stored(before, code) if code else blank_rule()), form)
            document, index = _read(form, before, code, faults, language, remove=doing == "remove")
            if doing == "try":
                return await _tried(request, db, code, values, document.rules[index], form)
        async with site.database.transaction() as db:
            now, actor = site.clock.now(), actor_of(request)
            await one_at_a_time(db, RULES)
            await _still_as_seen(db, form)
            note = _note(language, doing, form.text("code", most=100) or code or "")
            draft = await save_draft(db, RULES, document, note=note, actor=actor, now=now)
            if doing in ("publish", "remove"):
                await publish(db, RULES, draft.id, actor=actor, now=now)
    except InvalidValue as error:
        found = {in_the_form(path, form.text("kind")): text for path, text in faults_of(error).items()} | faults
        async with site.database.reading() as db:
            return await _form_page(request, db, code, values, faults=found, status=422)
    except KupecError as error:
        return go(request, HERE, failed=explain(error, language))
    if doing == "draft":
        done = translate(language, _("Saved as a draft. Nothing has changed in the shop yet."))
        return go(request, f"{HERE}/{document.rules[index].code}?version={draft.id}", done=done)
    done = translate(language, _("Version {n} holds now.")).format(n=draft.number)
    return go(request, HERE if doing == "remove" else f"{HERE}/{document.rules[index].code}", done=done)


def _read(
    form: Form, before: Rules, code: str | None, faults: dict[str, str], language: str, *, remove: bool
) -> tuple[Rules, int]:
    """The document with the rule of the form in the place of the one of `code`. Raises InvalidValue."""
    raw: dict[str, Any] = msgspec.to_builtins(before)
    index = next((at for at, one in enumerate(before.rules) if one.code == code), len(before.rules))
    if remove:
        del raw["rules"][index]
        return read_document(RULES, raw), index
    written = read_rule(form, faults)
    if code is not None:
        stored = raw["rules"][index]
        _keep_own_words(written, stored, language)
        if written["trigger"]["kind"] == stored["trigger"]["kind"] == "event":
            written["trigger"]["where"] += stored["trigger"].get("where", [])[CONDITIONS:]
    raw["rules"][index : index + 1] = [written]
    document = read_document(RULES, raw)
    if faults:
        field, expected = next(iter(faults.items()))
        raise InvalidValue(field=field, expected=expected, faults=faults)
    return document, index


def _keep_own_words(written: dict[str, Any], stored: dict[str, Any], language: str) -> None:
    """What the shop comes with is shown in the reader's language; left as it was, it stays as it is stored."""
    for new, old, field in ((written, stored, "name"), (written["action"], stored["action"], "title")):
        if old.get(field) and new.get(field) == translate(language, old[field]):
            new[field] = old[field]


async def _still_as_seen(db: Connection, form: Form) -> None:
    """Raises Conflict when other rules have been published since the form was shown."""
    seen, holds = form.text("seen"), await standing(db, RULES)
    if seen != (str(holds) if holds else ""):
        raise Conflict


def _note(language: str, doing: str, code: str) -> str:
    return translate(language, _("{code} removed")).format(code=code) if doing == "remove" else code


async def _tried(
    request: AnyRequest, db: Connection, code: str | None, values: dict[str, Any], rule: Rule, form: Form
) -> Response[str]:
    days = next((days for days in TRIES if str(days) == form.text("days")), TRIES[0])
    now = site_of(request).clock.now()
    found = await dry_run(db, rule, since=now - timedelta(days=days), until=now)
    ids = [one.customer_id for one in found.acted if one.customer_id]
    parties = await parties_by_ids(db, sorted(set(ids)))
    return await _form_page(
        request, db, code, values, tried=found, tried_days=days, tried_parties=parties, tried_rule=rule
    )


async def _form_page(
    request: AnyRequest,
    db: Connection,
    code: str | None,
    values: dict[str, Any],
    *,
    faults: dict[str, str] | None = None,
    status: int = 200,
    tried: DryRun | None = None,
    tried_days: int = TRIES[0],
    tried_parties: dict[UUID, Party] | None = None,
    tried_rule: Rule | None = None,
) -> Response[str]:
    language, version = language_of(request), query_form(request).text("version")
    opened = None
    if version and _is_uuid(version):
        opened = await get_version(db, RULES, UUID(version))
    purposes = (await published(db, CONSENTS))[CONSENTS].purposes
    return await _page(
        request,
        db,
        status=status,
        values=values,
        stored_code=code,
        version=opened,
        holds=await standing(db, RULES),
        errors={f"rule.{field}": _expected(language, text) for field, text in (faults or {}).items()},
        people=await people_of(db),
        markets=await markets(db),
        consents=[(one.code, one.name(language)) for one in purposes if one.basis == "consent"],
        purpose_names={one.code: one.name(language) for one in purposes},
        past=await rule_history(db, code, limit=20) if code else [],
        tried=tried,
        tried_days=tried_days,
        tried_parties=tried_parties or {},
        tried_rule=tried_rule,
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _expected(language: str, expected: str) -> str:
    return translate(language, _("Expected: {expected}.")).format(expected=translate(language, expected))


async def _page(request: AnyRequest, db: Connection, *, status: int = 200, **context: Any) -> Response[str]:
    """The rules that hold, and beside them what was opened."""
    reader, document = reader_of(request), await _document(db)
    now = site_of(request).clock.now()
    language = language_of(request)
    defaults: dict[str, Any] = {"values": None, "errors": {}, "past": [], "tried": None}
    whole = defaults | context
    acted = await rule_history(db, limit=20)
    ids = {one.customer_id for one in (*acted, *whole["past"]) if one.customer_id}
    return await desk_page(
        request,
        db,
        "desk/rules.html",
        section="tasks",
        status=status,
        rules=document.rules,
        rule_names={rule.code: reader.text(rule.name) for rule in document.rules},
        counts=await rule_counts(db, since=now - MONTH),
        broken=await rule_errors(db),
        acted=acted,
        parties=await parties_by_ids(db, sorted(ids)),
        trigger_of=lambda rule: trigger_in_words(rule, reader),
        action_of=lambda rule: action_in_words(rule.action, reader),
        reason_of=lambda reason: reader.text(REASON_WORDS[reason]) if reason in REASON_WORDS else reason,
        state_words=STATE_WORDS,
        state_tones=STATE_TONES,
        kinds=KINDS,
        event_words=EVENT_WORDS,
        events=RULE_EVENTS,
        operators={key: OPERATOR_WORDS[key] for key in RULE_OPERATORS},
        priorities={key: PRIORITY_WORDS[key] for key in PRIORITIES},
        messages={code: words.title for code, words in OURS.items()},
        purposes=PURPOSES,
        reminders_offered=REMINDERS,
        reminder=lambda minutes: reminder_in_words(minutes, language),
        conditions=range(CONDITIONS),
        tries=TRIES,
        examples=_EXAMPLES,
        page_of=subject_page,
        **whole,
    )


routes = (rules, new_rule, rule_record, make_rule, change_rule, again)

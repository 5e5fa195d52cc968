"""Roll-outs at the desk: what is tried on a share of the traffic, its figures, its end, and one click back."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.assistant import (
    Shelf,
    finish_rollout,
    holds_from,
    take_back_rollout,
)
from kupec.experiments import (
    CANDIDATE,
    EXPERIMENTS,
    LIVE,
    Experiment,
    list_experiments,
    results,
    set_share,
    stop_experiment,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.web.desk.flows import surroundings
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox_list import channel_word
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.rollout_events import percent
from kupec.web.desk.rollout_words import (
    STATES,
    TONES,
    lines_of,
    names_of,
    reason_of,
    watches_of,
)
from kupec.web.desk.timeline import days
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "flows.write"
HERE = "/desk/rollouts"


@get("/rollouts", opt={"permission": PERMISSION})
async def rollouts(request: AnyRequest) -> Response[str]:
    """What runs first, then what is over."""
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        rows = await list_experiments(db)
        return await desk_page(
            request,
            db,
            "desk/rollouts/rollouts.html",
            section="rollouts",
            tab="rollouts",
            period=None,
            rows=rows,
            names=await names_of(db, [one.subject for one in rows], reader),
            states=STATES,
            state_tones=TONES,
            reach=lambda one: _reach(request, one),
            why=lambda one: reason_of(one, reader),
        )


def _reach(request: AnyRequest, one: Experiment) -> str:
    """Whom it reaches: the share, where it is one, and the channels."""
    reader = reader_of(request)
    own = {one.share_on(channel) for channel in (one.channels or site_of(request).channels)}
    shares = " – ".join(percent(value, reader.language) for value in sorted(own))
    where = ", ".join(channel_word(channel, reader) for channel in one.channels)
    return f"{shares} · {where}" if where else shares


@get("/rollouts/{experiment_id:uuid}", opt={"permission": PERMISSION})
async def rollout(request: AnyRequest, experiment_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, experiment_id)


async def _page(request: AnyRequest, db: Connection, experiment_id: UUID) -> Response[str]:
    reader, site = reader_of(request), site_of(request)
    found = await results(db, experiment_id)
    one = found.experiment
    subject = f"experiment:{one.id}"
    channels = [code for code in site.channels if one.takes_part(code)]
    return await desk_page(
        request,
        db,
        "desk/rollouts/rollout.html",
        section="rollouts",
        one=one,
        results=found,
        names=await names_of(db, [one.subject], reader),
        lines=lines_of(found, reader),
        watches=watches_of(found.guards, reader),
        states=STATES,
        state_tones=TONES,
        why=reason_of(one, reader),
        steps=(await published(db, EXPERIMENTS))[EXPERIMENTS].shares,
        as_share=lambda value: percent(value, reader.language),
        channels=[(code, channel_word(code, reader), one.share_on(code)) for code in channels],
        at=one.shares.get("", 0.0) if len(set(one.shares.values())) == 1 else None,
        can_take_back=await holds_from(db, one),
        past=await days(db, await subject_history(db, subject), reader, here=subject),
    )


async def shelf_of(request: AnyRequest, db: Connection) -> Shelf:
    """What publishing looks at."""
    flow_set, around = await surroundings(request, db)
    facts = site_of(request).facts
    return Shelf(flow_set=flow_set, around=around, fields=facts.fields if facts else None)


@post("/rollouts/{experiment_id:uuid}/share", opt={"permission": PERMISSION})
async def change_share(request: AnyRequest, experiment_id: FromPath[UUID]) -> Response[Any]:
    """More or less of the traffic, on one channel or on all."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    target = f"{HERE}/{experiment_id}"
    try:
        wanted = share_in(form.text("share", most=20))
        channel = form.text("channel", most=40) or None
        async with site.database.transaction() as db:
            await set_share(db, experiment_id, wanted, channel=channel, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return _refused(request, experiment_id, error)
    told = translate(language, _("It goes to {share} of conversations now.")).format(share=percent(wanted, language))
    return go(request, target, done=told)


def share_in(text: str) -> float:
    """A share as a button sends it. Raises InvalidValue."""
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 <= found <= 1:
        raise InvalidValue(field="share", expected=_("a share from 0 to 1"))
    return found


@post("/rollouts/{experiment_id:uuid}/stop", opt={"permission": PERMISSION})
async def stop(request: AnyRequest, experiment_id: FromPath[UUID]) -> Response[Any]:
    """Everybody has again what held before."""
    site, language = site_of(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            await stop_experiment(db, experiment_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return _refused(request, experiment_id, error)
    done = translate(language, _("Stopped. Everybody has what held before."))
    return go(request, f"{HERE}/{experiment_id}", done=done)


@post("/rollouts/{experiment_id:uuid}/finish", opt={"permission": PERMISSION})
async def finish(request: AnyRequest, experiment_id: FromPath[UUID]) -> Response[Any]:
    """Decide: the version on trial for everybody, or what held before."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    winner = LIVE if form.text("winner", most=40) == LIVE else CANDIDATE
    try:
        async with site.database.transaction() as db:
            shelf = await shelf_of(request, db)
            now, actor = site.clock.now(), actor_of(request)
            await finish_rollout(db, experiment_id, winner=winner, shelf=shelf, actor=actor, now=now)
    except KupecError as error:
        return _refused(request, experiment_id, error)
    done = _("Decided: it holds for everybody.") if winner == CANDIDATE else _("Decided: what held before stays.")
    return go(request, f"{HERE}/{experiment_id}", done=translate(language, done))


@post("/rollouts/{experiment_id:uuid}/take-back", opt={"permission": PERMISSION})
async def take_back(request: AnyRequest, experiment_id: FromPath[UUID]) -> Response[Any]:
    """What held before the roll-out holds again."""
    site, language = site_of(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            await take_back_rollout(db, experiment_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return _refused(request, experiment_id, error)
    done = translate(language, _("Taken back. What held before holds again."))
    return go(request, f"{HERE}/{experiment_id}", done=done)


def _refused(request: AnyRequest, experiment_id: UUID, error: KupecError) -> Response[Any]:
    """Back to its page, with the reason; what does not exist has none."""
    if error.status == 404:
        raise error
    return go(request, f"{HERE}/{experiment_id}", failed=explain(error, language_of(request)))


routes = (rollouts, rollout, change_share, stop, finish, take_back)

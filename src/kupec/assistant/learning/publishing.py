"""The gate: a candidate answers customers only if it is no worse, or where figures are too few, if a person says so."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.assistant.learning.errors import ModelWorse, NeedsPerson, NotJudged
from kupec.assistant.learning.events import ModelPublished
from kupec.assistant.learning.models import ExampleOutcome, Judged, ModelInfo, ModelReport
from kupec.assistant.learning.models_kept import SUBJECT, get_model, go_live, one_at_a_time, tell, trial_of
from kupec.assistant.learning.rules import TEACH
from kupec.experiments import (
    CANDIDATE,
    LIVE,
    Arm,
    Experiment,
    Guardrail,
    NewExperiment,
    finish_experiment,
    set_share,
    start_experiment,
    stop_experiment,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.i18n import mark as _


async def publish_model(
    db: Connection,
    model_id: UUID,
    *,
    share: float = 1.0,
    channels: tuple[str, ...] = (),
    guardrails: tuple[Guardrail, ...] | None = None,
    actor: Actor,
    now: datetime,
    despite: bool = False,
) -> ModelInfo:
    """Let a candidate answer a share of the conversations (above 0, 1: all of them). Emits model.published.

    A share below 1 begins a roll-out of the subject "model" (on `channels`, none: all, watched by `guardrails`, None:
    the usual ones), or changes the share of the one under way; 1 ends it. A model that is worse is refused, whoever
    asks; where the figures are too few to tell, `despite` says that a person has seen them. Raises Forbidden, NotFound,
    InvalidValue (share), ModelWorse, NeedsPerson, NotJudged when another model has gone live since it was compared,
    Conflict when it is no candidate (any more).
    """
    actor.require(TEACH)
    if not 0 < share <= 1:
        raise InvalidValue(field="share", expected=_("a share above 0, at most 1"))
    await one_at_a_time(db)
    info = await get_model(db, model_id)
    if info.state == "live":
        return info
    if info.state != "candidate":
        raise Conflict
    live: UUID | None = await db.fetchval("select id from bot_model where state = 'live'")
    report = await candidate_report(db, model_id)
    require_no_worse(report, live, by_person=despite and actor.kind == "staff")
    trial = await trial_of(db)
    if share < 1 and live is not None:
        arms = (Arm(name=LIVE, version=str(live)), Arm(name=CANDIDATE, version=str(model_id)))
        new = NewExperiment(subject=SUBJECT, arms=arms, share=share, channels=channels, guardrails=guardrails)
        await _try(db, trial, new, model_id, actor=actor, now=now)
    else:
        await _end(db, trial, model_id, actor=actor, now=now)
        await go_live(db, model_id, now=now)
    await tell(db, model_id, ModelPublished(share=share, despite=report.verdict != "no worse"), actor, now)
    return await get_model(db, model_id)


def require_no_worse(report: ModelReport, live: UUID | None, *, by_person: bool) -> None:
    """The gate itself. Raises ModelWorse, NeedsPerson, NotJudged."""
    if report.live_id != live:
        raise NotJudged
    if report.verdict == "worse":
        raise ModelWorse
    if report.verdict != "no worse" and not by_person:
        raise NeedsPerson(cases=report.cases, needed=report.needed)


async def _try(
    db: Connection, trial: Experiment | None, new: NewExperiment, model_id: UUID, *, actor: Actor, now: datetime
) -> None:
    if trial is not None and trial.candidate.version == str(model_id):
        await set_share(db, trial.id, new.share, actor=actor, now=now)
        return
    await start_experiment(db, new, actor=actor, now=now)
    await db.execute("update bot_model set on_trial = true where id = $1", model_id)


async def _end(db: Connection, trial: Experiment | None, model_id: UUID, *, actor: Actor, now: datetime) -> None:
    if trial is None:
        return
    if trial.candidate.version == str(model_id):
        await finish_experiment(db, trial.id, winner=CANDIDATE, actor=actor, now=now)
    else:
        await stop_experiment(db, trial.id, reason="overtaken", actor=actor, now=now)


async def candidate_report(db: Connection, model_id: UUID) -> ModelReport:
    """How a model compared with the one that was live. Raises NotFound, NotJudged."""
    row = await db.fetchrow("select report from bot_model where id = $1", model_id)
    if row is None:
        raise NotFound(what="model")
    if row["report"] is None:
        raise NotJudged
    told: dict[str, Any] = dict(row["report"])
    answers = told.pop("answers")
    cases = await db.fetch(
        "select id::text, text, language, intent from labelled_case where id = any($1::uuid[])",
        [one[0] for one in answers],
    )
    by_id = {case["id"]: case for case in cases}
    judged = [
        Judged(
            text=by_id[case_id]["text"],
            language=by_id[case_id]["language"],
            expected=by_id[case_id]["intent"],
            live=live,
            candidate=candidate,
            change=change,
        )
        for case_id, live, candidate, change in answers
        if case_id in by_id
    ]
    examples = [msgspec.convert(one, ExampleOutcome) for one in told.pop("examples")]
    report = msgspec.convert({**told, "model_id": str(model_id), "answers": [], "examples": []}, ModelReport)
    order = ("worse", "better", "changed")
    return msgspec.structs.replace(
        report, answers=sorted(judged, key=lambda one: order.index(one.change)), examples=examples
    )

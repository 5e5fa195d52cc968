"""The bot's model at the desk: what answers now, the candidate beside it, its trial, the versions; one click back."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post

from kupec.assistant import (
    TEACH,
    ModelInfo,
    ModelReport,
    NeedsPerson,
    NotJudged,
    candidate_report,
    model_history,
    order_candidate,
    publish_model,
    roll_back_model,
)
from kupec.experiments import results, running
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.learning import HERE, PERIODS, shared
from kupec.web.desk.learning_report import SHORT_VERDICTS, TONES, report_in_words
from kupec.web.desk.learning_words import MODEL_STATES, MODEL_TONES, percent
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.rollout_words import lines_of
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, site_of

MODEL = f"{HERE}/model"
SUBJECT = "model"
SHARES = (1, 10, 100)
"""What a model may be published to, in percent of the conversations."""


@get("/learning/model", opt={"permission": TEACH})
async def model(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db)


async def _page(
    request: AnyRequest, db: Connection, *, status: int = 200, errors: dict[str, str] | None = None
) -> Response[str]:
    reader = reader_of(request)
    versions = await model_history(db)
    live = next((one for one in versions if one.state == "live"), None)
    opened = _opened(request, versions)
    report = await _report(db, opened)
    common = await shared(request, db, PERIODS[0])
    return await desk_page(
        request,
        db,
        "desk/learning/model.html",
        section="learning",
        status=status,
        versions=versions,
        live=live,
        back=_before(versions, live),
        candidate=opened,
        report=report_in_words(report, common["intents"], reader) if report is not None else None,
        trial=await _trial(request, db, versions),
        model_states=MODEL_STATES,
        model_tones=MODEL_TONES,
        verdict_words=SHORT_VERDICTS,
        verdict_tones=TONES,
        percent=lambda value: percent(value, reader.language),
        errors=errors or {},
        **common,
    )


def _opened(request: AnyRequest, versions: Sequence[ModelInfo]) -> ModelInfo | None:
    """The version that the address names, else the newest candidate that was not taken back."""
    asked = query_form(request).text("version", most=10_000)
    named = next((one for one in versions if str(one.id) == asked), None)
    return named or next((one for one in versions if one.state == "candidate" and one.rolled_back_at is None), None)


async def _report(db: Connection, opened: ModelInfo | None) -> ModelReport | None:
    """How it compared; None for one that had nothing to be compared with."""
    try:
        return await candidate_report(db, opened.id) if opened is not None else None
    except NotJudged:
        return None


def _before(versions: Sequence[ModelInfo], live: ModelInfo | None) -> ModelInfo | None:
    """Which one a click leads back to."""
    if live is None:
        return None
    earlier = [one for one in versions if one.state == "retired" and one.size and one.rolled_back_at is None]
    return max(earlier, key=lambda one: one.retired_at or one.trained_at, default=None)


async def _trial(request: AnyRequest, db: Connection, versions: Sequence[ModelInfo]) -> dict[str, Any] | None:
    """The roll-out that runs: which version, with how much, what came of it so far, how much more it may get."""
    found = await running(db, SUBJECT)
    if not found:
        return None
    experiment, reader = found[0], reader_of(request)
    share = experiment.share_on("")
    tried = next((one for one in versions if str(one.id) == experiment.candidate.version), None)
    return {
        "id": experiment.id,
        "share": percent(share, reader.language),
        "version": tried,
        "lines": lines_of(await results(db, experiment.id), reader),
        "more": [one for one in SHARES if one / 100 > share + 1e-9] if tried is not None else [],
    }


@post("/learning/model/train", opt={"permission": TEACH})
async def train(request: AnyRequest) -> Response[Any]:
    """Order a candidate now."""
    site = site_of(request)
    async with site.database.transaction() as db:
        await order_candidate(db, actor=actor_of(request))
    return go(request, MODEL, done=reader_of(request).text(_LEARNING_NOW))


_LEARNING_NOW = _("The bot is learning; the new version will be here in a few seconds.")
_OVERTAKEN = _("Another version has gone live meanwhile. This one is being compared with it; it takes a few seconds.")


@post("/learning/model/publish", opt={"permission": TEACH})
async def publish(request: AnyRequest) -> Response[Any]:
    """Let a candidate answer a part of the conversations, or more of them, or all."""
    site, form, reader, actor = site_of(request), await read_form(request), reader_of(request), actor_of(request)
    language = reader.language
    try:
        share, chosen = form.whole("share", least=1, most=100), form.uuid("model")
        if share not in SHARES:
            raise InvalidValue(field="share", expected=", ".join(map(str, SHARES)))
        async with site.database.transaction() as db:
            now, despite = site.clock.now(), "despite" in form
            await publish_model(db, chosen, share=share / 100, despite=despite, actor=actor, now=now)
    except NeedsPerson as error:
        async with site.database.reading() as db:
            said = {"despite": translate(language, _("Look at what changes first, then say so here."))}
            return await _page(request, db, status=error.status, errors=said)
    except NotJudged:
        async with site.database.transaction() as db:
            await order_candidate(db, actor=actor)
        return go(request, MODEL, failed=reader.text(_OVERTAKEN))
    except KupecError as error:
        return go(request, MODEL, failed=explain(error, language))
    if share == 100:
        return go(request, MODEL, done=reader.text(_("This version answers everybody now.")))
    done = reader.text(_("This version answers {share} of conversations now. What comes of it stands here."))
    return go(request, MODEL, done=done.format(share=percent(share / 100, language)))


@post("/learning/model/roll-back", opt={"permission": TEACH})
async def roll_back(request: AnyRequest) -> Response[Any]:
    """What is on trial is taken back; else the version before answers again."""
    site, reader = site_of(request), reader_of(request)
    try:
        async with site.database.transaction() as db:
            made = await roll_back_model(db, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, MODEL, failed=explain(error, reader.language))
    done = reader.text(_("Rolled back: the version of {when} answers everybody again."))
    return go(request, MODEL, done=done.format(when=reader.moment(made.trained_at)))


routes: Sequence[Any] = (model, train, publish, roll_back)

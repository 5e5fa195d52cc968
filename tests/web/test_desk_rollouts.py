"""Roll-outs at the desk: begun from a form, given more, watched, decided, taken back."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.assistant import BOT, BotSettings
from kupec.experiments import Observation, assign, get_experiment, observe, running
from kupec.kit.actor import system
from kupec.kit.versions import published, save_draft
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]

HERE = "/desk/rollouts"
ME = system("test")


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running_desk:
        async with running_desk.site.database.transaction() as db:
            document = BotSettings(knows_from=0.7)
            await save_draft(db, BOT, document, note="Surer answers", actor=ME, now=shop.clock.now())
        yield running_desk


async def _bring_figures(desk: Desk, experiment_id: UUID) -> None:
    """In either arm all of 400 conversations are handed over."""
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        one = await get_experiment(db, experiment_id)
        arms = await assign(db, one, [(f"unit-{at}", "web") for at in range(400)], now=now)
        found = [Observation(experiment_id=one.id, unit=unit, metric="handover", value=1) for unit in arms]
        await observe(db, found, now=now)


async def test_a_roll_out_from_its_start_to_one_click_back(desk: Desk) -> None:
    agent = await desk.signed_in("agent")
    assert (await agent.get(HERE)).status_code == 403
    person = await desk.signed_in("manager")
    page = words(await person.page(f"{HERE}/new"))
    assert "The bot’s settings: version 1 (now: as shipped) – Surer answers" in page
    form = {
        "what": "bot|1",
        "share": "0.5",
        "on_handover": "yes",
        "margin_handover": "no idea",
        "note": "May it answer less?",
    }
    refused = await person.post(f"{HERE}/new", form)
    assert refused.status_code == 422
    assert "Expected: a margin from 0" in words(refused.text)
    assert "May it answer less?" in refused.text
    started = words(await person.done(f"{HERE}/new", {**form, "margin_handover": "2,5"}))
    assert "The roll-out has begun." in started
    async with desk.site.database.reading() as db:
        (one,) = await running(db)
    assert [(guard.metric, guard.margin) for guard in one.guardrails] == [("handover", 0.025)]
    assert "There is nothing to try" in words(await person.page(f"{HERE}/new")), "it is being tried already"

    await _bring_figures(desk, one.id)
    page = words(await person.page(f"{HERE}/{one.id}"))
    assert "stops when it is worse by more than 2.5 percentage points, from 100 of each version on" in page
    assert "No difference that can be told yet" in page
    assert "now 100.0%" in page
    assert "The roll-out began, with 50% of conversations" in page
    assert "goes to 100% of conversations" in words(await person.done(f"{HERE}/{one.id}/share", {"share": "1.0"}))
    assert "not valid" in words(await person.done(f"{HERE}/{one.id}/share", {"share": "nan"}))
    assert (await person.post(f"{HERE}/{UUID(int=1)}/stop")).status_code == 404

    decided = words(await person.done(f"{HERE}/{one.id}/finish", {"winner": "candidate"}))
    assert "Decided: it holds for everybody." in decided
    async with desk.site.database.reading() as db:
        assert (await published(db, BOT))[BOT].knows_from == 0.7
    assert "This roll-out is over" in words(await person.done(f"{HERE}/{one.id}/stop"))
    assert "Taken back" in words(await person.done(f"{HERE}/{one.id}/take-back"))
    async with desk.site.database.reading() as db:
        assert (await published(db, BOT))[BOT] == BotSettings()
    assert "Another version holds by now" in words(await person.done(f"{HERE}/{one.id}/take-back"))
    listed = words(await (await desk.signed_in("owner", "cs")).page(HERE))
    assert "Nastavení bota verze 1" in listed
    assert "May it answer less?" in listed
    assert await desk.events(f"experiment:{one.id}") == [
        "experiment.started",
        "experiment.share_changed",
        "experiment.finished",
    ]

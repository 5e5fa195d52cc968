"""Scenarios for the team, and practice against a customer who is not there."""

import pytest

from kupec.conversations import (
    NewPlaybook,
    PlaybookCodeTaken,
    PlayStep,
    Point,
    PracticeOver,
    finish_practice,
    get_practice,
    judge,
    list_playbooks,
    practices_of,
    practise,
    remove_playbook,
    save_playbook,
    start_practice,
)
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from tests.conversations.people import NOW, add_agent, id_of

BROKEN = PlayStep(
    says="Přišel mi rozbitý mlýnek!",
    points=[
        Point(hint="Omluvte se", words=["omlouváme se", "mrzí nás"]),
        Point(hint="Nabídněte výměnu nebo peníze", words=["vyměníme", "vrátíme peníze"]),
    ],
    model="Omlouváme se. Mlýnek hned vyměníme.",
)
BOOK = NewPlaybook(
    code="broken",
    title="Rozbité zboží",
    language="cs",
    persona="Naštvaný",
    steps=[BROKEN, PlayStep(says="A kdy to bude?", points=[Point(hint="Den", words=["zítra", "do 2 dnů"])])],
)


@pytest.mark.parametrize(
    ("answer", "met"),
    [
        ("Omlouváme se, mlýnek vám vyměníme.", [True, True]),
        ("Moc nás to mrzí a peníze vám vrátíme", [True, True]),
        ("MRZI NAS TO", [True, False]),
        ("Peníze nedáme", [False, False]),
        ("Výměna je možná", [False, True]),
    ],
)
def test_an_answer_is_measured_by_its_points(answer: str, met: list[bool]) -> None:
    assert [one.met for one in judge(BROKEN, answer)] == met


async def test_a_playbook_is_practised_to_its_end_and_kept(db: Connection) -> None:
    boss, ema = await add_agent(db, "Eva", "manager"), await add_agent(db)
    book = await save_playbook(db, BOOK, actor=boss, now=NOW)
    practice = await start_practice(db, book.id, actor=ema, now=NOW)
    assert (practice.says, practice.points) == ("Přišel mi rozbitý mlýnek!", 3)
    practice = await practise(db, practice.id, "Omlouváme se", actor=ema, now=NOW)
    assert practice.says == "A kdy to bude?"
    assert [(one.hint, one.met) for one in practice.turns[0].verdicts] == [
        ("Omluvte se", True),
        ("Nabídněte výměnu nebo peníze", False),
    ]
    with pytest.raises(InvalidValue):
        await practise(db, practice.id, " ", actor=ema, now=NOW)
    await save_playbook(
        db,
        NewPlaybook(code="broken", title="New", language="cs", steps=[BROKEN]),
        playbook_id=book.id,
        actor=boss,
        now=NOW,
    )
    practice = await practise(db, practice.id, "Zítra u vás", actor=ema, now=NOW)
    assert (practice.says, practice.hit, practice.score, practice.finished_at) == (None, 2, 67, NOW)
    assert await db.fetchval("select count(*) from event where name = 'practice.finished'") == 1
    with pytest.raises(PracticeOver):
        await practise(db, practice.id, "again", actor=ema, now=NOW)
    assert [one.id for one in await practices_of(db, staff_id=id_of(ema), actor=ema)] == [practice.id]


async def test_practice_is_ones_own(db: Connection) -> None:
    boss, ema, jan = await add_agent(db, "Eva", "manager"), await add_agent(db), await add_agent(db, "Jan")
    book = await save_playbook(db, BOOK, actor=boss, now=NOW)
    practice = await start_practice(db, book.id, actor=ema, now=NOW)
    for attempt in (
        practise(db, practice.id, "x", actor=jan, now=NOW),
        get_practice(db, practice.id, actor=jan),
        practices_of(db, staff_id=id_of(ema), actor=jan),
        save_playbook(db, BOOK, actor=ema, now=NOW),
        remove_playbook(db, book.id, actor=ema, now=NOW),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert (await get_practice(db, practice.id, actor=boss)).id == practice.id
    ended = await finish_practice(db, practice.id, actor=ema, now=NOW)
    assert (ended.hit, ended.score) == (0, 0)


async def test_playbooks_are_listed_by_language_and_removed(db: Connection) -> None:
    boss = await add_agent(db, "Eva", "manager")
    book = await save_playbook(db, BOOK, actor=boss, now=NOW)
    with pytest.raises(PlaybookCodeTaken):
        await save_playbook(db, BOOK, actor=boss, now=NOW)
    assert [one.code for one in await list_playbooks(db, language="cs", actor=boss)] == ["broken"]
    assert await list_playbooks(db, language="pl", actor=boss) == []
    await remove_playbook(db, book.id, actor=boss, now=NOW)
    with pytest.raises(NotFound):
        await remove_playbook(db, book.id, actor=boss, now=NOW)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "Broken!"}, "code"),
        ({"title": ""}, "title"),
        ({"language": "de"}, "language"),
        ({"steps": []}, "steps"),
        ({"steps": [PlayStep(says=" ")]}, "steps[0].says"),
        ({"steps": [BROKEN, PlayStep(says="x", points=[Point(hint="y", words=[" "])])]}, "steps[1].points"),
    ],
)
async def test_what_is_wrong_is_named(db: Connection, given: dict[str, object], field: str) -> None:
    boss = await add_agent(db, "Eva", "manager")
    fields = {"code": "x", "title": "x", "language": "cs", "steps": [BROKEN]} | given
    with pytest.raises(InvalidValue) as caught:
        await save_playbook(db, NewPlaybook(**fields), actor=boss, now=NOW)  # type: ignore[arg-type]
    assert caught.value.field == field

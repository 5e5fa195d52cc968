"""What is sold is known by its name to the bot: mistyped, with endings, and anew when the catalogue has changed."""

from datetime import timedelta

from kupec.app.zrnko.flows_of import demo_flows
from kupec.assistant import FlowSet, TurnInput, read_flow
from kupec.assistant.flows import CallEffect, RunState, advance
from kupec.assistant.flows.defaults import default_patterns
from kupec.assistant.flows.flow import Program
from kupec.assistant.offered import Offered
from kupec.assistant.understanding import Goods, Words, entities_in
from kupec.kit.db import Database, Pool
from tests.assistant.talking import open_talk, publish_flow_text
from tests.shop import NOON, add_product

FLOWS = FlowSet(
    [*default_patterns(), *(Program(flow, 1) for text in demo_flows() if (flow := read_flow(text).flow) is not None)]
)
GOODS = {
    "cs": Goods(
        [
            ("1", "Brazílie Santos"),
            ("2", "Kolumbie Huila"),
            ("3", "Filtry"),
            ("4", "Kávovar Philips EP2231"),
            ("5", "Kávovar Philips EP3246"),
        ]
    ),
    "pl": Goods(
        [("1", "Brazylia Santos"), ("2", "Kolumbia Huila"), ("4", "Ekspres Philips EP2231"), ("5", "Ekspres Jura")]
    ),
}
WANTED = """
code: wanted
title: {cs: zboží, pl: towar, en: goods}
phrasings: {cs: [sháním něco zvláštního], pl: [szukam czegoś], en: [something special]}
slots:
  goods: {type: product, ask: which}
steps:
  - collect: goods
  - say: told
answers:
  which: {cs: "Co to má být?", pl: "Co to ma być?", en: "What is it?"}
  told: {cs: "Tedy {goods}.", pl: "Więc {goods}.", en: "So {goods}."}
"""


def searched(said: str, flow: str, language: str, run: RunState | None = None) -> tuple[object, RunState]:
    """What goods are looked for with, after this was said."""
    heard = entities_in(said, Words(), NOON.date(), GOODS[language])
    turn = TurnInput(text=said, intent=flow, confidence=0.95, language=language, entities=heard)
    step = advance(FLOWS, run or RunState(), turn)
    return (step.awaits.arguments["query"] if isinstance(step.awaits, CallEffect) else None), step.run


def test_the_demo_flows_look_for_the_goods_by_their_name() -> None:
    told = {
        ("přidejte dvě brazílei santos", "add_to_cart", "cs"): "Brazílie Santos",
        ("máte Brazílii Santtos?", "find_product", "cs"): "Brazílie Santos",
        ("poproszę dwie brazylii santso", "add_to_cart", "pl"): "Brazylia Santos",
        ("szukam kolumbii huili", "find_product", "pl"): "Kolumbia Huila",
        ("szukam ekspresu phillips ep2231", "find_product", "pl"): "Ekspres Philips EP2231",
        ("hledám filtry do kávovaru Philips", "find_product", "cs"): "filtry do kávovaru Philips",
        ("hledám kávovar Philips", "find_product", "cs"): "kávovar Philips",
        ("hledám čaj", "find_product", "cs"): "čaj",
    }
    assert {key: searched(*key)[0] for key in told} == told
    _nothing, run = searched("porovnej Brazílii Santos a Kolumbii Huila", "compare_products", "cs")
    assert searched("kolumbii huilu", "compare_products", "cs", run)[0] == "Kolumbie Huila"


def test_who_tells_what_is_wrong_with_a_machine_is_heard_whole() -> None:
    run = searched("objednat servis", "book_servicing", "cs")[1]
    run = searched("kávovar philips ep2231 teče zespodu", "book_servicing", "cs", run)[1]
    assert run.frames[-1].slots["machine"] == "kávovar philips ep2231 teče zespodu"
    for said in ("15. 5. 2026", "777 123 456"):
        run = searched(said, "book_servicing", "cs", run)[1]
    assert run.frames[-1].waits == "confirm"
    said = "ano, ten kávovar philips ep2231"
    agreed = TurnInput(
        text=said,
        language="cs",
        entities=entities_in(said, Words(), NOON.date(), GOODS["cs"]),
    )
    step = advance(FLOWS, run, agreed)
    assert isinstance(step.awaits, CallEffect), "a machine named once more is no other machine"
    assert step.awaits.arguments["about"] == "kávovar philips ep2231 teče zespodu"


async def test_names_are_loaded_when_the_catalogue_has_changed(pool: Pool) -> None:
    talk = await open_talk(pool)
    async with talk.database.transaction() as db:
        await publish_flow_text(db, "wanted", WANTED)
        await add_product(db, "ZR-BS", name="Brazílie Santos")
        await add_product(db, "ZR-KH", name="Kolumbie Huila")
    for number, (said, name) in enumerate({"brazílei santso": "Brazílie Santos", "čaj": "čaj"}.items()):
        assert "Co to má být?" in await talk.say(
            "zboží", address=f"{number}", source_id=f"{number}", choice="flow:wanted"
        )
        assert f"Tedy {name}." in await talk.say(said, address=f"{number}", source_id=f"{number} then")
    await talk.bot.close()
    await _anew(talk.database)


async def _anew(database: Database) -> None:
    moment = 0.0
    offered = Offered(time=lambda: moment)
    await offered.refresh(database)
    first = offered.goods["cs"]
    async with database.transaction() as db:
        await db.execute("update product set updated_at = $1", NOON + timedelta(days=1))
    moment = 31.0
    await offered.refresh(database)
    assert offered.goods["cs"] is first, "the names are as they were"
    async with database.transaction() as db:
        await add_product(db, "ZR-CX", name="Chemex")
        await db.execute(
            "update product set status = 'archived', updated_at = $1 where external_id = 'ZR-KH'",
            NOON + timedelta(days=2),
        )
    moment = 60.0
    await offered.refresh(database)
    assert offered.goods["cs"] is first, "that was looked at a moment ago"
    moment = 62.0
    await offered.refresh(database)
    told = {text: getattr(offered.goods["cs"].named(text), "name", None) for text in ("chemexu", "kolumbie huila")}
    assert told == {"chemexu": "Chemex", "kolumbie huila": None}

"""Articles for tests."""

from datetime import UTC, datetime

from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.knowledge import Answer, ArticleDraft, ArticleText, publish_article, save_article

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
SETUP = system("setup")
EDITOR = Actor(kind="staff", id="ema", permissions=frozenset({"knowledge.write"}))
READER = Actor(kind="staff", id="ota", permissions=frozenset({"conversations.write"}))

FEW = {
    "shipping": {
        "en": ("How much is delivery?", ["What does shipping cost", "delivery fee", "postage price"]),
        "cs": ("Kolik stojí doprava?", ["cena dopravy", "kolik zaplatím za poštovné", "je doprava zdarma"]),
    },
    "descaling": {
        "en": ("How do I descale my machine?", ["descaling the coffee maker", "limescale in the boiler"]),
        "cs": ("Jak odvápnit kávovar?", ["odvápnění kávovaru", "kávovar hlásí vápník"]),
    },
    "returns": {
        "en": ("How do I return goods?", ["send it back", "I changed my mind about the order"]),
        "cs": ("Jak vrátit zboží?", ["chci vrátit objednávku", "odstoupení od smlouvy"]),
    },
}


def draft(code: str = "shipping", answer: str = "", **changes: object) -> ArticleDraft:
    texts = {
        language: ArticleText(title=title, slug=f"{code}-{language}", phrasings=phrasings)
        for language, (title, phrasings) in FEW.get(code, {"en": (code.capitalize(), [])}).items()
    }
    answers = [Answer(language=language, text=answer or f"{text.title} Like this.") for language, text in texts.items()]
    values: dict[str, object] = {"code": code, "category": "general", "texts": texts, "answers": answers, **changes}
    return ArticleDraft(**values)  # type: ignore[arg-type]


async def publish(db: Connection, *drafts: ArticleDraft) -> None:
    for one in drafts:
        await save_article(db, one, actor=SETUP, now=NOW)
        await publish_article(db, one.code, actor=SETUP, now=NOW)


async def publish_few(db: Connection) -> None:
    await publish(db, *(draft(code) for code in FEW))

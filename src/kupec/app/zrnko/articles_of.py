"""What Zrnko knows: the articles in articles/, in three languages."""

from datetime import datetime
from pathlib import Path

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.versions import publish_new
from kupec.knowledge import KNOWLEDGE, Category, Knowledge, Read, import_articles, read_markdown

ARTICLES = Path(__file__).parent / "articles"
CATEGORIES = {
    "delivery": ("Doprava", "Dostawa", "Delivery"),
    "payment": ("Platba a faktury", "Płatność i faktury", "Payment and invoices"),
    "orders": ("Objednávky", "Zamówienia", "Orders"),
    "returns": ("Vrácení a reklamace", "Zwroty i reklamacje", "Returns and complaints"),
    "coffee": ("Káva", "Kawa", "Coffee"),
    "machines": ("Kávovary a mlýnky", "Ekspresy i młynki", "Machines and grinders"),
    "servicing": ("Servis a díly", "Serwis i części", "Servicing and parts"),
    "standing": ("Pravidelné dodávky", "Regularne dostawy", "Standing orders"),
    "companies": ("Pro firmy", "Dla firm", "For companies"),
    "account": ("Účet a přihlášení", "Konto i logowanie", "Account and sign-in"),
    "privacy": ("Soukromí", "Prywatność", "Privacy"),
    "rewards": ("Body a dárky", "Punkty i prezenty", "Points and gifts"),
    "contact": ("Kontakt", "Kontakt", "Contact"),
}


def categories() -> list[Category]:
    languages = ("cs", "pl", "en")
    return [Category(code=code, names=dict(zip(languages, names, strict=True))) for code, names in CATEGORIES.items()]


def demo_articles() -> list[Read]:
    """Every article of the files, in their order."""
    return [
        read
        for path in sorted(ARTICLES.glob("*.md"))
        for read in read_markdown(path.read_text(encoding="utf-8"), language="cs", category="contact")
    ]


async def import_demo_articles(db: Connection, *, actor: Actor, now: datetime) -> None:
    """Publish them all."""
    await publish_new(db, KNOWLEDGE, Knowledge(categories=categories()), note="Zrnko", actor=actor, now=now)
    done = await import_articles(db, demo_articles(), publish=True, note="Zrnko", actor=actor, now=now)
    refused = [one for one in done if one.outcome == "refused"]
    assert not refused, refused

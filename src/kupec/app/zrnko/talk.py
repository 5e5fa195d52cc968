"""Zrnko talks: its inboxes, who answers when, replies at hand, and what the bot knows and can do."""

from datetime import datetime
from typing import Any

from kupec import conversations, staff
from kupec.app import wiring
from kupec.app.tools import toolbox
from kupec.app.zrnko.articles_of import import_demo_articles
from kupec.app.zrnko.flows_of import import_demo_flows
from kupec.assistant import BOT, BotSettings
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.settings import Settings
from kupec.kit.versions import publish_new

_INBOXES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("web", "web", "Chat na webu", {}),
    ("mail", "email", "E-mail", {"address": "ahoj@zrnko.example"}),
    ("phone", "phone", "Telefon", {}),
    ("counter", "counter", "Prodejna", {}),
)
_DOES = {
    "book-service": "book_servicing",
    "cancel-order": "cancel_order",
    "change-address": "change_order",
    "change-order": "change_order",
    "complaint": "complaint",
    "delivery-cost": "shipping_fee",
    "invoice": "invoices",
    "return-goods": "return_order",
    "standing-order": "start_standing",
    "track-parcel": "track_parcel",
}
"""What the bot does rather than tells."""
_DANGER = ("kouř", "dým", "hoří", "dymi", "płonie", "pożar", "smoke", "smoking", "burning", "flames", "sparks")
"""What smokes or burns is no question for a bot."""
_SPEAKS = {"cs": ("cs", "en"), "pl": ("pl", "cs"), "en": ("en", "cs", "pl")}
_REPLIES = (
    (
        "hello",
        "Představení",
        "Dobrý den, tady {{agent.name}} ze Zrnka. Podívám se na to.",
        "Dzień dobry, tu {{agent.name}} ze sklepu Zrnko. Już sprawdzam.",
        "Hello, this is {{agent.name}} from Zrnko. Let me have a look.",
    ),
    (
        "sorry",
        "Omluva",
        "Moc se omlouváme. Hned to napravíme.",
        "Bardzo przepraszamy. Zaraz to naprawimy.",
        "We are sorry about that. We will put it right.",
    ),
    (
        "anything",
        "Ještě něco?",
        "Můžu pro vás ještě něco udělat?",
        "Czy mogę jeszcze w czymś pomóc?",
        "Is there anything else I can do for you?",
    ),
)


async def begin_to_talk(db: Connection, *, actor: Actor, now: datetime) -> None:
    """Everything, once. No inbox here has credentials: nothing is sealed, nothing goes out."""
    channels = wiring.channels(Settings(database_url="postgresql://nowhere"))
    for code, channel, name, config in _INBOXES:
        await conversations.add_inbox(
            db, channels[channel], code=code, name=name, config=config, secret="", actor=actor, now=now
        )
    for person in await staff.list_staff(db):
        if person.role != "warehouse":
            await conversations.set_availability(
                db, person.id, "available", capacity=4, languages=_SPEAKS[person.language], actor=actor, now=now
            )
    for shortcut, title, *texts in _REPLIES:
        reply = conversations.NewCanned(
            shortcut=shortcut, title=title, texts=dict(zip(("cs", "pl", "en"), texts, strict=True))
        )
        await conversations.save_canned(db, reply, actor=actor, now=now)
    await publish_new(db, BOT, BotSettings(does=_DOES, sensitive_words=_DANGER), actor=actor, now=now)
    await import_demo_articles(db, actor=actor, now=now)
    can_show = {code: channel.capabilities for code, channel in channels.items()}
    await import_demo_flows(db, toolbox(), can_show, actor=actor, now=now)

"""Mails that consent and privacy ask for: the link that confirms a consent, and the way to an export."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from kupec.customers import CONSENTS, export_files, get_ask
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Event
from kupec.kit.signing import sign
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.outreach.letters import Sender
from kupec.outreach.messages import Message, send_messages


def privacy_subscriber(sender: Sender) -> Subscriber:
    """Writes whoever has to confirm a consent, or may fetch their data."""
    return Subscriber(
        name="outreach.privacy",
        events=("consent.asked", "privacy.exported"),
        handle=partial(_write, sender=sender),
        start="now",
    )


async def _write(db: Connection, events: Sequence[Event], *, sender: Sender) -> None:
    for event in events:
        written = await (_confirm if event.name == "consent.asked" else _ready)(db, event, sender)
        await send_messages(db, written, now=event.recorded_at, sender=sender)


async def _confirm(db: Connection, event: Event, sender: Sender) -> list[Message]:
    """To the address that was typed, in the language of the page it was typed on."""
    try:
        ask = await get_ask(db, UUID(event.payload["ask_id"]))
    except NotFound:
        return []  # the address has been taken away meanwhile
    document = (await published(db, CONSENTS))[CONSENTS]
    texts = [
        f"{one.name(ask.language)}: {one.text(ask.language)}" for one in document.purposes if one.code in ask.purposes
    ]
    link = f"/{ask.language}/consent/{sign(sender.secret, 'consent', str(ask.id))}"
    return [
        Message(
            template="consent_confirm",
            party_id=ask.party_id,
            about=f"consent_ask:{ask.id}",
            reason="event:consent.asked",
            values={"purpose": "\n\n".join(texts), "link:confirm": link},
            to=ask.address,
            language=ask.language,
            history=event.subject,
        )
    ]


async def _ready(db: Connection, event: Event, sender: Sender) -> list[Message]:
    request_id = UUID(event.payload["request_id"])
    files = await export_files(db, request_id)
    if not files:
        return []
    token = sign(sender.secret, "privacy-export", str(request_id), expires=files[0].until)
    language = files[0].language
    return [
        Message(
            template="privacy_export_ready",
            party_id=event.customer_id,
            about=f"privacy_request:{request_id}",
            reason="event:privacy.exported",
            values={"until": files[0].until, "link:download": f"/{language}/my-data/{token}"},
            language=language,
            history=event.subject,
        )
    ]

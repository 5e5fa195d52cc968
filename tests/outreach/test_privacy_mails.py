"""The link that confirms a consent goes to the address that was typed, once, in the language of the page."""

import re
from uuid import UUID

from kupec.customers import ask_consent
from kupec.kit.actor import guest
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event
from kupec.kit.signing import unsign
from kupec.outreach import Sender, privacy_subscriber
from tests.shop import NOON

SENDER = Sender(name="Zrnko", email="s@example.com", base_url="http://shop.example", secret="a secret of these tests")


async def test_a_typed_address_is_asked_to_confirm(db: Connection) -> None:
    who = guest(UUID(int=1))
    await ask_consent(db, "eva@example.com", ["marketing.email"], how="newsletter", language="pl", actor=who, now=NOON)
    rows = await db.fetch(f"select {COLUMNS} from event where name = 'consent.asked'")
    events = [Event(**dict(row)) for row in rows]
    await privacy_subscriber(SENDER).handle(db, [*events, *events])
    [mail] = await db.fetch("select * from mail")
    assert (mail["kind"], mail["to_address"], mail["language"]) == ("consent_confirm", "eva@example.com", "pl")
    assert "Nowości e-mailem" in mail["text"]
    found = re.search(r"http://shop\.example/pl/consent/(\S+)", mail["text"])
    assert found is not None
    assert unsign(SENDER.secret, "consent", found[1], now=NOON) == events[0].payload["ask_id"]

"""What is written to owners of machines: that one of them asks before it buys."""

from kupec.customers import get_party, key_persons
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.money import Money
from kupec.outreach.letters import Sender
from kupec.outreach.messages import Message

_ANSWER = ("approver", "buyer")


async def machine_asks(db: Connection, event: Event, _sender: Sender) -> list[Message]:
    """To the owner; of an organisation, to everybody who may answer for it."""
    if event.customer_id is None:
        return []
    owner = await get_party(db, event.customer_id)
    people = {owner.id}
    if owner.kind == "organisation":
        people = {one.person_id for one in await key_persons(db, owner.id) if one.role in _ANSWER} or people
    messages = []
    for person_id in sorted(people):
        language = (await get_party(db, person_id)).language
        messages.append(
            Message(
                template="machine_asks",
                party_id=person_id,
                about=f"{event.subject}:{person_id}",
                reason=f"event:{event.name}",
                values={
                    "total": Money(event.payload["total"], event.payload["currency"]),
                    "link:answer": f"/{language}/my/machines/asked",
                },
                history=event.subject,
            )
        )
    return messages

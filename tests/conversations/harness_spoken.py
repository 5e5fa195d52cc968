"""The phone and the counter in the contract suite: nothing is delivered, nothing goes out."""

from kupec.conversations import COUNTER, PHONE, Inbox, Incoming, SpokenChannel, add_inbox
from kupec.kit.db import Connection
from tests.conversations.harness import SECRET, Delivery, Harness, Trouble
from tests.shop import NOON, SETUP


class PhoneHarness(Harness):
    webhooks = False
    sends = False
    code = PHONE

    async def start(self) -> None:
        self.channel = SpokenChannel(self.code)

    async def add_inbox(self, db: Connection, *, secrets: bool = True) -> Inbox:
        return await add_inbox(db, self.channel, code=self.code, name=self.code, secret=SECRET, actor=SETUP, now=NOON)

    def said(self, inbox: Inbox, text: str, *, source_id: str = "1") -> Delivery:
        return Delivery(body=f"{source_id}\n{text}".encode())

    def typed(self, inbox: Inbox, delivery: Delivery) -> Incoming:
        source_id, _, text = delivery.body.decode().partition("\n")
        number = "+420777123456"
        return Incoming(
            inbox=inbox.id, address=number, source_id=source_id, text=text, sent_at=NOON, phone=number, name="Jana"
        )

    @property
    def received(self) -> list[str]:
        return []

    def trouble(self, what: Trouble) -> None:
        """There is no other side."""


class CounterHarness(PhoneHarness):
    code = COUNTER

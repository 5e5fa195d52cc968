"""kill -9 at random moments while people buy; a buyer whose connection broke asks again with the same key."""

import asyncio
import random
from collections.abc import Callable

from bench.load import Buyer, Connection, Gone, Purchase, note, read
from tests.stack import Stack

_ASK_AGAIN = 0.1  # seconds


class Crowd:
    """Buyers who go on until they are sent home; `bought` is what they were told."""

    def __init__(self, stack: Stack, choose: Callable[[], list[tuple[str, int]]], *, clients: int) -> None:
        self.bought: list[Purchase] = []
        self._stack = stack
        self._buyer = Buyer(stack.web_url)
        self._choose = choose
        self._clients = clients
        self._home = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def come(self) -> None:
        self._tasks = [asyncio.create_task(self._shop(number)) for number in range(self._clients)]

    @property
    def served(self) -> list[Purchase]:
        """Those who have been promised an order."""
        return [purchase for purchase in self.bought if purchase.number]

    async def go_home(self) -> None:
        """Everybody finishes what they have begun."""
        self._home.set()
        await asyncio.wait_for(asyncio.gather(*self._tasks), 120)

    async def _shop(self, client: int) -> None:
        count = 0
        while not self._home.is_set():
            count += 1
            purchase = Purchase(email=f"c{client}-{count}@example.com", lines=self._choose())
            self.bought.append(purchase)
            opened = await self._insist(self._buyer.open(purchase.lines, purchase.email, key=self._buyer.key()))
            purchase.session = opened.id
            key = self._buyer.key()
            for _ in range(100):
                note(purchase, await self._insist(self._buyer.complete(purchase.session, key=key)))
                if purchase.status != "complete_in_progress":
                    break
                await asyncio.sleep(_ASK_AGAIN)

    async def _insist(self, request: bytes):  # type: ignore[no-untyped-def]
        """The answer to a request, however often it has to be made."""
        while True:
            try:
                connection = await Connection.open(self._stack.web_url)
                status, body = await connection.ask(request)
                connection.close()
                if status < 500:
                    return read(body)
            except Gone:
                pass
            await asyncio.sleep(_ASK_AGAIN)


async def strike(stack: Stack, chance: random.Random, victim: str) -> None:
    """Kill one part at a random moment, and start it again."""
    await asyncio.sleep(chance.uniform(0.3, 1.2))
    if victim == "database":
        assert stack.database is not None
        stack.database.kill()
        await stack.database_ready()
        return
    process = stack.web if victim == "web" else stack.worker
    process.kill()
    await asyncio.sleep(chance.uniform(0.0, 0.3))
    process.launch()

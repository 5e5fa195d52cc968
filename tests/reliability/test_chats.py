"""Visitors chat while the web server and the worker are killed: stored once, in order, answered once, all heard.

More visitors and more kills: bench/chat.py.
"""

from bench.chat import under_fire
from bench.chatters import check
from bench.turns import talking


async def test_every_message_is_stored_once_and_answered_once() -> None:
    async with talking() as stack:
        chatters, killed = await under_fire(stack, visitors=40, turns=5, kills=2, seed=5, pause=1.5)
        assert len(killed) == 2
        assert await check(stack, chatters) > 40
        for chatter in chatters:
            await chatter.go()

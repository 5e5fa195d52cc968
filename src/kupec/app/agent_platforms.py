"""`kupec acp-platform`: a platform that buys by ACP, without the desk."""

import asyncio

from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.settings import Settings
from kupec.machines.acp import add_platform

_OPERATOR = system("operator")


def let_in(code: str, name: str) -> None:
    """Let a platform buy and print its key, alone on its line; it cannot be shown again. Raises InvalidValue."""

    async def work(settings: Settings) -> str:
        async with open_database(settings, application="acp-platform") as (database, _), database.transaction() as db:
            made = await add_platform(db, code, name or code, actor=_OPERATOR, now=SystemClock().now())
        return made.token

    with database_for(settings_here()) as settings:
        print(asyncio.run(work(settings)))

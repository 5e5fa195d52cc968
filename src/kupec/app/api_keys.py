"""`kupec api-key`: a key for another system, without the desk."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.integrations import create_key
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.settings import Settings

_OPERATOR = system("operator")


def make_key(name: str, *, scopes: Sequence[str], days: int | None, rate_limit: int) -> None:
    """Make a key and print it, alone on its line; it cannot be shown again. Raises InvalidValue."""

    async def work(settings: Settings) -> str:
        now = SystemClock().now()
        async with open_database(settings, application="api-key") as (database, _), database.transaction() as db:
            made = await create_key(
                db,
                name,
                scopes=scopes,
                expires_at=now + timedelta(days=days) if days else None,
                rate_limit=rate_limit,
                actor=_OPERATOR,
                now=now,
            )
        return made.token

    with database_for(settings_here()) as settings:
        print(asyncio.run(work(settings)))

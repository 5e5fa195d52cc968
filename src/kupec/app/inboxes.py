"""`kupec inbox`: inboxes without the desk."""

import asyncio
import getpass
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kupec.app import wiring
from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.conversations import (
    Channel,
    Connecting,
    SendFailed,
    UnknownChannel,
    add_inbox,
    close_channels,
    credentials_of,
    inbox_by_code,
    list_inboxes,
)
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.errors import InvalidValue
from kupec.kit.settings import Settings

_OPERATOR = system("operator")


def add(channel: str, code: str, name: str, *, settings: Sequence[str], credentials: Sequence[str]) -> None:
    """Make an inbox and print where its channel delivers. Credentials are asked for, and never shown.

    Raises UnknownChannel, InvalidValue, CodeTaken.
    """
    config = dict(_pair(one) for one in settings)
    secrets = {one: _ask(one) for one in credentials}

    async def work(here: Settings) -> str:
        found = _channel(wiring.channels(here), channel)
        async with open_database(here, application="inbox") as (database, _), database.transaction() as db:
            inbox = await add_inbox(
                db,
                found,
                code=code,
                name=name,
                config=config,
                credentials=secrets,
                secret=here.secret,
                actor=_OPERATOR,
                now=SystemClock().now(),
            )
        return f"{here.base_url}/channels/{inbox.code}"

    with database_for(settings_here()) as here:
        print(asyncio.run(work(here)))


def show() -> None:
    """Print the inboxes, one a line: code, channel, whether it is switched on, name."""

    async def work(here: Settings) -> list[str]:
        async with open_database(here, application="inbox") as (database, _), database.reading() as db:
            return [
                f"{one.code}\t{one.channel}\t{'on' if one.active else 'off'}\t{one.name}"
                for one in await list_inboxes(db)
            ]

    with database_for(settings_here()) as here:
        print("\n".join(asyncio.run(work(here))))


def connect(code: str) -> int:
    """Have the other side deliver to this shop, where a channel can be told so; prints what we are called there.

    Raises NotFound.
    """

    async def work(here: Settings) -> str:
        channels = wiring.channels(here)
        try:
            async with open_database(here, application="inbox") as (database, _), database.reading() as db:
                inbox = await inbox_by_code(db, code)
                credentials = (await credentials_of(db, [inbox.id], secret=here.secret))[inbox.id]
            channel: object = _channel(channels, inbox.channel)
            if not isinstance(channel, Connecting):
                return f"{inbox.channel}: nothing to tell the other side"
            return await channel.connect(inbox, credentials, f"{here.base_url}/channels/{inbox.code}")
        finally:
            await close_channels(channels)

    try:
        with database_for(settings_here()) as here:
            print(asyncio.run(work(here)))
    except SendFailed as failed:
        print(f"kupec: {failed}", file=sys.stderr)
        return 1
    return 0


def _channel(channels: Mapping[str, Channel], code: str) -> Channel:
    if code not in channels:
        raise UnknownChannel(channel=code, known=", ".join(sorted(channels)))
    return channels[code]


def _pair(text: str) -> tuple[str, Any]:
    name, is_pair, value = text.partition("=")
    if not is_pair or not name:
        raise InvalidValue(field=text, expected="NAME=VALUE")
    return name, value


def _ask(name: str) -> str:
    """From the terminal without showing it, or a line of the standard input."""
    return getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

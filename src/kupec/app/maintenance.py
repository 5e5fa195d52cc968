"""Commands for those who keep a shop running."""

import asyncio
import getpass
import sys

from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.errors import NotFound
from kupec.kit.rebase import rebase
from kupec.kit.settings import Settings
from kupec.outreach import take_bounce
from kupec.staff import Role, create_staff, list_staff, reset_second_factor

_OPERATOR = system("operator")


def migrate_database() -> None:
    """Bring the database up to date, whichever it is."""
    with database_for(settings_here()):
        print("The database is up to date.")


def rebase_log() -> None:
    """After a restore from a dump: map the log's transaction ids onto this cluster's."""

    async def work(settings: Settings) -> None:
        async with open_database(settings, application="rebase") as (database, _), database.reading() as db:
            await rebase(db)

    with database_for(settings_here()) as settings:
        asyncio.run(work(settings))
    print("The readers of the event log go on where they stood.")


def add_staff(email: str, name: str, *, role: Role, language: str) -> None:
    """Let somebody sign in to the desk; the password is asked for, or read from a pipe."""
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def work(settings: Settings) -> None:
        async with open_database(settings, application="staff") as (database, _), database.transaction() as db:
            await create_staff(
                db,
                email=email,
                name=name,
                password=password,
                role=role,
                language=language,
                actor=_OPERATOR,
                now=SystemClock().now(),
            )

    with database_for(settings_here()) as settings:
        asyncio.run(work(settings))
    print(f"{name} can sign in to the desk as {email}.")


def unlock_staff(email: str) -> None:
    """Take the second step away from somebody, an owner who lost the phone for one. Raises NotFound."""

    async def work(settings: Settings) -> None:
        async with open_database(settings, application="staff") as (database, _), database.transaction() as db:
            found = [person.id for person in await list_staff(db) if person.email == email.strip().lower()]
            if not found:
                raise NotFound(what="staff member")
            await reset_second_factor(db, found[0], actor=_OPERATOR, now=SystemClock().now())

    with database_for(settings_here()) as settings:
        asyncio.run(work(settings))
    print(f"{email} signs in with the password alone.")


def keep_bounce() -> None:
    """Keep the mail on the standard input that says another one came back; the worker reads it."""
    raw = sys.stdin.buffer.read()

    async def work(settings: Settings) -> bool:
        async with open_database(settings, application="bounce") as (database, _), database.transaction() as db:
            return await take_bounce(db, raw, now=SystemClock().now())

    with database_for(settings_here()) as settings:
        new = asyncio.run(work(settings))
    print("Kept." if new else "This one was kept before.")

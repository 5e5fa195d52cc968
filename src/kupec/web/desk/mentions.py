"""Who of the staff is called in a text: "@Eva" or "@Eva Nová"."""

from collections.abc import Mapping
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.text import fold


async def colleagues(db: Connection) -> dict[UUID, str]:
    """Who works here, by name."""
    rows = await db.fetch("select id, name from staff where active order by name, id")
    return {row["id"]: row["name"] for row in rows}


def called(text: str, people: Mapping[UUID, str]) -> list[UUID]:
    """Those whose whole name follows an @, or whose first name does where nobody else has it. Accents do not matter."""
    said = fold(text)
    firsts = [fold(name).split(" ")[0] for name in people.values() if name.strip()]
    found = []
    for key, name in people.items():
        whole = fold(name)
        first = whole.split(" ")[0]
        if whole and (_stands(whole, said) or (firsts.count(first) == 1 and _stands(first, said))):
            found.append(key)
    return found


def _stands(name: str, text: str) -> bool:
    """After an @, and not as the beginning of a longer word."""
    place = text.find(f"@{name}")
    while place >= 0:
        after = text[place + len(name) + 1 : place + len(name) + 2]
        if not after.isalnum():
            return True
        place = text.find(f"@{name}", place + 1)
    return False

"""The people of the demo shop, with passwords everybody may know. Never on a real shop."""

from datetime import datetime

import msgspec

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.staff.accounts import create_staff
from kupec.staff.models import Role


class DemoSignIn(msgspec.Struct, frozen=True):
    """One of the demo's people, as the sign-in page offers them."""

    email: str
    name: str
    role: Role
    language: str
    password: str


DEMO_SIGN_INS = (
    DemoSignIn("vera@zrnko.example", "Věra Malá", "owner", "cs", "vera-majitelka"),
    DemoSignIn("piotr@zrnko.example", "Piotr Zieliński", "manager", "pl", "piotr-kierownik"),
    DemoSignIn("ema@zrnko.example", "Ema Nová", "agent", "cs", "ema-zakaznici"),
    DemoSignIn("jan@zrnko.example", "Jan Sklad", "warehouse", "cs", "jan-expedice"),
    DemoSignIn("alice@zrnko.example", "Alice Reed", "manager", "en", "alice-manager"),
)


async def create_demo_staff(db: Connection, *, now: datetime) -> int:
    """Take on those of the demo's people who are not here yet; returns how many came."""
    known = {row["email"] for row in await db.fetch("select email from staff")}
    missing = [person for person in DEMO_SIGN_INS if person.email not in known]
    for person in missing:
        await create_staff(
            db,
            email=person.email,
            name=person.name,
            password=person.password,
            role=person.role,
            language=person.language,
            actor=system("demo"),
            now=now,
        )
    return len(missing)

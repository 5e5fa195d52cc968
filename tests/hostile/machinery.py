"""A machine whose owner types markup: named, granted a mandate, given a key, refused and asked about, at the market."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from kupec.kit.actor import machine as by_machine
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.machines.mandates import NewMachine, NewMandate, create_key, grant_mandate, register_machine
from kupec.machines.market import Cheapest, NewRfq, open_rfq
from tests.hostile.on_account import owner_of_the_desk
from tests.hostile.visitor import HOSTILE


async def have_a_machine(db: Connection) -> None:
    """Of the first customer there is."""
    desk, now = await owner_of_the_desk(db), datetime.now(UTC)
    party_id: UUID = await db.fetchval("select id from party order by id limit 1")
    machine = await register_machine(db, party_id, NewMachine(name=HOSTILE[:100]), actor=desk, now=now)
    mandate = await grant_mandate(
        db, machine.id, NewMandate(market="cz", zone="Europe/Prague", note=HOSTILE), actor=desk, now=now
    )
    await create_key(db, machine.id, scopes=["read", "buy"], actor=desk, now=now)
    await db.execute(
        "insert into supplier (id, party_id, name, url, host, handler, credential_type, paused_for, created_at, "
        "updated_at) values ($1, $2, $3, 'https://a.example', $3, $3, $3, $3, $4, $4)",
        *(uuid7(), party_id, HOSTILE, now),
    )
    await _ask_the_market(db, machine.id, now)
    wanted = [{"sku": HOSTILE, "name": HOSTILE, "quantity": 1, "total": 100}]
    for state, reason, fields in (
        ("asked", "above_limit", {"limit": 50}),
        ("refused", "goods_not_allowed", {"sku": HOSTILE}),
        ("failed", HOSTILE, {"message": HOSTILE}),
    ):
        await db.execute(
            "insert into purchase (id, mandate_id, machine_id, party_id, key, seller, lines, total, currency, state, "
            "reason, reason_fields, why, created_at, claimed_at, expires_at) "
            "values ($1, $2, $3, $4, $5, $11, $6, 100, 'CZK', $5, $7, $8, $12, $9, $9, $10)",
            *(uuid7(), mandate.id, machine.id, party_id, state, wanted, reason, fields, now),
            *(now + timedelta(days=7) if state == "asked" else None, "own", {"error": HOSTILE}),
        )


async def _ask_the_market(db: Connection, machine_id: UUID, now: datetime) -> None:
    """One request stays open; of the other everything that is quoted is too dear."""
    for key, sku, seconds in (("open", HOSTILE[:100], 86_400), ("failed", "SKU-0-S<kupecxss>", 1)):
        wanted = NewRfq(sku=sku, quantity=1, rule=Cheapest(), seconds=seconds, most_price=1, market="cz")
        await open_rfq(db, machine_id, wanted, key=key, actor=by_machine(str(machine_id)), now=now)

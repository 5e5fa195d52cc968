"""Zrnko's connected machines: what they are, what they may buy, and how they work by the demo's clock.

They tell what a real one would: meters by the hour. Who works beside them fills them from what lies on the shelf, so
that what is ordered and delivered comes to its use.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec import customers, sales
from kupec.app.zrnko.life import ARCHITECTS
from kupec.app.zrnko.terms import PRAGUE
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.versions import publish_new, published
from kupec.machines.devices import DEVICE_MODELS, NewDevice, Reading, ingest, meters_of, register_device, sum_hours
from kupec.machines.mandates import Goods, NewMachine, NewMandate, create_key, grant_mandate, register_machine
from kupec.machines.market import import_rfqs, market_story
from kupec.machines.replenishment import PolicyChange, change_policy, policies_of, start_replenishment

CAFE: Final = "c-032"
"""Kavárna U Mlýna: a café with a buyer, an account and a machine in its lounge."""
BUYER: Final = ("Tomáš Mlynář", "tomas.mlynar@example.com")
BISTRO: Final = "c-033"
ACCOUNTANTS: Final = "c-035"
_WHO: Final = (CAFE, ARCHITECTS, BISTRO, ACCOUNTANTS)
_ASKED_FOR: Final = "ZR-BO-4000"
_HISTORY: Final = timedelta(days=35)
_ZONE: Final = ZoneInfo(PRAGUE)
_OPEN: Final = range(8, 17)
_MOST_PIECES: Final = 4
"""At a time: there is no room for more."""


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """How a machine is used: cups in an hour of a working day, and what a cup takes.

    `start` is where its levels began, `stands` where its counters stand today.
    """

    cups: int
    grams: float
    start: dict[str, float]
    stands: dict[str, float]
    refills: dict[str, float]
    """By meter, what a filling brings; it is due when less than a tenth of it is left."""


HABITS: Final[dict[str, Habit]] = {
    "KO12-2025-00871": Habit(
        cups=7,
        grams=9.0,
        start={"beans": 900, "tablets": 45, "filter": 420, "grounds": 0},
        stands={"cups": 9998, "seals": 0.91, "hours": 2990},
        refills={"beans": 1000, "tablets": 60, "filter": 500},
    ),
    "KS5-2026-01032": Habit(
        cups=3,
        grams=9.0,
        start={"beans": 280, "tablets": 9},
        stands={"cups": 1363, "seals": 0.23},
        refills={"beans": 250, "tablets": 10},
    ),
}
"""By serial number."""


async def connect_machines(db: Connection, *, actor: Actor, now: datetime) -> dict[str, str]:
    """The café's machine with a mandate that covers it, the architects' with one that does not, an agent, a market.

    Returns the tokens that are shown once, by what they are for.
    """
    ids = {
        row["external_id"]: row["id"]
        for row in await db.fetch("select external_id, id from party where external_id = any($1)", list(_WHO))
    }
    await _patient(db, actor=actor, now=now)
    owned = await _cafe(db, ids[CAFE], actor=actor, now=now)
    device = await _device(
        db,
        ids[CAFE],
        NewDevice(name="Kávovar v salonku", serial="KO12-2025-00871", place="Salonek", owned_id=owned),
        shelf={"tablets": 1, "filter": 1},
        actor=actor,
        now=now,
    )
    mandate = NewMandate(
        market="cz",
        zone=PRAGUE,
        payment="account",
        goods=Goods(categories=["beans", "care", "parts", "servicing"]),
        budget=900_000,
        approval_above=155_000,
        note="Káva, čištění a servis kávovaru",
    )
    await grant_mandate(db, device[0], mandate, actor=actor, now=now)
    poor = await _device(
        db,
        ids[ARCHITECTS],
        NewDevice(name="Kávovar v ateliéru", model="kaveta-s5", serial="KS5-2026-01032", place="Ateliér"),
        shelf={"tablets": 1},
        actor=actor,
        now=now,
    )
    small = NewMandate(market="cz", zone=PRAGUE, payment="account", goods=Goods(categories=["beans"]), budget=50_000)
    await grant_mandate(db, poor[0], small, actor=actor, now=now)
    agent = await register_machine(db, ids[CAFE], NewMachine(name="Nákupní asistent"), actor=actor, now=now)
    allowed = NewMandate(
        market="cz",
        zone=PRAGUE,
        payment="account",
        goods=Goods(categories=["beans", "care", "accessories"]),
        budget=300_000,
        approval_above=150_000,
    )
    await grant_mandate(db, agent.id, allowed, actor=actor, now=now)
    key = await create_key(db, agent.id, scopes=["read", "buy"], actor=actor, now=now)
    await _market(db, ids, agent.id, actor=actor, now=now)
    return {"agent": key.token, "device": device[1], "device_id": str(device[0])}


async def _patient(db: Connection, *, actor: Actor, now: datetime) -> None:
    """The demo's clock takes a day at a step: no machine is silent for that."""
    models = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    slow = [msgspec.structs.replace(model, silent_after_minutes=3 * 24 * 60) for model in models.models]
    await publish_new(
        db, DEVICE_MODELS, msgspec.structs.replace(models, models=slow), note="Zrnko", actor=actor, now=now
    )


async def _cafe(db: Connection, cafe: UUID, *, actor: Actor, now: datetime) -> UUID:
    """Who buys for the café, and the machine it has; returns that."""
    name, email = BUYER
    person = await customers.create_party(
        db, customers.NewParty(kind="person", name=name, language="cs", email=email), actor=actor, now=now
    )
    await customers.verify_contact_point(db, person, "email", email, actor=actor, now=now)
    await customers.give_role(db, cafe, person, "buyer", actor=actor, now=now)
    machine = sales.NewOwned(
        name="Kaveta Office 12",
        serial_number="KO12-2025-00871",
        bought_on=(now - timedelta(days=500)).date(),
        warranty_until=(now + timedelta(days=230)).date(),
        service_interval_days=180,
        last_service_on=(now - timedelta(days=60)).date(),
        variant_id=await db.fetchval("select id from variant where sku = 'ZR-KO1-BK'"),
    )
    return (await sales.add_owned(db, cafe, machine, actor=actor, now=now)).id


async def _market(db: Connection, ids: Mapping[str, UUID], office: UUID, *, actor: Actor, now: datetime) -> None:
    """Months in which three machines asked several sellers for prices, each choosing in its way."""
    machines = {"office": office}
    for buyer, customer, name in (
        ("hotel", BISTRO, "Sklad Kopretina"),
        ("clinic", ACCOUNTANTS, "Nákupy Vysočina"),
    ):
        new = NewMachine(name=name)
        machines[buyer] = (await register_machine(db, ids[customer], new, actor=actor, now=now)).id
    price = await db.fetchval(
        "select amount from price join variant v on v.id = variant_id where v.sku = $1 and currency = 'CZK'", _ASKED_FOR
    )
    story = market_story(until=now, sku=_ASKED_FOR, list_price=price, market="cz", currency="CZK")
    await import_rfqs(db, story, machines, actor=actor, now=now)


async def _device(
    db: Connection, party_id: UUID, new: NewDevice, *, shelf: Mapping[str, int], actor: Actor, now: datetime
) -> tuple[UUID, str]:
    """A device with weeks behind it, which orders from now on; `shelf` are the pieces beside it, by meter."""
    began = now - _HISTORY
    device, key = await register_device(db, party_id, new, actor=actor, now=began)
    habit = HABITS[new.serial]
    values = _began(habit, began, now)
    await ingest(db, _told(device.machine_id, values, began), now=began)
    await _work(db, device.machine_id, habit, values, {}, since=began, until=now)
    for policy in await start_replenishment(db, device.machine_id, actor=actor, now=now):
        if policy.kind == "goods":
            change = PolicyChange(shelf_pieces=shelf.get(policy.meter, 0), most_pieces=_MOST_PIECES)
            await change_policy(db, policy.id, change, actor=actor, now=now)
    return device.machine_id, key.token


async def keep_up(database: Database, *, now: datetime) -> int:
    """Let the machines work until `now`; returns how many had something to tell."""
    async with database.reading() as db:
        rows = await db.fetch(
            """
            select d.machine_id, d.serial, max(m.at) as at from device d join device_meter m using (machine_id)
             where d.serial = any($1::text[]) group by d.machine_id having max(m.at) < $2
            """,
            list(HABITS),
            now.replace(minute=0, second=0, microsecond=0),
        )
    for row in rows:
        async with database.transaction(quiet=True) as db:
            values = {one.name: one.value for one in await meters_of(db, row["machine_id"]) if one.value is not None}
            shelf = {one.meter: one.shelf for one in await policies_of(db, row["machine_id"]) if one.kind == "goods"}
            await _work(db, row["machine_id"], HABITS[row["serial"]], values, shelf, since=row["at"], until=now)
    return len(rows)


async def _work(
    db: Connection,
    machine_id: UUID,
    habit: Habit,
    values: dict[str, float],
    shelf: dict[str, float],
    *,
    since: datetime,
    until: datetime,
) -> None:
    """A day at a time, told when it was over: what is told later than some days is not taken."""
    for _day, hours in groupby(_hours(since, until), key=datetime.date):
        readings: list[Reading] = []
        for hour in hours:
            _hour(habit, values, shelf, hour, is_history=not shelf)
            readings += _told(machine_id, values, hour)
        await ingest(db, readings, now=hour)
        await sum_hours(db, hour, 100)


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    hour = since.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while hour <= until:
        yield hour
        hour += timedelta(hours=1)


def _began(habit: Habit, began: datetime, now: datetime) -> dict[str, float]:
    """Where its meters were, so that its counters stand today where they are said to."""
    values = {**habit.start, **dict.fromkeys(habit.stands, 0.0)}
    for hour in _hours(began, now):
        _hour(habit, values, {}, hour, is_history=True)
    return {**habit.start, **{meter: stands - values[meter] for meter, stands in habit.stands.items()}}


def _hour(habit: Habit, values: dict[str, float], shelf: dict[str, float], at: datetime, *, is_history: bool) -> None:
    """What an hour does to the meters. Without a `shelf` somebody has brought what was needed."""
    local = at.astimezone(_ZONE)
    for meter, piece in habit.refills.items():
        if values[meter] < piece / 10 and (is_history or shelf.get(meter, 0) >= piece):
            values[meter] += piece
            if not is_history:
                shelf[meter] -= piece
    if local.hour == 17 and "grounds" in values:
        values["grounds"] = 0
    if local.weekday() > 4 or local.hour not in _OPEN:
        return
    cups = min(habit.cups + (local.day * 7 + local.hour * 5) % 5 - 2, int(values["beans"] // habit.grams))
    values["beans"] -= cups * habit.grams
    values["cups"] += cups
    values["seals"] = min(values["seals"] + cups * 0.00004, 1.0)
    if local.weekday() == 4 and local.hour == 16:
        values["tablets"] = max(values["tablets"] - 1, 0)
    if "filter" in values:
        values["filter"] = max(values["filter"] - cups * 0.15, 0)
        values["hours"] += 1
        values["grounds"] = min(values["grounds"] + cups, 60)


def _told(machine_id: UUID, values: Mapping[str, float], at: datetime) -> Sequence[Reading]:
    return [
        Reading(machine_id=machine_id, meter=meter, value=round(value, 5), at=at) for meter, value in values.items()
    ]

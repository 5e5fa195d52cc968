"""A simulated stretch of days in which devices use up what they hold, and the shop sees to it that none runs dry.

    python -m bench replenishment --devices 60 --days 30

Everything but the devices and the parcels is real: readings are taken in, policies looked at, orders placed under the
mandates by the checkout, in a database of its own. The devices use at random by weekday and hour; some are offline for
days and send everything at once when they are back, out of order and twice; parcels take one to three days, some much
longer; workers lose their answers in the midst of buying, and two look at the same moment. People fill their devices
when they see that little is left, if there is something to fill in.

Counted: devices that ran dry, and whether the policy could have prevented it; orders that nobody needed; orders
outside a mandate. Exits with 1 when there is any that must not be.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bench.stack import tree_cpu
from kupec.billing import PAYMENT, SandboxCards, open_account
from kupec.kit.actor import customer, system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.ids import uuid7
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres
from kupec.kit.subscribers import catch_up
from kupec.kit.versions import publish_new
from kupec.machines.devices import (
    DEVICE_MODELS,
    Consumable,
    DeviceModel,
    DeviceModels,
    Meter,
    NewDevice,
    Reading,
    ingest,
    register_device,
    sum_hours,
)
from kupec.machines.mandates import MachineBuyer, NewMandate, Purchase, PurchaseRequest, grant_mandate
from kupec.machines.replenishment import replenishment_subscriber, review_devices, wake_low
from kupec.sales import Checkout, mark_delivered, ship, start_picking
from tests.billing.owing import CLERK, METHODS, a_party
from tests.sales.standing_shop import STAFF
from tests.shop import EXAMPLE_ADDRESS, NOON, add_product, make_shop
from tests.stack import open_folder

HOPPER, BAG = 1200.0, 1000.0
LEASE = timedelta(minutes=10)
HOUR = timedelta(hours=1)
FIRST_DAYS = timedelta(days=5)
"""Nothing is known of a device yet, and one that empties within two days cannot be served from afar in time."""
_BY_HOUR = (0, 0, 0, 0, 0, 0, 1, 3, 4, 4, 3, 2, 3, 4, 3, 2, 1, 1, 0, 0, 0, 0, 0, 0)
MODEL = DeviceModel(
    code="office",
    meters=[Meter(name="beans", kind="level", unit="g", full=HOPPER, noise=10)],
    consumables=[Consumable(meter="beans", sku="BEANS", holds=BAG)],
)


@dataclass
class Machine:
    """A device as it really is. `shelf` in grams; `unsent` are readings that wait until it is online."""

    id: UUID
    rate: float
    weekend: float
    level: float = HOPPER
    shelf: float = 0.0
    offline_until: datetime = NOON
    unsent: list[Reading] = field(default_factory=list)
    dry: bool = False


@dataclass
class Parcel:
    machine: Machine
    order_id: UUID
    grams: float
    placed_at: datetime
    arrives_at: datetime
    late: bool
    here: bool = False


@dataclass
class Dry:
    """A device that ran dry, and what was in the way at that moment."""

    machine: Machine
    at: datetime
    why: str


class LosingBuyer:
    """Buys, and now and then the answer is lost on its way: nobody knows whether it was bought."""

    def __init__(self, buyer: MachineBuyer, seed: int, lost: float) -> None:
        self._buyer, self.seed, self._lost = buyer, seed, lost
        # Each device has luck of its own: two workers at a time must not draw from one hat in an order of their own.
        self.luck: dict[UUID, random.Random] = {}
        self.lost = 0

    async def buy(self, request: PurchaseRequest) -> Purchase:
        chance = self.luck[request.machine_id]
        before = chance.random() < self._lost / 2
        if before:
            self.lost += 1
            raise OSError("lost on the way there")
        purchase = await self._buyer.buy(request)
        if chance.random() < self._lost / 2:
            self.lost += 1
            raise OSError("lost on the way back")
        return purchase


class World:
    """The shop, its devices, and the parcels between them."""

    def __init__(
        self, database: Database, *, seed: int = 1, lost: float = 0.1, late: float = 0.03, usual: float = 150
    ) -> None:
        self.database = database
        self.chance = random.Random(seed)
        self.clock = FixedClock(NOON)
        cards = SandboxCards("http://127.0.0.1:9", key="unused", webhook_secret="unused")
        checkout = Checkout(database, cards, self.clock, hold_for=timedelta(minutes=15), order_prefix="R")
        self.buyer = LosingBuyer(
            MachineBuyer(database, checkout, self.clock, return_url="http://localhost/"), seed, lost
        )
        self.late = late
        self.usual = usual
        self.machines: list[Machine] = []
        self.parcels: list[Parcel] = []
        self.dry: list[Dry] = []
        self.needless: list[UUID] = []
        self.readings = 0
        self.reviews = 0

    async def open(self, devices: int, *, budget: int = 2_000_000) -> None:
        """A shop with beans in bags of a kilogram, and so many devices under mandates of so much a month."""
        async with self.database.transaction() as db:
            await make_shop(db)
            await add_product(db, "BEANS", price=30000, stock=1_000_000)
            await publish_new(db, PAYMENT, METHODS, actor=system("bench"), now=NOON)
            await publish_new(db, DEVICE_MODELS, DeviceModels(models=[MODEL]), actor=system("bench"), now=NOON)
        # Readers of the log begin where they are first seen.
        await catch_up(self.database, replenishment_subscriber())
        for number in range(devices):
            async with self.database.transaction() as db:
                machine = await self._device(db, number, budget)
            self.machines.append(machine)
            self.buyer.luck[machine.id] = random.Random(f"{self.buyer.seed} {number}")
        await catch_up(self.database, replenishment_subscriber())

    async def _device(self, db: Connection, number: int, budget: int) -> Machine:
        party_id = await a_party(db, f"Office {number}")
        await open_account(db, party_id, currency="CZK", credit_limit=10**9, terms_days=14, actor=CLERK, now=NOON)
        await db.execute(
            "insert into contact_point (id, party_id, kind, value) values ($1, $2, 'email', $3)",
            *(uuid7(), party_id, f"office-{number}@example.com"),
        )
        owner = customer(party_id)
        device, _key = await register_device(
            db, party_id, NewDevice(name=f"Kitchen {number}", model="office", zone="UTC"), actor=owner, now=NOON
        )
        terms = NewMandate(
            market="cz", zone="UTC", payment="account", address=EXAMPLE_ADDRESS, budget=budget, budget_period="month"
        )
        await grant_mandate(db, device.machine_id, terms, actor=owner, now=NOON)
        rate = self.usual * self.chance.lognormvariate(0, 0.6)  # some a third of it, some three times as much
        return Machine(id=device.machine_id, rate=rate, weekend=self.chance.choice((0.05, 0.3, 1.0)))

    async def run(self, days: int, *, step: int = 3) -> None:
        """So many days in steps of so many hours."""
        for _ in range(days * 24 // step):
            for _hour in range(step):
                self.clock.move(HOUR)
                for machine in self.machines:
                    self._use(machine)
            await self._arrive()
            await self._send()
            await self._work()

    def _use(self, machine: Machine) -> None:
        now = self.clock.now()
        share = _BY_HOUR[now.hour] / sum(_BY_HOUR)
        mean = machine.rate * share * (machine.weekend if now.weekday() >= 5 else 1.0)
        wanted = self.chance.gammavariate(1.5, mean / 1.5) if mean > 0 else 0.0
        if wanted > machine.level and machine.shelf <= 0 and not machine.dry:
            machine.dry = True
            self.dry.append(Dry(machine=machine, at=now, why=self._why_dry(machine, now)))
        machine.level -= min(wanted, machine.level)
        if machine.level < 0.25 * HOPPER and machine.shelf > 0 and 6 <= now.hour <= 18:
            poured = min(HOPPER - machine.level, machine.shelf)
            machine.level, machine.shelf, machine.dry = machine.level + poured, machine.shelf - poured, False
        if now >= machine.offline_until and self.chance.random() < 0.004:
            machine.offline_until = now + timedelta(hours=self.chance.uniform(2, 60))
        machine.unsent.append(Reading(machine_id=machine.id, meter="beans", value=round(machine.level, 1), at=now))

    def _why_dry(self, machine: Machine, now: datetime) -> str:
        """What the policy could do nothing about: a late parcel, or silence. None of it is the policy's own."""
        coming = [one for one in self.parcels if one.machine is machine and not one.here]
        if any(one.late for one in coming):
            return "late parcel"
        if now < machine.offline_until:
            return "offline"
        if not coming:
            return "policy"
        return "first days" if now < NOON + FIRST_DAYS else "busy"

    async def _send(self) -> None:
        now = self.clock.now()
        batch: list[Reading] = []
        for machine in self.machines:
            if now >= machine.offline_until and machine.unsent:
                sent, machine.unsent = machine.unsent, []
                if self.chance.random() < 0.2:
                    sent = [*sent, *self.chance.choices(sent, k=2)]
                    self.chance.shuffle(sent)
                batch += sent
        self.readings += len(batch)
        async with self.database.transaction() as db:
            await ingest(db, batch, now=now)
            await sum_hours(db, now, 10_000)

    async def _work(self) -> None:
        """Two workers at a time; what was lost is looked at again when its lease is over."""
        for _round in range(3):
            await catch_up(self.database, replenishment_subscriber())
            async with self.database.transaction() as db:
                await wake_low(db, self.clock.now(), 10_000)
            looked = await asyncio.gather(
                *(review_devices(self.database, self.buyer, self.clock, limit=200, lease=LEASE) for _ in range(2))
            )
            self.reviews += sum(looked)
            self.clock.move(LEASE)
        self.clock.move(-3 * LEASE)
        await self._dispatch()

    async def _dispatch(self) -> None:
        """New orders become parcels; one that nobody needed is noted."""
        known = {one.order_id for one in self.parcels}
        async with self.database.reading() as db:
            rows = await db.fetch(
                "select o.id, p.machine_id, line.quantity from sales_order o join purchase p on p.cart_id = o.cart_id "
                "join order_line line on line.order_id = o.id where o.state not in ('draft', 'abandoned') "
                "order by p.machine_id, o.id"
            )
        by_id = {machine.id: machine for machine in self.machines}
        for row in rows:
            if row["id"] in known:
                continue
            machine, now = by_id[row["machine_id"]], self.clock.now()
            coming = sum(one.grams for one in self.parcels if one.machine is machine and not one.here)
            # Enough for more than a week of the busiest kind, in the device, beside it and on the way.
            if coming > 0 or machine.level + machine.shelf > 8 * machine.rate:
                self.needless.append(row["id"])
            late = self.chance.random() < self.late
            days = self.chance.uniform(7, 12) if late else self.chance.uniform(1, 3)
            self.parcels.append(
                Parcel(
                    machine=machine,
                    order_id=row["id"],
                    grams=row["quantity"] * BAG,
                    placed_at=now,
                    arrives_at=now + timedelta(days=days),
                    late=late,
                )
            )

    async def _arrive(self) -> None:
        now = self.clock.now()
        for parcel in self.parcels:
            if parcel.here or now < parcel.arrives_at:
                continue
            async with self.database.transaction() as db:
                part = (await start_picking(db, parcel.order_id, actor=STAFF, now=now)).fulfilments[0]
                await ship(db, part.id, tracking_number=None, actor=STAFF, now=now)
                await mark_delivered(db, part.id, actor=STAFF, now=now)
            parcel.here = True
            parcel.machine.shelf += parcel.grams

    async def found(self) -> "Found":
        """What came of it, counted in the database's own rows."""
        async with self.database.reading() as db:
            over = await db.fetchval(
                """
                select count(*) from (
                    select m.id from mandate m join purchase p on p.mandate_id = m.id and p.state = 'placed'
                     group by m.id, m.budget, date_trunc('month', p.claimed_at at time zone 'UTC')
                    having sum(p.total) > m.budget) outside
                """
            )
            twice = await db.fetchval(
                """
                select count(*) from replenishment_order a join replenishment_order b
                    on a.machine_id = b.machine_id and a.sku = b.sku and a.id < b.id
                 where a.placed_at is not null and b.placed_at is not null
                   and b.placed_at < coalesce(a.delivered_at, 'infinity') and a.placed_at <= b.placed_at
                """
            )
            strays = await db.fetchval(
                "select count(*) from purchase p where p.state = 'placed' "
                "and not exists (select from replenishment_order where purchase_id = p.id)"
            )
        return Found(
            orders=len(self.parcels),
            dry=Counter(one.why for one in self.dry),
            needless=len(self.needless),
            twice=twice + strays,
            outside=over,
        )


@dataclass
class Found:
    orders: int
    dry: Counter[str]
    needless: int
    twice: int
    outside: int

    @property
    def faults(self) -> int:
        """What must not be. Of `dry`, only what the policy could have prevented."""
        return self.dry["policy"] + self.needless + self.twice + self.outside


def _lines(world: World, found: Found, seconds: float, cpu: float, days: int) -> Iterator[str]:
    yield f"{len(world.machines)} devices, {days} days: {world.readings} readings, {world.reviews} looks"
    yield f"orders {found.orders}, of which parcels came late: {sum(one.late for one in world.parcels)}"
    yield f"answers lost while buying: {world.buyer.lost}"
    cycles = max(1, found.orders)
    yield f"ran dry {found.dry.total()} of {cycles} times round ({1 - found.dry.total() / cycles:.1%} did not):"
    for why in ("late parcel", "offline", "first days", "busy", "policy"):
        yield f"  {why:12} {found.dry[why]}"
    yield f"ordered twice {found.twice}, needlessly {found.needless}, outside a mandate {found.outside}"
    yield f"{seconds:.0f} s, CPU {cpu:.0f} s"


async def _measure(dsn: str, devices: int, days: int, seed: int) -> int:
    await migrate(dsn)
    pool = await create_pool(dsn, max_size=20, application="bench")
    try:
        world = World(Database(pool), seed=seed)
        await world.open(devices)
        began, cpu = time.monotonic(), tree_cpu(os.getpid())
        await world.run(days)
        found = await world.found()
        for line in _lines(world, found, time.monotonic() - began, tree_cpu(os.getpid()) - cpu, days):
            print(line)
        return 1 if found.faults else 0
    finally:
        await pool.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench replenishment", description=__doc__)
    parser.add_argument("--devices", type=int, default=60)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with open_folder("bench-replenishment") as folder, EmbeddedPostgres(folder) as dsn:
        return asyncio.run(_measure(dsn, options.devices, options.days, options.seed))


if __name__ == "__main__":
    sys.exit(main())

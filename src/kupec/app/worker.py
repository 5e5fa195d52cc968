"""The worker process: the event log's readers, jobs, what is due, and the sweeps over payments."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

from kupec.app import mail, talking, wiring
from kupec.app.demo_time import clock_of, walking
from kupec.app.process import open_database, settings_here, settle_memory
from kupec.assistant import order_for_encoder
from kupec.billing import CardProvider, Outcome, deferred_round, notice_of, payment_round, refund_round
from kupec.conversations import close_channels
from kupec.kit import webhooks
from kupec.kit.addresses import reach_of
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.errors import KupecError
from kupec.kit.logs import configure
from kupec.kit.settings import Settings
from kupec.kit.worker import Hint, Sweep, run_worker, stop_on_signals
from kupec.knowledge import check_sources
from kupec.machines import market
from kupec.machines.devices import Telemetry
from kupec.machines.devices.mqtt import MqttListener
from kupec.machines.replenishment import Buyer, review_devices
from kupec.sales import Carrier, Checkout, place_due, tracking_round

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

_AT_ONCE = 128
_ROUNDS = 20  # of standing orders that are due at one minute, before a look at what else is to be done


def main() -> None:
    """Run until SIGTERM or SIGINT; what has begun may end."""
    settings = settings_here()
    configure(settings.log_format, settings.log_level)
    settle_memory()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await run(settings, stop=stop)


async def run(settings: Settings, *, stop: asyncio.Event) -> None:
    """The worker until `stop` is set."""
    moved = Hint()
    cards = wiring.card_provider(settings)
    carriers = wiring.carriers(settings)
    channels = wiring.channels(settings)
    try:
        async with (
            open_database(settings, application="worker") as (database, notifier),
            clock_of(settings, database, moved=moved.give) as clock,
            aclosing(mail.mailboxes(settings, database, clock, stop=stop)) as boxes,
            aclosing(wiring.machine_trust(settings, database, clock)) as trusted,
            listening(settings, database, clock, stop),
        ):
            checkout = wiring.checkout(settings, database, cards, clock, at_once=_AT_ONCE)
            bot = wiring.bot(settings, database, checkout, clock)
            buyer = wiring.machine_buyer(settings, database, checkout, clock)
            sourcing = wiring.machine_sourcing(settings, database, trusted, buyer, clock)
            async with database.transaction() as db:
                await order_for_encoder(db)
            await run_worker(
                database,
                settings.database_url,
                subscribers=wiring.subscribers(settings),
                jobs=[*wiring.jobs(settings, carriers, trusted), market.order_job(buyer)],
                dues=wiring.dues(settings),
                sweeps=[
                    *sweeps(settings, database, checkout, cards, clock),
                    tracking(database, carriers, clock),
                    Sweep(name="purchases of machines", run=buyer.finish_purchases, rest=0.5),
                    Sweep(name="purchases elsewhere", run=sourcing.finish, every=5.0, rest=0.5),
                    Sweep(name="orders elsewhere", run=sourcing.follow, every=60.0),
                    replenishing(database, sourcing, clock),
                    sources(settings, database, clock),
                    *talking.sweeps(settings, database, channels, clock),
                    Sweep(name="bot", run=bot.sweep, every=2.0, rest=0.1),
                    Sweep(name="mail", run=boxes.round, every=5.0, rest=1.0),
                    *([walking(database, clock)] if settings.demo else []),
                ],
                clock=clock,
                notifier=notifier,
                moved=moved,
                stop=stop,
            )
    finally:
        await cards.close()
        for carrier in carriers.values():
            await carrier.close()
        await close_channels(channels)


@asynccontextmanager
async def listening(settings: Settings, database: Database, clock: Clock, stop: asyncio.Event) -> AsyncIterator[None]:
    """Meanwhile devices are listened to at the MQTT broker, where one is named."""
    if not settings.mqtt_url:
        yield
        return
    telemetry = Telemetry(database, clock)
    task = asyncio.create_task(MqttListener(settings, telemetry, stop=stop).run())
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait([task], timeout=5.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await telemetry.close()


def tracking(database: Database, carriers: Mapping[str, Carrier], clock: Clock) -> Sweep:
    """Asks carriers where parcels are."""

    async def parcels() -> int:
        return await tracking_round(database, carriers, now=clock.now())

    return Sweep(name="parcels", run=parcels, every=60.0)


def replenishing(database: Database, buyer: Buyer, clock: Clock) -> Sweep:
    """Looks at devices, and orders what they need."""

    async def devices() -> int:
        return await review_devices(database, buyer, clock)

    return Sweep(name="devices replenished", run=devices, every=2.0, rest=0.5)


def sources(settings: Settings, database: Database, clock: Clock) -> Sweep:
    """Looks whether the pages that articles were taken from say something else."""
    reach = reach_of("", local=settings.demo)

    async def pages() -> int:
        return len(await check_sources(database, reach=reach, now=clock.now()))

    return Sweep(name="articles' sources", run=pages, every=60.0, rest=20.0)


def sweeps(
    settings: Settings, database: Database, checkout: Checkout, cards: CardProvider, clock: Clock
) -> list[Sweep]:
    """What asks the outside: claimed in one short transaction, asked with none open, written in another."""

    pause = timedelta(seconds=settings.payment_check_seconds)

    async def settle(outcomes: Sequence[Outcome]) -> None:
        await checkout.settle_outcomes(outcomes)

    async def payments() -> int:
        return await payment_round(database, cards, settle, now=clock.now(), limit=_AT_ONCE, pause=pause)

    async def promises() -> int:
        return await deferred_round(database, settle, now=clock.now(), limit=_AT_ONCE, pause=pause)

    async def refunds() -> int:
        return await refund_round(database, cards, now=clock.now(), limit=_AT_ONCE, pause=pause)

    async def deliveries() -> int:
        return await take_webhooks(database, checkout, cards, clock)

    async def standing() -> int:
        lease = timedelta(seconds=settings.standing_lease_seconds)
        for _round in range(_ROUNDS):
            taken = await place_due(
                database, checkout, clock, return_url=settings.base_url, limit=_AT_ONCE, lease=lease
            )
            if taken < _AT_ONCE:
                return taken
        return _AT_ONCE

    return [
        Sweep(name="payments", run=payments),
        # These wait for what rarely comes: looking twice a second is soon enough.
        Sweep(name="promises", run=promises, every=5.0, rest=0.5),
        Sweep(name="refunds", run=refunds, rest=0.5),
        Sweep(name="webhooks", run=deliveries, every=5.0, rest=0.5),
        Sweep(name="standing orders", run=standing, rest=0.5),
    ]


async def take_webhooks(database: Database, checkout: Checkout, cards: CardProvider, clock: Clock) -> int:
    """Act upon webhooks that were stored by a process that did not come to it; returns how many.

    One that cannot be acted upon (for a payment we do not know, under a secret that was replaced) is noted as failed
    and tried again later; the others are not held up.
    """
    async with database.transaction(quiet=True) as db:
        deliveries = await webhooks.take_waiting(db, clock.now(), _AT_ONCE, source=cards.name)
    if not deliveries:
        return 0
    errors = await asyncio.gather(*(_act_on(each, checkout, cards) for each in deliveries))
    async with database.transaction() as db:
        done = [each.id for each, error in zip(deliveries, errors, strict=True) if error is None]
        await webhooks.mark_processed(db, done)
        for each, error in zip(deliveries, errors, strict=True):
            if error is not None:
                await webhooks.mark_failed(db, each, error.message, clock.now())
    return len(deliveries)


async def _act_on(delivery: webhooks.Delivery, checkout: Checkout, cards: CardProvider) -> KupecError | None:
    try:
        outcome = notice_of(cards, delivery).outcome
        if outcome is not None:
            await checkout.settle_outcomes([outcome])
    except KupecError as error:
        return error
    return None

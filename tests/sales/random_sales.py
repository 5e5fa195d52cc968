"""A shop's life at random: orders paid in every way, sent, refunded, returned, exchanged, cancelled, dunned."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from kupec.billing import (
    PAYMENT,
    RefundOutcome,
    allow_account,
    apply_refunds,
    awaited,
    confirm_refund,
    dun,
    import_statement,
    invoice_subscriber,
    issue_store_credit,
    list_lines,
    mark_paid,
    match_line,
    open_account,
    overdue_invoices,
    pause_dunning,
    resume_dunning,
    unmatch_line,
)
from kupec.billing import (
    Shop as Books,
)
from kupec.customers import Contact, identify
from kupec.kit.actor import guest
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import catch_up
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    Arrived,
    CartDetails,
    GiftOf,
    Order,
    PercentOff,
    Promotion,
    Promotions,
    Wish,
    approve_return,
    cancel_order,
    cancel_rest,
    get_order,
    mark_delivered,
    receive_return,
    refund_order,
    refused_refunds,
    repeat_refund,
    request_return,
    returnable,
    returns_of,
    set_details,
    settle_return,
    ship,
    start_picking,
    use_credit,
)
from tests.billing.owing import CLERK, METHODS, line, statement
from tests.sales.conftest import Shop
from tests.sales.test_fulfilment import DESK
from tests.sales.test_full_sale import make_bundle
from tests.sales.two_places import two_places
from tests.shop import NOON, SETUP, add_product, filled_cart

WAYS = ("card", "transfer", "cod", "account")


class RandomSales:
    """`done` counts the verbs that were let through, by name; what is refused changes nothing."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.random = Random(seed)
        self.done: dict[str, int] = {}
        self.orders: list[UUID] = []
        self.codes: list[str] = []
        self.goods: list[UUID] = []
        self.dunned_on = NOON

    async def open(self) -> None:
        """Two places, a bundle, a gift while it lasts, a discount that leaves odd hellers, a customer on account."""
        shop = self.shop
        service = await two_places(shop)
        async with shop.database.transaction() as db:
            await db.execute("update stock_level set on_hand = on_hand + 20")
            cup = await add_product(db, "CUP", price=9999, stock=12, vat_class="reduced")
            bundle = await make_bundle(db, {shop.variant: 1, cup: 2})
            self.goods = [shop.variant, cup, bundle, service]
            await publish_new(db, PAYMENT, METHODS, actor=SETUP, now=NOON)
            promotions = [
                Promotion(code="OFF", names={"en": "Off"}, action=PercentOff(percent_bp=333)),
                Promotion(code="CUP", names={"en": "Cup"}, action=GiftOf(variant_id=cup), max_uses=4),
            ]
            await publish_new(db, PROMOTIONS, Promotions(promotions=promotions), actor=SETUP, now=NOON)
            contact = Contact(email="cafe@example.com", name="Kavárna", phone=None, language="cs", address=None)
            [self.party] = await identify(db, [contact], now=NOON, actor=SETUP)
            await open_account(
                db, self.party, currency="CZK", credit_limit=200000, terms_days=14, actor=SETUP, now=NOON
            )
            self.opening = await stock(db)

    async def step(self) -> None:
        verbs = (self.place, self.pay, self.pack, self.send, self.refund, self.take_back, self.cancel, self.money)
        verb = self.random.choices((*verbs, self.dunning), weights=(4, 3, 3, 4, 4, 4, 1, 2, 2))[0]
        await verb()

    async def attempt(self, name: str, verb: Callable[[Connection], Awaitable[object]]) -> None:
        try:
            async with self.shop.database.transaction() as db:
                await verb(db)
        except KupecError:
            return
        self.done[name] = self.done.get(name, 0) + 1

    async def an_order(self) -> Order | None:
        if not self.orders:
            return None
        async with self.shop.database.reading() as db:
            return await get_order(db, self.random.choice(self.orders))

    def some_orders(self) -> list[UUID]:
        """Three of them, and the latest; not as a set, whose order is another in every run."""
        return list(dict.fromkeys([*self.random.sample(self.orders, min(3, len(self.orders))), *self.orders[-1:]]))

    async def place(self, way: str = "") -> None:
        way, shop = way or self.random.choice(WAYS), self.shop
        lines = [
            (each, self.random.randint(1, 3)) for each in self.random.sample(self.goods, self.random.randint(1, 2))
        ]
        email = "cafe@example.com" if way == "account" else f"b{len(self.orders)}@example.com"
        cart_id = await filled_cart(shop.database, lines, email=email)
        code = self.random.choice([*self.codes, None]) if self.codes else None
        try:
            async with shop.database.transaction() as db:
                if way == "account":
                    await db.execute("update cart set customer_id = $2 where id = $1", cart_id, self.party)
                    await allow_account(db, cart_id, self.party, now=NOON)
                await set_details(db, cart_id, CartDetails(payment_method=way), actor=SETUP, now=NOON)
                if code:
                    await use_credit(db, cart_id, code, actor=SETUP, now=NOON)
            token = self.random.choice(("tok_visa", "tok_visa", "tok_visa", "tok_declined"))
            answer = await shop.order(cart_id, token=token, key=str(cart_id))
        except KupecError:
            return
        if answer.state == "placed":
            self.orders.append(answer.order_id)
            name = f"{way}{' and credit' if code else ''}"
            self.done[name] = self.done.get(name, 0) + 1

    async def pay(self) -> None:
        """A statement comes, for all, a part or too much; cash is handed over; a match was wrong."""
        async with self.shop.database.reading() as db:
            owed = await awaited(db)
            lines = await list_lines(db, actor=CLERK)
        if lines and self.random.random() < 0.3:
            wrong = self.random.choice(lines)
            await self.attempt("unmatch", lambda db: unmatch_line(db, wrong.id, actor=CLERK, now=NOON))
        if not owed:
            return
        one = self.random.choice(owed)
        if one.provider == "cod":
            await self.attempt("cash", lambda db: mark_paid(db, one.id, actor=CLERK, now=NOON))
            return
        part = self.random.choice((one.rest, one.rest, one.rest // 3, one.rest + 500))
        bank_id = str(uuid7())

        async def came(db: Connection) -> None:
            content = statement(line(f"{part // 100}.{part % 100:02}", one.variable_symbol or "", bank_id=bank_id))
            await import_statement(db, content, filename="a", format_name="generic", actor=CLERK, now=NOON)
            found = next(each for each in await list_lines(db, actor=CLERK) if each.bank_id == bank_id)
            if found.state == "open":
                await match_line(db, found.id, [one.id], actor=CLERK, now=NOON)

        await self.attempt("transfer came", came)

    async def pack(self) -> None:
        for order_id in self.some_orders():
            await self.attempt("pack", partial(start_picking, order_id=order_id, actor=DESK, now=NOON))

    async def send(self) -> None:
        for order_id in self.some_orders():
            async with self.shop.database.reading() as db:
                parcels = (await get_order(db, order_id)).fulfilments
            for parcel in parcels:
                what: dict[str, Any] = {"fulfilment_id": parcel.id, "actor": DESK, "now": NOON}
                if parcel.state == "picking" and self.random.random() < 0.8:
                    await self.attempt("ship", partial(ship, tracking_number=None, **what))
                await self.attempt("deliver", partial(mark_delivered, **what))

    async def refund(self) -> None:
        order = await self.an_order()
        if order is None:
            return
        what: dict[str, Any] = self.random.choice(
            (
                {"lines": {self.random.choice(order.lines).id: 1}},
                {"lines": {}, "amount": self.random.randint(1, 9999)},
                {"lines": {}, "shipping": True},
                {"lines": {}, "whole": True},
            )
        )
        to = self.random.choice(("payment", "store_credit"))
        await self.attempt(
            f"refund to {to}",
            lambda db: refund_order(db, order.id, **what, to=to, reason="x", key=str(uuid7()), actor=DESK, now=NOON),  # type: ignore[arg-type]
        )

    async def take_back(self) -> None:
        order = await self.an_order()
        if order is None:
            return
        async with self.shop.database.reading() as db:
            lines = await returnable(db, order, now=NOON)
            place = await db.fetchval("select id from location where code = 'brno'")
        if not lines:
            return
        one = self.random.choice(lines)
        settle_to: Any = self.random.choice(("payment", "store_credit", "exchange"))
        other = self.random.choice(self.goods[:3]) if settle_to == "exchange" else None
        pieces = self.random.randint(1, one.pieces)

        async def back(db: Connection) -> None:
            wish = Wish(order_line_id=one.line.id, quantity=pieces, reason="other", exchange_for=other)
            asked = await request_return(
                db, order.id, [wish], settle_to=settle_to, key=str(uuid7()), actor=guest(order.id), now=NOON
            )
            await approve_return(db, asked.id, actor=DESK, now=NOON)
            arrived = {asked.lines[0].id: Arrived(restocked=pieces - 1, scrapped=1)}
            await receive_return(db, asked.id, arrived, location_id=place, actor=DESK, now=NOON)
            closed = await settle_return(db, asked.id, order_prefix="Z", now=NOON)
            if closed.replacement_id:
                new.append(closed.replacement_id)
            assert await returns_of(db, order.id)

        new: list[UUID] = []
        await self.attempt(f"return for {settle_to}", back)
        self.orders += new

    async def cancel(self) -> None:
        order = await self.an_order()
        if order:
            await self.attempt("cancel", lambda db: cancel_order(db, order.id, reason="x", actor=DESK, now=NOON))
            await self.attempt("cancel rest", lambda db: cancel_rest(db, order.id, reason="x", actor=DESK, now=NOON))

    async def money(self) -> None:
        """The sweep; goodwill; refunds sent by hand, or refused by the provider."""
        await self.shop.sweep()
        amount = self.random.randint(1000, 60000)

        async def goodwill(db: Connection) -> None:
            credit = await issue_store_credit(
                db, amount=amount, currency="CZK", reason="x", key=str(uuid7()), actor=CLERK, now=NOON
            )
            self.codes.append(credit.code)

        await self.attempt("goodwill", goodwill)
        async with self.shop.database.reading() as db:
            pending = [row["id"] for row in await db.fetch("select id from refund where state = 'pending' order by id")]
            known = await db.fetch("select code from store_credit where balance > 0 order by id")
        self.codes = [row["code"] for row in known]
        for refund_id in pending[:1]:
            sent = partial(confirm_refund, refund_id=refund_id, reference="", actor=CLERK, now=NOON)
            await self.attempt("sent by hand", sent)

    async def dunning(self) -> None:
        """Weeks go by, as dunning sees it; some of it is disputed, or not any more."""
        self.dunned_on += timedelta(days=self.random.randint(10, 25))
        await catch_up(self.shop.database, invoice_subscriber(Books()))
        async with self.shop.database.transaction() as db:
            written = await dun(db, self.dunned_on, 100)
            late = await overdue_invoices(db, today=self.dunned_on.date())
        self.done["dunned"] = self.done.get("dunned", 0) + written
        if late:
            one, what = self.random.choice(late).payment_id, {"actor": CLERK, "now": self.dunned_on}
            await self.attempt("disputed", partial(pause_dunning, payment_id=one, reason="x", until=None, **what))
            if self.random.random() < 0.5:
                await self.attempt("agreed", partial(resume_dunning, payment_id=one, **what))

    async def refuse_a_refund(self) -> None:
        """The provider refuses what it was asked for last; a person makes it store credit."""
        async with self.shop.database.transaction() as db:
            rows = await db.fetch(
                "select r.id, p.order_id from refund r join payment p on p.id = r.payment_id "
                "where r.state = 'pending' and p.provider = 'sandbox' and p.state = 'captured' "
                "order by r.id desc limit 1"
            )
            for row in rows:
                await apply_refunds(db, [(row["id"], RefundOutcome(done=False, error_code="refused"))], now=NOON)
                for refund_id in await refused_refunds(db, row["order_id"]):
                    await repeat_refund(db, row["order_id"], refund_id, to="store_credit", actor=DESK, now=NOON)
                    self.done["refused"] = self.done.get("refused", 0) + 1

    async def wind_up(self) -> None:
        """All that was asked for is carried out."""
        for _ in range(3):
            await self.shop.sweep()
        async with self.shop.database.transaction() as db:
            for row in await db.fetch("select id from refund where state = 'pending' order by id"):
                await confirm_refund(db, row["id"], reference="", actor=CLERK, now=NOON)


async def stock(db: Connection) -> dict[tuple[UUID, UUID], int]:
    rows = await db.fetch("select variant_id, location_id, on_hand from stock_level")
    return {(row["variant_id"], row["location_id"]): row["on_hand"] for row in rows}

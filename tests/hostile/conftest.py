"""A shop in which everybody who could type anything has typed markup. It runs as real processes, one for all tests."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from kupec.catalogue import (
    CategoryRow,
    Market,
    ProductDraft,
    TextDraft,
    VariantDraft,
    import_categories,
    put_location,
    put_market,
    set_vat_rate,
    store_media,
    write_products,
)
from kupec.customers import open_task
from kupec.integrations import Reach, add_endpoint, create_key, send_test
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, connect
from kupec.sales import (
    cancel_order,
    mark_delivered,
    save_shipping_method,
    ship,
    start_picking,
    status_token,
    tariff,
)
from kupec.staff import ROLES, Role, create_staff
from kupec.web.static import asset
from tests.hostile.abundance import fall_out, stock_up
from tests.hostile.knowing import CODE, know, miss
from tests.hostile.machinery import have_a_machine
from tests.hostile.mailing import mail_badly
from tests.hostile.on_account import buy_on_account, come_regularly, owner_of_the_desk
from tests.hostile.talking import talk_badly
from tests.hostile.visitor import HOSTILE, Visitor
from tests.machines.platform import PRAGUE, Json, Platform, to
from tests.machines.running import running_shop
from tests.shop import NOON, SETUP, make_shop
from tests.stack import Stack, eventually

T = TypeVar("T")
PASSWORD = "a long enough password"
SECRET = "stack-secret"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3"/></svg>'
SPARE = "spare@example.com"  # may be let go, demoted and reset: nobody signs in as this one
_LANGUAGES = ("cs", "pl", "en")
_BUYER = {"first_name": f"A{HOSTILE}"[:100], "last_name": HOSTILE[:90], "email": "a&b'c?bcc=d@example.com"}
_PLACE = {**PRAGUE, "street_address": HOSTILE, "address_locality": HOSTILE}
_AGENT = "agent.example/<kupecxss>'><img/src=x/onerror=kupecxss()>{{7*7}}"


class World:
    """The running shop, and what is in it by the names that its addresses use."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.things: dict[str, list[str]] = {}
        self._visitors: list[Visitor] = []

    def visitor(self, **cookies: str) -> Visitor:
        self._visitors.append(Visitor(self.stack.web_url, cookies=cookies))
        return self._visitors[-1]

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.http.close()

    def guest(self) -> Visitor:
        """Somebody with goods in the cart, signed in to their account, who may send forms."""
        visitor = self.visitor(kupec_my=self.customer_session())
        slug = self.column("select slug from product_text where language = 'cs' order by slug")[0]
        visitor.get(f"/cs/p/{slug}")
        added = visitor.post("/cs/cart/add", {"variant": self.things["variant_id"][0], "quantity": "1"})
        assert added.status_code == 303
        return visitor

    def staff(self, role: Role = "owner") -> Visitor:
        """Somebody signed in, who has seen a page."""
        visitor = self.visitor(kupec_desk=self.session(role))
        visitor.get("/desk/account")
        return visitor

    def session(self, role: Role = "owner") -> str:
        """A fresh session; signing in by the form would count as an attempt, and take time."""
        token = os.urandom(16).hex()
        digest, now = hashlib.sha256(token.encode()).digest(), datetime.now(UTC)

        async def open_session(db: Connection) -> None:
            person = await db.fetchval("select id from staff where email = $1", f"{role}@example.com")
            end = now + timedelta(hours=1)
            await db.execute("insert into staff_session values ($1, $2, $3, $4)", digest, person, now, end)

        self.do(open_session)
        return token

    def customer_session(self) -> str:
        """A fresh one of somebody who has bought something."""
        token, now = os.urandom(16).hex(), datetime.now(UTC)

        async def open_session(db: Connection) -> None:
            await db.execute(
                """insert into customer_session (id, token_hash, party_id, kind, method, device, created_at, seen_at,
                                                 expires_at)
                   select $1, $2, customer_id, 'browser', 'code', $3, $4, $4, $5
                     from sales_order where customer_id is not null order by id limit 1""",
                *(uuid4(), hashlib.sha256(token.encode()).digest(), HOSTILE[:100], now, now + timedelta(hours=1)),
            )

        self.do(open_session)
        return token

    def do(self, verb: Callable[[Connection], Awaitable[T]]) -> T:
        """Something that happens in the shop, committed."""

        async def doing() -> T:
            connection = await connect(self.stack.dsn, application="world")
            try:
                async with connection.transaction():
                    return await verb(connection)
            finally:
                await connection.close()

        return asyncio.run(doing())

    def renew_endpoint(self) -> None:
        """An address for webhooks that is there, whatever was sent to the desk before."""
        self.do(_other_systems)
        self.things["endpoint_id"] = self.column("select id from webhook_endpoint order by id desc limit 1")

    def column(self, query: str, *values: object) -> list[str]:
        return self.do(lambda db: _column(db, query, *values))


async def _column(db: Connection, query: str, *values: object) -> list[str]:
    return [str(row[0]) for row in await db.fetch(query, *values)]


@pytest.fixture(scope="package")
def owner(world: World) -> Visitor:
    return world.staff()


@pytest.fixture(scope="package")
def guest(world: World) -> Visitor:
    return world.guest()


@pytest.fixture(scope="package")
def world(server: str, template: str) -> Iterator[World]:
    with running_shop("hostile", _fill, server=server, template=template) as stack:
        made = World(stack)
        try:
            _trade(made)
            made.things = _things(made)
            yield made
        finally:
            made.close()


async def _fill(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        market = Market(code="eu", language="en", currency="EUR", home_country="DE", countries=["DE"])
        await put_market(db, market, position=2, actor=SETUP, now=NOON)
        await set_vat_rate(db, "DE", "standard", 1900, actor=SETUP, now=NOON)
        await put_location(db, "brno", name=HOSTILE, country="CZ", position=1, actor=SETUP, now=NOON)
        names = dict.fromkeys(_LANGUAGES, HOSTILE)
        courier = (await tariff(db)).document.method("courier")
        assert courier is not None
        await save_shipping_method(db, replace(courier, names=names, carrier=HOSTILE), now=NOON)
        await import_categories(db, [CategoryRow(code="hostile", names=names)], actor=SETUP, now=NOON)
        picture = await store_media(db, DRAWING, "image/svg+xml", actor=SETUP, now=NOON)
        faults = await write_products(db, [_product(number, picture) for number in range(3)], actor=SETUP, now=NOON)
        assert faults == [None] * 3
        for email, role in (*((f"{role}@example.com", role) for role in ROLES), (SPARE, "agent")):
            await create_staff(
                db,
                email=email,
                name=HOSTILE[:100],
                password=PASSWORD,
                role=cast(Role, role),
                language="cs",
                actor=system("setup"),
                now=NOON,
            )
        await stock_up(db)
        await know(db)
        await miss(db)
        await _other_systems(db)
        await _wreckage(db)


async def _other_systems(db: Connection) -> None:
    url, words = "https://erp.example/hooks", HOSTILE[:200]
    endpoint = await add_endpoint(
        db, url, events=["category.*"], description=words, reach=Reach(), actor=SETUP, now=NOON
    )
    await send_test(db, endpoint.id, actor=SETUP, now=NOON)
    await create_key(db, HOSTILE[:100], scopes=["stock.read"], actor=SETUP, now=NOON)


def _product(number: int, picture: str) -> ProductDraft:
    text = TextDraft(name=f"{HOSTILE}{number}", summary=HOSTILE, description=f"{HOSTILE}\n{HOSTILE}")
    variants = [
        VariantDraft(
            sku=f"SKU-{number}-{size}<kupecxss>",
            names=dict.fromkeys(_LANGUAGES, f"{size}{HOSTILE}"),
            prices={"CZK": 30000, "PLN": 5000, "EUR": 1200},
            stock={"praha": 100000, "brno": 1000},
            barcode="<kupecxss>",
        )
        for size in ("S", "L")
    ]
    return ProductDraft(
        external_id=f"<kupecxss>{number}",
        kind="goods",
        brand=HOSTILE,
        vat_class="standard",
        status="active",
        picture=picture,
        texts=dict.fromkeys(_LANGUAGES, text),
        categories=["hostile"],
        attributes={HOSTILE: HOSTILE, "weight": HOSTILE},
        variants=variants,
    )


async def _wreckage(db: Connection) -> None:
    """What lies about in the machinery: tasks, events set aside, jobs and webhooks given up."""
    for title in ("Look into a payment", HOSTILE):
        await open_task(
            db,
            key=None,
            title=title.replace("{", "{{").replace("}", "}}"),
            details={"payment": HOSTILE, "error": HOSTILE},
            subject=f"task:{HOSTILE}",
            customer_id=None,
            due_at=NOON + timedelta(hours=1),
            actor=system("setup"),
            now=NOON,
        )
    await db.execute(
        """
        insert into webhook_delivery (id, source, external_id, received_at, headers, body, state, error, next_try_at)
        values (gen_random_uuid(), 'sandbox', $1, $2, '{}', '', 'failed', $1, 'infinity')
        """,
        HOSTILE,
        NOON,
    )


def _trade(world: World) -> None:
    """Orders in every state, by a platform whose very address is hostile."""
    platform = Platform(world.visitor().http, name=_AGENT)
    bought = [_buy(platform, option) for option in ("courier", "box", "courier", "courier", "box")]
    placed, picking, shipped, delivered, cancelled = (UUID(order["id"]) for order in bought)
    world.things["bought"] = [str(order) for order in (placed, picking, shipped, delivered, cancelled)]

    async def work(db: Connection) -> None:
        now = datetime.now(UTC)
        desk = await owner_of_the_desk(db)
        await start_picking(db, picking, actor=desk, now=now)
        for order_id in (shipped, delivered):
            parcels = (await start_picking(db, order_id, actor=desk, now=now)).fulfilments
            for parcel in parcels:
                await ship(db, parcel.id, tracking_number="AB1234CZ", carrier=HOSTILE, actor=desk, now=now)
        for parcel in parcels:
            await mark_delivered(db, parcel.id, actor=desk, now=now)
        await cancel_order(db, cancelled, reason=HOSTILE, actor=desk, now=now)
        await fall_out(db, delivered, shipped, desk)

    world.do(work)

    async def written() -> bool:
        return bool(await world.stack.fetchval("select count(*) >= 7 from mail"))

    asyncio.run(eventually(written))
    world.do(buy_on_account)
    world.do(come_regularly)
    world.do(have_a_machine)
    world.do(talk_badly)
    world.do(mail_badly)


def _buy(platform: Platform, option: str) -> Json:
    return platform.buy(
        ("SKU-0-S<kupecxss>", 2),
        ("SKU-1-L<kupecxss>", 1),
        buyer=_BUYER,
        context={"language": "cs"},
        fulfillment=to(_PLACE, option=option),
    )


def _things(world: World) -> dict[str, list[str]]:
    """What a parameter of an address may be. A new parameter has to be taught here."""
    orders = world.column("select id from sales_order order by id")
    return {
        **world.things,
        "language": list(_LANGUAGES),
        "slug": world.column(
            "select slug from (select slug, 1 as rank from product_text union select slug, 2 from category_text "
            "union select slug, 3 from article_address) as every group by slug order by min(rank), slug"
        ),
        "name": ["promotions", "terms", "privacy", "delivery", "contact", asset("js/page.js").rpartition("/")[2]],
        "version": [asset("js/page.js").split("/")[2]],
        "sha": world.column("select encode(sha256, 'hex') from media"),
        "token": [status_token(SECRET, UUID(order)) for order in orders],
        "payment_id": world.column("select id from payment order by id"),
        "order_id": orders,
        "parcel_id": world.column("select id from fulfilment order by id"),
        "customer_id": world.column("select id from party order by id"),
        "task_id": world.column("select id from task order by id"),
        "team_id": [str(uuid4())],
        "suggestion_id": world.column("select id from suggestion order by id"),
        "experiment_id": world.column("select id from experiment order by id"),
        "due_id": [str(uuid4())],
        "product_id": world.column("select id from product order by id"),
        "variant_id": world.column("select id from variant order by id"),
        "location_id": world.column("select id from location order by position"),
        "mail_id": world.column("select id from mail order by id"),
        "source": ["sandbox"],
        "endpoint_id": world.column("select id from webhook_endpoint order by id"),
        "delivery_id": world.column("select id from webhook_out order by id"),
        "key_id": world.column("select id from api_key order by id"),
        "platform_id": [str(uuid4())],
        "push_id": [str(uuid4())],
        "staff_id": world.column("select id from staff where email = $1", SPARE),
        "passkey_id": [str(uuid4())],
        "view_id": [str(uuid4())],
        "review_id": [str(uuid4())],
        "receipt_id": world.column("select id from goods_receipt order by id"),
        "return_id": world.column("select id from sales_return order by id"),
        "number": world.column("select number from sales_return order by id"),
        "run": ["1", "2"],
        "refund_id": world.column("select id from refund order by id"),
        "line_id": world.column("select id from bank_line order by id"),
        "document_id": world.column("select id from accounting_document order by id"),
        "version_id": world.column("select id from document_version where kind = 'promotions' order by number"),
        "code": ["lists", "LISTS", "service_due", CODE],
        "currency": ["CZK", "EUR"],
        "account": ["customer", "bank", "vat:CZ:21", "store_credit"],
        "wanted": ["order_confirmation.cs", "parcel_shipped.en"],
        "session": world.column("select id from cart order by id"),
        "conversation_id": world.column("select id from conversation order by number"),
        "attachment_id": world.column("select id from attachment order by id") or [str(uuid4())],
        "message_id": world.column("select id from message where kind = 'outgoing' order by id"),
        "inbox": world.column("select code from inbox order by code"),
        "signed": [status_token(SECRET, uuid4())],
        "inbox_id": world.column("select id from inbox order by code"),
        "playbook_id": world.column("select id from playbook order by code"),
        "practice_id": world.column("select id from practice order by started_at") or [str(uuid4())],
        "canned_id": world.column("select id from canned_reply order by shortcut"),
        "order": orders,
        "address_id": world.column("select id from party_address order by id"),
        "standing_id": world.column("select id from standing_order order by id"),
        "occurrence_id": world.column("select id from occurrence order by id"),
        "interaction_id": world.column("select id from interaction order by id"),
        "owned_id": world.column("select id from owned_product order by id"),
        "session_id": [str(uuid4())],
        "identity_id": [str(uuid4())],
        "note_id": world.column("select id from party_note order by id"),
        "file_id": world.column("select id from party_file order by id"),
        "merge_id": [str(uuid4())],
        "relation_id": world.column("select id from relation order by id"),
        "point_id": world.column("select id from contact_point order by id"),
        "person_id": world.column("select id from party order by id"),
        "invitation_id": [str(uuid4())],
        "request_id": [str(uuid4())],
        "approval_id": world.column("select id from approval order by id"),
        "card_id": world.column("select id from stored_card order by id"),
        "machine_id": world.column("select id from machine order by id"),
        "supplier_id": world.column("select id from supplier order by id"),
        "mandate_id": world.column("select id from mandate order by id"),
        "rfq_id": world.column("select id from rfq order by id"),
        "purchase_id": world.column("select id from purchase order by id"),
    }

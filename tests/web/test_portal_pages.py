"""The account's pages: each opens to whose it is, to a colleague with the role, and to nobody else."""

import re
from uuid import UUID, uuid4

import pytest

from kupec.customers import NewParty, create_party, give_role, open_task
from kupec.kit.actor import system
from kupec.kit.db import Pool
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of
from tests.web.test_portal_sign_in import JANA, come_in

DESK = system("test")
HOME = {"name": "Jana", "street": "Dlouhá", "city": "Praha", "postcode": "110 00", "country": "CZ"}
PAGES = (
    "",
    "/orders",
    "/standing",
    "/money",
    "/things",
    "/addresses",
    "/details",
    "/security",
    "/privacy",
    "/complaint",
)


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


async def put_in(browser: Browser, variant: UUID, quantity: int = 1) -> None:
    await browser.get("/cs")
    answer = await browser.post(
        "/cs/cart/add",
        {"form_token": await _token(browser), "variant": str(variant), "quantity": str(quantity)},
    )
    assert answer.status_code == 303, text_of(answer.text)


async def _token(browser: Browser) -> str:
    """Of any page that has a form."""
    return token_in((await browser.get("/cs/my/sign-in?again=1")).text)


async def office_of(pool: Pool, email: str, *roles: str) -> UUID:
    async with pool.acquire() as db, db.transaction():
        office = await create_party(
            db, NewParty(kind="organisation", name="Kancelář s.r.o.", language="cs"), actor=DESK, now=NOON
        )
        person = await db.fetchval("select party_id from contact_point where value = $1", email)
        for role in roles:
            await give_role(db, office, person, role, actor=DESK, now=NOON)  # type: ignore[arg-type]
    return office


async def choose(browser: Browser, account: UUID) -> None:
    token = await _token(browser)
    answer = await browser.post("/cs/my/account", {"form_token": token, "account": str(account), "back": "/cs/my"})
    assert answer.status_code == 303, text_of(answer.text)


@pytest.mark.parametrize("language", ["cs", "pl"])
async def test_every_page_opens(language: str, shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    for path in PAGES:
        answer = await browser.get(f"/{language}/my{path}")
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "private, no-store"
        assert 'aria-current="page"' in answer.text


async def test_the_header_says_who_is_here(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs")
    assert "Můj účet" in text_of(browser.page)
    await come_in(browser, pool, shop)
    await browser.get("/cs")
    assert JANA in text_of(browser.page)


async def test_goods_in_the_browser_become_the_customers_and_none_are_lost(
    shop: Served, browser: Browser, pool: Pool, goods: dict[str, UUID]
) -> None:
    phone = shop.browser()
    await come_in(phone, pool, shop)
    await put_in(phone, goods["beans"], 5)
    await put_in(phone, goods["cup"], 1)
    await put_in(browser, goods["beans"], 2)
    before = browser.client.cookies["kupec_cart"]
    await come_in(browser, pool, shop)
    assert browser.client.cookies["kupec_cart"] != before  # who knew the old one does not hold the customer's
    rows = await pool.fetch(
        """select cart.customer_id, line.variant_id, line.quantity from cart join cart_line line on cart_id = cart.id
            where state = 'open' order by quantity"""
    )
    person = await pool.fetchval("select party_id from contact_point where value = $1", JANA)
    assert {row["customer_id"] for row in rows} == {person}
    assert {(row["variant_id"], row["quantity"]) for row in rows} == {(goods["beans"], 2), (goods["cup"], 1)}
    proved = await pool.fetchval(
        "select count(*) from account_cart join cart on cart.id = cart_id where state = 'open'"
    )
    assert proved == 1


async def test_buying_for_an_organisation_needs_a_role_there(
    shop: Served, browser: Browser, pool: Pool, goods: dict[str, UUID]
) -> None:
    await come_in(browser, pool, shop)
    stranger = await office_of(pool, "nobody@example.com")
    token = await _token(browser)
    refused = await browser.post("/cs/my/account", {"form_token": token, "account": str(stranger), "back": "/cs/my"})
    assert refused.status_code == 404
    office = await office_of(pool, JANA, "buyer")
    await put_in(browser, goods["beans"])
    await choose(browser, office)
    row = await pool.fetchrow("select customer_id, id from cart where state = 'open'")
    assert row is not None
    assert row["customer_id"] == office
    kept = await pool.fetchrow("select party_id, person_id from account_cart where cart_id = $1", row["id"])
    person = await pool.fetchval("select party_id from contact_point where value = $1", JANA)
    assert kept is not None
    assert (kept["party_id"], kept["person_id"]) == (office, person)
    # The role is taken away: the next page is one's own again.
    await pool.execute("update party_role set until = now()")
    assert "Kancelář" not in text_of((await browser.get("/cs/my")).text)


@pytest.mark.parametrize(
    ("role", "open_to", "closed_to"),
    [
        ("buyer", ["/orders", "/standing", "/things", "/addresses"], ["/money", "/people", "/approvals"]),
        ("accountant", ["/orders", "/money"], ["/addresses", "/people", "/approvals", "/complaint"]),
        ("approver", ["/orders", "/people", "/approvals"], ["/money", "/addresses", "/complaint"]),
    ],
)
async def test_a_colleague_comes_as_far_as_their_role(
    role: str, open_to: list[str], closed_to: list[str], shop: Served, browser: Browser, pool: Pool
) -> None:
    await come_in(browser, pool, shop)
    await choose(browser, await office_of(pool, JANA, role))
    for path in open_to:
        assert (await browser.get(f"/cs/my{path}")).status_code == 200, path
    for path in closed_to:
        assert (await browser.get(f"/cs/my{path}")).status_code == 403, path


async def test_an_accountant_fills_a_cart_of_their_own(
    shop: Served, browser: Browser, pool: Pool, goods: dict[str, UUID]
) -> None:
    await come_in(browser, pool, shop)
    await put_in(browser, goods["beans"])
    await choose(browser, await office_of(pool, JANA, "accountant"))
    await put_in(browser, goods["cup"])
    person = await pool.fetchval("select party_id from contact_point where value = $1", JANA)
    rows = await pool.fetch("select customer_id from cart where state = 'open'")
    assert [row["customer_id"] for row in rows] == [person]
    assert await pool.fetchval("select count(*) from account_cart where party_id <> $1", person) == 0


async def test_what_is_somebody_elses_does_not_exist(shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    token, other = await _token(browser), uuid4()
    for path in (f"/my/standing/{other}", f"/my/documents/{other}", f"/order/{other}", f"/my/orders/{other}/repeat"):
        assert (await browser.get(f"/cs{path}")).status_code == 404, path
    posts = {
        f"/my/orders/{other}/again": {},
        f"/my/orders/{other}/repeat": {"every": "1", "unit": "month", "first": "2030-01-01", "payment": "account"},
        f"/my/standing/{other}/skip": {"number": "1"},
        f"/my/standing/{other}/pause": {"wanted": "end"},
        f"/my/cards/{other}/remove": {},
        f"/my/addresses/{other}/remove": {},
        f"/my/things/{other}": {"wanted": "remove"},
        f"/my/tasks/{other}": {"answer": "yes"},
        f"/my/invitations/{other}": {"answer": "yes"},
        f"/my/details/points/{other}": {"wanted": "remove"},
        f"/my/security/passkeys/{other}/remove": {},
        f"/my/security/sessions/{other}/end": {},
    }
    for path, fields in posts.items():
        answer = await browser.post(f"/cs{path}", {"form_token": token, **fields})
        assert answer.status_code == 404, path


async def test_an_order_opens_to_its_owner_by_its_id_and_is_ordered_again(
    paying: Served, pool: Pool, goods: dict[str, UUID]
) -> None:
    order_id = await _ordered(pool, goods)
    stranger, owner = paying.browser(), paying.browser()
    away = await stranger.get(f"/cs/order/{order_id}")
    assert away.status_code == 303
    assert "/my/sign-in" in away.headers["location"]
    await come_in(stranger, pool, paying, "stranger@example.com")
    assert (await stranger.get(f"/cs/order/{order_id}")).status_code == 404
    await come_in(owner, pool, paying)
    page = await owner.get(f"/cs/order/{order_id}")
    assert page.status_code == 200
    assert "Objednat znovu" in text_of(page.text)
    assert (await owner.get(f"/cs/order/{order_id}/return")).status_code == 200
    await pool.execute("update variant set status = 'archived' where id = $1", goods["cup"])
    await owner.get("/cs/my/orders")
    answer = await owner.submit(f"/cs/my/orders/{order_id}/again")
    assert "Šálek" in text_of(answer.text)
    assert "už se neprodává" in text_of(answer.text)
    line = await pool.fetchrow(
        "select variant_id, quantity from cart_line join cart on cart.id = cart_id where state = 'open'"
    )
    assert line is not None
    assert (line["variant_id"], line["quantity"]) == (goods["beans"], 2)


async def _ordered(pool: Pool, goods: dict[str, UUID]) -> UUID:
    """An order of Jana's, as an import brings it."""
    async with pool.acquire() as db, db.transaction():
        person = await db.fetchval("select id from party limit 1")
        if person is None:
            person = await create_party(
                db, NewParty(kind="person", name="Jana Nová", language="cs", email=JANA), actor=DESK, now=NOON
            )
        order_id: UUID = await db.fetchval(
            """insert into sales_order (id, number, state, customer_id, market, language, channel, email, name,
                                        address, currency, shipping_method, subtotal, tax, total, placed_at, created_at)
               values (gen_random_uuid(), 'Z1', 'delivered', $1, 'cz', 'cs', 'web', $2, 'Jana', $3, 'CZK', 'courier',
                       69000, 0, 69000, $4, $4) returning id""",
            *(
                person,
                JANA,
                {"name": "Jana", "street": "Dlouhá", "city": "Praha", "postcode": "110 00", "country": "CZ"},
            ),
            NOON,
        )
        for position, (sku, quantity) in enumerate((("beans", 2), ("cup", 1))):
            await db.execute(
                """insert into order_line (id, order_id, position, variant_id, sku, name, quantity, unit_amount,
                                           total, tax_bp, tax)
                   values (gen_random_uuid(), $1, $2, $3, $4, $5, $6, 1, 1, 0, 0)""",
                *(order_id, position, goods[sku], sku, "Šálek" if sku == "cup" else "Káva", quantity),
            )
    return order_id


async def test_a_task_is_answered_and_a_complaint_becomes_one(shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    async with pool.acquire() as db, db.transaction():
        person = await db.fetchval("select party_id from contact_point where value = $1", JANA)
        task = await open_task(
            db,
            key=None,
            title="Send us the serial number",
            details={},
            subject=f"customer:{person}",
            customer_id=person,
            due_at=NOON,
            portal=True,
            actor=DESK,
            now=NOON,
        )
    await browser.get("/cs/my")
    assert "Send us the serial number" in text_of(browser.page)
    await browser.submit(f"/cs/my/tasks/{task.id}", answer="SN-42")
    assert await pool.fetchval("select answer from task where id = $1", task.id) == "SN-42"
    await browser.get("/cs/my/complaint")
    await browser.submit("/cs/my/complaint", text="The tin {came} open")
    row = await pool.fetchrow("select details, customer_id from task where done_at is null")
    assert row is not None
    assert row["details"] == {"text": "The tin {came} open"}
    assert row["customer_id"] == person


async def test_an_invitation_is_taken_by_who_reads_the_address(shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    office = await office_of(pool, JANA, "approver")
    await choose(browser, office)
    await browser.get("/cs/my/people")
    await browser.submit("/cs/my/people", email="petr@example.com", role="buyer")
    assert await pool.fetchval("select to_address from mail where kind = 'role_invitation'") == "petr@example.com"
    invitation = await pool.fetchval("select id from role_invitation")
    other = shop.browser()
    await come_in(other, pool, shop, "mallory@example.com")
    answer = await other.post(f"/cs/my/invitations/{invitation}", {"form_token": await _token(other), "answer": "yes"})
    assert answer.status_code == 404
    petr = shop.browser()
    await come_in(petr, pool, shop, "petr@example.com")
    assert "Kancelář s.r.o." in text_of(petr.page)
    await petr.submit(f"/cs/my/invitations/{invitation}", answer="yes")
    roles = await pool.fetchval("select count(*) from party_role where role = 'buyer' and until is null")
    assert roles == 1


async def test_another_address_is_proved_before_it_is_added(shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    await browser.get("/cs/my/details")
    await browser.submit("/cs/my/details/email", email="jana@work.example")
    assert await pool.fetchval("select count(*) from contact_point where value = 'jana@work.example'") == 0
    await browser.get("/cs/my/details")
    refused = await browser.submit("/cs/my/details/email/prove", code="000000x")
    assert refused.status_code == 401
    only = await pool.fetchval("select id from contact_point where value = $1", JANA)
    await browser.get("/cs/my/details")
    await browser.submit(f"/cs/my/details/points/{only}", wanted="remove")
    assert await pool.fetchval("select count(*) from contact_point where value = $1", JANA) == 1  # the last one stays

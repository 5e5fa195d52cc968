"""One's own account, the second step at the door, staff and the access log, over HTTP."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import pyotp
import pytest

from kupec import staff
from kupec.catalogue import reindex_all
from kupec.kit.clock import FixedClock
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import PASSWORD, Desk, Person, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]

STAFF = "/desk/settings/staff"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


def later(desk: Desk, **by: int) -> None:
    clock = desk.site.clock
    assert isinstance(clock, FixedClock)
    clock.move(timedelta(**by))


async def enrol(desk: Desk, person: Person) -> tuple[pyotp.TOTP, list[str]]:
    """Through the pages: the key is typed off the page, the code in, the codes are written down."""
    page = await person.page("/desk/account/app")
    assert "<svg" in page
    assert "style=" not in page
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found
    app = pyotp.TOTP(found[1].replace(" ", ""))
    answer = await person.post("/desk/account/app", {"code": app.at(desk.site.clock.now())})
    assert answer.status_code == 200
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", answer.text)
    assert len(codes) == 10
    later(desk, seconds=30)
    return app, codes


async def test_an_app_is_set_up_and_asked_for_at_the_door(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    await person.page("/desk/account/app")
    wrong = await person.post("/desk/account/app", {"code": "000000"})
    assert wrong.status_code == 401
    assert 'id="app.code-error"' in wrong.text
    member = await desk.hire("owner")
    stranger = desk.stranger()
    await stranger.post("/desk/sign-in", {"email": member.email, "password": PASSWORD})
    app, codes = await enrol(desk, stranger)
    assert "10 are left" in words(await stranger.page("/desk/account"))
    await stranger.post("/desk/sign-out")

    door = {"email": member.email, "password": PASSWORD, "next": "/desk/tasks"}
    answer = await stranger.post("/desk/sign-in", door)
    assert answer.headers["location"] == "/desk/sign-in/second?language=en&next=%2Fdesk%2Ftasks"
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("kupec_desk_step"))
    assert {"HttpOnly", "Path=/desk/sign-in", "Max-Age=600"} <= set(cookie.split("; "))
    assert (await stranger.get("/desk/tasks")).status_code == 303
    assert "One more step" in await stranger.page(answer.headers["location"])
    refused = await stranger.post("/desk/sign-in/second", {"code": "abc", "next": "/desk/tasks"})
    assert refused.status_code == 401
    assert "This code is not right." in words(refused.text)
    code = app.at(desk.site.clock.now())
    entered = await stranger.post("/desk/sign-in/second?language=cs", {"code": code, "next": "/desk/tasks"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/desk/tasks")
    assert (await stranger.get("/desk/tasks")).status_code == 200

    other = desk.stranger()
    await other.post("/desk/sign-in", door)
    replayed = await other.post("/desk/sign-in/second", {"code": code})
    assert replayed.status_code == 401
    assert "used already" in words(replayed.text)
    assert (await other.post("/desk/sign-in/second", {"code": codes[0]})).status_code == 303
    assert (await other.get("/desk/orders")).status_code == 200


async def test_the_second_step_needs_the_first(desk: Desk) -> None:
    stranger = desk.stranger()
    for answer in (
        await stranger.get("/desk/sign-in/second"),
        await stranger.post("/desk/sign-in/second", {"code": "123456"}),
    ):
        assert answer.status_code == 401
        assert "That took too long" in words(answer.text)
    nonsense = await stranger.post("/desk/sign-in/passkey", {"credential": '{"id": "x", "response": {}}'})
    assert nonsense.status_code == 401
    assert "not accepted" in words(nonsense.text)


async def test_what_guards_the_account_asks_for_the_password_after_a_while(desk: Desk) -> None:
    member, person = await desk.hire("owner"), desk.stranger()
    await person.post("/desk/sign-in", {"email": member.email, "password": PASSWORD})
    later(desk, minutes=31)
    asked = await person.get("/desk/account/app")
    assert asked.headers["location"] == "/desk/account/confirm?next=%2Fdesk%2Faccount"
    for path in ("/desk/account/codes", "/desk/account/passkeys", STAFF, f"{STAFF}/rules"):
        assert "/desk/account/confirm" in (await person.post(path, {"required": "on"})).headers["location"]
    assert await desk.fetchval("select two_factor_required from staff_rules") is False
    machine = await person.http.get("/desk/account/app", headers={"Accept": "*/*"})
    assert (machine.status_code, machine.json()["code"]) == (403, "confirm_first")
    wrong = await person.post("/desk/account/confirm", {"password": "x"})
    assert wrong.status_code == 401
    assert 'id="confirm.password-error"' in wrong.text
    right = await person.post("/desk/account/confirm", {"password": PASSWORD, "next": STAFF})
    assert right.headers["location"] == STAFF
    assert (await person.get("/desk/account/app")).status_code == 200


async def test_who_must_set_up_a_second_step_finds_the_way(desk: Desk) -> None:
    owner, agent = await desk.signed_in("owner"), await desk.signed_in("agent")
    await owner.post(f"{STAFF}/rules", {"required": "on"})
    assert (await owner.get(STAFF)).headers["location"] == "/desk/account"
    assert "From now on everybody" in words(await owner.page("/desk/account"))
    for path in ("/desk/orders", "/desk/live", "/desk/customers"):
        assert (await agent.get(path)).headers["location"] == "/desk/account"
    machine = await agent.http.get("/desk/orders", headers={"Accept": "*/*"})
    assert (machine.status_code, machine.json()["code"]) == (403, "enrol_first")
    assert "A second step is required" in words(await agent.page("/desk/account"))
    await enrol(desk, agent)
    assert (await agent.get("/desk/orders")).status_code == 200
    refused = await agent.done("/desk/account/app/remove")
    assert "Set up another one before you remove the last." in words(refused)


async def test_sessions_are_listed_and_ended_elsewhere(desk: Desk) -> None:
    member, here, there = await desk.hire("agent"), desk.stranger(), desk.stranger()
    for person, agent in ((here, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), (there, "<b>odd</b>")):
        person.http.headers["User-Agent"] = agent
        await person.post("/desk/sign-in", {"email": member.email, "password": PASSWORD})
    page = await here.page("/desk/account")
    assert "Firefox, Linux here" in words(page)
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "Signed out in 1 place." in words(await here.done("/desk/account/sessions/end"))
    assert (await there.get("/desk/orders")).status_code == 303
    assert (await here.get("/desk/orders")).status_code == 200


async def test_an_owner_takes_on_changes_and_lets_go(desk: Desk) -> None:
    owner = await desk.signed_in("owner")
    new = {"name": "Eva <b>", "email": "eva@z.example", "role": "agent", "language": "cs"}
    bad = await owner.post(STAFF, {**new, "email": "eva"})
    assert bad.status_code == 422
    assert 'id="staff.email-error"' in bad.text
    assert 'value="Eva &lt;b&gt;"' in bad.text
    made = await owner.post(STAFF, new)
    assert made.status_code == 200
    link = unescape(re.search(r'readonly value="([^"]+)"', made.text)[1])  # type: ignore[index]
    assert (await owner.post(STAFF, new)).status_code == 409

    eva = desk.stranger()
    path = link.removeprefix(desk.url)
    assert "Zvolte si heslo" in words(await eva.page(path))
    short = await eva.post(path, {"password": "short"})
    assert short.status_code == 422
    done = await eva.post(path, {"password": PASSWORD})
    assert done.headers["location"] == "/desk/sign-in"
    assert (await eva.get(path)).status_code == 404
    await eva.post("/desk/sign-in", {"email": "eva@z.example", "password": PASSWORD})
    assert (await eva.get("/desk/customers")).status_code == 200

    staff_id = await desk.fetchval("select id from staff where email = 'eva@z.example'")
    assert "The role is changed." in words(await owner.done(f"{STAFF}/{staff_id}/role", {"role": "warehouse"}))
    assert (await eva.get("/desk/customers")).status_code == 403
    assert (await owner.post(f"{STAFF}/{staff_id}/link")).status_code == 200
    assert "signed out everywhere" in words(await owner.done(f"{STAFF}/{staff_id}/deactivate"))
    assert (await eva.get("/desk/orders")).status_code == 303
    assert "They can sign in again." in words(await owner.done(f"{STAFF}/{staff_id}/reactivate"))
    assert "password alone" in words(await owner.done(f"{STAFF}/{staff_id}/reset"))
    assert owner.staff is not None
    mine = f"{STAFF}/{owner.staff.id}"
    assert "The last owner cannot be removed." in words(await owner.done(f"{mine}/role", {"role": "agent"}))
    assert "The last owner cannot be removed." in words(await owner.done(f"{mine}/deactivate"))


@pytest.mark.parametrize("role", ["manager", "agent", "warehouse"])
async def test_staff_and_the_log_are_the_owners(desk: Desk, role: staff.Role) -> None:
    person = await desk.signed_in(role)
    assert person.staff is not None
    for path in (STAFF, "/desk/settings/access"):
        assert (await person.get(path)).status_code == 403
    for verb in ("role", "deactivate", "reactivate", "reset", "link"):
        answer = await person.post(f"{STAFF}/{person.staff.id}/{verb}", {"role": "owner"})
        assert answer.status_code == 403
    assert (await person.post(STAFF, {"role": "owner"})).status_code == 403
    assert (await person.post(f"{STAFF}/rules", {"required": "on"})).status_code == 403
    assert await desk.fetchval("select role from staff where id = $1", person.staff.id) == role


async def test_the_access_log_tells_who_opened_whose_record(desk: Desk) -> None:
    owner, agent = await desk.signed_in("owner"), await desk.signed_in("agent")
    order_id = await order_of(desk)
    customer_id = await desk.fetchval("select customer_id from sales_order")
    for path in (f"/desk/orders/{order_id}", f"/desk/orders/{order_id}/picking", f"/desk/customers/{customer_id}"):
        assert (await agent.get(path)).status_code == 200
        assert (await agent.get(path)).status_code == 200
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.get(f"/desk/customers/{customer_id}")).status_code == 403
    page = words(await owner.page("/desk/settings/access"))
    assert page.count("opened: order") == 1
    assert page.count("opened: customer") == 1
    assert agent.staff is not None
    only = await owner.page(f"/desk/settings/access?person={agent.staff.id}&kind=viewed&since=2026-03-10")
    assert f'href="/desk/customers/{customer_id}"' in only
    assert "signed in (" not in words(only.partition("<tbody")[2])
    assert "Nothing here" in await owner.page("/desk/settings/access?until=2026-03-09")
    for nonsense in (
        "person=x&kind=y&since=z&until=9999-12-31&before=w",
        "before=99999999999999999999&since=0001-01-01",
    ):
        assert (await owner.get(f"/desk/settings/access?{nonsense}")).status_code == 200


async def test_the_log_goes_on_page_by_page(desk: Desk) -> None:
    owner = await desk.signed_in("owner")
    await desk.site.database.pool.execute(
        "insert into access_log (at, kind, address) select $1, 'refused', 'n' || n from generate_series(1, 150) as n",
        desk.site.clock.now(),
    )
    page = await owner.page("/desk/settings/access?kind=refused")
    assert page.count('id="access-') == 100
    older = unescape(re.search(r'rel="next" href="([^"]+)"', page)[1])  # type: ignore[index]
    rest = await owner.page(older)
    assert rest.count('id="access-') == 50
    assert 'rel="next"' not in rest


async def test_a_list_is_kept_as_a_view_and_shared(desk: Desk) -> None:
    one, two = await desk.signed_in("agent"), await desk.signed_in("manager")
    assert "Save this view" not in await one.page("/desk/orders")
    page = await one.page("/desk/orders?before=x&state=placed&q=Praha")
    assert 'name="query" value="state=placed&amp;q=Praha"' in page
    kept = {"place": "orders", "query": "before=x&q=Praha&state=placed&evil=1", "name": "K balení", "shared": "on"}
    answer = await one.post("/desk/views", kept)
    assert answer.headers["location"] == "/desk/orders?state=placed&q=Praha"
    page = await one.page(answer.headers["location"])
    assert '<a href="/desk/orders?state=placed&amp;q=Praha" aria-current="page">K balení</a>' in page
    assert "Remove this view" in page
    assert "You have a view of this name already." in words(await one.done("/desk/views", kept))
    theirs = await two.page("/desk/orders?state=placed&q=Praha")
    assert "K balení" in words(theirs)
    assert "Remove this view" not in theirs
    view_id = await desk.fetchval("select id from saved_view")
    assert (await two.post(f"/desk/views/{view_id}/remove")).status_code == 404
    assert "K balení" not in words(await one.done(f"/desk/views/{view_id}/remove")).replace("removed", "")
    assert (await one.post("/desk/views", {**kept, "place": "secrets"})).status_code == 404
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.post("/desk/views", {**kept, "place": "customers"})).status_code == 403


async def test_chosen_customers_are_grouped(desk: Desk) -> None:
    await order_of(desk)
    customer_id = await desk.fetchval("select customer_id from sales_order")
    person = await desk.signed_in("manager")
    assert 'name="customer"' in await person.page("/desk/customers")
    fields = [("customer", str(customer_id)), ("key", "vip"), ("action", "segment")]
    answer = await person.post_many("/desk/customers/bulk?q=Jana", fields)
    assert answer.headers["location"] == "/desk/customers?q=Jana"
    assert "1 customer changed." in words(await person.page(answer.headers["location"]))
    fields[1] = ("key", "b2b")
    await person.post_many("/desk/customers/bulk", fields)
    fields[2] = ("action", "price_group")
    await person.post_many("/desk/customers/bulk", fields)
    standing = await desk.fetchval("select array[price_group] || segments from party where id = $1", customer_id)
    assert standing == ["b2b", "b2b", "vip"]
    fields[1] = ("key", "Not a key")
    answer = await person.post_many("/desk/customers/bulk", fields)
    assert "Expected:" in words(await person.page(answer.headers["location"]))
    gone = "00000000-0000-7000-8000-000000000000"
    told = await person.post_many("/desk/customers/bulk", [*fields[:1], ("customer", gone), ("key", "x"), fields[2]])
    assert told.status_code == 200
    assert "There is no such customer." in words(told.text)
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.post_many("/desk/customers/bulk", fields)).status_code == 403


async def test_chosen_products_change_their_state(desk: Desk) -> None:
    await order_of(desk)
    async with desk.site.database.transaction() as db:
        await reindex_all(db)
    product_id = await desk.fetchval("select id from product limit 1")
    person = await desk.signed_in("manager")
    assert 'name="product"' in await person.page("/desk/catalogue")
    fields = [("product", str(product_id)), ("product", str(product_id)), ("state", "archived")]
    answer = await person.post_many("/desk/catalogue/bulk?status=active", fields)
    assert answer.headers["location"] == "/desk/catalogue?status=active"
    assert "1 product changed." in words(await person.page(answer.headers["location"]))
    assert await desk.fetchval("select status from product where id = $1", product_id) == "archived"
    assert (await person.post_many("/desk/catalogue/bulk", [*fields[:1], ("state", "burnt")])).status_code == 422
    gone = "00000000-0000-7000-8000-000000000000"
    told = await person.post_many("/desk/catalogue/bulk", [*fields[:1], ("product", gone), ("state", "active")])
    assert "There is no such product." in words(told.text)
    assert await desk.fetchval("select status from product where id = $1", product_id) == "active"
    warehouse = await desk.signed_in("warehouse")
    assert 'name="product"' not in await warehouse.page("/desk/catalogue")
    assert (await warehouse.post_many("/desk/catalogue/bulk", fields)).status_code == 403

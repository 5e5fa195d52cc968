"""Who gets into the desk, in which language, and what each role finds there."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from kupec import staff
from kupec.kit.actor import system
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import PASSWORD, Desk, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def test_a_stranger_is_led_to_the_sign_in_and_back(desk: Desk) -> None:
    stranger, member = desk.stranger(), await desk.hire("owner")
    answer = await stranger.get("/desk/orders?state=placed&q=Z1")
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    door = answer.headers["location"]
    assert door == "/desk/sign-in?next=%2Fdesk%2Forders%3Fstate%3Dplaced%26q%3DZ1"
    assert 'name="next" value="/desk/orders?state=placed&amp;q=Z1"' in await stranger.page(door)
    fields = {"email": member.email, "password": PASSWORD, "next": "/desk/orders?state=placed&q=Z1"}
    answer = await stranger.post("/desk/sign-in", fields)
    assert answer.headers["location"] == "/desk/orders?state=placed&q=Z1"
    assert (await stranger.get(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/desk\\@evil.example", "/desk/sign-in", "/deskpad", "/cs"]
)
async def test_the_sign_in_leads_nowhere_else(desk: Desk, target: str) -> None:
    stranger, member = desk.stranger(), await desk.hire("owner")
    answer = await stranger.post("/desk/sign-in", {"email": member.email, "password": PASSWORD, "next": target})
    assert answer.headers["location"] == "/desk"


async def test_the_session_cookie_is_for_the_desk_only(desk: Desk) -> None:
    stranger, member = desk.stranger(), await desk.hire("owner")
    answer = await stranger.post("/desk/sign-in", {"email": member.email, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("kupec_desk=")
    assert {"HttpOnly", "SameSite=lax", "Path=/desk", "Max-Age=43200"} <= set(cookie.split("; "))


async def test_a_wrong_password_is_told_beside_the_field_and_limited(desk: Desk) -> None:
    stranger, member = desk.stranger(), await desk.hire("owner")
    await desk.site.database.pool.execute(
        "insert into sign_in_failure values ($1, 4, $2)",
        f"email:{member.email}",
        desk.site.clock.now() + timedelta(minutes=15),
    )
    answer = await stranger.post("/desk/sign-in?language=cs", {"email": member.email, "password": "wrong one"})
    assert answer.status_code == 401
    assert "E-mail nebo heslo nesouhlasí." in words(answer.text)
    assert f'value="{member.email}"' in answer.text
    assert "wrong one" not in answer.text
    answer = await stranger.post("/desk/sign-in?language=pl", {"email": member.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert "Zbyt wiele nieudanych logowań. Proszę spróbować za 15 min." in words(answer.text)


async def test_a_session_ends_by_signing_out_and_by_time(desk: Desk) -> None:
    person = await desk.signed_in("owner")
    assert (await person.get("/desk/orders")).status_code == 200
    answer = await person.post("/desk/sign-out")
    assert answer.headers["location"] == "/desk/sign-in"
    assert (await person.get("/desk/orders")).status_code == 303
    other = await desk.signed_in("manager")
    desk.shop.clock.move(timedelta(hours=12))
    assert (await other.get("/desk/orders")).status_code == 303


async def test_the_browser_chooses_the_language_before_and_the_person_after_the_door(desk: Desk) -> None:
    stranger = desk.stranger()
    polish = await stranger.get("/desk/sign-in", headers={"Accept-Language": "de, pl;q=0.8, cs;q=0.5"})
    assert '<html lang="pl">' in polish.text
    assert '<html lang="cs">' in await stranger.page("/desk/sign-in?language=cs")
    person = await desk.signed_in("owner", "cs")
    assert "Objednávky" in words(await person.page("/desk/orders"))
    page = await person.done("/desk/language", {"language": "pl", "back": "/desk/tasks"})
    assert "Zadania" in words(page)
    assert "Zamówienia" in words(await person.page("/desk/orders"))
    refused = await person.post("/desk/language", {"language": "de", "back": "/desk"})
    assert refused.status_code == 422


async def test_forms_from_elsewhere_change_nothing(desk: Desk) -> None:
    person = await desk.signed_in("owner")
    answer = await person.http.post(
        "/desk/language", data={"language": "pl"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 403
    token = await person._form_token()
    answer = await person.http.post(
        "/desk/language", data={"language": "pl", "form_token": token}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert await desk.fetchval("select language from staff") == "en"


@pytest.mark.parametrize(
    ("role", "open_places", "closed"),
    [
        ("owner", ["orders", "customers", "tasks", "catalogue", "catalogue/stock", "outbox", "system"], []),
        ("manager", ["orders", "customers", "tasks", "catalogue", "catalogue/stock", "outbox", "system"], []),
        ("agent", ["orders", "customers", "tasks", "catalogue", "catalogue/stock", "outbox"], ["system"]),
        ("warehouse", ["orders", "tasks", "catalogue", "catalogue/stock"], ["customers", "outbox", "system"]),
    ],
)
async def test_a_role_finds_its_places_and_no_others(
    desk: Desk, role: staff.Role, open_places: list[str], closed: list[str]
) -> None:
    person = await desk.signed_in(role)
    home = await person.http.get("/desk", follow_redirects=True)
    assert home.status_code == 200
    assert home.url.path == ("/desk/orders" if role == "warehouse" else "/desk/inbox")
    for place in open_places:
        assert (await person.get(f"/desk/{place}")).status_code == 200, place
    for place in closed:
        assert f'href="/desk/{place}"' not in home.text
        refused = await person.get(f"/desk/{place}")
        assert refused.status_code == 403
        assert "Your role does not allow this" in words(refused.text)


async def test_scripts_are_told_plainly_that_nobody_is_signed_in(desk: Desk) -> None:
    answer = await desk.stranger().get("/desk/live", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"


async def test_a_new_password_is_taken_and_leads_to_the_door(desk: Desk) -> None:
    person = desk.stranger()
    person.staff = await desk.hire("agent")
    await person.post("/desk/sign-in", {"email": person.staff.email, "password": PASSWORD})
    wrong = await person.post("/desk/account/password", {"current": "wrong", "password": "zcela nové heslo"})
    assert wrong.status_code == 401
    assert 'id="account.current-error"' in wrong.text
    short = await person.post("/desk/account/password", {"current": PASSWORD, "password": "krátké"})
    assert short.status_code == 422
    assert "The password needs at least 10 characters." in words(short.text)
    page = await person.done("/desk/account/password", {"current": PASSWORD, "password": "zcela nové heslo"})
    assert "The password is changed. Sign in with the new one." in words(page)
    assert "The password is changed" not in words(await person.page("/desk/sign-in"))


async def test_the_demo_offers_its_people_with_one_click(shop: Shop, dsn: str) -> None:
    async with open_desk(shop, dsn, clock=shop.clock, demo=True) as demo:
        first = staff.DEMO_SIGN_INS[0]
        async with demo.site.database.transaction() as db:
            await staff.create_staff(
                db,
                email=first.email,
                name=first.name,
                password=first.password,
                role=first.role,
                actor=system("demo"),
                now=shop.clock.now(),
            )
        visitor = demo.stranger()
        page = await visitor.page("/desk/sign-in")
        for person in staff.DEMO_SIGN_INS:
            assert person.name in page
        answer = await visitor.post("/desk/sign-in", {"email": first.email, "password": first.password})
        assert answer.status_code == 303


async def test_a_real_shop_shows_no_sign_ins(desk: Desk) -> None:
    page = await desk.stranger().page("/desk/sign-in")
    assert all(person.email not in page for person in staff.DEMO_SIGN_INS)


async def test_a_colleague_who_asks_which_methods_there_are_is_told(desk: Desk) -> None:
    person = await desk.signed_in("warehouse")
    for path in ("/desk/orders", "/desk/tasks", "/desk/settings", f"/desk/finance/bank/{uuid4()}/match"):
        answer = await person.http.options(path)
        assert answer.status_code == 204, path
        assert answer.headers["allow"], path
    assert (await desk.stranger().http.options("/desk/orders")).status_code in (303, 401)


def rail(page: str) -> list[str]:
    """What stands in the rail."""
    return re.findall(r'href="(/desk[^"]*)"', page[page.index('id="places"') : page.index("rail-more")])


async def test_what_belongs_to_settings_stands_in_the_rail_while_one_is_there(desk: Desk) -> None:
    person, inside = (
        await desk.signed_in("owner"),
        ["/desk/inboxes", "/desk/settings/staff", "/desk/settings/integrations", "/desk/system"],
    )
    page = await person.page("/desk/orders")
    assert rail(page)[-1] == "/desk/settings"
    assert all(f'href="{place}"' in page[page.index("rail-more") :] for place in inside)
    for place in ("/desk/settings", *inside):
        assert rail(await person.page(place))[-5:] == ["/desk/settings", *inside]

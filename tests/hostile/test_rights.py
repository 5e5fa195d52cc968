"""Doors that stay shut: foreign orders, the desk, forms of other sites, forged cookies and links."""

import re
from typing import Any
from uuid import UUID

import pytest

from kupec.kit.signing import sign
from kupec.sales import status_token
from kupec.staff import PERMISSIONS, Role
from tests.hostile.conftest import SECRET, World
from tests.hostile.routes import Route, routes
from tests.hostile.visitor import Visitor
from tests.machines.platform import Platform, told

DESK = [route for route in routes() if route.on_the_desk and not route.path.startswith("/desk/sign-in")]
ONE_CLICK = "/{language}/unsubscribe/{token}"  # pressed by mail programs (RFC 8058): its address is the key
OPEN_BY_TOKEN = ("/chat/v1/", "/{language}/chat/")  # no cookie opens these: tests/web/test_chat_api.py
FORMS = [
    route
    for route in routes()
    if route.method == "POST" and route.path != ONE_CLICK and not route.path.startswith(OPEN_BY_TOKEN)
]
MARKUP_OF_A_NAME = "kupecxss"


def address(world: World, route: Route) -> str:
    return route.path.format(**{name: world.things[name][0] for name in route.parameters})


@pytest.fixture(scope="package")
def stranger(world: World) -> Visitor:
    visitor = world.guest()
    assert visitor.page.token
    return visitor


@pytest.fixture(scope="package")
def other(world: World) -> Visitor:
    """Somebody else, whose forms are good for themself only."""
    return world.guest()


# --- the desk


@pytest.mark.parametrize("route", DESK, ids=lambda route: f"{route.method} {route.path}")
def test_the_desk_is_for_staff(world: World, stranger: Visitor, route: Route) -> None:
    for session in ("", "x", "0" * 32, world.session()[:-1]):
        headers = {"X-Form-Token": stranger.page.token}
        if session:
            headers["Cookie"] = f"kupec_desk={session}; kupec_form={stranger.http.cookies['kupec_form']}"
        answer = stranger.ask(route.method, address(world, route), headers=headers)
        assert answer.status_code == 303, "a person is led to the door"
        assert answer.headers["location"].startswith("/desk/sign-in")
        assert MARKUP_OF_A_NAME not in answer.text
        machine = stranger.ask(route.method, address(world, route), headers={**headers, "Accept": "*/*"})
        assert (machine.status_code, machine.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("role", ["manager", "agent", "warehouse"])
def test_a_role_opens_its_own_doors_only(world: World, role: Role) -> None:
    person = world.staff(role)
    shut = [route for route in DESK if route.permission and route.permission not in PERMISSIONS[role]]
    assert shut
    for route in shut:
        answer = person.ask(route.method, address(world, route), headers={"X-Form-Token": person.page.token})
        assert answer.status_code == 403, route
        assert MARKUP_OF_A_NAME not in _main(answer.text), route


# --- forms of other sites


@pytest.mark.parametrize("route", FORMS, ids=lambda route: route.path)
def test_a_form_that_is_not_ours_changes_nothing(
    world: World, owner: Visitor, stranger: Visitor, other: Visitor, route: Route
) -> None:
    visitor = owner if route.on_the_desk else stranger
    good = visitor.page.token
    assert good
    assert other.page.token not in ("", good)
    bad: list[dict[str, Any]] = [
        {},
        {"X-Form-Token": ""},
        {"X-Form-Token": "x"},
        {"X-Form-Token": good[:-1]},
        {"X-Form-Token": good + "x"},
        {"X-Form-Token": other.page.token},
        {"X-Form-Token": sign("another secret", f"form:{visitor.http.cookies['kupec_form']}", "x")},
        {"X-Form-Token": good, "Sec-Fetch-Site": "cross-site"},
        {"X-Form-Token": good, "Sec-Fetch-Site": "same-site"},
        {"X-Form-Token": good, "Origin": "https://evil.example"},
        {"X-Form-Token": good, "Origin": "null"},
    ]
    before = _log(world)
    for headers in bad:
        answer = visitor.ask("POST", address(world, route), headers=headers, data={"x": "y"})
        assert answer.status_code == 403, headers
        machine = visitor.ask("POST", address(world, route), headers={**headers, "Accept": "*/*"})
        assert (machine.status_code, machine.json()["code"]) == (403, "forged_request"), headers
    assert _log(world) == before


def _log(world: World) -> list[str]:
    """What has been done by visitors and staff so far; the shop itself and machines go on meanwhile."""
    return world.column("select count(*) from event where split_part(actor, ':', 1) not in ('system', 'machine')")


# --- other people's orders


def test_a_link_opens_its_own_order_and_nothing_else(world: World) -> None:
    stranger = world.visitor()  # not signed in: their own account opens all of these
    mine, theirs = (UUID(order) for order in world.things["bought"][:2])
    token = status_token(SECRET, mine)
    value, _, mac = token.rpartition(".")
    forged = [
        theirs.hex,
        str(theirs),
        f"{theirs.hex}..{mac}",
        f"{theirs.hex}.{value}.{mac}",
        token[:-1],
        token + "a",
        token.upper(),
        f"{value}9999999999.{mac}",
        sign("another secret", "order-status", theirs.hex),
        sign(SECRET, "cookie:kupec_known", theirs.hex),
        sign("", "order-status", theirs.hex),
        "%00",
        world.column("select number from sales_order where id = $1", theirs)[0],
    ]
    for place in ("order", "checkout/done"):
        for language in ("cs", "pl", "en"):
            assert stranger.get(f"/{language}/{place}/{token}").status_code == 200
            for guess in forged:
                answer = stranger.get(f"/{language}/{place}/{guess}")
                to_the_door = "/my/sign-in" in answer.headers.get("location", "")  # where an id may be one's own
                assert to_the_door or answer.status_code in (404, 400), (place, guess)
                assert MARKUP_OF_A_NAME not in _main(answer.text)
    for guess in forged:
        answer = stranger.get(f"/cs/order/{guess}/live")
        assert "/my/sign-in" in answer.headers.get("location", "") or answer.status_code in (404, 400), guess


def test_a_forged_cookie_is_no_cookie(world: World) -> None:
    theirs = UUID(world.things["bought"][0])
    cart = UUID(world.things["session"][0])
    for secret in ("", "another secret"):
        visitor = world.visitor(
            kupec_cart=sign(secret, "cookie:kupec_cart", cart.hex),
            kupec_known=sign(secret, "cookie:kupec_known", theirs.hex),
            kupec_form="x" * 30,
        )
        for path in ("/cs", "/cs/cart", "/cs/checkout"):
            assert theirs.hex not in visitor.get(path).text
        assert "a&amp;b" not in visitor.get("/cs/checkout").text
    wrong_purpose = sign(SECRET, "cookie:kupec_known", cart.hex)
    assert "a&amp;b" not in world.visitor(kupec_cart=wrong_purpose).get("/cs/checkout").text


@pytest.mark.parametrize("value", ["", ".", "..", "x.y.z", "é", "a" * 4000, "..99999999999999999999999.x", '"'])
def test_a_nonsense_cookie_hurts_nobody(world: World, value: str) -> None:
    visitor = world.visitor()
    for name in ("kupec_cart", "kupec_known", "kupec_form", "kupec_desk", "kupec_flash"):
        for path in ("/cs/cart", "/cs/checkout", "/desk/sign-in", "/desk/orders"):
            headers = {"Cookie": f"{name}={value}".encode("latin-1")}
            assert visitor.ask("GET", path, headers=headers).status_code in (200, 303, 400)


def test_whoever_comes_back_from_a_foreign_payment_sees_nothing_of_it(world: World, stranger: Visitor) -> None:
    for payment in world.things["payment_id"][:5]:
        answer = stranger.get(f"/cs/checkout/return/{payment}")
        assert answer.status_code == 200
        assert MARKUP_OF_A_NAME not in _main(answer.text)
        assert not re.search(r"Z1\d{4}", answer.text)
        assert "/order/" not in answer.text


def test_an_agent_sees_its_own_orders_only(world: World) -> None:
    other = Platform(world.visitor().http, name="other.example")
    nothing = other.order("00000000-0000-7000-8000-000000000000")
    for order in world.things["bought"]:
        assert other.order(order) == nothing
    for session in world.things["session"]:
        assert told(other.look(session))["not_found"]
        assert told(other.cancel(session))["not_found"]
        assert told(other.complete(session))["not_found"]


def _main(page: str) -> str:
    """What a page says besides its frame, where the shop's categories and the person's own name stand."""
    return page.partition("<main")[2].partition("</main")[0]

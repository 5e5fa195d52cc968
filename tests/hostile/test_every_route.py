"""Nonsense to every address that people use, signed in or not: never a fault of ours, never a page it gets into."""

from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.hostile.conftest import World
from tests.hostile.routes import Route, field_names, routes
from tests.hostile.visitor import HOSTILE, Visitor

WEIRD = [
    b"",
    b" ",
    b"\x00",
    b"a\x00b",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    "\u202e\u2066\ufeff\u0085\u2028".encode(),
    "🦊".encode() * 500,
    b"x" * 20_000,
    b"-1",
    b"0",
    b"1e400",
    b"NaN",
    b"9" * 30,
    "９９".encode(),
    b"00000000-0000-0000-0000-000000000000",
    b"0193a0b0-0000-7000-8000-00000000000G",
    b"{0.__class__.__init__.__globals__}",
    b"%(number)s %n %s",
    b"${7*7} #{7*7} {{7*7}}",
    b"' or 1=1; drop table cart; --",
    b"\\' \" ` \\",
    b"%00%ff%2e%2e%2f",
    b"../../../../etc/passwd",
    b"//evil.example/a",
    b"javascript:kupecxss()",
    b"\r\nSet-Cookie: kupecxss=1\r\n\r\n<html>",
    b"a:*&!|<->()'",
    b"2026-02-30T25:61:00Z",
    b"infinity",
    b"[]",
    b'{"$gt": ""}',
    HOSTILE.encode(),
]
hostile = st.one_of(
    st.sampled_from(WEIRD),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=40),
)
FORM = "application/x-www-form-urlencoded"
hard = settings(
    max_examples=6,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""The same examples in every run: what is found once is found again. `max_examples` may be raised for a search."""


def come_in_again(world: World, visitor: Visitor) -> None:
    """A form has signed the visitor out."""
    visitor.http.cookies.set("kupec_desk", world.session())


def somewhere(data: st.DataObject, world: World, route: Route) -> str:
    """An address of the route: mostly of things that are there, some of nothing."""
    address = route.path
    for name in route.parameters:
        there = st.sampled_from([value.encode() for value in world.things[name]])
        value = data.draw(st.one_of(there, there, there, hostile), label=name)
        address = address.replace(f"{{{name}}}", quote_from_bytes(value, safe=""))
    return address


def pairs(data: st.DataObject, known: list[bytes]) -> bytes:
    """A query or a form: our names and foreign ones, values that are there and nonsense."""
    value = st.one_of(hostile, st.sampled_from(known))
    names = st.one_of(st.sampled_from([name.encode() for name in field_names()]), hostile)
    drawn = data.draw(st.lists(st.tuples(names, value), max_size=8))
    return b"&".join(quote_plus(name).encode() + b"=" + quote_plus(text).encode() for name, text in drawn)


@pytest.mark.parametrize("route", [route for route in routes() if route.method == "GET"], ids=lambda route: route.path)
@hard
@given(data=st.data())
def test_looking(world: World, owner: Visitor, guest: Visitor, route: Route, data: st.DataObject) -> None:
    visitor = data.draw(st.sampled_from([owner, guest] if route.on_the_desk else [guest]))
    query = pairs(data, [b"1", b"2", world.things["variant_id"][0].encode()])
    address = somewhere(data, world, route) + (f"?{query.decode()}" if query else "")
    assume(len(address) < 60_000)
    language = data.draw(st.one_of(st.just(b"cs"), hostile.filter(_is_header)))
    visitor.ask("GET", address, headers={"Accept-Language": language})


@pytest.mark.parametrize("route", [route for route in routes() if route.method == "POST"], ids=lambda route: route.path)
@hard
@given(data=st.data())
def test_sending(world: World, owner: Visitor, guest: Visitor, route: Route, data: st.DataObject) -> None:
    visitor = data.draw(st.sampled_from([owner, guest] if route.on_the_desk else [guest]))
    known = [
        thing.encode() for name in ("variant_id", "location_id", "mail_id", "bought") for thing in world.things[name]
    ]
    form = pairs(data, [b"1", b"2", b"active", b"job", b"event", b"courier", b"CZ", b"a@example.com", *known])
    headers: dict[str, Any] = {
        "Content-Type": data.draw(st.sampled_from([FORM, FORM, FORM, FORM, "application/json", "text/plain", ""])),
        "X-Form-Token": visitor.page.token,
    }
    answer = visitor.ask("POST", somewhere(data, world, route), content=form, headers=headers)
    # The people of an organisation are its approvers' business; this guest buys for nobody but themself.
    assert answer.status_code != 403 or "/my/people" in route.path, answer.text
    if visitor is owner and answer.headers.get("location", "").startswith("/desk/sign-in"):
        come_in_again(world, visitor)


FORMS_ON = (
    "/cs/p/{slug}",
    "/cs/cart",
    "/cs/checkout",
    "/desk/sign-in",
    "/desk/account",
    "/desk/account/app",
    "/desk/settings/staff",
    "/desk/settings/access",
    "/desk/orders/{order_id}",
    "/desk/orders/picking",
    "/desk/catalogue/{product_id}",
    "/desk/catalogue/stock/{variant_id}/{location_id}",
    "/desk/tasks",
    "/desk/settings/integrations",
    "/desk/settings/integrations/endpoints/{endpoint_id}",
    "/desk/system",
    "/desk/outbox/{mail_id}",
)
SHORTLY = [b"", b"a\x00b", b"-1", b"9" * 30, b"1e400", b"\xff\xfe", b"x" * 5000, b"infinity", HOSTILE.encode()]


@pytest.mark.parametrize("path", FORMS_ON)
def test_a_form_with_one_wrong_field(world: World, owner: Visitor, path: str) -> None:
    """Deeper than nonsense everywhere: all other fields are as the page has them."""
    visitor = owner if path.startswith("/desk/") and path != "/desk/sign-in" else world.guest()
    if "{endpoint_id}" in path:
        world.renew_endpoint()  # other tests may have removed it
    addresses = {
        path.format(**{name: values[place % len(values)] for name, values in world.things.items() if values})
        for place in range(3)
    }
    forms: dict[str, dict[str, str]] = {}
    for address in sorted(addresses):
        visitor.get(address)
        forms |= {form.action or address: form.fields for form in visitor.page.forms}
    assert forms
    for action, fields in list(forms.items())[:5]:
        if action == "/desk/sign-out":
            continue
        for place, name in enumerate(fields):
            filled = {**fields, name: SHORTLY[place % len(SHORTLY)], "form_token": visitor.page.token}
            body = b"&".join(
                quote_plus(key).encode() + b"=" + quote_plus(text).encode() for key, text in filled.items()
            )
            visitor.ask("POST", action, content=body, headers={"Content-Type": FORM})


def _is_header(value: bytes) -> bool:
    """What HTTP forbids in a header is refused before it comes to us."""
    return min(value, default=32) >= 32 and 127 not in value and len(value) < 5000 and value == value.strip()

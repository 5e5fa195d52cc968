"""Markup that somebody typed stands as text, on every page. `Visitor` refuses any page that holds it as markup."""

from html import escape
from itertools import islice, product
from urllib.parse import urlencode

import pytest

from tests.hostile.conftest import World
from tests.hostile.routes import Route, field_names, routes
from tests.hostile.visitor import HOSTILE, MARK, Page, Visitor

PAGES = [route for route in routes() if route.method == "GET" and not route.path.startswith(("/static", "/media"))]
MANY, FEW = 48, 8  # names in one query
SHOWN = f"<{MARK}"
"""What a reader sees of it."""
WHERE_IT_STANDS = {
    "/{language}",
    "/{language}/c/{slug}",
    "/{language}/p/{slug}",
    "/{language}/search",
    "/{language}/cart",
    "/{language}/checkout",
    "/{language}/order/{token}",
    "/{language}/checkout/done/{token}",
    "/desk/orders",
    "/desk/orders/{order_id}",
    "/desk/orders/{order_id}/picking",
    "/desk/customers",
    "/desk/customers/{customer_id}",
    "/desk/catalogue",
    "/desk/catalogue/{product_id}",
    "/desk/catalogue/stock",
    "/desk/tasks",
    "/desk/system",
    "/desk/account",
    "/desk/outbox",
    "/desk/outbox/{mail_id}/html",
}


def addresses(world: World, route: Route, most: int = 6) -> list[str]:
    """The route with things that are there."""
    values = [world.things[name] for name in route.parameters]
    return [
        route.path.format(**dict(zip(route.parameters, chosen, strict=True)))
        for chosen in islice(product(*values), most)
    ]


@pytest.mark.parametrize(
    "place",
    ["<p>{}</p>", '<p title="{}">', "<p title='{}'>", "<title>{}</title>", "<textarea>{}</textarea>", "<!-- {} -->"],
)
def test_the_reader_sees_markup_that_gets_through(place: str) -> None:
    assert Page(place.format(HOSTILE)).faults
    assert not Page(place.format(escape(HOSTILE))).faults or place.startswith("<!--")


@pytest.mark.parametrize("tag", ["<a href='javascript:x()'>", "<p onclick=x>", "<p style='x'>", "<script>x</script>"])
def test_the_reader_sees_what_could_act(tag: str) -> None:
    assert Page(tag).faults


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.path)
def test_markup_is_text(world: World, owner: Visitor, guest: Visitor, route: Route) -> None:
    visitor = owner if route.on_the_desk else guest
    seen = ""
    for address in addresses(world, route):
        visitor.page = Page("")
        query = f"?{urlencode({'q': 'kupecxss'})}" if route.path.endswith("search") else ""
        visitor.get(address + query)
        seen += visitor.page.text
    assert "49" not in seen or "{{7*7}}" in seen
    if route.path in WHERE_IT_STANDS:
        assert SHOWN in seen, f"{route.path} was to show what was typed"


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.path)
def test_markup_in_a_query_is_text(world: World, owner: Visitor, guest: Visitor, route: Route) -> None:
    visitor = owner if route.on_the_desk else guest
    address = addresses(world, route, most=1)[0]
    for start in range(0, len(field_names()), MANY):
        _ask_with(visitor, address, field_names()[start : start + MANY])
    visitor.get(f"{address}?{urlencode({HOSTILE: HOSTILE})}")


def _ask_with(visitor: Visitor, address: str, names: list[str]) -> None:
    """All at once; where one of them spoils the page for the others, in smaller parts."""
    answer = visitor.get(f"{address}?{urlencode(dict.fromkeys(names, HOSTILE))}")
    if answer.status_code >= 400 and len(names) > FEW:
        middle = len(names) // 2
        _ask_with(visitor, address, names[:middle])
        _ask_with(visitor, address, names[middle:])

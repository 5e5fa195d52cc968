"""Segments on the desk: put together condition by condition, counted before they are kept."""

import re
from collections.abc import AsyncIterator

import pytest

from kupec.customers import Contact, identify
from kupec.kit.actor import system
from kupec.personalization import Condition, Filter, get_segment
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, Person, open_desk, words
from tests.web.form_reading import changed, form_fields

__all__ = ["gateway", "session_gateway", "shop"]

PAGE = "/desk/customers/segments"
EMPTY = {"name": "", "code": "", "match": "all"}


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        async with running.site.database.transaction() as db:
            people = [
                Contact(email=f"{name}@example.com", name=name.title(), language=language)
                for name, language in (("anna", "cs"), ("bob", "cs"), ("ewa", "pl"))
            ]
            await identify(db, people, now=shop.clock.now(), actor=system("test"))
        yield running


async def _pressed(person: Person, page: str, button: dict[str, str], values: dict[str, str] | None = None) -> str:
    """The page after one of the editor's buttons."""
    fields = form_fields(page, PAGE) if page else list(EMPTY.items())
    answer = await person.post_many(f"{PAGE}/new", changed(fields, {**(values or {}), **button}))
    assert answer.status_code in (200, 422), answer.text
    return answer.text


def _counted(page: str) -> str:
    return words(re.findall(r'id="fit-title">(.*?)</h2>', page, re.DOTALL)[0]).strip()


async def test_a_segment_is_put_together_counted_and_kept(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    page = await person.page(f"{PAGE}/new")
    assert _counted(page) == "3 customers belong today"
    page = await _pressed(person, page, {"action": "add"}, {"new": "language"})
    page = await _pressed(person, page, {"action": "count"}, {"c0.value": "cs"})
    assert _counted(page) == "2 customers belong today"
    assert "anna@example.com" in page
    assert "ewa@example.com" not in page
    page = await _pressed(person, page, {"action": "add"}, {"new": "orders"})
    page = await _pressed(person, page, {"action": "count"}, {"c1.operator": "at_most", "c1.value": "0"})
    fields = changed(form_fields(page, PAGE), {"name": "Češi bez objednávky", "code": "cz-new", "action": "save"})
    answer = await person.post_many(f"{PAGE}/new", fields)
    assert answer.status_code == 303, words(answer.text)
    async with desk.site.database.reading() as db:
        segment = await get_segment(db, "cz-new")
    assert segment.filter == Filter(
        conditions=[
            Condition(field="language", operator="is", value="cs"),
            Condition(field="orders", operator="at_most", value=0),
        ]
    )
    assert segment.customers == 2
    listed = words(await person.page(PAGE))
    assert "Language is Čeština and number of orders at most 0" in listed
    again = await person.post_many(f"{PAGE}/new", fields)
    assert again.status_code == 422
    assert "Another segment has this code" in words(again.text)
    assert (await person.post(f"{PAGE}/cz-new/remove")).status_code == 303
    assert (await person.get(f"{PAGE}/cz-new")).status_code == 404


async def test_a_condition_is_taken_away_and_the_others_stay(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    page = ""
    for code in ("language", "orders", "spent"):
        page = await _pressed(person, page, {"action": "add"}, {"new": code})
    page = await _pressed(person, page, {"remove": "1"}, {"c0.value": "pl", "c2.value": "1 000", "c2.argument": "CZK"})
    fields = dict(form_fields(page, PAGE))
    assert (fields["c0.field"], fields["c0.value"]) == ("language", "pl")
    assert (fields["c1.field"], fields["c1.value"], fields["c1.argument"]) == ("spent", "1 000", "CZK")
    assert "c2.field" not in fields


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"c0.value": "many"}, "a whole number that is not negative"),
        ({"c0.value": "-1"}, "a whole number that is not negative"),
        ({"c0.value": "3", "c0.operator": "has"}, "at_least, at_most"),
        ({"c0.value": "3", "code": "Ř"}, "small letters"),
        ({"c0.value": "3", "name": ""}, "a name of at most 100 characters"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(desk: Desk, values: dict[str, str], said: str) -> None:
    person = await desk.signed_in("agent")
    page = await _pressed(person, "", {"action": "add"}, {"new": "orders"})
    fields = changed(form_fields(page, PAGE), {"name": "X", "code": "x", "action": "save", **values})
    answer = await person.post_many(f"{PAGE}/new", fields)
    assert answer.status_code == 422
    assert said in words(answer.text)
    async with desk.site.database.reading() as db:
        assert await db.fetchval("select count(*) from segment") == 0


async def test_the_warehouse_has_no_business_here(desk: Desk) -> None:
    person = await desk.signed_in("warehouse")
    assert (await person.get(PAGE)).status_code == 403
    assert (await person.post(f"{PAGE}/new", {"action": "save"})).status_code == 403

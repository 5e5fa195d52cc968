"""New products, pictures, options, bundles, price lists, goods in, movements and what runs low, on the desk."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.catalogue import put_location, reindex_all
from kupec.kit.actor import system
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, words
from tests.web.test_desk_goods import form_of, grinder

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with shop.database.transaction() as db:
        await reindex_all(db)
        await put_location(db, "brno", name="Brno", country="CZ", position=1, actor=TEST, now=NOON)
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def send_file(person: Person, path: str, fields: dict[str, str], files: dict[str, tuple[str, bytes, str]]) -> str:
    """Send a form with a file; the text of the page it leads to."""
    token = await person._form_token()
    answer = await person.http.post(
        path, data={"form_token": token, **fields}, files=files, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 303, words(answer.text)
    return words(await person.page(answer.headers["location"]))


async def test_a_product_is_made_and_gets_a_picture(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    fields = {"name.cs": "Hrnek", "sku": "MUG", "kind": "goods", "vat_class": "standard", "price.CZK": "249,90"}
    wrong = await person.post("/desk/catalogue/new", {**fields, "name.cs": "", "price.CZK": "x"})
    assert (wrong.status_code, 'id="new.name.cs-error"' in wrong.text) == (422, True)
    said = words(await person.done("/desk/catalogue/new", fields))
    assert "The product is there, as a draft." in said
    row = await desk.fetchval("select external_id || ' ' || status from product where external_id = 'MUG'")
    assert row == "MUG draft"
    again = await person.post("/desk/catalogue/new", fields)
    assert (again.status_code, 'id="new.external_id-error"' in again.text) == (409, True)
    product_id = await desk.fetchval("select id from product where external_id = 'MUG'")
    path = f"/desk/catalogue/{product_id}/picture"
    await send_file(person, path, {}, {"picture": ("mug.svg", SVG, "image/svg+xml")})
    assert await desk.fetchval("select picture_id is not null from product where id = $1", product_id)
    bad = await send_file(person, path, {}, {"picture": ("mug.svg", b"<svg onload='x'/>", "image/svg+xml")})
    assert "This picture cannot be used" in bad
    await send_file(person, path, {"remove": "yes"}, {"picture": ("", b"", "application/octet-stream")})
    assert await desk.fetchval("select picture_id is null from product where id = $1", product_id)


async def test_everything_about_a_product_is_saved(desk: Desk) -> None:
    product_id = await grinder(desk)
    person, path = await desk.signed_in("manager"), f"/desk/catalogue/{product_id}"
    fields = await form_of(person, path)
    reorder = next(name for name in fields if name.startswith("reorder."))
    fields |= {
        "vat_class": "standard",
        "brand": "Velmara",
        "lead_days": "3",
        "service_interval_days": "90",
        reorder: "9",
    }
    fields |= {"relation.fits": "BEANS, later", "categories": ""}
    assert "Saved." in words(await person.done(path, fields))
    kept = await form_of(person, path)
    typed = {name: text for name, text in fields.items() if name not in ("status", "vat_class")}
    assert {name: kept[name] for name in typed} == typed
    assert "GRIND-1" in words(await person.page("/desk/catalogue/low"))
    assert "Saved." in words(await person.done(path, {**fields, reorder: "", "service_interval_days": ""}))
    assert "Nothing runs low" in words(await person.page("/desk/catalogue/low"))
    for change, field in (
        ({"vat_class": "none"}, "vat_class"),
        ({"lead_days": "366"}, "lead_days"),
        ({"relation.fits": "GRIND"}, "relation.fits"),
        ({"categories": "nowhere"}, "categories"),
    ):
        refused = await person.post(path, {**fields, **change})
        assert refused.status_code in (404, 422), change
        assert f'id="product.{field}-error"' in refused.text, change


async def test_a_bundle_is_made_of_others(desk: Desk) -> None:
    product_id = await grinder(desk)
    person, path = await desk.signed_in("manager"), f"/desk/catalogue/{product_id}"
    fields = {**await form_of(person, path), "vat_class": "standard"}
    bundle = next(name for name in fields if name.startswith("bundle."))
    refused = await person.post(path, {**fields, bundle: "2× BEANS"})
    assert f'id="product.{bundle}-error"' in refused.text  # it has stock of its own
    assert refused.status_code == 422
    shelf = await desk.fetchval(
        "select variant_id || '/' || location_id from stock_level join variant on id = variant_id where sku = 'GRIND-1'"
    )
    await person.done(f"/desk/catalogue/stock/{shelf}", {"on_hand": "0", "expected": "4"})
    wrong = await person.post(path, {**fields, bundle: "two beans"})
    assert f'id="product.{bundle}-error"' in wrong.text
    saved = await person.done(path, {**fields, bundle: "2× BEANS"})
    assert "2× BEANS" in saved
    assert await desk.fetchval("select bundle from variant where sku = 'GRIND-1'")


async def test_what_buyers_fill_in_is_written_by_form(desk: Desk) -> None:
    product_id = await grinder(desk)
    person, path = await desk.signed_in("manager"), f"/desk/catalogue/{product_id}/options"
    assert "Add an option" in words(await person.page(path))
    added = await person.post(path, {"options#": "0", "add": "options"})
    assert (added.status_code, 'name="options[0].code"' in added.text) == (200, True)
    option = {
        "options#": "1",
        "options[0].code": "text",
        "options[0].kind": "text",
        "options[0].names.en": "Engraving",
        "options[0].max_length": "20",
        "options[0].characters": "letters space",
        "options[0].lead_days": "2",
        "options[0].choices#": "0",
    }
    sides = [(f"options[0].{name}#key", key) for name, key in (("names", "en"), ("surcharge", "CZK"))]
    money = [("options[0].surcharge.CZK", "99")]
    wrong = await person.post_many(path, [*option.items(), *sides, *money, ("options[0].minimum", "x")])
    assert wrong.status_code == 422
    saved = await person.post_many(path, [*option.items(), *sides, *money])
    assert saved.status_code == 303, words(saved.text)
    assert await desk.fetchval("select options from product where id = $1", product_id) == [
        {
            "code": "text",
            "kind": "text",
            "names": {"en": "Engraving"},
            "max_length": 20,
            "characters": "letters space",
            "surcharge": {"CZK": 9900},
            "lead_days": 2,
        }
    ]
    assert "Engraving" in words(await person.page(f"/desk/catalogue/{product_id}"))


LIST = {"code": "vip", "name": "VIP", "currency": "CZK", "group": "vip", "includes_vat": "no", "active": "yes"}
PRICES = """
select string_agg(sku || ' ' || min_quantity || ' ' || i.amount, ', ' order by sku, min_quantity)
from price_list_item i join variant v on v.id = variant_id
"""


async def test_price_lists_are_made_and_filled(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("manager")
    assert "No price lists yet" in words(await person.page("/desk/catalogue/price-lists"))
    bad = await person.post(
        "/desk/catalogue/price-lists", {**LIST, "valid_from": "2026-02-01", "valid_until": "2026-01-01"}
    )
    assert 'id="list.valid_until-error"' in bad.text
    said = words(await person.done("/desk/catalogue/price-lists", {**LIST, "valid_from": "2026-01-01"}))
    assert "VIP" in said
    assert "holds now" in said
    assert str(await desk.fetchval("select valid_from from price_list")) == "2025-12-31 23:00:00+00:00"
    twice = await person.post("/desk/catalogue/price-lists", LIST)
    assert 'id="list.code-error"' in twice.text
    path = "/desk/catalogue/price-lists/vip"
    lines = {
        "count": "5",
        "sku.0": "GRIND-1",
        "from.0": "1",
        "amount.0": "4 000",
        "sku.1": "BEANS",
        "from.1": "10",
        "amount.1": "9,90",
    }
    assert "Saved." in words(await person.done(f"{path}/prices", lines))
    assert await desk.fetchval(PRICES) == "BEANS 10 990, GRIND-1 1 400000"
    unknown = await person.post(f"{path}/prices", {**lines, "sku.1": "NOWHERE", "amount.0": "1"})
    assert (unknown.status_code, 'id="prices.1-error"' in unknown.text) == (422, True)
    assert await desk.fetchval(PRICES) == "BEANS 10 990, GRIND-1 1 400000"  # all or nothing
    gone = {"count": "6", "old.0": "yes", "sku.0": "BEANS", "from.0": "10", "amount.0": ""}
    await person.done(f"{path}/prices", gone)
    assert await desk.fetchval(PRICES) == "GRIND-1 1 400000"
    await send_file(person, f"{path}/paste", {"table": "code;price;from\nBEANS;8,50\nBEANS;8;20\n"}, {})
    assert await desk.fetchval(PRICES) == "BEANS 1 850, BEANS 20 800, GRIND-1 1 400000"
    table = ("prices.csv", b"BEANS\t7\n", "text/csv")
    await send_file(person, f"{path}/paste", {"replace": "yes"}, {"file": table})
    assert await desk.fetchval(PRICES) == "BEANS 1 700"
    wrong = {"form_token": await person._form_token(), "table": "BEANS;a lot"}
    same = {"Sec-Fetch-Site": "same-origin"}
    refused = await person.http.post(f"{path}/paste", data=wrong, files={"x": b""}, headers=same)
    assert (refused.status_code, 'id="prices.table-error"' in refused.text) == (422, True)
    for content in (b"BEANS;5;" + b"9" * 5000, b"BEA\0NS;5\n", b'"' + b"x" * 200_000, b""):
        answer = await person.http.post(
            f"{path}/paste", data=wrong | {"table": ""}, files={"file": ("x.csv", content)}, headers=same
        )
        assert answer.status_code == 422, content[:20]
    assert (await person.get("/desk/catalogue/price-lists/a%00b")).status_code == 404
    agent = await desk.signed_in("agent")
    assert "Save the prices" not in await agent.page(path)
    assert (await agent.post(f"{path}/prices", lines)).status_code == 403


async def test_goods_come_in_once_however_often_they_are_sent(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("warehouse")
    page = await person.page("/desk/catalogue/goods-in")
    key = page.split('name="key" value="')[1].split('"')[0]
    brno = await desk.fetchval("select id::text from location where code = 'brno'")
    fields = {
        "key": key,
        "reference": "DL 1",
        "supplier": "Velmara",
        "location": brno,
        "sku.0": "GRIND-1",
        "pieces.0": "2",
    }
    for wrong, field in (
        ({"sku.0": "NOWHERE"}, "sku.0"),
        ({"pieces.0": "0"}, "pieces.0"),
        ({"reference": ""}, "reference"),
        ({"location": "x"}, "location"),
        ({"pasted": "BEANS;many"}, "pasted"),
        ({"sku.0": ""}, "lines"),
    ):
        refused = await person.post("/desk/catalogue/goods-in", {**fields, **wrong})
        assert (refused.status_code, f'id="goods.{field}-error"' in refused.text) == (422, True), wrong
    fields |= {"pasted": "BEANS\t7"}
    for _ in range(2):
        said = words(await person.done("/desk/catalogue/goods-in", fields))
        assert "The goods are in stock." in said
    assert await desk.fetchval("select sum(on_hand) from stock_level where location_id = $1", UUID(brno)) == 9
    moved = words(await person.page("/desk/catalogue/movements?reason=goods_in"))
    assert "DL 1" in moved
    assert "+7" in moved
    assert "Some warehouse" in moved
    assert "Nothing has moved" in words(await person.page("/desk/catalogue/movements?reason=scrap"))
    assert (await (await desk.signed_in("agent")).post("/desk/catalogue/goods-in", fields)).status_code == 403


async def test_pieces_break_and_change_places(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("warehouse")
    shelf = await desk.fetchval(
        "select variant_id || '/' || location_id from stock_level join variant on id = variant_id where sku = 'GRIND-1'"
    )
    path = f"/desk/catalogue/stock/{shelf}"
    said = words(await person.done(f"{path}/correct", {"reason": "damage", "pieces": "1", "note": "fell"}))
    assert "Stock −1: damaged, fell" in said
    for wrong, field in (({"pieces": "9"}, "pieces"), ({"pieces": "x"}, "pieces"), ({"reason": "sale"}, "reason")):
        refused = await person.post(f"{path}/correct", {"reason": "damage", "pieces": "1", **wrong})
        assert f'id="correct.{field}-error"' in refused.text, wrong
    brno = await desk.fetchval("select id::text from location where code = 'brno'")
    await person.done(f"{path}/carry", {"to_location": brno, "pieces": "2", "reference": "T 1"})
    assert await desk.fetchval("select on_hand from stock_level where location_id = $1", UUID(brno)) == 2
    refused = await person.post(f"{path}/carry", {"to_location": brno, "pieces": "2"})
    assert (refused.status_code, 'id="carry.pieces-error"' in refused.text) == (409, True)

"""Catalogue and stock on the desk."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.catalogue import (
    ProductDraft,
    TextDraft,
    VariantDraft,
    adjust_stock,
    create_product,
    put_location,
    reindex_all,
)
from kupec.kit.actor import system
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
LONG_NAME = "Mlýnek s nastavitelnými keramickými kameny a názvem, který se nevejde na jediný řádek seznamu"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with shop.database.transaction() as db:
        await reindex_all(db)
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def grinder(desk: Desk, name: str = LONG_NAME) -> UUID:
    draft = ProductDraft(
        external_id="GRIND",
        status="active",
        texts={"cs": TextDraft(name=name), "en": TextDraft(name="Grinder")},
        variants=[VariantDraft(sku="GRIND-1", prices={"CZK": 489000}, stock={"praha": 4})],
    )
    async with desk.site.database.transaction() as db:
        return await create_product(db, draft, actor=TEST, now=NOON)


async def form_of(person: Person, path: str) -> dict[str, str]:
    """The fields of the product's form as they stand on the page."""
    page = (await person.page(path)).split('id="product-form"')[1].split("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", page, re.DOTALL):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "form_token":
            fields[name[1]] = value[1] if value else ""
    fields |= dict(re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', page))
    chosen = re.search(r'<option value="(\w+)" selected', page)
    assert chosen
    return {**fields, "status": chosen[1]}


async def test_a_product_is_saved_as_it_was_typed(desk: Desk) -> None:
    product_id = await grinder(desk)
    person = await desk.signed_in("manager", "cs")
    path = f"/desk/catalogue/{product_id}"
    fields = await form_of(person, path)
    price = next(name for name in fields if name.startswith("price.") and name.endswith("CZK"))
    polish = price.replace("CZK", "PLN")
    assert (fields["name.cs"], fields["name.pl"], fields["status"]) == (LONG_NAME, "", "active")
    assert (fields[price], fields[polish]) == ("4890", "")
    unchanged = await person.done(path, fields)
    assert "Uloženo." in words(unchanged)
    assert await desk.events(f"product:{product_id}") == ["product.created"]
    fields |= {"name.cs": "Mlýnek", "name.pl": "Młynek", "status": "draft", price: "4 990,50", polish: "899"}
    said = words(await person.done(path, fields))
    assert "Cena změněna z 4 890 Kč na 4 990,50 Kč" in said.replace("\xa0", " ")
    assert "Some manager" in said
    assert await desk.fetchval("select status from product where id = $1", product_id) == "draft"
    polish_name = "select name from product_text where language = 'pl' and product_id = $1"
    assert await desk.fetchval(polish_name, product_id) == "Młynek"
    assert (
        await desk.fetchval("select sum(amount) from price")
        - await desk.fetchval("select sum(amount) from price join variant on id = variant_id where sku = 'BEANS'")
        == 499050 + 89900
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name.cs": ""}, "name.cs"),
        ({"name.pl": "", "summary.pl": "text"}, "name.pl"),
        ({"price": "12,345"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "abc"}, "price"),
        ({"price": ""}, "price"),
        ({"price": "9" * 250}, "price"),
        ({"status": "sold"}, "status"),
        ({"name.en": "x" * 301}, "name.en"),
    ],
)
async def test_what_is_wrong_with_a_product_is_told_beside_its_field(
    desk: Desk, change: dict[str, str], field: str
) -> None:
    product_id = await grinder(desk)
    person = await desk.signed_in("manager")
    fields = await form_of(person, f"/desk/catalogue/{product_id}")
    price = next(name for name in fields if name.startswith("price.") and name.endswith("CZK"))
    fields |= {price if name == "price" else name: value for name, value in change.items()}
    answer = await person.post(f"/desk/catalogue/{product_id}", {**fields, "name.en": fields["name.en"]})
    assert answer.status_code == 422
    if field != "status":
        assert f'id="product.{price if field == "price" else field}-error"' in answer.text
    assert await desk.events(f"product:{product_id}") == ["product.created"]


async def test_products_are_found_by_name_and_code_and_state(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("agent", "cs")
    for query in ("mlynek", "GRIND-1", "grind"):
        page = await person.page(f"/desk/catalogue?q={query}")
        assert "GRIND-1" in page, query
        assert "BEANS" not in page
    assert "Nic neodpovídá" in words(await person.page("/desk/catalogue?status=archived"))
    assert "Uložit" not in words(await person.page(f"/desk/catalogue/{await desk.fetchval(PRODUCT)}"))


PRODUCT = "select id from product where external_id = 'GRIND'"
SHELF = "select variant_id || '/' || location_id from stock_level join variant on id = variant_id where sku = 'GRIND-1'"


async def test_an_agent_cannot_change_the_catalogue(desk: Desk) -> None:
    product_id = await grinder(desk)
    person = await desk.signed_in("agent")
    fields = await form_of(person, f"/desk/catalogue/{product_id}")
    assert (await person.post(f"/desk/catalogue/{product_id}", fields)).status_code == 403
    shelf = await desk.fetchval(SHELF)
    counted = {"on_hand": "1", "note": "x", "expected": "4"}
    assert (await person.post(f"/desk/catalogue/stock/{shelf}", counted)).status_code == 403


async def test_stock_is_corrected_with_a_reason(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("warehouse", "cs")
    shelf = await desk.fetchval(SHELF)
    counted = {"on_hand": "3", "note": "Inventura", "expected": "4"}
    said = words(await person.done(f"/desk/catalogue/stock/{shelf}", counted))
    assert "Stav skladu je opraven." in said
    assert "Zásoba −1: inventura, Inventura" in said
    async with desk.site.database.transaction() as db:
        brno = await put_location(db, "brno", name="Brno", country="CZ", position=1, actor=TEST, now=NOON)
        variant = UUID(shelf.split("/")[0])
        await adjust_stock(db, variant, brno, on_hand=77, note="elsewhere", actor=TEST, now=NOON)
    assert "elsewhere" not in await person.page(f"/desk/catalogue/stock/{shelf}")
    assert "elsewhere" in await person.page(f"/desk/catalogue/stock/{variant}/{brno}")
    stale = await person.post(f"/desk/catalogue/stock/{shelf}", counted)
    assert stale.status_code == 409
    assert 'id="shelf.on_hand-error"' in stale.text
    for wrong, field in (({"on_hand": "-1"}, "on_hand"), ({"on_hand": "x"}, "on_hand"), ({"note": "x" * 201}, "note")):
        refused = await person.post(f"/desk/catalogue/stock/{shelf}", {**counted, "expected": "3", **wrong})
        assert refused.status_code == 422
        assert f'id="shelf.{field}-error"' in refused.text
    on_hand = "select on_hand from stock_level where variant_id = $1 and location_id <> $2"
    assert await desk.fetchval(on_hand, variant, brno) == 3


async def test_stock_below_what_is_ordered_is_refused_in_words(desk: Desk) -> None:
    await order_of(desk, 4)
    person = await desk.signed_in("warehouse")
    shelf = await desk.fetchval("select variant_id || '/' || location_id from stock_level")
    answer = await person.post(f"/desk/catalogue/stock/{shelf}", {"on_hand": "3", "reason": "count", "expected": "10"})
    assert answer.status_code == 409
    assert "4 pieces belong to placed orders" in words(answer.text)


async def test_what_runs_low_is_listed(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("warehouse", "cs")
    assert "BEANS" in await person.page("/desk/catalogue/stock")
    low = await person.page("/desk/catalogue/stock?at_most=5")
    assert "GRIND-1" in low
    assert "BEANS" not in low
    assert "GRIND-1" not in await person.page("/desk/catalogue/stock?at_most=0")
    assert "GRIND-1" in await person.page("/desk/catalogue/stock?at_most=17")


async def test_ten_thousand_articles_are_walked_by_pages(desk: Desk) -> None:
    async with desk.site.database.transaction() as db:
        await db.execute(
            """insert into product (id, external_id, created_at, updated_at)
               select gen_random_uuid(), 'P' || n, $1, $1 from generate_series(1, 10000) as n""",
            NOON,
        )
    person = await desk.signed_in("manager")
    for path in (
        "/desk/catalogue?page=0",
        "/desk/catalogue?page=99999999999999999999",
        "/desk/catalogue/stock?page=-1",
    ):
        assert (await person.get(path)).status_code == 200

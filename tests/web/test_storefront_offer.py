"""What a product's page offers: made to order, prices of more pieces, sets, what belongs together."""

from uuid import UUID

import pytest

from kupec.catalogue import reindex_all
from kupec.kit.db import Pool
from tests.shop import add_product
from tests.web.browsing import Browser, forms, text_of

OPTIONS = [
    {
        "code": "engraving",
        "kind": "text",
        "names": {"cs": "Rytina", "en": "Engraving"},
        "max_length": 5,
        "characters": "letters digits",
        "surcharge": {"CZK": 15000, "PLN": 2500},
        "lead_days": 3,
    },
    {
        "code": "grind",
        "kind": "choice",
        "required": True,
        "names": {"cs": "Mletí"},
        "choices": [
            {"code": "fine", "names": {"cs": "Jemné"}},
            {"code": "coarse", "names": {"cs": "Hrubé"}, "surcharge": {"CZK": 500, "PLN": 100}},
        ],
    },
    {"code": "size", "kind": "number", "names": {"cs": "Velikost"}, "minimum": "1", "maximum": "5", "unit": "cm"},
]


@pytest.fixture
async def made(pool: Pool, goods: dict[str, UUID]) -> None:
    async with pool.acquire() as db:
        await db.execute(
            "update product set options = $1, service_interval_days = 180 where external_id = 'BEANS'", OPTIONS
        )


async def test_each_option_says_what_it_takes_and_costs(browser: Browser, made: None) -> None:
    page = text_of((await browser.get("/cs/p/beans")).text)
    assert "Rytina (nepovinné) + 150 Kč + 3 pracovní dny Nejvýše 5 znaků: písmena, číslice." in page
    assert "Mletí Jemné Hrubé + 5 Kč" in page
    assert "Velikost (nepovinné) Od 1 cm do 5 cm." in page
    assert "Servis jednou za 6 měsíců" in page
    form = next(form for form in forms(browser.page) if form.action == "/cs/cart/add")
    assert {"option.engraving", "option.size"} <= set(form.values)


async def test_everything_wrong_is_said_beside_its_field_and_stays_typed(browser: Browser, made: None) -> None:
    await browser.get("/cs/p/beans")
    answer = await browser.submit("/cs/cart/add", option__engraving="A & B!!!", option__size="99")
    assert answer.status_code == 422
    assert 'id="options.engraving-error"' in answer.text
    assert 'id="options.size-error"' in answer.text
    assert "Vyberte prosím jednu z možností." in text_of(answer.text)
    assert 'value="A &amp; B!!!"' in answer.text


async def test_a_piece_made_to_order_goes_into_the_cart(browser: Browser, made: None) -> None:
    await browser.get("/cs/p/beans")
    answer = await browser.submit("/cs/cart/add", option__engraving="Jana", option__grind="coarse", option__size="")
    page = text_of((await browser.follow(answer)).text)
    assert "455 Kč" in page
    assert "Jana" in page


async def test_more_pieces_cost_less(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    async with pool.acquire() as db:
        for code, group, vat in (("all", None, True), ("b2b", "b2b", True), ("net", None, False)):
            await db.execute(
                "insert into price_list (id, code, name, currency, price_group, includes_vat, created_at) "
                "values (gen_random_uuid(), $1, $1, 'CZK', $2, $3, now())",
                code,
                group,
                vat,
            )
        for code, pieces, amount in (("all", 5, 24000), ("all", 9, 25000), ("b2b", 2, 100), ("net", 20, 20000)):
            await db.execute(
                "insert into price_list_item select id, $2, $3, $4 from price_list where code = $1",
                code,
                goods["beans"],
                pieces,
                amount,
            )
    page = text_of((await browser.get("/cs/p/beans")).text)
    assert "300 Kč s DPH" in page
    # 9 pieces are no cheaper than 5; 200 Kč without VAT are 224 Kč with 12 %; other groups' prices are theirs.
    assert "od 5 kusů 240 Kč za kus od 20 kusů 224 Kč za kus" in page
    assert "od 2 kusů" not in page


async def test_a_set_says_what_is_in_it_and_what_it_saves(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    async with pool.acquire() as db:
        bundle = await add_product(db, "SET", price=31000, name="Sada", vat_class="reduced")
        for sku, pieces in (("beans", 1), ("cup", 2)):
            await db.execute("update variant set bundle = true where id = $1", bundle)
            await db.execute("insert into bundle_item values ($1, $2, $3, 0)", bundle, goods[sku], pieces)
        await reindex_all(db)
    page = text_of((await browser.get("/cs/p/set")).text)
    assert "V sadě 2 × Šálek <b>velký</b> 90 Kč 1 × Zrnková káva Čáslav 300 Kč" in page or (
        "V sadě 1 × Zrnková káva Čáslav 300 Kč 2 × Šálek <b>velký</b> 90 Kč" in page
    )
    assert "O 80 Kč levněji než jednotlivě" in page
    assert 'href="/cs/p/cup"' in browser.page


async def test_what_belongs_together_is_named_from_both_ends(
    browser: Browser, pool: Pool, goods: dict[str, UUID]
) -> None:
    async with pool.acquire() as db:
        await db.execute(
            "insert into product_relation (from_product, kind, to_product) "
            "select a.product_id, 'consumed_by', b.product_id from variant a, variant b "
            "where a.sku = 'BEANS' and b.sku = 'GONE'"
        )
    assert "Spotřebovává ho Páka" in text_of((await browser.get("/cs/p/beans")).text)
    assert "Co spotřebovává Zrnková káva Čáslav" in text_of((await browser.get("/cs/p/gone")).text)

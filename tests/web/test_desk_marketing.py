"""Promotions and coupons on the desk."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from kupec.kit.actor import guest
from kupec.kit.versions import publish_new, published
from kupec.sales import (
    PROMOTIONS,
    AmountOff,
    BuyGet,
    Conditions,
    CouponTerms,
    FreeShipping,
    GiftOf,
    Hours,
    PercentOff,
    Promotion,
    Promotions,
    Selection,
    add_coupon,
    create_coupon,
    get_coupon,
    list_coupons,
)
from tests.sales.baskets import all_of, promotion
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON, SETUP, filled_cart
from tests.web.desk_client import Desk, Person, open_desk, words
from tests.web.form_reading import changed, form_fields

__all__ = ["gateway", "session_gateway", "shop"]

MARKETING = "/desk/marketing"
SPRING = promotion("SPRING", AmountOff(amounts={"CZK": 5000}), Conditions(needs_coupon=True))


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def publish(desk: Desk, *promotions: Promotion) -> None:
    async with desk.site.database.transaction() as db:
        await publish_new(db, PROMOTIONS, all_of(*promotions), actor=SETUP, now=NOON)


async def holds(desk: Desk) -> Promotions:
    async with desk.site.database.reading() as db:
        return (await published(db, PROMOTIONS))[PROMOTIONS]


async def send(person: Person, code: str, values: dict[str, str], *, do: str = "publish") -> httpx.Response:
    """The promotion's form with some fields changed, and one of its buttons pressed."""
    path = f"{MARKETING}/promotions/{code}"
    fields = [field for field in form_fields(await person.page(path), MARKETING) if field[0] != "do"]
    return await person.post_many(path, changed(fields, {**values, "do": do}))


async def test_a_promotion_is_written_and_holds(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    answer = await send(
        person,
        "new",
        {"code": "SPRING", "name.cs": "Jaro", "percent": "12,5", "minimum.CZK": "1 000", "weekdays": "6"},
    )
    assert answer.status_code == 303, words(answer.text)
    page = await person.page(answer.headers["location"])
    assert "Jaro" in words(page)
    [made] = (await holds(desk)).promotions
    assert made.action == PercentOff(percent_bp=1250)
    assert made.conditions == Conditions(minimum={"CZK": 100_000}, weekdays=[6])
    assert "document.published" in await desk.events("document:promotions")


RICH = Promotion(
    code="RICH",
    names={"cs": "Bohatá", "pl": "Bogata", "en": "Rich"},
    active=False,
    conditions=Conditions(
        markets=["cz"],
        channels=["web", "ucp"],
        valid_from=datetime(2026, 3, 1, 8, 30),  # noqa: DTZ001
        valid_to=datetime(2026, 4, 1),  # noqa: DTZ001
        weekdays=[1, 7],
        hours=Hours(since=datetime(2026, 1, 1, 22).time(), until=datetime(2026, 1, 1, 2).time()),  # noqa: DTZ001
        minimum={"CZK": 12345},
        goods=Selection(categories=["beans"], skus=["A", "B"]),
        quantity=3,
        price_groups=["b2b"],
        segments=["vip", "loyal"],
        returning=True,
        needs_coupon=True,
    ),
    action=PercentOff(percent_bp=1, goods=Selection(skus=["C"])),
    max_uses=10,
    per_customer=1,
    priority=5,
    group="season",
    exclusive=True,
)


@pytest.mark.parametrize(
    "action",
    [
        PercentOff(percent_bp=3333, goods=Selection(categories=["beans"])),
        AmountOff(amounts={"CZK": 5000, "PLN": 1050}),
        BuyGet(buy=3, get=2, percent_bp=5000, goods=Selection(skus=["A"])),
        FreeShipping(methods=["courier"], up_to={"CZK": 9900}),
    ],
)
async def test_a_form_that_is_sent_as_it_is_changes_nothing(desk: Desk, action: object) -> None:
    await publish(desk, promotion("X", action), RICH)  # type: ignore[arg-type]
    before = await holds(desk)
    person = await desk.signed_in("owner")
    for code in ("X", "RICH"):
        answer = await send(person, code, {})
        assert answer.status_code == 303, words(answer.text)
    assert await holds(desk) == before


async def test_of_two_who_change_one_promotion_the_later_is_told(desk: Desk) -> None:
    await publish(desk, promotion("OTHER", AmountOff(amounts={"CZK": 1000})), SPRING)
    person = await desk.signed_in("manager")
    path = f"{MARKETING}/promotions/SPRING"
    fields = [field for field in form_fields(await person.page(path), MARKETING) if field[0] != "do"]
    await send(person, "OTHER", {"name.cs": "Jiná"})
    first = await person.post_many(path, changed(fields, {"name.cs": "Jaro", "do": "publish"}))
    assert first.status_code == 303
    held = await holds(desk)
    assert [one.names.get("cs") for one in held.promotions] == ["Jiná", "Jaro"], "another promotion is no hindrance"
    late = await person.post_many(path, changed(fields, {"name.cs": "Léto", "do": "publish"}))
    assert "someone else" in words(await person.page(late.headers["location"]))
    assert await holds(desk) == held


async def test_a_gift_is_named_by_its_article(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    values = {"code": "GIFT", "name.en": "Gift", "kind": "gift", "gift.sku": "BEANS", "worth.CZK": "300"}
    assert (await send(person, "new", values)).status_code == 303
    [made] = (await holds(desk)).promotions
    assert made.action == GiftOf(variant_id=desk.shop.variant, sku="BEANS", worth={"CZK": 30000})
    wrong = await send(person, "GIFT", {"gift.sku": "NOPE"})
    assert wrong.status_code == 422
    assert 'id="promotion.gift.sku-error"' in wrong.text


async def test_everything_wrong_is_said_beside_its_field(desk: Desk) -> None:
    await publish(desk, SPRING)
    person = await desk.signed_in("manager")
    typed = await send(person, "new", {"percent": "lots", "minimum.CZK": "x", "max_uses": "-1", "code": "A B"})
    assert typed.status_code == 422
    for field in ("percent", "minimum.CZK", "max_uses"):
        assert f'id="promotion.{field}-error"' in typed.text
    assert 'value="lots"' in typed.text
    values = {"code": "SPRING", "valid_from": "2026-03-02T00:00", "valid_to": "2026-03-01T00:00", "buy": "0"}
    checked = await send(person, "new", {**values, "kind": "buy_get"})
    assert checked.status_code == 422
    for field in ("code", "name.cs", "valid_to", "buy"):
        assert f'id="promotion.{field}-error"' in checked.text, field
    assert len((await holds(desk)).promotions) == 1


async def test_a_draft_is_tried_before_it_holds_and_a_promotion_is_removed(desk: Desk) -> None:
    await desk.shop.placed([(desk.shop.variant, 1)])
    await publish(desk, SPRING, promotion("TEN"))
    person = await desk.signed_in("manager")
    answer = await send(person, "TEN", {"percent": "20"}, do="draft")
    target = answer.headers["location"]
    assert target.startswith("/desk/settings/rules/promotions/")
    assert "Promotions › TEN › What is given › Percent 10 % → 20 %" in words(await person.page(target))
    assert "Would have changed 1 of 1 order" in words(await person.page(f"{target}?preview=100"))
    assert await holds(desk) == all_of(SPRING, promotion("TEN"))
    removed = await send(person, "TEN", {}, do="remove")
    assert removed.headers["location"] == MARKETING
    assert await holds(desk) == all_of(SPRING)
    assert (await person.get(f"{MARKETING}/promotions/TEN")).status_code == 404


async def test_the_list_counts_uses_and_what_they_brought(desk: Desk) -> None:
    await publish(desk, SPRING)
    async with desk.site.database.transaction() as db:
        await create_coupon(db, "JARO", CouponTerms(promotion="SPRING"), actor=SETUP, now=NOON)
    cart = await filled_cart(desk.site.database, [(desk.shop.variant, 1)])
    async with desk.site.database.transaction() as db:
        await add_coupon(db, cart, "JARO", guest(cart), NOON)
    done = await desk.shop.order(cart)
    person = await desk.signed_in("manager")
    page = words(await person.page(MARKETING)).replace("\u00a0", " ")
    assert "Amount off 1 50 CZK 349 CZK" in page
    why = words(await person.page(f"{MARKETING}/why?order={done.number}")).replace("\u00a0", " ")
    assert "Spring (JARO): 50 CZK" in why
    column = words(await person.page(f"/desk/orders/{done.order_id}")).replace("\u00a0", " ")
    assert "1 × 300 CZK 300 CZK" in column, "what a line cost before anything is off"
    assert "Goods 300 CZK" in column
    assert "Spring JARO −50 CZK" in column
    await publish(desk, promotion("VIP", conditions=Conditions(segments=["vip"])), promotion("TEN"))
    why = words(await person.page(f"{MARKETING}/why?order={done.number}"))
    assert "Ten yes" in why
    assert "Vip no This is for selected customers only." in why
    unknown = await person.get(f"{MARKETING}/why?order=nothing")
    assert unknown.headers["location"] == MARKETING


async def test_one_coupon_is_made_found_and_changed(desk: Desk) -> None:
    await publish(desk, SPRING)
    person = await desk.signed_in("manager")
    fields = {
        "code": "jaro 27",
        "promotion": "SPRING",
        "max_uses": "10",
        "valid_from": "2026-03-01",
        "valid_to": "2026-03-31",
        "active": "yes",
    }
    assert "Coupon JARO27 is ready." in words(await person.done(f"{MARKETING}/coupons", fields))
    async with desk.site.database.reading() as db:
        made = await get_coupon(db, "JARO27")
    assert (made.max_uses, made.active) == (10, True)
    assert made.valid_from == datetime(2026, 2, 28, 23, tzinfo=UTC)
    # The last day is included, and has its summer time.
    assert made.valid_to == datetime(2026, 3, 31, 22, tzinfo=UTC)
    again = await person.post(f"{MARKETING}/coupons", fields)
    assert again.status_code == 409
    assert 'id="one.code-error"' in again.text
    page = await person.page(f"{MARKETING}/coupons/one/JARO27")
    assert 'value="2026-03-31"' in page
    sent = [field for field in form_fields(page, f"{MARKETING}/coupons/one") if field[0] != "active"]
    assert (await person.post_many(f"{MARKETING}/coupons/one/JARO27", sent)).status_code == 303
    async with desk.site.database.reading() as db:
        after = await get_coupon(db, "JARO27")
    assert (after.active, after.valid_to) == (False, made.valid_to)


async def test_many_coupons_are_made_downloaded_and_stopped(desk: Desk) -> None:
    await publish(desk, SPRING)
    person = await desk.signed_in("manager")
    fields = {"batch": "=Leaflet", "count": "150", "prefix": "lf", "promotion": "SPRING", "active": "yes"}
    page = words(await person.done(f"{MARKETING}/coupons/generate", fields))
    assert "150 coupons are ready." in page
    file = await person.get(f"{MARKETING}/coupons.csv?promotion=SPRING&batch=%3DLeaflet")
    assert file.headers["content-type"].startswith("text/csv")
    written = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert len({row["code"] for row in written}) == 150
    assert {row["batch"] for row in written} == {"'=Leaflet"}
    second = await person.page(f"{MARKETING}/coupons?promotion=SPRING&after={written[99]['code']}")
    assert second.count("data-row") == 50
    await person.done(f"{MARKETING}/coupons/stop", {"promotion": "SPRING", "batch": "=Leaflet"})
    async with desk.site.database.reading() as db:
        assert not any(one.active for one in await list_coupons(db, limit=1000))
    wrong = await person.post(f"{MARKETING}/coupons/generate", {**fields, "batch": "", "prefix": "?", "max_uses": "1"})
    assert wrong.status_code == 422
    assert 'id="many.batch-error"' in wrong.text
    assert 'id="many.prefix-error"' in wrong.text


async def test_who_may_not_write_settings_sees_no_marketing(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    assert MARKETING not in await person.page("/desk/orders")
    for path in ("", "/coupons", "/coupons.csv", "/promotions/new", "/why?order=1"):
        assert (await person.get(MARKETING + path)).status_code == 403
    for path in ("/coupons", "/coupons/generate", "/coupons/stop", "/promotions/new"):
        assert (await person.post(MARKETING + path, {})).status_code == 403


@pytest.mark.parametrize("language", ["cs", "pl"])
async def test_pages_speak_every_language(desk: Desk, language: str) -> None:
    await publish(desk, SPRING, promotion("TEN"))
    person = await desk.signed_in("owner", language)
    for path in ("", "/promotions/TEN", "/promotions/new", "/coupons"):
        await person.page(MARKETING + path)


async def test_strange_requests_are_refused_and_break_nothing(desk: Desk) -> None:
    await publish(desk, SPRING)
    person = await desk.signed_in("owner")
    for path in ("/promotions/%00", "/coupons/one/%00", "/coupons/one/%ED%A0%80", "/coupons/one/nothing"):
        assert (await person.get(MARKETING + path)).status_code == 404, path
    for path in ("/coupons?q=%00&after=%00&promotion=%FF", "/why?order=%00", "/coupons.csv?batch=%00"):
        assert (await person.get(MARKETING + path)).status_code in (200, 303), path
    coupon = {"code": "GOOD", "promotion": "SPRING", "active": "yes"}
    for field, value in {
        "valid_to": "9999-12-31",
        "valid_from": "0001-01-01",
        "max_uses": "99999999999",
        "per_customer": "-1",
        "code": "\x00",
    }.items():
        answer = await person.post(f"{MARKETING}/coupons", {**coupon, field: value})
        assert answer.status_code == 422, (field, answer.status_code)
        assert f'id="one.{field}-error"' in answer.text, field
    for values in ({"count": "1e9"}, {"count": "9" * 30}):
        fields = {"batch": "b", "promotion": "SPRING", **values}
        assert (await person.post(f"{MARKETING}/coupons/generate", fields)).status_code == 422
    values = {"code": "X", "name.en": "X", "hours.since": "99:99", "valid_from": "soon", "amount.CZK": "1" * 40}
    assert (await send(person, "new", {**values, "kind": "amount"})).status_code == 422
    edit = "/desk/settings/rules/promotions/edit"
    deep = "[" * 50_000
    null = '{"promotions": [{"code": "A", "names": {"en": "x"}, "group": "\\u0000", "action": {"kind": "percent"}}]}'
    for text in (deep, null, "null", "[]", '"x"', '{"promotions": [1]}'):
        assert (await person.post(edit, {"text": text})).status_code == 422, text[:30]
    assert (await person.get(f"{edit}?base=x")).status_code == 404

"""Business settings on the desk: drafted by a form or as text, compared, tried, published, taken back."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from kupec.billing import PAYMENT
from kupec.catalogue import TAX
from kupec.conversations import CONVERSATION_RULES, SERVICE_HOURS, SURVEYS
from kupec.kit.versions import Kind, publish_new, published
from kupec.outreach import LETTERS
from kupec.sales import PROMOTIONS, SHIPPING
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON, SETUP
from tests.web.desk_client import Desk, Person, open_desk, order_of, words
from tests.web.form_reading import changed, form_fields

__all__ = ["gateway", "session_gateway", "shop"]

RULES = "/desk/settings/rules"
KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (SHIPPING, TAX, PROMOTIONS, PAYMENT, LETTERS, SERVICE_HOURS, SURVEYS, CONVERSATION_RULES)
}
COURIER_FEE = "methods[0].zones[0].rules[0].fee"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def holds(desk: Desk, kind: Kind[Any]) -> Any:
    async with desk.site.database.reading() as db:
        return (await published(db, kind))[kind]


async def draft(person: Person, name: str, values: dict[str, str]) -> httpx.Response:
    """The form of what holds now, with some fields changed."""
    page = await person.page(f"{RULES}/{name}/edit")
    return await person.post_many(f"{RULES}/{name}/edit", changed(form_fields(page, RULES), values))


async def saved(person: Person, name: str, values: dict[str, str]) -> str:
    """The same, which must succeed: the address of the draft."""
    answer = await draft(person, name, values)
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["location"]


async def test_a_fee_is_drafted_tried_published_and_taken_back(desk: Desk) -> None:
    await order_of(desk)
    person = await desk.signed_in("manager")
    before = await holds(desk, SHIPPING)
    address = await saved(person, "shipping", {COURIER_FEE: "119,00", "note": "Fuel"})
    assert await holds(desk, SHIPPING) == before
    page = words(await person.page(address))
    assert "Ways › courier › Zones › CZ › Fees › 1 › Fee 99 CZK → 119 CZK" in page
    assert page.count("→") == 1

    tried = words(await person.page(f"{address}?preview=1000"))
    assert "Would have changed 1 of 1 order" in tried
    assert "Turnover with VAT, CZK +20" in tried.replace("\u00a0", " ")

    assert "holds now" in words(await person.done(f"{address}/publish"))
    assert (await holds(desk, SHIPPING)).methods[0].zones[0].rules[0].fee == 11900
    again = await person.post(f"{address}/publish")
    assert "Load it again" in words(await person.page(again.headers["location"]))

    listing = await person.page(f"{RULES}/shipping")
    older = re.findall(r'href="(/desk/settings/rules/shipping/[0-9a-f-]{36})"', listing)[1]
    assert "holds now" in words(await person.done(f"{older}/restore"))
    assert await holds(desk, SHIPPING) == before
    assert (await desk.events("document:shipping"))[-3:] == [
        "document.drafted",
        "document.published",
        "document.published",
    ]
    assert "back to version" in words(await person.page(f"{RULES}/shipping"))


async def test_two_who_write_at_the_same_time_do_not_undo_each_other_unawares(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    fields = form_fields(await person.page(f"{RULES}/shipping/edit"), RULES)
    address = await saved(person, "shipping", {COURIER_FEE: "119,00"})
    await person.post(f"{address}/publish")
    held = await holds(desk, SHIPPING)
    late = changed(fields, {"note": "Written before that"})
    answer = await person.post_many(f"{RULES}/shipping/edit", late)
    assert answer.status_code == 409
    assert "Somebody has published another version" in words(answer.text)
    assert "Written before that" in answer.text
    assert await holds(desk, SHIPPING) == held
    knowing = await person.post_many(f"{RULES}/shipping/edit", form_fields(answer.text, RULES))
    assert knowing.status_code == 303


@pytest.mark.parametrize("name", ["shipping", "tax", "payment", "letters", "service_hours", "surveys", "conversations"])
async def test_a_form_that_is_sent_as_it_is_changes_nothing(desk: Desk, name: str) -> None:
    person = await desk.signed_in("owner")
    before = await holds(desk, KINDS[name])
    address = await saved(person, name, {})
    async with desk.site.database.reading() as db:
        raw = await db.fetchval("select document from document_version where id = $1::uuid", address.split("/")[-1])
    assert msgspec.convert(raw, KINDS[name].type) == before
    assert "Nothing." in words(await person.page(address))


async def test_a_rich_document_survives_its_form(desk: Desk) -> None:
    document = msgspec.convert(
        {
            "methods": [
                {
                    "code": "van",
                    "names": {"cs": "Rozvoz", "en": "Van"},
                    "kind": "slot",
                    "carrier": "Own",
                    "transit_days": 0,
                    "cut_off": "14:30:00",
                    "timezone": "Europe/Prague",
                    "origin_country": "CZ",
                    "zones": [
                        {
                            "countries": ["CZ"],
                            "currency": "CZK",
                            "postcodes": ["1", "200..299"],
                            "free_from": 150050,
                            "rules": [
                                {"fee": 5000, "max_weight_g": 5000},
                                {"fee": 9950, "min_weight_g": 5001, "min_value": 100},
                            ],
                        },
                        {"countries": ["PL", "SK"], "currency": "PLN", "rules": [{"fee": 0}]},
                    ],
                    "windows": [{"weekday": 2, "starts": "08:00:00", "ends": "12:30:15", "capacity": 5}],
                    "active": False,
                }
            ],
            "return_days": 30,
        },
        SHIPPING.type,
    )
    async with desk.site.database.transaction() as db:
        await publish_new(db, SHIPPING, document, actor=SETUP, now=NOON)
    person = await desk.signed_in("owner")
    await person.done(f"{await saved(person, 'shipping', {})}/publish")
    assert await holds(desk, SHIPPING) == document


async def test_everything_wrong_is_said_at_once_beside_its_field(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    refused = await draft(
        person, "shipping", {COURIER_FEE: "much", "methods[1].transit_days": "", "methods[0].names.cs": "Kurýr"}
    )
    assert refused.status_code == 422
    page = refused.text
    assert f'id="{COURIER_FEE}-error"' in page
    assert 'id="methods[1].transit_days-error"' in page
    assert 'value="much"' in page
    assert 'value="Kurýr"' in page
    checked = await draft(person, "shipping", {"methods[0].timezone": "Mars/North"})
    assert checked.status_code == 422
    assert 'id="methods[0].timezone-error"' in checked.text
    assert await desk.fetchval("select count(*) from document_version where state = 'draft'") == 0


async def test_items_are_added_moved_and_removed_without_a_script(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    more = await draft(person, "shipping", {"add": "methods[0].zones[0].rules"})
    assert more.status_code == 200
    fields = form_fields(more.text, RULES)
    assert ("methods[0].zones[0].rules#", "2") in fields
    fields = changed(fields, {"methods[0].zones[0].rules[1].fee": "10", "up": "methods[1]"})
    moved = form_fields((await person.post_many(f"{RULES}/shipping/edit", fields)).text, RULES)
    assert ("methods[0].code", "box") in moved
    assert ("methods[1].zones[0].rules[1].fee", "10") in moved
    dropped = form_fields(
        (await person.post_many(f"{RULES}/shipping/edit", changed(moved, {"drop": "methods[0]"}))).text, RULES
    )
    assert ("methods#", "1") in dropped
    answer = await person.post_many(f"{RULES}/shipping/edit", dropped)
    page = words(await person.page(answer.headers["location"]))
    assert "Ways › box removed" in page
    assert "Fees › 2 added" in page


async def test_rates_are_typed_in_percent(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    address = await saved(person, "tax", {"rates.CZ.standard": "21,5 %", "destination": "PL"})
    await person.done(f"{address}/publish")
    rules = await holds(desk, TAX)
    assert (rules.rates["CZ"]["standard"], rules.destination) == (2150, ["PL"])
    wider = await draft(person, "tax", {"add": "rates#", "rates+key": "SK", "rates+column": "books"})
    fields = changed(form_fields(wider.text, RULES), {"rates.SK.books": "5", "rates.CZ.books": "0"})
    answer = await person.post_many(f"{RULES}/tax/edit", fields)
    await person.done(f"{answer.headers['location']}/publish")
    rules = await holds(desk, TAX)
    assert (rules.rates["SK"], rules.rates["CZ"]["books"]) == ({"books": 500}, 0)


async def test_a_text_says_the_line_of_each_fault(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    action = '"action": {"kind": "percent", "percent_bp": 0}'
    text = f'{{\n "promotions": [\n  {{"code": "A B",\n   "names": {{}},\n   {action}}}\n ]\n}}'
    refused = await person.post(f"{RULES}/promotions/edit", {"text": text})
    assert refused.status_code == 422
    page = words(refused.text)
    assert "Line 3, promotions[0].code" in page
    assert "Line 4, promotions[0].names" in page
    assert "Line 5, promotions[0].action.percent_bp" in page
    broken = await person.post(f"{RULES}/promotions/edit", {"text": '{\n "promotions": [,]}'})
    assert broken.status_code == 422
    assert "[,]" in broken.text
    unknown = await person.post(f"{RULES}/promotions/edit", {"text": '{"promotions": [], "colour": 1}'})
    assert unknown.status_code == 422
    assert "colour" in unknown.text
    good = text.replace("A B", "AB").replace("{},", '{"en": "Ten"},').replace("0}}", "1000}}")
    page = words(await person.done(f"{RULES}/promotions/edit", {"text": good, "note": "By text"}))
    assert "Promotions › AB added" in page


async def test_a_letter_is_shown_as_it_would_be_sent(desk: Desk) -> None:
    await order_of(desk)
    person = await desk.signed_in("manager")
    values = {
        "order_confirmation.subject.cs": "Objednávka {number} od {shop}",
        "order_confirmation.intro.cs": "Vážíme si toho, {name}.\n\n<script>alert(1)</script>",
    }
    address = await saved(person, "letters", values)
    assert "<iframe" in await person.page(f"{address}?letter=order_confirmation.cs")
    letters = f"/desk/settings/letters/{address.split('/')[-1]}"
    letter = await person.get(f"{letters}/order_confirmation.cs")
    assert "Vážíme si toho, Jana Nová." in letter.text
    assert "<script>" not in letter.text
    assert "script-src" not in letter.headers["content-security-policy"]
    assert "default-src 'none'" in letter.headers["content-security-policy"]
    assert (await person.get(f"{letters}/nothing.cs")).status_code == 404
    assert (await person.get(f"{letters}/parcel_shipped.pl")).status_code == 200
    wrong = await draft(person, "letters", {"order_confirmation.intro.cs": "{secret}"})
    assert wrong.status_code == 422
    assert 'id="order_confirmation.intro.cs-error"' in wrong.text


async def test_who_may_not_write_settings_sees_none(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    for path in ("/desk/settings", f"{RULES}/shipping", f"{RULES}/shipping/edit"):
        assert (await person.get(path)).status_code == 403
    assert (await person.post(f"{RULES}/shipping/edit", {})).status_code == 403
    assert (await (await desk.signed_in("owner")).get(f"{RULES}/nothing")).status_code == 404


@pytest.mark.parametrize("language", ["cs", "pl"])
async def test_all_kinds_are_there_in_every_language(desk: Desk, language: str) -> None:
    person = await desk.signed_in("owner", language)
    page = await person.page("/desk/settings")
    for name in KINDS:
        assert f"{RULES}/{name}" in page
        await person.page(f"{RULES}/{name}")
        await person.page(f"{RULES}/{name}/edit")
        await person.page(f"{RULES}/{name}/edit?as=text")

"""Checkout sessions before they are paid. `Platform` holds every answer against the schemas, and adds it up."""

from typing import Any
from uuid import uuid4

import pytest

from kupec.kit.db import Connection
from kupec.kit.i18n import translate
from tests.machines.conftest import Shop
from tests.machines.platform import JANA, PRAGUE, SESSIONS, Platform, amounts, paying, to, told

UNKNOWN = "00000000-0000-7000-8000-000000000000"
WARSAW = {
    "street_address": "ul. Długa 21",
    "address_locality": "Warszawa",
    "postal_code": "00-238",
    "address_country": "PL",
    "first_name": "Jan",
    "last_name": "Kowalski",
}


def lacking(session: dict[str, Any]) -> dict[str, str]:
    """What is missing, by the path of what would mend it."""
    return {message["path"]: message["code"] for message in session.get("messages", ())}


def delivery(session: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = session["fulfillment"]["methods"][0]
    return found


def picked(session: dict[str, Any]) -> list[tuple[str, int]]:
    return [(line["item"]["title"], line["quantity"]) for line in session["line_items"]]


# --- opening


def test_a_new_session_says_what_it_lacks(agent: Platform) -> None:
    session = agent.create(("BEANS-250", 2))
    assert session["status"] == "incomplete"
    assert lacking(session) == {
        "$.buyer.email": "missing",
        "$.fulfillment.methods[0].destinations[0].first_name": "missing",
        "$.fulfillment.methods[0].destinations[0].street_address": "missing",
        "$.fulfillment.methods[0].destinations[0].address_locality": "missing",
        "$.fulfillment.methods[0].destinations[0].postal_code": "missing",
        "$.fulfillment.methods[0].destinations[0].address_country": "missing",
        "$.fulfillment.methods[0].groups[0].selected_option_id": "missing",
    }
    assert {message["severity"] for message in session["messages"]} == {"recoverable"}
    assert agent.look(session["id"]) == session


def test_a_session_with_all_it_needs_is_ready_and_ships_the_cheapest_way(agent: Platform) -> None:
    session = agent.create(("BEANS-250", 2), ("TOOL-3", 1), buyer=JANA, fulfillment=to(PRAGUE))
    assert (session["status"], session.get("messages")) == ("ready_for_complete", None)
    assert amounts(session) == {"subtotal": 23000, "fulfillment": 6900, "total": 29900}
    assert delivery(session)["groups"][0]["selected_option_id"] == "box"
    fees = {option["id"]: amounts(option)["total"] for option in delivery(session)["groups"][0]["options"]}
    assert fees == {"courier": 9900, "box": 6900}
    promises = [option["latest_fulfillment_time"] for option in delivery(session)["groups"][0]["options"]]
    assert promises == sorted(promises)
    assert delivery(session)["destinations"] == [{**PRAGUE, "id": "address", "first_name": "Jana", "last_name": "Nová"}]
    assert session["buyer"] == JANA


def test_tax_is_a_part_of_the_total_and_adds_nothing(agent: Platform) -> None:
    session = agent.open(("TOOL-10", 3))
    total = next(total for total in session["totals"] if total["type"] == "total")
    without, tax = total["lines"]
    assert total["amount"] == 30000 + 6900
    assert (without["display_text"], tax["display_text"]) == ("Bez DPH", "DPH")
    assert tax["amount"] == 5207 + 1198  # 21 % within 30000 and within 6900
    assert "tax" not in amounts(session)


def test_the_same_item_on_two_lines_is_one_line(agent: Platform) -> None:
    variant = agent.lookup("TOOL-4")["products"][0]["variants"][0]["id"]
    session = agent.create(("TOOL-4", 2), (variant, 3))
    assert picked(session) == [("Pěchovátko 4", 5)]


def test_an_item_that_is_not_sold_opens_no_session(agent: Platform) -> None:
    for item in ("nope", UNKNOWN):
        answer = agent.create(("TOOL-1", 1), (item, 1))
        message = told(answer)["item_unavailable"]
        assert (message["path"], message["severity"]) == ("$.line_items[1]", "unrecoverable")
        assert item in message["content"]
    assert told(agent.create(("TOOL-1", 1), context={"currency": "EUR", "language": "en"}))["item_unavailable"]


def test_more_than_there_is_says_how_much_there_is(shop: Shop, agent: Platform) -> None:
    sku = shop.goods(stock=3)
    session = agent.create((sku, 5), ("TOOL-1", 1), buyer=JANA, fulfillment=to(PRAGUE))
    message = told(session)["out_of_stock"]
    assert (session["status"], message["path"]) == ("incomplete", "$.line_items[0]")
    assert message["content"] == translate("cs", "Only {available} pcs are left.").format(available=3)
    assert agent.update(session["id"], (sku, 3))["status"] == "ready_for_complete"


def test_a_country_that_is_not_served(agent: Platform) -> None:
    abroad = {**PRAGUE, "address_country": "FR", "postal_code": "75001"}
    session = agent.create(("TOOL-1", 1), buyer=JANA, fulfillment=to(abroad))
    assert session["status"] == "incomplete"
    message = told(session)["address_undeliverable"]
    assert message["path"] == "$.fulfillment.methods[0].destinations[0].address_country"
    assert message["content"] == translate("cs", "We do not deliver to this country.")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"buyer": {**JANA, "email": "not an address"}}, "$.buyer.email"),
        ({"buyer": {**JANA, "phone_number": "call me"}}, "$.buyer.phone_number"),
        ({"buyer": {**JANA, "first_name": "x" * 300}}, "$.buyer.first_name"),
        (
            {"fulfillment": to({**PRAGUE, "postal_code": "12"})},
            "$.fulfillment.methods[0].destinations[0].postal_code",
        ),
        (
            {"fulfillment": to({**PRAGUE, "address_country": "Czechia"})},
            "$.fulfillment.methods[0].destinations[0].address_country",
        ),
    ],
)
def test_what_cannot_be_right_is_said_where_it_stands(agent: Platform, body: dict[str, Any], path: str) -> None:
    refused = told(agent.create(("TOOL-1", 1), **body))["invalid_value"]
    assert (refused["path"], refused["severity"]) == (path, "unrecoverable")
    session = agent.open(("TOOL-1", 1))
    kept = agent.update(session["id"], ("TOOL-1", 1), **body)
    assert told(kept)["invalid_value"]["path"] == path
    assert (kept["status"], kept["buyer"]) == ("ready_for_complete", JANA)


def test_more_than_is_ever_sold_at_once_is_said_to_be_less(agent: Platform) -> None:
    session = agent.create(("TOOL-1", 10_001), buyer=JANA, fulfillment=to(PRAGUE))
    assert picked(session)[0][1] == 9_999
    said = told(session)
    assert (said["quantity_adjusted"]["type"], said["quantity_adjusted"]["path"]) == (
        "warning",
        "$.line_items[0].quantity",
    )
    assert said["out_of_stock"]["type"] == "error"


def test_goods_cannot_be_picked_up(agent: Platform) -> None:
    refused = told(agent.create(("TOOL-1", 1), fulfillment={"methods": [{"type": "pickup"}]}))
    assert refused["fulfillment_method_unavailable"]["path"] == "$.fulfillment.methods[0].type"


# --- changing


def test_an_update_replaces_everything(agent: Platform) -> None:
    session = agent.open(("BEANS-250", 2), ("TOOL-1", 1), discounts={"codes": ["NOPE"]})
    changed = agent.update(session["id"], ("TOOL-2", 4), buyer=None, fulfillment=None)
    assert picked(changed) == [("Pěchovátko 2", 4)]
    assert "buyer" not in changed
    assert "discounts" not in changed
    assert delivery(changed)["destinations"] == []
    assert "selected_option_id" not in delivery(changed)["groups"][0]
    agent.update(session["id"], ("TOOL-2", 4))
    other = agent.update(session["id"], ("TOOL-2", 4), fulfillment=to(selected_destination_id="elsewhere"))
    assert delivery(other)["destinations"] == [], "we have never heard of it"
    session = agent.update(session["id"], ("TOOL-2", 4), fulfillment=to({**PRAGUE, "id": "home"}))
    assert delivery(session)["selected_destination_id"] == delivery(session)["destinations"][0]["id"] == "home"
    assert delivery(agent.look(session["id"])) == delivery(session)
    named = agent.update(session["id"], ("TOOL-2", 4), fulfillment=to(selected_destination_id="home"))
    assert delivery(named)["destinations"] == delivery(session)["destinations"], "named by the id that we gave it"
    moved = agent.update(session["id"], ("TOOL-2", 4), fulfillment=to({**PRAGUE, "street_address": "Krátká 2"}))
    assert delivery(moved)["destinations"][0]["street_address"] == "Krátká 2"
    assert delivery(moved)["destinations"][0]["last_name"] == "Nová", "the buyer is the recipient unless told otherwise"
    anonymous = agent.update(session["id"], ("TOOL-2", 4), buyer={"first_name": "Petr"})
    assert anonymous["buyer"] == {"first_name": "Petr"}
    assert lacking(anonymous) == {"$.buyer.email": "missing"}
    assert agent.look(session["id"]) == anonymous


def test_a_platform_may_send_back_what_it_was_shown(agent: Platform) -> None:
    session = agent.open(("BEANS-250", 2), ("TOOL-1", 1))
    same = agent.call("PUT", f"{SESSIONS}/{session['id']}", json=session).json()
    assert same == session


def test_a_delivery_is_chosen_among_those_offered(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    chosen = agent.update(session["id"], ("TOOL-1", 1), fulfillment=to(PRAGUE, option="courier"))
    assert delivery(chosen)["groups"][0]["selected_option_id"] == "courier"
    assert amounts(chosen) == {"subtotal": 1000, "fulfillment": 9900, "total": 10900}
    unknown = agent.update(session["id"], ("TOOL-1", 1), fulfillment=to(PRAGUE, option="drone"))
    assert unknown["status"] == "incomplete"
    assert lacking(unknown) == {"$.fulfillment.methods[0].groups[0].selected_option_id": "missing"}
    at_once = agent.create(("TOOL-1", 1), buyer=JANA, fulfillment=to(PRAGUE, option="courier"))
    assert amounts(at_once)["fulfillment"] == 9900


def test_the_address_decides_about_market_and_currency(agent: Platform) -> None:
    session = agent.open(("BEANS-250", 1))
    assert session["currency"] == "CZK"
    moved = agent.update(session["id"], ("BEANS-250", 1), fulfillment=to(WARSAW))
    assert (moved["currency"], amounts(moved)["subtotal"]) == ("PLN", 1750)
    assert amounts(moved)["fulfillment"] == 1500
    assert moved["status"] == "ready_for_complete"
    stays = agent.update(session["id"], ("BEANS-250", 1), fulfillment=to({**WARSAW, "address_country": "XX"}))
    assert (stays["currency"], stays["status"]) == ("PLN", "incomplete")


def test_the_selected_destination_counts(agent: Platform) -> None:
    other = {**PRAGUE, "street_address": "Vedlejší 5", "id": "b", "phone_number": "+420 601 234 567"}
    method = to({**PRAGUE, "id": "a"}, other, selected_destination_id="b")
    session = agent.create(("TOOL-1", 1), buyer=JANA, fulfillment=method)
    assert delivery(session)["destinations"][0]["street_address"] == "Vedlejší 5"
    assert session["buyer"]["phone_number"] == "+420601234567"


@pytest.mark.parametrize(
    ("context", "header", "language", "courier"),
    [
        ({"language": "cs"}, "en", "cs", "courier cs"),
        ({"language": "pl-PL", "currency": "CZK"}, "cs", "pl", "courier pl"),
        ({"address_country": "CZ"}, "de, en;q=0.5, pl;q=0.4", "en", "courier"),
        ({"address_country": "CZ", "language": "de"}, "pl", "pl", "courier pl"),
        ({"address_country": "CZ"}, "", "en", "courier"),
    ],
)
def test_a_session_speaks_its_buyers_language(
    shop: Shop, context: dict[str, str], header: str, language: str, courier: str
) -> None:
    platform = shop.platform(language=header)
    session = platform.create(("TOOL-1", 1), context=context)
    assert session["messages"][0]["content"] == translate(language, "Please give your e-mail.")
    assert delivery(session)["groups"][0]["options"][0]["title"].startswith(f"{courier}, ")
    later = shop.platform(language="cs").look(session["id"])
    assert later["messages"] == session["messages"], "it was opened in this language"


def test_an_update_may_change_the_language(agent: Platform) -> None:
    session = agent.create(("TOOL-1", 1))
    polish = agent.update(session["id"], ("TOOL-1", 1), buyer=None, fulfillment=None, context={"language": "pl"})
    assert polish["currency"] == "CZK"
    assert polish["messages"][0]["content"] == translate("pl", "Please give your e-mail.")


def test_a_refused_update_changes_nothing(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    refused = agent.update(session["id"], ("nope", 1), buyer={"first_name": "Eve"})
    assert told(refused)["item_unavailable"]["path"] == "$.line_items[0]"
    assert (picked(refused), refused["buyer"]) == (picked(session), JANA)


# --- giving up


def test_a_session_is_given_up_once_and_stays_so(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    assert agent.cancel(session["id"])["status"] == "canceled"
    assert agent.cancel(session["id"])["status"] == "canceled"
    path = f"{SESSIONS}/{session['id']}"
    body = {"line_items": [{"item": {"id": "TOOL-2"}, "quantity": 1}]}
    assert agent.problem("PUT", path, 409, json=body)["code"] == "session_canceled"
    refused = agent.problem("POST", f"{path}/complete", 409, key=str(uuid4()), json=paying("tok_visa"))
    assert refused["code"] == "session_canceled"
    assert agent.look(session["id"])["status"] == "canceled"
    assert picked(agent.look(session["id"])) == picked(session)


# --- whose it is


def test_a_session_belongs_to_its_platform(shop: Shop, agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    other = shop.platform("other.example", language="cs")
    nothing = other.look(UNKNOWN)
    for answer in (
        other.look(session["id"]),
        other.update(session["id"], ("TOOL-1", 9)),
        other.complete(session["id"]),
        other.cancel(session["id"]),
        other.look("no-session"),
        other.update("no-session", ("TOOL-1", 9)),
        other.complete("no-session"),
        other.cancel("no-session"),
    ):
        assert answer == nothing, "whether it exists must not be told"
    assert told(nothing)["not_found"]["content"] == "Takový nákup tu není."
    assert agent.look(session["id"]) == session


def test_a_key_opens_one_session(shop: Shop, agent: Platform) -> None:
    key = str(uuid4())
    session = agent.create(("TOOL-1", 1), key=key)
    assert agent.create(("TOOL-1", 1), key=key) == session
    problem = agent.problem(
        "POST", SESSIONS, 409, key=key, json={"line_items": [{"item": {"id": "TOOL-1"}, "quantity": 2}]}
    )
    assert (problem["code"], problem["field"]) == ("idempotency_mismatch", "Idempotency-Key")
    same = {"line_items": [{"item": {"id": "TOOL-1"}, "quantity": 1}]}
    agent.problem("POST", SESSIONS, 409, key=key, json={**same, "currency": "EUR"})
    other = shop.platform("other.example", language="cs").create(("TOOL-1", 2), key=key)
    assert other["id"] != session["id"], "keys of different platforms have nothing to do with each other"
    assert agent.create(("TOOL-1", 1))["id"] != session["id"]


def test_a_repeated_opening_shows_what_became_of_the_session(agent: Platform) -> None:
    key = str(uuid4())
    session = agent.open(("TOOL-1", 1), key=key)
    agent.complete(session["id"])
    again = agent.create(("TOOL-1", 1), key=key, buyer=JANA, fulfillment=to(PRAGUE))
    assert (again["id"], again["status"]) == (session["id"], "completed")
    assert again["order"]["label"]


def test_a_storefront_cart_is_nobodys_session(shop: Shop, agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))

    async def take_away(db: Connection) -> None:
        await db.execute("update cart set agent = null where id = $1::uuid", session["id"])

    shop.do(take_away)
    assert told(agent.look(session["id"]))["not_found"]
    assert told(agent.complete(session["id"]))["not_found"]

"""A phone exchange and a till write down what happened, once, and read it back."""

from typing import Any
from uuid import uuid4

from kupec.kit.db import Connection
from kupec.staff import create_staff
from tests.integrations.client import Caller
from tests.integrations.conftest import OWNER, Shop
from tests.shop import NOON


def call(**over: Any) -> dict[str, Any]:
    return {
        "source": "exchange",
        "external_id": str(uuid4()),
        "kind": "call",
        "direction": "in",
        "happened_at": "2026-03-10T08:15:00Z",
        **over,
    }


def known(erp: Caller, **over: Any) -> Any:
    number = f"+420602{uuid4().int % 10**6:06}"
    return erp.put(f"/customers/{uuid4()}", {"name": "Jana Nová", "phone": number, **over})


def test_a_call_finds_its_customer_and_is_one_however_often_it_is_sent(shop: Shop, erp: Caller) -> None:
    jana = known(erp)
    said = call(phone=jana["phones"][0].removeprefix("+420"), country="CZ", text="Chce mlýnek", duration_seconds=65)
    first = erp.post("/interactions", said)
    assert first["customer_id"] == jana["id"]
    assert (first["channel"], first["duration_seconds"], first["text"]) == ("phone", 65, "Chce mlýnek")
    assert erp.post("/interactions", {**said, "text": "again"}) == first
    assert erp.get(f"/interactions/{first['id']}") == first
    assert erp.get(f"/interactions/exchange:{said['external_id']}") == first
    events = shop.do(
        lambda db: db.fetch("select actor, origin from event where subject = $1", f"interaction:{first['id']}")
    )
    assert [(event["actor"].split(":")[0], event["origin"]) for event in events] == [("machine", "live")]


def test_the_customer_may_be_named_by_either_id(erp: Caller) -> None:
    jana = known(erp)
    for reference in (jana["id"], jana["external_id"]):
        made = erp.post("/interactions", call(kind="visit", source="till", customer=reference))
        assert (made["customer_id"], made["channel"]) == (jana["id"], "counter")
    listed = erp.get("/interactions", customer=jana["external_id"])
    assert [one["customer_id"] for one in listed["interactions"]] == [jana["id"]] * 2
    assert erp.problem("POST", "/interactions", call(customer="nobody"))[:2] == (404, "not_found")
    assert erp.problem("GET", "/interactions", query={"customer": "nobody"})[:2] == (404, "not_found")
    assert erp.problem("GET", "/interactions/nothing")[:2] == (404, "not_found")


def test_who_of_the_staff_spoke_is_named(shop: Shop, erp: Caller) -> None:
    email = f"{uuid4().hex}@example.com"

    async def hire(db: Connection) -> str:
        person = await create_staff(
            db, email=email, name="Ema", role="manager", password="a long password", actor=OWNER, now=NOON
        )
        return str(person.id)

    ema = shop.do(hire)
    made = erp.post("/interactions", call(staff=email))
    assert (made["staff_id"], made["customer_id"]) == (ema, None)
    assert shop.do(
        lambda db: db.fetchval("select actor from event where subject = $1", f"interaction:{made['id']}")
    ) == (f"staff:{ema}")
    assert erp.post("/interactions", call(staff="nobody@example.com"))["staff_id"] is None


def test_what_makes_no_sense_is_refused_by_its_field(erp: Caller) -> None:
    assert erp.problem("POST", "/interactions", call(phone="7"))[1:] == ("invalid_value", "phone")
    assert erp.problem("POST", "/interactions", call(happened_at="2099-01-01T00:00:00Z"))[1:] == (
        "invalid_value",
        "happened_at",
    )
    assert erp.problem("POST", "/interactions", call(kind="dance"))[0] == 400
    assert erp.problem("POST", "/interactions", {"kind": "call"})[0] == 400


def test_pages_of_interactions_lose_none(erp: Caller) -> None:
    jana = known(erp)
    made = [erp.post("/interactions", call(customer=jana["id"]))["id"] for _ in range(3)]
    first = erp.get("/interactions", customer=jana["id"], limit=2)
    second = erp.get("/interactions", customer=jana["id"], limit=2, cursor=first["next_cursor"])
    assert [one["id"] for page in (first, second) for one in page["interactions"]] == made
    assert second["next_cursor"] is None

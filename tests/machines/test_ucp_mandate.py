"""A machine's key pays at the buying API: as its owner, once, and only what its mandate allows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec.customers import add_contact_point
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.machines.mandates import Machine, NewMachine, create_key, purchases_of, register_machine
from tests.machines.conftest import Shop
from tests.machines.owning import CLERK, granted
from tests.machines.platform import PRAGUE, SESSIONS, Json, Platform, amounts, to, told
from tests.sales.standing_shop import a_buyer
from tests.shop import NOON


class Owned:
    """A machine of somebody who may buy on account, with a key."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.party_id, self.machine = shop.do(self._register)
        self.token = self.key("read", "buy")

    async def _register(self, db: Connection) -> tuple[UUID, Machine]:
        party_id = await a_buyer(db)
        email = f"{uuid4().hex}@example.com"
        await add_contact_point(db, party_id, "email", email, actor=CLERK, now=NOON)
        wanted = NewMachine(name="Kitchen", kind="agent")
        return party_id, await register_machine(db, party_id, wanted, actor=customer(party_id), now=NOON)

    def key(self, *scopes: str) -> str:
        async def make(db: Connection) -> str:
            made = await create_key(
                db,
                self.machine.id,
                scopes=list(scopes),
                expires_at=None,
                actor=customer(self.party_id),
                now=datetime.now(UTC),
            )
            return made.token

        return self.shop.do(make)

    def grant(self, **terms: object) -> None:
        self.shop.do(lambda db: granted(db, self.machine, customer(self.party_id), **terms))

    def reasons(self) -> list[str | None]:
        return [each.reason for each in self.shop.do(lambda db: purchases_of(db, [self.party_id]))]


@pytest.fixture
def owned(shop: Shop) -> Owned:
    return Owned(shop)


def pay(agent: Platform, session: Json, token: str) -> Json:
    """Completes it, agreeing to the total that holds for the owner."""
    answer = agent.complete(session["id"], token=token, handler="mandate")
    return agent.complete(session["id"], token=token, handler="mandate") if "total_changed" in told(answer) else answer


def owners_word(session: Json) -> tuple[Any, Any, Any]:
    """What a session tells of who buys, and where it goes."""
    [method] = session["fulfillment"]["methods"]
    return session.get("buyer"), method["destinations"], method.get("selected_destination_id")


def test_the_owner_buys_within_the_mandate_once(owned: Owned, agent: Platform) -> None:
    owned.grant(budget=20_000)
    # Neither buyer nor address: both are the owner's.
    session = agent.create(("TOOL-1", 1))
    assert session["status"] == "incomplete"
    answer = agent.complete(session["id"], token=owned.token, handler="mandate")
    assert "total_changed" in told(answer), "delivery was not in the total that was shown"
    assert owners_word(answer) == owners_word(agent.look(session["id"])) == (None, [], None)
    key = str(uuid4())
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _: agent.complete(session["id"], token=owned.token, handler="mandate", key=key)["status"],
                range(4),
            )
        )
    assert set(answers) <= {"completed", "complete_in_progress"}
    paid = agent.look(session["id"])
    assert paid["status"] == "completed"
    assert amounts(paid)["total"] == amounts(answer)["total"]
    assert paid["buyer"]["email"].endswith("@example.com")
    assert owners_word(paid)[2] == "address", "it is bought: its platform may know where it goes"
    assert len(owned.reasons()) == 1
    path = f"{SESSIONS}/{session['id']}/complete"
    other = {"payment": {"instruments": [{"handler_id": "mandate", "credential": {"token": "kupecm_other"}}]}}
    assert agent.problem("POST", path, 409, key=key, json=other)["code"] == "idempotency_mismatch"
    refused = pay(agent, agent.create(("TOOL-25", 1)), owned.token)
    message = told(refused)["payment_failed"]
    assert (message["path"], refused["status"]) == ("$.payment", "ready_for_complete")
    assert "over_budget" in message["content"]
    assert "over_budget" in owned.reasons()
    # Whoever merely has a key learns nothing of its owner: not by asking again, not by naming what it was not told, and
    # not by paying otherwise.
    assert owners_word(refused) == owners_word(agent.look(refused["id"])) == (None, [], None)
    named = agent.update(refused["id"], ("TOOL-25", 1), buyer=None, fulfillment=to(selected_destination_id="address"))
    assert owners_word(named) == (None, [], None)
    again = pay(agent, named, owned.token)
    by_card = agent.complete(again["id"], token="tok_visa")
    assert (by_card["status"], owners_word(by_card)) == ("incomplete", (None, [], None))


def test_goods_go_where_the_mandate_says_or_its_owner_is_asked(owned: Owned, agent: Platform) -> None:
    owned.grant()
    elsewhere = agent.open(("TOOL-1", 1), fulfillment=to({**PRAGUE, "street_address": "Jinde 2"}))
    assert pay(agent, elsewhere, owned.token)["status"] == "requires_escalation"
    assert owned.reasons() == ["other_address"]
    # A mandate that names no place knows those of its owner only: where they had something sent, it may go again.
    owned.grant(address=None)
    again = agent.open(("TOOL-1", 1), fulfillment=to({**PRAGUE, "street_address": "Jinde 3"}))
    assert pay(agent, again, owned.token)["status"] == "requires_escalation"
    assert owned.reasons() == ["other_address"] * 2
    home = pay(agent, agent.open(("TOOL-1", 1)), owned.token)
    assert home["status"] == "completed", told(home)


def test_a_key_that_may_not_buy_pays_nothing(owned: Owned, agent: Platform) -> None:
    owned.grant()
    session = agent.open(("TOOL-1", 1))
    for token in (owned.key("read"), "kupecm_nobody", "", "tok_visa"):
        answer = agent.complete(session["id"], token=token, handler="mandate")
        assert (answer["status"], list(told(answer))) == ("ready_for_complete", ["payment_failed"])
    assert owned.reasons() == []


def test_above_the_limit_the_owner_is_asked(owned: Owned, agent: Platform) -> None:
    owned.grant(approval_above=0)
    answer = pay(agent, agent.open(("TOOL-1", 1)), owned.token)
    assert answer["status"] == "requires_escalation"
    assert told(answer)["approval_required"]["severity"] == "requires_buyer_review"
    assert answer["continue_url"].endswith("/my/machines/asked")


def test_what_its_owner_is_asked_about_can_neither_be_changed_nor_paid_otherwise(owned: Owned, agent: Platform) -> None:
    owned.grant(approval_above=0)
    session = agent.open(("TOOL-1", 1))
    asked = pay(agent, session, owned.token)
    assert asked["status"] == "requires_escalation"
    # The owner's account stands in the session now: a card that nobody knows must not be good for it.
    assert agent.complete(session["id"], token="x", handler="card")["status"] != "completed"
    changed = agent.update(session["id"], ("TOOL-25", 1), fulfillment=to({**PRAGUE, "street_address": "Jinde 2"}))
    assert [line["item"]["id"] for line in changed["line_items"]] == [
        line["item"]["id"] for line in asked["line_items"]
    ]

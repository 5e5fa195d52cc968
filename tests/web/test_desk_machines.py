"""Customers' machines at the desk: listed, opened, answered for by phone, taken out."""

from tests.machines.owning import an_owner
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, words
from tests.web.test_desk_standing import desk

__all__ = ["desk", "gateway", "session_gateway", "shop"]


async def test_a_machine_at_the_desk(desk: Desk, shop: Shop) -> None:
    owner = await an_owner(shop)
    await owner.grant(budget=200_000, approval_above=40_000)
    await owner.buy("one")
    asked = await owner.buy("two", 2)
    await owner.buy("three", 9)
    person = await desk.signed_in("agent")
    here = f"/desk/machines/{owner.machine.id}"
    assert "Kitchen" in words(await person.page("/desk/machines?view=asking"))
    assert "Kitchen" not in words(await person.page("/desk/machines?view=paused"))
    page = words(await person.page(here)).replace("\u00a0", " ")
    assert "Z10001" in page
    assert "of the budget of 2,000" in page
    assert "A machine asks to buy for" in page
    assert "Refused to a machine, for" in page
    tab = words(await person.page(f"/desk/customers/{owner.party_id}?show=machines"))
    assert "Kitchen" in tab
    # What the owner has said on the phone: yes at the price that was read to them.
    yes = {"decision": "approve", "expected_total": str(asked.total)}
    assert "approved and ordered" in words(await person.done(f"{here}/asked/{asked.id}", yes))
    assert [each.state for each in await owner.purchases()] == ["placed", "placed", "refused"]
    assert "out of use" in words(await person.done(here, {"do": "revoke"}))
    assert await shop.fetchval("select state from machine") == "revoked"
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.post(here, {"do": "resume"})).status_code == 403

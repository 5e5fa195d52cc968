"""Consents, points and wishes about data on the desk."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.app.wiring import privacy_parts
from kupec.customers import Contact, allowed, identify, privacy_job
from kupec.kit.actor import system
from kupec.kit.jobs import Runner
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]

PLACE = "/desk/customers/privacy"
MAIL = "marketing.email"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def eva_of(desk: Desk) -> UUID:
    async with desk.site.database.transaction() as db:
        contact = Contact(email="eva@example.com", name="Eva <b>Malá</b>", language="cs")
        return (await identify(db, [contact], now=NOON, actor=system("test")))[0]


async def work_off(desk: Desk) -> None:
    job = privacy_job(privacy_parts(), secret=desk.site.settings.secret, shop="Zrnko")
    await Runner(desk.site.database, [job], clock=desk.shop.clock).run_until_idle()


async def test_what_was_said_in_person_is_noted_with_a_reason(desk: Desk) -> None:
    eva = await eva_of(desk)
    person = await desk.signed_in("agent")
    here = f"/desk/customers/{eva}"
    assert "News by e-mail not asked" in words(await person.page(f"{here}?show=consents"))
    answer = await person.post(f"{here}/consents", {"purpose": MAIL, "action": "give", "reason": " "})
    assert answer.status_code == 422
    assert f'id="consent-{MAIL}.reason-error"' in answer.text
    page = words(await person.done(f"{here}/consents", {"purpose": MAIL, "action": "give", "reason": "by phone"}))
    assert "It is noted." in page
    assert "News by e-mail agrees" in page
    assert "Some agent · text 1 · by phone" in page
    async with desk.site.database.reading() as db:
        assert await allowed(db, [eva], MAIL) == {eva}
    assert await desk.events(f"customer:{eva}") == ["customer.created", "consent.given"]
    page = words(await person.done(f"{here}/consents", {"purpose": MAIL, "action": "withdraw", "reason": "by phone"}))
    assert "News by e-mail withdrawn" in page


async def test_points_are_granted_once_however_often_the_button_is_pressed(desk: Desk) -> None:
    eva = await eva_of(desk)
    person = await desk.signed_in("agent")
    fields = {"amount": "40", "reason": "a late parcel", "key": "k"}
    for _ in range(2):
        page = words(await person.done(f"/desk/customers/{eva}/points", fields))
    assert "40 points" in page
    assert "a late parcel" in page
    answer = await person.post(f"/desk/customers/{eva}/points", {"amount": "-1", "reason": "x"})
    assert answer.status_code == 422


async def test_data_is_told_and_downloaded_by_who_may(desk: Desk) -> None:
    eva = await eva_of(desk)
    agent, manager = await desk.signed_in("agent"), await desk.signed_in("manager")
    assert "Export everything" not in words(await agent.page(f"/desk/customers/{eva}?show=consents"))
    answer = await agent.post(f"/desk/customers/{eva}/privacy", {"kind": "export"})
    assert answer.status_code == 403
    assert (await agent.get(PLACE)).status_code == 403
    assert "Nobody has asked for their data" in words(await manager.page(PLACE))
    await manager.done(f"/desk/customers/{eva}/privacy", {"kind": "export", "reason": "by phone"})
    request = await desk.fetchval("select id from privacy_request")
    assert "Export of data Eva <b>Malá</b> waits" in words(await manager.page(PLACE))
    await work_off(desk)
    page = await manager.page(f"{PLACE}?id={request}")
    assert "customers.contact_point 1" in words(page)
    for name, begin in (("data.json", b"{"), ("data.pdf", b"%PDF")):
        assert f"{PLACE}/{request}/{name}" in page
        answer = await manager.get(f"{PLACE}/{request}/{name}")
        assert answer.content.startswith(begin)
        assert answer.headers["content-disposition"].startswith("attachment")
        assert (await agent.get(f"{PLACE}/{request}/{name}")).status_code == 403
    assert (await manager.get(f"{PLACE}/{request}/other")).status_code == 404


async def test_an_erased_customers_page_says_so_and_asks_nothing(desk: Desk) -> None:
    eva = await eva_of(desk)
    manager = await desk.signed_in("manager")
    await manager.done(f"/desk/customers/{eva}/privacy", {"kind": "erasure", "reason": "by letter"})
    await work_off(desk)
    for show in ("consents", "story", "details", "notes", "people", "orders", "money"):
        page = words(await manager.page(f"/desk/customers/{eva}?show={show}"))
        assert "Malá" not in page
        assert "eva@example.com" not in page
    page = words(await manager.page(f"/desk/customers/{eva}?show=consents"))
    assert "personal data has been erased" in page
    assert "Erase the customer" not in page
    request = await desk.fetchval("select id from privacy_request")
    answer = await manager.post(f"{PLACE}/{request}", {"action": "refuse", "reason": "too late"})
    assert "changed by someone else" in words(await manager.page(answer.headers["location"]))


async def test_nobody_is_erased_by_one_press(desk: Desk) -> None:
    eva = await eva_of(desk)
    manager = await desk.signed_in("manager")
    answer = await manager.post(f"/desk/customers/{eva}/privacy", {"kind": "erasure", "reason": " "})
    assert answer.status_code == 422
    assert "it cannot be undone" in words(answer.text)
    assert await desk.fetchval("select count(*) from privacy_request") == 0


async def test_a_request_is_refused_with_a_reason(desk: Desk) -> None:
    eva = await eva_of(desk)
    manager = await desk.signed_in("manager")
    await manager.done(f"/desk/customers/{eva}/privacy", {"kind": "erasure", "reason": "by letter"})
    request = await desk.fetchval("select id from privacy_request")
    page = words(await manager.done(f"{PLACE}/{request}", {"action": "refuse", "reason": " "}))
    assert "Expected" in page
    page = words(await manager.done(f"{PLACE}/{request}", {"action": "refuse", "reason": "it was not her"}))
    assert "The request is refused." in page
    assert "it was not her" in page

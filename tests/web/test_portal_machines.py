"""The customer's machines in their account: registered, given a mandate and keys, asked about, taken out."""

import re
from uuid import UUID

from kupec.kit.db import Database, Pool
from kupec.machines.mandates import PurchaseRequest, authenticate
from tests.shop import NOON
from tests.web.browsing import Browser, Served, forms, text_of
from tests.web.test_portal_standing import jana

__all__ = ["jana"]
PATH = "/cs/my/machines"


async def _registered(browser: Browser, pool: Pool) -> UUID:
    await browser.get(PATH)
    answer = await browser.submit(PATH, name="Kuchyňka")
    assert answer.status_code == 303, text_of(answer.text)
    await browser.follow(answer)
    machine_id: UUID = await pool.fetchval("select id from machine")
    return machine_id


async def test_a_machine_is_let_buy_asks_and_is_taken_out(
    shop: Served, browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    machine_id = await _registered(browser, pool)
    here = f"{PATH}/{machine_id}"
    # What is wrong is said beside its field, and what was typed stays.
    answer = await browser.submit(f"{here}/mandates", budget="tisíc", payment="account", approval_above="400")
    assert answer.status_code == 422
    assert 'id="new-budget-error"' in answer.text
    assert 'value="tisíc"' in answer.text
    granted = {"budget": "2 000", "budget_period": "month", "payment": "account", "approval_above": "400"}
    answer = await browser.submit(f"{here}/mandates", **granted, skus="")
    assert answer.status_code == 303, text_of(answer.text)
    row = await pool.fetchrow("select budget, approval_above, payment, agreed, zone, language from mandate")
    assert row is not None
    assert tuple(row) == (200_000, 40_000, "account", True, "Europe/Prague", "cs")
    # A key is shown once.
    await browser.get(here)
    made = await browser.submit(f"{here}/keys", scopes="buy", key_until="2026-03-10")
    [token] = re.findall(r'value="(kupecm_[^"]+)"', made.text)
    assert token not in (await browser.get(here)).text
    async with Database(pool).transaction() as db:
        caller = await authenticate(db, token, now=NOON)
    assert (caller.machine.id, caller.scopes) == (machine_id, ["buy"])
    last = await pool.fetchval("select expires_at from machine_key")
    assert last.isoformat() == "2026-03-10T23:00:00+00:00"  # the whole of the day in Prague
    # What it wants beyond the limit is asked about, at the price of now.
    assert shop.site.buyer is not None
    sku = await pool.fetchval("select sku from variant where id = $1", goods["beans"])
    ask = PurchaseRequest(machine_id=machine_id, key="beans", lines=[(sku, 2)])
    asked = await shop.site.buyer.buy(ask)
    assert asked.state == "asked", asked
    page = text_of((await browser.get(f"{PATH}/asked")).text)
    assert "Kuchyňka" in page
    assert await pool.fetchval("select count(*) from sales_order where state = 'placed'") == 0
    answer = await browser.submit(f"{PATH}/asked/{asked.id}", decision="approve", expected_total=str(asked.total - 1))
    await browser.follow(answer)
    assert await pool.fetchval("select state from purchase") == "asked", "not at a price that nobody saw"
    answer = await browser.submit(f"{PATH}/asked/{asked.id}", decision="approve", expected_total=str(asked.total))
    await browser.follow(answer)
    assert await pool.fetchval("select state from purchase") == "placed"
    over = await shop.site.buyer.buy(PurchaseRequest(machine_id=machine_id, key="more", lines=[(sku, 9)]))
    assert (over.state, over.reason) == ("refused", "over_budget")
    shown = text_of((await browser.get(here)).text)
    assert "z rozpočtu 2 000 Kč zbývá" in shown.replace("\u00a0", " "), shown
    # Paused in one click; out of use for good, and its key opens nothing.
    await browser.submit(f"{here}/state", wanted="pause")
    paused = await shop.site.buyer.buy(PurchaseRequest(machine_id=machine_id, key="rest", lines=[(sku, 1)]))
    assert paused.reason == "machine_paused"
    await browser.submit(f"{here}/state", wanted="revoke")
    assert await pool.fetchval("select count(*) from machine_key where revoked_at is null") == 0
    assert (await browser.submit(f"{here}/state", wanted="resume")).status_code == 303
    assert await pool.fetchval("select state from machine") == "revoked"


async def test_somebody_elses_machine_does_not_exist(browser: Browser, jana: UUID, pool: Pool) -> None:
    machine_id = await _registered(browser, pool)
    await pool.execute(
        "insert into party (id, kind, name, folded, sort_key, language, created_at) "
        "select gen_random_uuid(), 'person', 'Eva', 'eva', 'eva', 'cs', now()"
    )
    await pool.execute("update machine set party_id = (select id from party where name = 'Eva')")
    await browser.get(PATH)
    token = next(form for form in forms(browser.page) if form.action == PATH).values
    assert (await browser.get(f"{PATH}/{machine_id}")).status_code == 404
    for path in ("state", "mandates", "keys"):
        answer = await browser.post(f"{PATH}/{machine_id}/{path}", {**token, "wanted": "pause", "scopes": "buy"})
        assert answer.status_code == 404, path
    assert await pool.fetchval("select state from machine") == "active"

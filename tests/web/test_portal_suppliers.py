"""The customer's suppliers: added, weighed, paused, taken off the list."""

from uuid import UUID

from kupec.kit.db import Pool
from tests.web.browsing import Browser, forms, text_of
from tests.web.test_portal_standing import jana

__all__ = ["jana"]
PATH = "/cs/my/machines/suppliers"


async def test_suppliers_are_added_weighed_paused_and_removed(browser: Browser, jana: UUID, pool: Pool) -> None:
    await browser.get(PATH)
    typed = {"name": "Pražírna", "url": "https://10.0.0.1", "handler": "card", "token": "tajné", "payment_days": "14"}
    answer = await browser.submit(PATH, **typed)
    assert answer.status_code == 422
    assert 'id="url-error"' in answer.text
    assert 'value="https://10.0.0.1"' in answer.text
    assert "tajné" not in answer.text, "what pays is shown to nobody"
    answer = await browser.submit(PATH, **{**typed, "url": "https://prazirna.example/"})
    assert answer.status_code == 303, text_of(answer.text)
    page = text_of((await browser.follow(answer)).text)
    assert "prazirna.example · platí se za 14 dnů" in page
    assert "Napište prazirna.example mezi prodejce" in page
    row = await pool.fetchrow("select id, party_id, host, payment_days from supplier")
    assert row is not None
    assert (row["party_id"], row["host"], row["payment_days"]) == (jana, "prazirna.example", 14)
    answer = await browser.submit(PATH, **{**typed, "url": "https://prazirna.example"})
    assert "U tohoto prodejce už nakupujete." in answer.text
    # What counts, and not all of it nothing.
    answer = await browser.submit(f"{PATH}/weights", price="0", delivery="0", reliability="0", terms="0")
    assert answer.status_code == 422
    answer = await browser.submit(f"{PATH}/weights", price="10", delivery="90", reliability="0", terms="0")
    assert answer.status_code == 303
    assert tuple(await pool.fetchrow("select price, delivery from supplier_weights") or ()) == (10, 90)
    here = f"{PATH}/{row['id']}/state"
    for wanted, state in (("pause", "paused"), ("resume", "active"), ("remove", "removed")):
        await browser.get(PATH)
        token = next(form for form in forms(browser.page) if form.action == PATH).values
        assert (await browser.post(here, {**token, "wanted": wanted})).status_code == 303
        assert await pool.fetchval("select state from supplier") == state
    assert (await browser.post(here, {**token, "wanted": "resume"})).status_code == 404, (
        "what was removed does not exist"
    )
    assert "Pražírna" not in (await browser.get(PATH)).text

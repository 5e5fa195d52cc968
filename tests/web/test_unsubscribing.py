"""The way out of mails: for a person a page and a button, for a mail program one click without cookies."""

from uuid import UUID

from kupec.customers import Contact, Proof, allowed, give_consent, identify
from kupec.kit.actor import customer, system
from kupec.kit.db import Pool
from kupec.outreach import Sender, send_message
from tests.shop import NOON
from tests.web.browsing import HOST, Browser, Served

NEWS = "marketing.email"


async def written(pool: Pool, secret: str, template: str = "dormant") -> tuple[UUID, str]:
    """A customer who agrees, and the path of the link in the mail to them."""
    async with pool.acquire() as db, db.transaction():
        contact = Contact(email="jana@example.com", name="Jana", language="cs")
        (party_id,) = await identify(db, [contact], now=NOON, actor=system("setup"))
        proof = Proof(how="preferences")
        await give_consent(db, party_id, NEWS, proof=proof, actor=customer(party_id), now=NOON)
        sender = Sender(name="Zrnko", email="obchod@zrnko.example", base_url=HOST, secret=secret)
        await send_message(
            db, template=template, party_id=party_id, about="a:1", reason="x", values={}, now=NOON, sender=sender
        )
        text: str = await db.fetchval("select text from mail")
    start = text.partition(f"{HOST}/cs/unsubscribe/")[2]
    return party_id, "/cs/unsubscribe/" + start.split()[0]


async def agrees(pool: Pool, party_id: UUID) -> bool:
    async with pool.acquire() as db:
        return party_id in await allowed(db, [party_id], NEWS)


async def test_opening_the_link_changes_nothing_and_the_button_does(shop: Served, pool: Pool, browser: Browser) -> None:
    party_id, link = await written(pool, shop.site.settings.secret)
    assert "Přestat posílat" in (await browser.get(link)).text
    assert await agrees(pool, party_id), "scanners open links"
    done = await browser.submit(link)
    assert "Jste odhlášeni" in done.text
    assert not await agrees(pool, party_id)
    assert "Jste odhlášeni" in (await browser.get(link)).text


async def test_a_mail_program_needs_one_post_without_cookies(shop: Served, pool: Pool) -> None:
    party_id, link = await written(pool, shop.site.settings.secret)
    async with shop.browser().client as stranger:
        answer = await stranger.post(
            link,
            content="List-Unsubscribe=One-Click",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": "https://mail.example",
                "Sec-Fetch-Site": "cross-site",
            },
        )
        assert answer.status_code == 200
        assert not await agrees(pool, party_id)
        again = await stranger.post(link, content="List-Unsubscribe=One-Click")
        assert again.status_code == 200
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from event where name = 'consent.withdrawn'") == 1


async def test_a_forged_link_is_no_page(shop: Served, pool: Pool) -> None:
    party_id, link = await written(pool, "another secret")
    async with shop.browser().client as stranger:
        assert (await stranger.get(link)).status_code == 404
        assert (await stranger.post(link)).status_code == 404
    assert await agrees(pool, party_id)

"""The mail with a code: the code goes out and stays nowhere; what cannot be sent in time is not sent at all."""

from datetime import timedelta

import pytest

from kupec.customers import read_letter, request_code
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.jobs import Runner
from kupec.kit.mail import MailRefused, OutgoingMail
from kupec.outreach import Sender, sign_in_mail_job
from tests.shop import NOON

SECRET = "the shop's secret"
SENDER = Sender(name="Zrnko", email="shop@example.com", base_url="https://shop.example", secret=SECRET)


class Post:
    """A mail server that keeps what it gets."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.sent: list[OutgoingMail] = []
        self._refuses = refuses

    async def send(self, mail: OutgoingMail) -> None:
        if self._refuses:
            raise MailRefused(reason="550 no such user")
        self.sent.append(mail)


async def asked(pool: Pool) -> tuple[str, str]:
    """A code for Jana, and the token of its link."""
    async with pool.acquire() as db, db.transaction():
        await request_code(db, "Jana@Example.com", secret=SECRET, language="cs", address="1.2.3.4", now=NOON)
        letter = read_letter(SECRET, (await db.fetchval("select payload from job"))["sealed"])
    return letter.code, letter.link


async def run(pool: Pool, post: Post, *, show: bool = False, later: timedelta = timedelta()) -> None:
    runner = Runner(Database(pool), [sign_in_mail_job(post, SENDER, show=show)], clock=FixedClock(NOON + later))
    await runner.run_until_idle()


@pytest.mark.parametrize("show", [False, True])
async def test_the_code_is_in_the_mail_and_in_the_outbox_only_of_a_demo(pool: Pool, show: bool) -> None:
    code, link = await asked(pool)
    post = Post()
    await run(pool, post, show=show)
    (mail,) = post.sent
    assert mail.to == "jana@example.com"
    assert code in mail.text
    assert f"https://shop.example/cs/my/sign-in/link/{link}" in mail.html
    row = await pool.fetchrow("select title, html, text, state from mail")
    assert row is not None
    kept = row["title"] + row["html"] + row["text"]
    assert row["state"] == "sent"
    assert (code in kept, link in kept) == (show, show)
    assert await pool.fetchval("select count(*) from job") == 0
    events = await pool.fetch("select name, payload::text from event")
    assert [event["name"] for event in events] == ["mail.sent"]
    assert all(code not in event["payload"] for event in events)


async def test_what_comes_too_late_is_not_sent(pool: Pool) -> None:
    await asked(pool)
    post = Post()
    await run(pool, post, later=timedelta(minutes=10))
    assert post.sent == []
    assert await pool.fetchval("select count(*) from mail") == 0


async def test_a_refused_address_is_given_up_with_the_code_still_sealed(pool: Pool) -> None:
    code, _ = await asked(pool)
    await run(pool, Post(refuses=True))
    row = await pool.fetchrow("select state, payload::text || coalesce(error, '') as text from job")
    assert row is not None
    assert row["state"] == "failed"
    assert code not in row["text"]

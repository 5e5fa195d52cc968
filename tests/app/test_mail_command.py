"""`kupec mail`: a mail from a file comes in as if it had been fetched."""

import asyncio
import os
import sys
from pathlib import Path

from kupec.conversations import MailChannel, add_inbox
from kupec.kit.db import connect
from kupec.kit.mail import OutboxTransport
from tests.shop import NOON, SETUP

SECRET = "a secret of at least thirty-two letters"
LETTER = b"From: Jana <jana@example.com>\nSubject: Hello\nMessage-ID: <1@example.com>\n\nOpen today?\n"
BOUNCE = (
    b'From: mx@example.com\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary="b"\n\n'
    b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n\n"
    b"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <0193a0b0-0000-7000-8000-000000000001@x.example>\n--b--\n"
)


async def run(dsn: str, *arguments: str, mail: bytes = b"") -> tuple[int, str, str]:
    environment = {**os.environ, "DATABASE_URL": dsn, "KUPEC_SECRET": SECRET}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kupec.app", "mail", *arguments),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate(mail)
    assert process.returncode is not None
    return process.returncode, said.decode().strip(), complained.decode().strip()


async def test_a_mail_is_handed_in_once_and_a_bounce_goes_where_it_is_known(dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER)
    code, _, complained = await run(dsn, str(file))
    assert code == 1
    assert "There is no such mail inbox" in complained

    db = await connect(dsn)
    channel = MailChannel(SECRET, OutboxTransport(), shop="Zrnko", base_url="https://zrnko.example")
    await add_inbox(
        db,
        channel,
        code="mail",
        name="Mail",
        config={"address": "shop@zrnko.example"},
        secret=SECRET,
        actor=SETUP,
        now=NOON,
    )
    assert (await run(dsn, str(file)))[:2] == (0, "Kept.")
    assert (await run(dsn, "-", "--inbox", "mail", mail=LETTER))[:2] == (0, "There is nothing new in it.")
    assert (await run(dsn, "-", mail=BOUNCE))[0] == 0
    rows = await db.fetch("select source, body from webhook_delivery order by source")
    await db.close()
    assert [(row["source"], bytes(row["body"])) for row in rows] == [
        ("channel:mail", LETTER),
        ("mail-bounces", BOUNCE),
    ]

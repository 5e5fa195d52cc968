"""Coming in by mail: a code of six digits, or a link. Asking tells nobody whether the address is known.

The same is done for every address: a row, a job, a mail. Whose it is matters only once somebody proves that they
read it. The code itself stands nowhere: its keyed hash in the row, the code sealed in the job, which is deleted
when the mail is out.
"""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from kupec.customers.contact_points import verify_contact_point
from kupec.customers.contacts import normalise_email
from kupec.customers.identity import identify
from kupec.customers.membership import roots
from kupec.customers.models import Contact
from kupec.customers.sign_in_errors import AddressTaken, CodeOver, WrongCode
from kupec.customers.sign_in_limits import (
    ATTEMPTS,
    DAY,
    TRIES_PER_CODE,
    asking,
    asking_daily,
    count_attempts,
    forgive_attempts,
    trying,
)
from kupec.customers.sign_in_models import CodeSent, Opened, Whence
from kupec.customers.sign_in_sessions import digest, open_session
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Database
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.sealing import seal, unseal

CODE_LIFE: Final = timedelta(minutes=10)
CODE_MAIL: Final = "sign_in_mail"
"""The job that carries a code to its reader; the room that writes mails does it."""
_SEAL: Final = "sign-in-code"
_FIELDS: Final = "id, email, party_id, code_hash"


class CodeLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What the mail has to say. `link` is the token of its link, empty where only the digits count."""

    code_id: UUID
    email: str
    language: str
    code: str
    link: str
    expires_at: datetime


async def request_code(
    db: Connection,
    email: str,
    *,
    secret: str,
    language: str,
    address: str,
    now: datetime,
    party_id: UUID | None = None,
) -> CodeSent:
    """Have a code mailed to an address: to sign in, or (with `party_id`) to prove it as another of that customer's.

    Known and unknown addresses are the same here. Raises InvalidValue (email) and SignInBlocked: after 5 codes for an
    address in 15 minutes or 20 in a day, or 30 from one client address.
    """
    mail = normalise_email(email)
    await count_attempts(db, ATTEMPTS, asking(mail, address), now)
    await count_attempts(db, ATTEMPTS, asking_daily(mail), now, window=DAY)
    token, link = secrets.token_urlsafe(32), "" if party_id else secrets.token_urlsafe(32)
    code, code_id = f"{secrets.randbelow(10**6):06}", uuid7()
    expires_at = now + CODE_LIFE
    await db.execute(
        """insert into sign_in_code (id, email, party_id, token_hash, code_hash, link_hash, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        *(code_id, mail, party_id, digest(token), _keyed(secret, code_id, code), digest(link or token + "link")),
        *(now, expires_at),
    )
    letter = CodeLetter(code_id=code_id, email=mail, language=language, code=code, link=link, expires_at=expires_at)
    sealed = base64.b64encode(seal(secret, _SEAL, msgspec.json.encode(letter))).decode()
    await enqueue(db, [(CODE_MAIL, {"sealed": sealed})])
    return CodeSent(token=token, expires_at=expires_at)


def read_letter(secret: str, sealed: str) -> CodeLetter:
    """What the job carries. Raises SealBroken."""
    return msgspec.json.decode(unseal(secret, _SEAL, base64.b64decode(sealed)), type=CodeLetter)


async def enter_code(
    database: Database, token: str, code: str, *, secret: str, language: str, whence: Whence, now: datetime
) -> Opened:
    """Come in with the digits of the mail, in the browser that asked for it.

    The try is counted and committed before the code is compared. Who is not known yet becomes a customer; the address
    is verified. Raises WrongCode, CodeOver (too old, used, tried 5 times), SignInBlocked. Emits customer.signed_in,
    and for a new one customer.created.
    """
    row = await _tried(database, token, code, secret=secret, address=whence.address, now=now)
    if row["party_id"] is not None:
        raise CodeOver
    async with database.transaction() as db:
        await _use(db, row["id"])
        party_id = await _proved(db, row["email"], language, now)
        await forgive_attempts(db, ATTEMPTS, trying(whence.address))
        return await open_session(db, party_id, "code", whence, now=now)


async def link_opens_for(db: Connection, link: str, *, now: datetime) -> str:
    """To whom the mail with this link went; nothing is used up. Raises CodeOver."""
    email: str | None = await db.fetchval(
        "select email from sign_in_code where link_hash = $1 and party_id is null and expires_at > $2",
        *(digest(link), now),
    )
    if email is None:
        raise CodeOver
    return email


async def enter_link(database: Database, link: str, *, language: str, whence: Whence, now: datetime) -> Opened:
    """Come in by the link of the mail, in any browser. Raises CodeOver. Emits as `enter_code` does."""
    async with database.transaction() as db:
        row = await db.fetchrow(
            "delete from sign_in_code where link_hash = $1 and party_id is null returning email, expires_at",
            digest(link),
        )
        if row is None or row["expires_at"] <= now:
            raise CodeOver
        return await open_session(db, await _proved(db, row["email"], language, now), "link", whence, now=now)


async def prove_address(
    database: Database, party_id: UUID, token: str, code: str, *, secret: str, address: str, actor: Actor, now: datetime
) -> str:
    """Add an e-mail address that the customer has proved to read; returns it.

    Raises Forbidden, WrongCode, CodeOver, SignInBlocked, AddressTaken (it is somebody else's). Emits
    contact_point.added, contact_point.verified.
    """
    actor.require_for(party_id, "customers.write", role="")
    row = await _tried(database, token, code, secret=secret, address=address, now=now)
    if row["party_id"] != party_id:
        raise CodeOver
    async with database.transaction() as db:
        await _use(db, row["id"])
        # It may be known as somebody else's: that both have shown it is remembered, and lets the two be joined.
        shared = not await verify_contact_point(db, party_id, "email", row["email"], actor=actor, now=now)
    if shared:
        raise AddressTaken(field="email")
    return str(row["email"])


async def _tried(
    database: Database, token: str, code: str, *, secret: str, address: str, now: datetime
) -> asyncpg.Record:
    async with database.transaction() as db:
        await count_attempts(db, ATTEMPTS, trying(address), now)
        row = await db.fetchrow(
            f"""update sign_in_code set tries = tries + 1
                 where token_hash = $1 and expires_at > $2 and tries < $3 returning {_FIELDS}""",  # noqa: S608
            *(digest(token), now, TRIES_PER_CODE),
        )
    if row is None:
        raise CodeOver
    typed = "".join(char for char in code if char.isascii() and char.isdigit())
    if not hmac.compare_digest(row["code_hash"], _keyed(secret, row["id"], typed)):
        raise WrongCode(field="code")
    return row


async def _use(db: Connection, code_id: UUID) -> None:
    """Once: of two who have it at the same moment one comes too late."""
    if await db.fetchval("delete from sign_in_code where id = $1 returning true", code_id) is None:
        raise CodeOver


async def _proved(db: Connection, email: str, language: str, now: datetime) -> UUID:
    """Whose this address is, now that somebody reads it."""
    door = system("sign-in")
    (found,) = await identify(db, [Contact(email=email, name="", language=language)], now=now, actor=door)
    party_id = (await roots(db, [found]))[found]
    await verify_contact_point(db, party_id, "email", email, actor=door, now=now)
    return party_id


def _keyed(secret: str, code_id: UUID, code: str) -> bytes:
    """A million codes are hashed in a moment, so the hash is keyed."""
    return hmac.digest(secret.encode(), f"sign-in-code\n{code_id}\n{code}".encode(), "sha256")

"""The second step: an authenticator app (TOTP, RFC 6238) and recovery codes.

A code of the app is good for its 30 seconds and the ones around them, because clocks differ; and once, because it
can be read over a shoulder.
"""

import base64
import hmac
import re
import secrets
from datetime import datetime
from uuid import UUID

import pyotp

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.sealing import SealBroken, seal, unseal
from kupec.staff.access import note_access
from kupec.staff.attempts import code_limits, count_attempt, forgive
from kupec.staff.challenges import asked_of, take
from kupec.staff.errors import AlreadyEnrolled, CodeUsed, SecondFactorRequired, SecondStepOver, WrongCode
from kupec.staff.events import RecoveryCodesMade, SecondFactorAdded, SecondFactorRemoved, subject
from kupec.staff.models import Enrolment, Passkey, SecondFactors, SignedIn, Staff
from kupec.staff.sessions import COLUMNS, open_session

RECOVERY_CODES = 10
_CODE_BYTES = 10  # 80 bits: 16 letters of base32
_STEP = 30
_PURPOSE = "totp"
_SIX_DIGITS = re.compile(r"\d{6}")


async def second_factors(db: Connection, staff_id: UUID) -> SecondFactors:
    """What somebody has set up."""
    passkeys = await db.fetch(
        "select id, name, backed_up, created_at, last_used_at from staff_passkey where staff_id = $1 order by id",
        staff_id,
    )
    return SecondFactors(
        app_since=await db.fetchval("select confirmed_at from staff_totp where staff_id = $1", staff_id),
        passkeys=[Passkey(**dict(row)) for row in passkeys],
        codes=await db.fetchval(
            "select count(*) from staff_recovery_code where staff_id = $1 and used_at is null", staff_id
        ),
    )


async def begin_app(db: Connection, staff: Staff, *, issuer: str, secret: str, now: datetime) -> Enrolment:
    """A fresh secret for an app, or the one that was shown and not confirmed yet. Raises AlreadyEnrolled."""
    made = pyotp.random_base32()
    row = await db.fetchrow(
        """insert into staff_totp (staff_id, secret, created_at) values ($1, $2, $3)
           on conflict (staff_id) do update set staff_id = excluded.staff_id returning secret, confirmed_at""",
        staff.id,
        seal(secret, _PURPOSE, made.encode()),
        now,
    )
    assert row is not None
    if row["confirmed_at"] is not None:
        raise AlreadyEnrolled
    try:
        kept = unseal(secret, _PURPOSE, row["secret"]).decode()
    except SealBroken:
        kept = made
        sealed = seal(secret, _PURPOSE, made.encode())
        await db.execute("update staff_totp set secret = $2 where staff_id = $1", staff.id, sealed)
    return Enrolment(secret=kept, uri=pyotp.TOTP(kept).provisioning_uri(name=staff.email, issuer_name=issuer))


async def confirm_app(
    db: Connection,
    staff_id: UUID,
    code: str,
    *,
    secret: str,
    actor: Actor,
    now: datetime,
    outside: datetime | None = None,
) -> list[str]:
    """Have the app count from now on: `code` shows that it has the secret. `outside` is the time that phones have,
    where it is not `now` (a demo's clock).

    Returns recovery codes to be shown once, unless there are some already. Raises NotFound, AlreadyEnrolled, WrongCode.
    Emits staff.second_factor_added.
    """
    row = await db.fetchrow("select confirmed_at from staff_totp where staff_id = $1 for no key update", staff_id)
    if row is None:
        raise NotFound(what="authenticator app")
    if row["confirmed_at"] is not None:
        raise AlreadyEnrolled
    await _use_code(db, staff_id, code, secret=secret, now=outside or now)
    await db.execute("update staff_totp set confirmed_at = $2 where staff_id = $1", staff_id, now)
    await _tell(db, SecondFactorAdded(kind="app"), staff_id, actor, now)
    return await first_recovery_codes(db, staff_id, actor=actor, now=now)


async def remove_app(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Do without the app from now on. Raises SecondFactorRequired. Emits staff.second_factor_removed, if there was one.

    With the last second step the recovery codes go, too.
    """
    removed = await db.fetchval(
        "delete from staff_totp where staff_id = $1 returning confirmed_at is not null", staff_id
    )
    if removed:
        await without_factor(db, staff_id, "app", actor=actor, now=now)


async def new_recovery_codes(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> list[str]:
    """Ten codes, each good once in place of the second step; earlier ones are void. Emits staff.recovery_codes_made."""
    codes = [base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    await db.execute("delete from staff_recovery_code where staff_id = $1", staff_id)
    await db.execute(
        "insert into staff_recovery_code select $1, unnest($2::bytea[])", staff_id, [_hash(code) for code in codes]
    )
    await _tell(db, RecoveryCodesMade(), staff_id, actor, now)
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


async def first_recovery_codes(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> list[str]:
    """New codes for who has none; nothing for who has."""
    if await db.fetchval("select exists (select from staff_recovery_code where staff_id = $1)", staff_id):
        return []
    return await new_recovery_codes(db, staff_id, actor=actor, now=now)


async def without_factor(db: Connection, staff_id: UUID, kind: str, *, actor: Actor, now: datetime) -> None:
    """After one was taken away: is there another, or may there be none?"""
    if not (await second_factors(db, staff_id)).any:
        if await db.fetchval("select two_factor_required from staff_rules"):
            raise SecondFactorRequired
        await db.execute("delete from staff_recovery_code where staff_id = $1", staff_id)
    await _tell(db, SecondFactorRemoved(kind=kind), staff_id, actor, now)


async def waits_for_second_step(db: Connection, token: str, now: datetime) -> SecondFactors | None:
    """What somebody at the door may prove themselves with, while the token of their password is good."""
    staff_id = await asked_of(db, "second_step", token, now)
    return await second_factors(db, staff_id) if staff_id else None


async def finish_with_code(
    database: Database,
    token: str,
    code: str,
    *,
    secret: str,
    address: str,
    device: str = "",
    now: datetime,
    outside: datetime | None = None,
) -> SignedIn:
    """The second step: a code of the app, or a recovery code. Guesses are counted as at the password. `outside` is the
    time that phones have, where it is not `now`.

    Raises SecondStepOver, SignInBlocked, WrongCode, CodeUsed. Emits staff.signed_in.
    """
    async with database.transaction() as db:
        staff_id = await asked_of(db, "second_step", token, now)
        if staff_id is None:
            raise SecondStepOver
        limits = code_limits(staff_id, address)
        await count_attempt(db, limits, now)
    method = "code" if _SIX_DIGITS.fullmatch(_plain(code)) else "recovery_code"
    try:
        async with database.transaction() as db:
            row = await db.fetchrow(
                f"select {COLUMNS} from staff where id = $1 and active for no key update",  # noqa: S608
                staff_id,
            )
            asked, _ = await take(db, "second_step", token, now)
            if row is None or not asked:
                raise SecondStepOver
            if method == "code":
                await _use_code(db, staff_id, _plain(code), secret=secret, now=outside or now)
            else:
                await _use_recovery_code(db, staff_id, _plain(code), now)
            await forgive(db, limits)
            return await open_session(db, Staff(**dict(row)), now, method=method, address=address, device=device)
    except (WrongCode, CodeUsed):
        async with database.transaction() as db:
            await note_access(db, "refused", staff_id=staff_id, method=method, address=address, device=device, now=now)
        raise


async def _use_code(db: Connection, staff_id: UUID, code: str, *, secret: str, now: datetime) -> None:
    row = await db.fetchrow("select secret, last_step from staff_totp where staff_id = $1 for no key update", staff_id)
    if row is None:
        raise WrongCode(field="code")
    try:
        app = pyotp.TOTP(unseal(secret, _PURPOSE, row["secret"]).decode())
    except SealBroken:
        raise WrongCode(field="code") from None
    current = int(now.timestamp()) // _STEP
    steps = [
        step
        for step in (current - 1, current, current + 1)
        if hmac.compare_digest(app.generate_otp(step).encode(), _plain(code).encode())
    ]
    if not steps:
        raise WrongCode(field="code")
    if steps[-1] <= row["last_step"]:
        raise CodeUsed(field="code")
    await db.execute("update staff_totp set last_step = $2 where staff_id = $1", staff_id, steps[-1])


async def _use_recovery_code(db: Connection, staff_id: UUID, code: str, now: datetime) -> None:
    used = await db.fetchval(
        """update staff_recovery_code set used_at = $3
           where staff_id = $1 and code_hash = $2 and used_at is null returning true""",
        staff_id,
        _hash(code),
        now,
    )
    if not used:
        raise WrongCode(field="code")


def _plain(code: str) -> str:
    """As people copy it: with spaces, hyphens, in capitals."""
    return re.sub(r"[\s-]", "", code).lower()


def _hash(code: str) -> bytes:
    return hmac.digest(b"kupec recovery code", code.encode(), "sha256")


async def _tell(db: Connection, payload: Payload, staff_id: UUID, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=subject(staff_id), occurred_at=now)], actor=actor)

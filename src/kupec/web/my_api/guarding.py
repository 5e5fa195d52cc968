"""What guards the account: sessions, passkeys, the password; operations of the customer API."""

import msgspec

from kupec.customers import (
    SignInMethods,
    add_passkey,
    drop_passkey,
    end_session,
    end_sessions,
    passkey_creation,
    remove_password,
    sessions_of,
    set_password,
    sign_in_methods,
)
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import Call, Ok
from kupec.web.whence import relying


async def sessions(call: Call) -> b.Sessions:
    found = await sessions_of(call.db, call.me.own_ids, mine=call.me.session.id, now=call.now)
    return b.Sessions(sessions=found)


async def end_one(call: Call) -> Ok:
    await end_session(call.db, call.me.own_ids, call.id("session_id"), actor=call.me.actor, now=call.now)
    return Ok()


async def sign_out(call: Call) -> Ok:
    await end_session(call.db, call.me.own_ids, call.me.session.id, actor=call.me.actor, now=call.now)
    return Ok()


async def end_others(call: Call) -> Ok:
    await end_sessions(call.db, call.me.own_ids, but=call.me.session.id, actor=call.me.actor, now=call.now)
    return Ok()


async def methods(call: Call) -> SignInMethods:
    return await sign_in_methods(call.db, call.me.own_ids)


async def password(call: Call) -> Ok:
    who, actor = call.me, call.me.actor
    if call.body.password is None:
        async with call.site.database.transaction() as db:
            await remove_password(db, who.own_ids, actor=actor, now=call.now)
        return Ok()
    await set_password(
        call.site.database, who.own_ids, call.body.password, email=who.party.email or "", actor=actor, now=call.now
    )
    return Ok()


async def passkey_to_make(call: Call) -> msgspec.Raw:
    who = call.me
    asked = await passkey_creation(
        call.db,
        who.own_ids,
        email=who.party.email or who.party.name,
        name=who.party.name,
        relying=relying(call.site.settings),
        now=call.now,
    )
    return msgspec.Raw(asked.encode())


async def keep_passkey(call: Call) -> Ok:
    await add_passkey(
        call.site.database,
        call.me.party.id,
        call.body.credential,
        call.body.name,
        relying=relying(call.site.settings),
        actor=call.me.actor,
        now=call.now,
    )
    return Ok()


async def forget_passkey(call: Call) -> Ok:
    await drop_passkey(call.db, call.me.own_ids, call.id("passkey_id"), actor=call.me.actor, now=call.now)
    return Ok()

"""What ACP's platforms are told of their orders: whole, signed, in order, once; and who they are."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from kupec.kit.actor import Actor
from kupec.kit.addresses import Reach
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import COLUMNS, Event
from kupec.kit.sealing import SealBroken
from kupec.kit.settings import Settings
from kupec.machines.acp import (
    PlatformTaken,
    UnknownPlatform,
    add_platform,
    list_platforms,
    merchant_signature,
    revoke_platform,
    rotate_platform_key,
    set_platform_webhook,
    webhook_signer,
)
from kupec.machines.acp.order_news import EVENTS, write_acp_order_news
from kupec.machines.acp.platforms import OLD_KEY_FOR, identify
from kupec.machines.trust import list_machine_webhooks
from kupec.sales import cancel_order
from tests.machines.acp_agent import ORDER, Agent, amounts, check
from tests.machines.conftest import Shop
from tests.shop import NOON, SETUP

SECRET, THEIRS = "the shop's own", "whsec_of_the_platform"
HOOK = "https://chat.example/hook?k=secret"
SETTINGS = Settings(database_url="postgresql://nowhere", secret=SECRET)


async def test_a_platform_and_its_keys(db: Connection) -> None:
    nobody = Actor(kind="staff", id="eva", permissions=frozenset())
    for refused in (
        add_platform(db, "chat", "Chat", actor=nobody, now=NOON),
        rotate_platform_key(db, UUID(int=1), actor=nobody, now=NOON),
        revoke_platform(db, UUID(int=1), actor=nobody, now=NOON),
    ):
        with pytest.raises(Forbidden):
            await refused
    for code, name in (("Chat GPT", "x"), ("-x", "x"), ("", "x"), ("chat", " ")):
        with pytest.raises(InvalidValue):
            await add_platform(db, code, name, actor=SETUP, now=NOON)
    first = await add_platform(db, "chat", " Chat ", actor=SETUP, now=NOON)
    assert (first.platform.name, first.platform.agent) == ("Chat", "acp:chat")
    with pytest.raises(PlatformTaken):
        await add_platform(db, "chat", "Chat", actor=SETUP, now=NOON)
    second = await rotate_platform_key(db, first.platform.id, actor=SETUP, now=NOON)
    for token in (first.token, second.token):
        assert (await identify(db, token, now=NOON + OLD_KEY_FOR / 2)).id == first.platform.id
    with pytest.raises(UnknownPlatform):
        await identify(db, first.token, now=NOON + OLD_KEY_FOR)
    assert (await list_platforms(db))[0].last_used_at == NOON + OLD_KEY_FOR / 2
    stored = str(await db.fetch("select * from acp_platform")) + str(await db.fetch("select payload from event"))
    assert first.token not in stored
    assert second.token not in stored
    await revoke_platform(db, first.platform.id, actor=SETUP, now=NOON)
    await revoke_platform(db, first.platform.id, actor=SETUP, now=NOON)
    with pytest.raises(UnknownPlatform):
        await identify(db, second.token, now=NOON)
    names = [row["name"] for row in await db.fetch("select name from event where name like 'acp_%' order by id")]
    assert names == ["acp_platform.added", "acp_platform.key_rotated", "acp_platform.revoked"]


async def test_where_order_events_go(db: Connection) -> None:
    platform = (await add_platform(db, "chat", "Chat", actor=SETUP, now=NOON)).platform
    for url, signing in (
        ("http://chat.example/hook", THEIRS),
        ("https://10.0.0.1/hook", THEIRS),
        ("https://c.example", "x"),
    ):
        with pytest.raises(InvalidValue):
            await set_platform_webhook(
                db, platform.id, url, signing, reach=Reach(), secret=SECRET, actor=SETUP, now=NOON
            )
    told = await set_platform_webhook(
        db,
        platform.id,
        HOOK,
        THEIRS,
        reach=Reach(),
        secret=SECRET,
        actor=SETUP,
        now=NOON,
    )
    assert told.webhook_url == HOOK
    event = await db.fetchval("select payload from event where name = 'acp_platform.webhook_set'")
    assert event == {"host": "chat.example"}
    assert THEIRS.encode() not in await db.fetchval("select webhook_secret from acp_platform")


def test_a_signature_is_as_acp_describes_it() -> None:
    body = b'{"type":"order_create"}'
    expected = hmac.new(THEIRS.encode(), b"1773140400." + body, hashlib.sha256).hexdigest()
    assert merchant_signature(THEIRS.encode(), body, NOON) == f"t={int(NOON.timestamp())},v1={expected}"
    assert int(NOON.timestamp()) == 1773140400


def test_an_order_is_told_whole_signed_and_once(shop: Shop) -> None:
    agent, silent = Agent(shop), Agent(shop)

    async def listen(db: Connection) -> None:
        await set_platform_webhook(
            db,
            agent.platform.id,
            HOOK,
            THEIRS,
            reach=Reach(),
            secret=SECRET,
            actor=SETUP,
            now=NOON,
        )

    shop.do(listen)
    session = agent.buy(("BEANS-250", 2))
    unheard = silent.buy(("TOOL-1", 1))
    order = UUID(session["order"]["id"])

    async def cancel(db: Connection) -> None:
        await cancel_order(db, order, reason="gone", actor=SETUP, now=datetime.now(UTC))

    shop.do(cancel)

    async def tell(db: Connection) -> list[tuple[str, bytes, bytes]]:
        rows = await db.fetch(
            f"select {COLUMNS} from event where name = any($1::text[]) and subject = any($2::text[]) order by id",
            list(EVENTS),
            [f"order:{order}", f"order:{unheard['order']['id']}"],
        )
        events = [Event(**dict(row)) for row in rows]
        await write_acp_order_news(db, events, settings=SETTINGS)
        await write_acp_order_news(db, events, settings=SETTINGS)
        found = await db.fetch(
            "select id, kind, body, sealed from machine_webhook where subject = $1 order by occurred_at, id",
            f"order:{order}",
        )
        assert not await db.fetch("select from machine_webhook where subject = $1", f"order:{unheard['order']['id']}")
        queued = (await list_machine_webhooks(db, subject=f"order:{order}"))[::-1]
        first = msgspec.structs.replace(queued[0], sealed=found[0]["sealed"])
        headers = await webhook_signer(SECRET)(first, found[0]["body"].encode(), NOON)
        assert headers["Merchant-Signature"] == merchant_signature(THEIRS.encode(), found[0]["body"].encode(), NOON)
        assert (headers["Request-Id"], headers["Timestamp"]) == (str(first.id), "2026-03-10T11:00:00Z")
        with pytest.raises(SealBroken):
            await webhook_signer("another")(first, b"", NOON)
        return [(row["kind"], row["body"], row["sealed"]) for row in found]

    found = shop.do(tell)
    bodies = [json.loads(body) for _kind, body, _sealed in found]
    assert [body["type"] for body in bodies] == ["order_create", "order_update"]
    assert {kind for kind, _body, _sealed in found} == {"acp"}
    for body in bodies:
        check(body["data"], ORDER)
        assert (body["data"]["type"], body["data"]["checkout_session_id"]) == ("order", session["id"])
    assert bodies[-1]["data"]["status"] == "canceled"
    assert bodies[-1]["data"]["adjustments"][0]["type"] == "cancellation"
    assert {line["status"] for line in bodies[-1]["data"]["line_items"]} == {"removed"}
    assert amounts(bodies[-1]["data"])["total"] == amounts(session)["total"], "what was charged stays told"

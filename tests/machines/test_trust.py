"""Our keys, others' profiles, what is checked at the door, and what machines are told."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from kupec.kit.actor import system
from kupec.kit.addresses import Reach
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.jobs import Runner
from kupec.kit.outside import Outside
from kupec.kit.sealing import unseal
from kupec.machines.trust import (
    KeyNotFound,
    MachineWebhook,
    NewWebhook,
    ProfileForbidden,
    ProfileMalformed,
    ProfileUnreachable,
    SignatureInvalid,
    SignatureMissing,
    SignatureReplayed,
    SignedRequest,
    Trust,
    Window,
    ensure_key,
    forget_machine_webhooks,
    list_machine_webhooks,
    queue_webhook,
    revoke_key,
    rotate_due,
    sign_request,
    signing_keys,
    verify_request,
    webhook_job,
)
from kupec.machines.trust.taking_turns import Turns
from tests.machines.signing import Other, another, new_key

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OWNER = system("owner")
SECRET = "a shop's secret"
LOCAL = Reach(local=True)


@pytest.fixture
async def other() -> AsyncIterator[Other]:
    async with another() as found:
        yield found


@pytest.fixture
async def trust(pool: Pool) -> AsyncIterator[Trust]:
    clock = FixedClock(NOW)
    outside = Outside(LOCAL, timeout=60.0)
    made = Trust(Database(pool), outside, clock, secret=SECRET, base_url="https://shop.example")
    yield made
    await made.aclose()


async def test_keys_are_made_once_sealed_and_followed_with_an_overlap(db: Connection) -> None:
    first = await ensure_key(db, secret=SECRET, now=NOW)
    assert (await ensure_key(db, secret=SECRET, now=NOW)).kid == first.kid
    sealed = await db.fetchval("select sealed from signing_key where kid = $1", first.kid)
    assert first.private.private_numbers().private_value.to_bytes(32, "big") not in sealed
    assert first.private.private_numbers().private_value.to_bytes(32, "big") in unseal(
        SECRET, "machines signing key", sealed
    )

    async def standing(now: datetime) -> tuple[str, list[str]]:
        await rotate_due(db, now, 100, secret=SECRET)
        signs = (await ensure_key(db, secret=SECRET, now=now)).kid
        return signs, [key.kid for key in await signing_keys(db, now=now)]

    assert await standing(NOW + timedelta(days=89)) == (first.kid, [first.kid])
    signs, published = await standing(NOW + timedelta(days=91))
    assert signs == first.kid, "the new one is published before it signs"
    second = published[0]
    assert published == [second, first.kid]
    assert await standing(NOW + timedelta(days=92, hours=1)) == (second, [second, first.kid])
    assert await standing(NOW + timedelta(days=98)) == (second, [second, first.kid])
    assert await standing(NOW + timedelta(days=99, hours=1)) == (second, [second])
    assert await db.fetchval("select sealed from signing_key where kid = $1", first.kid) is None
    # One that is lost or stolen is followed at once.
    third = await revoke_key(db, second, secret=SECRET, actor=OWNER, now=NOW + timedelta(days=100))
    assert await standing(NOW + timedelta(days=100)) == (third.kid, [third.kid])
    fourth = await ensure_key(db, secret="another secret", now=NOW + timedelta(days=101))
    assert fourth.kid != third.kid
    names = [row["name"] for row in await db.fetch("select name from event order by id")]
    assert names.count("signing_key.created") == 4
    assert names.count("signing_key.revoked") == 1


async def test_profiles_are_kept_for_a_while_and_fetched_safely(trust: Trust, other: Other) -> None:
    clock: Any = trust.clock
    other.headers = {"Cache-Control": "public, max-age=600"}
    first = await trust.profile(other.url)
    assert (first.webhook_url, [key["kid"] for key in first.keys]) == (other.hooks, ["one"])
    clock.move(timedelta(minutes=9))
    await trust.profile(other.url)
    assert other.asked == 1
    clock.move(timedelta(minutes=2))
    other.profile_status = 500  # its short trouble is not ours, its long one is
    assert (await trust.profile(other.url)).keys == first.keys
    await trust.profile(other.url)
    assert other.asked == 2, "a failure is kept for a while, too"
    clock.move(timedelta(hours=2))
    with pytest.raises(ProfileUnreachable):
        await trust.profile(other.url)
    other.profile_status = 200
    clock.move(timedelta(minutes=1))
    for nonsense in (b"[]", b"{", b'{"ucp": 1}', b"[" * 100_000, b"\xff"):
        other.profile = nonsense
        with pytest.raises(ProfileMalformed):
            await trust.profile(other.url)
        clock.move(timedelta(hours=1))
    other.profile = b" " * 200_000
    with pytest.raises(ProfileUnreachable, match="too_large"):
        await trust.profile(other.url + "?long")
    other.profile, other.profile_status, other.asked = None, 302, 0
    with pytest.raises(ProfileUnreachable, match="status_302"):
        await trust.profile(other.url + "?elsewhere")
    assert other.asked == 1, "no redirect is followed"


async def test_no_profile_is_fetched_from_an_address_of_ours(pool: Pool, other: Other) -> None:
    async def rebinding(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    outside = Outside(Reach(), resolve=rebinding, timeout=60.0)
    trust = Trust(Database(pool), outside, FixedClock(NOW), secret=SECRET, base_url="https://shop.example")
    for url in (
        other.url,
        "https://agent.example/p",
        "https://169.254.169.254/p",
        "https://[::1]/p",
        "ftp://a.example",
    ):
        with pytest.raises(ProfileForbidden):
            await trust.profile(url)
    assert other.asked == 0
    await trust.aclose()


def asked(other: Other, *, key: str = "", method: str = "POST", by: int = 0, now: datetime = NOW) -> SignedRequest:
    url = "https://shop.example/ucp/v1/carts"
    told = {"ucp-agent": f'profile="{other.url}"', "content-type": "application/json"}
    body = b"{}" if method == "POST" else None
    headers = sign_request(
        other.keys[by], method, url, {**told, **({"idempotency-key": key} if key else {})}, body, now=now
    )
    return SignedRequest(method=method, url=url, headers={k.lower(): v for k, v in headers.items()}, body=body or b"")


async def test_at_the_door_a_signature_counts_once_where_nothing_else_keeps_it_from_being_repeated(
    trust: Trust, other: Other
) -> None:
    clock: Any = trust.clock
    signed = await trust.check(asked(other), other.url)
    assert signed is not None
    assert (signed.profile, signed.kid) == (other.url, "one")
    replayed = asked(other)
    await trust.check(replayed, other.url)
    with pytest.raises(SignatureReplayed):
        await trust.check(replayed, other.url)
    keyed, reading = asked(other, key=str(uuid4())), asked(other, method="GET")
    for _ in range(2):  # answered as before, or without effect
        assert await trust.check(keyed, other.url)
        assert await trust.check(reading, other.url)
    # A key that is new to the kept profile has it fetched again, once a minute at most.
    other.keys.append(new_key("two"))
    with pytest.raises(KeyNotFound):
        await trust.check(asked(other, key=str(uuid4()), by=1), other.url)
    clock.move(timedelta(seconds=61))
    now = clock.now()
    assert await trust.check(asked(other, key=str(uuid4()), by=1, now=now), other.url)
    # A key that is published no more signs no more.
    other.keys = [new_key("three")]
    clock.move(timedelta(hours=1, minutes=1))
    gone = Other()
    gone.url, gone.keys = other.url, [new_key("one")]
    with pytest.raises(KeyNotFound):
        await trust.check(asked(gone, key=str(uuid4()), now=clock.now()), other.url)
    unsigned = SignedRequest(method="GET", url="https://shop.example/", headers={})
    assert await trust.check(unsigned, other.url) is None
    half = SignedRequest(method="GET", url="https://shop.example/", headers={"signature": "sig1=:AAAA:"})
    with pytest.raises(SignatureMissing):
        await trust.check(half, other.url)
    trust.required = True
    with pytest.raises(SignatureMissing):
        await trust.check(unsigned, other.url)
    async with another() as stranger:
        stranger.keys = [new_key("three")]
        with pytest.raises(SignatureInvalid):  # a key of the same name, but of somebody else
            await trust.check(asked(other, key=str(uuid4()), now=clock.now()), stranger.url)


async def test_webhooks_arrive_signed_in_order_and_end(trust: Trust, other: Other) -> None:
    clock: Any = trust.clock
    runner = Runner(trust.database, [webhook_job(trust, {"acp": _sealed})], clock=clock)

    async def queue(key: str, body: bytes = b'{"id": "1"}', **more: Any) -> None:
        values: dict[str, Any] = {"kind": "ucp", "subject": "order:1", "profile": other.url, "whole": True, **more}
        async with trust.database.transaction() as db:
            await queue_webhook(db, NewWebhook(key=key, body=body, occurred_at=NOW, **values), now=clock.now())

    async def states(subject: str = "order:1") -> list[tuple[str, int]]:
        async with trust.database.reading() as db:
            return [(each.state, each.attempts) for each in await list_machine_webhooks(db, subject=subject)]

    await queue("a")
    await queue("a")
    await runner.run_until_idle()
    assert len(other.told) == 1, "writing it again writes nothing"
    headers, body = other.told[0]
    request = SignedRequest(method="POST", url=other.hooks, headers=headers, body=body)
    window = Window(clock.now(), age=timedelta(minutes=5), skew=timedelta(minutes=1))
    assert verify_request(request, await trust.jwks(), profile=trust.profile_url, window=window)
    assert headers["ucp-agent"] == 'profile="https://shop.example/.well-known/ucp"'
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert '"webhook-id"' in headers["signature-input"]

    # One that cannot be told is tried again under the same id; a newer one that says it all takes its place.
    other.answers = [503, 503]
    await queue("b")
    await runner.run_until_idle()
    clock.move(timedelta(seconds=6))
    await runner.run_until_idle()
    ids = [headers["webhook-id"] for headers, _ in other.told]
    assert ids[1] == ids[2] != ids[0]
    assert await states() == [("waiting", 2), ("delivered", 1)]
    await queue("c", b'{"id": "2"}')
    await runner.run_until_idle()
    assert await states() == [("delivered", 1), ("superseded", 2), ("delivered", 1)]
    clock.move(timedelta(days=2))
    await runner.run_until_idle()
    assert [body for _, body in other.told[3:]] == [b'{"id": "2"}']

    # What does not tell it all waits for the one before it.
    other.answers = [503]
    for key in ("d", "e"):
        await queue(key, key.encode(), kind="acp", url=other.hooks, profile=None, whole=False, sealed=b"s")
    await runner.run_until_idle()
    clock.move(timedelta(seconds=6))
    await runner.run_until_idle()
    assert [body for _, body in other.told[4:]] == [b"d", b"d", b"e"]
    assert other.told[-1][0]["merchant-signature"] == "of s"

    # It ends: when it is hopeless, and after all attempts.
    other.answers = [422]
    await queue("f", subject="order:2")
    await runner.run_until_idle()
    assert await states("order:2") == [("failed", 1)]
    other.answers = [500] * 20
    await queue("g", subject="order:3")
    for _ in range(12):
        await runner.run_until_idle()
        clock.move(timedelta(days=1))
    assert await states("order:3") == [("failed", 10)]
    async with trust.database.transaction() as db:
        assert (
            await db.fetchval("select count(*) from machine_webhook where body is not null or sealed is not null") == 0
        )
        assert await db.fetchval("select count(*) from event where name = 'machine_webhook.failed'") == 2
        assert await forget_machine_webhooks(db, clock.now() + timedelta(days=31), 100) == 7


async def _sealed(webhook: MachineWebhook, _body: bytes, _now: datetime) -> dict[str, str]:
    return {"Merchant-Signature": f"of {(webhook.sealed or b'').decode()}"}


def test_many_that_wait_for_a_slow_host_come_again_one_after_another() -> None:
    turns, now = Turns(), NOW
    assert [turns.take("slow.example", now) for _ in range(2)] == [None, None]
    assert turns.take("quick.example", now) is None
    put_off = [turns.take("slow.example", now) for _ in range(300)]
    assert put_off[0] == now + timedelta(seconds=2)
    within = [at for at in put_off if at and at < now + timedelta(seconds=12)]
    assert len(within) == 100, "ten a second, however many wait"
    turns.give_back("slow.example", now)
    assert turns.take("slow.example", now) is None, "it is free again"
    later = now + timedelta(minutes=5)
    for _ in range(2):
        turns.give_back("slow.example", later)
    assert [turns.take("slow.example", later) for _ in range(3)] == [None, None, later + timedelta(seconds=2)]

"""Devices report by HTTP: with their key, for themselves, as often as they like."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from kupec.kit.actor import customer
from kupec.kit.db import Pool
from kupec.kit.errors import InvalidValue
from kupec.kit.versions import publish_new, read_document
from kupec.machines.devices import (
    DEVICE_MODELS,
    DeviceModels,
    NewDevice,
    UnknownModel,
    change_device,
    get_device,
    register_device,
)
from kupec.machines.mandates import create_key, revoke_machine
from tests.machines.reporting import Door, a_door
from tests.shop import NOON, SETUP

AT = NOON.isoformat()


async def test_a_device_reports_and_reads_what_is_known_of_it(pool: Pool) -> None:
    async with a_door(pool) as door:
        device, other = await door.device(), await door.device("kaveta-s3")
        report = {"at": AT, "meters": {"beans": 700, "cups": 12, "hours": 3.5}}
        for expected in (3, 0, 0):
            answer = await device.say("readings", report)
            assert answer.json()["taken"] == expected, answer.text
        answer = await device.say(
            "readings", {"reports": [report, {"at": NOON.timestamp() + 60, "meters": {"beans": 690, "tea": 1}}]}
        )
        assert answer.json() == {
            "taken": 1,
            "ignored": [{"reading": n, "reason": "duplicate"} for n in range(3)]
            + [{"reading": 4, "reason": "unknown_meter"}],
        }
        slot = f"{device.id}/slots/beans"
        status = {"remaining": 0.25, "at": (NOON + timedelta(minutes=2)).isoformat()}
        assert (await device.say(f"{slot}/status", status, method="PUT")).json()["taken"] == 1
        assert (await device.say(f"{slot}/replenish")).status_code == 202
        errors = {"errors": [{"code": "E-SCALE", "at": AT}, {"code": "E-PUMP", "raised": False, "at": AT}]}
        assert (await device.say("errors", errors)).json() == {"taken": 2, "ignored": []}
        shown = (await device.say(str(device.id), method="GET")).json()
        assert [error["code"] for error in shown["errors"]] == ["E-SCALE"]
        beans = shown["meters"][0]
        assert (beans["value"], beans["share"], beans["low"], beans["suspicious"]) == (300, 0.25, False, True)
        assert beans["asked_at"]
        # Nobody reports for another.
        for path, body, method in (
            (f"{slot}/status", status, "PUT"),
            (f"{slot}/replenish", None, "POST"),
            (str(device.id), None, "GET"),
        ):
            assert (await other.say(path, body, method=method)).status_code == 403
        stolen = await other.say("readings", {"device": str(device.id), "at": AT, "meters": {"beans": 1}})
        assert stolen.json() == {"taken": 0, "ignored": [{"reading": 0, "reason": "not_yours"}]}
        assert (await device.meter()).value == 300


async def test_what_cannot_be_read_and_whose_key_opens_nothing_is_told(pool: Pool) -> None:
    async with a_door(pool) as door:
        device = await door.device()
        async with door.database.transaction() as db:
            reading_only = await create_key(db, device.id, scopes=["read"], actor=customer(device.party_id), now=NOON)
        many = {"meters": {f"m{number}": 1 for number in range(1001)}}
        for body, status in (
            (b"", 400),
            (b"\xff\xfe", 400),
            (b'{"meters": {"beans": NaN}}', 400),
            (b'{"meters": {"beans": 1e999}}', 400),
            (b'{"meters": {"beans": "many"}}', 400),
            (b"[" * 100_000, 400),
            (b"[]", 400),
            (b'{"id": "a\\u0000b", "meters": {"beans": 1}}', 400),
            (b'{"sequence": 18446744073709551616, "meters": {"beans": 1}}', 400),
            (json.dumps(many).encode(), 422),
            (b" " * 200_001, 413),
            (b'{"at": "0001-01-01T00:00:00+14:00", "meters": {"beans": 1, "\\u0000": 1}}', 200),
            (b'{"at": 1e300, "meters": {"beans": 1}}', 200),
            (b'{"at": -1e300, "meters": {"beans": 1}}', 200),
        ):
            answer = await device.say("readings", body)
            assert answer.status_code == status, (body[:60], answer.text)
        for token in ("kupecm_" + "x" * 43, "nonsense", reading_only.token):
            assert (await device.say("readings", {}, token=token)).status_code in (401, 403)
        assert (await device.say(f"{device.id}/slots/tea/status", {"value": 1}, method="PUT")).status_code == 404
        assert (await device.say(f"{device.id}/slots/tea/status", {"remaining": 1}, method="PUT")).status_code == 404
        assert (await device.say(f"{device.id}/slots/beans/status", {"remaining": 2}, method="PUT")).status_code == 422
        assert (await device.say(f"{device.id}/slots/tea/replenish")).status_code == 404
        async with door.database.transaction() as db:
            await revoke_machine(db, device.id, actor=customer(device.party_id), now=NOON)
        assert (await device.say("readings", {"meters": {"beans": 1}})).status_code == 401
        assert await door.counted("reading") == 0


async def test_many_at_once_share_transactions_and_lose_nothing(pool: Pool) -> None:
    """Ten devices, each telling ten reports twice at the same moment, from two processes."""
    async with a_door(pool) as door, a_door(pool) as twin:
        devices = [await door.device("kaveta-s3") for _ in range(10)]

        async def tell(place: Door, number: int, minute: int) -> int:
            report = {"at": NOON.timestamp() - 60 * minute, "meters": {"cups": 100 - minute, "beans": 100 + minute}}
            answer = await replace(devices[number], door=place).say("readings", report)
            return int(answer.json()["taken"])

        taken = await asyncio.gather(
            *(tell(place, number, minute) for place in (door, twin) for number in range(10) for minute in range(10))
        )
        assert sum(taken) == 200
        assert await door.counted("reading") == 200
        for device in devices:
            assert ((await device.meter("cups")).value, (await device.meter()).value) == (100, 100)


async def test_the_register(pool: Pool) -> None:
    async with a_door(pool) as door:
        device = await door.device(serial="  SN  1 ")
        owner = customer(device.party_id)
        async with door.database.transaction() as db:
            for wrong in (
                NewDevice(name="One"),
                NewDevice(name="One", model="kaveta-teapot"),
                NewDevice(name="One", model="kaveta-s3", zone="Europe/Brno"),
                NewDevice(name="One", model="kaveta-s3", owned_id=uuid4()),
                NewDevice(name="One", model="kaveta-s3", gateway_id=uuid4()),
                NewDevice(name=" ", model="kaveta-s3"),
                NewDevice(name="One", model="kaveta-s3", serial="x" * 101),
            ):
                with pytest.raises((InvalidValue, UnknownModel)):
                    async with db.transaction():
                        await register_device(db, device.party_id, wrong, actor=owner, now=NOON)
            assert (await get_device(db, device.id)).serial == "SN 1"
            new = NewDevice(name="Second floor", model="kaveta-office-30", place="Hall")
            changed = await change_device(db, device.id, new, actor=owner, now=NOON)
            assert (changed.name, changed.model, changed.place, changed.serial) == (
                *("Second floor", "kaveta-office-30", "Hall"),
                "",
            )
            # A model that is no more: its meters are, too, and nothing breaks.
            await publish_new(db, DEVICE_MODELS, DeviceModels(), actor=SETUP, now=NOON)
        answer = await device.say("readings", {"meters": {"beans": 5}})
        assert answer.json()["ignored"] == [{"reading": 0, "reason": "unknown_meter"}]


def test_what_is_wrong_with_a_model_is_told_by_its_path() -> None:
    def models(**model: object) -> dict[str, object]:
        meters = [{"name": "beans", "kind": "level", "full": 10}, {"name": "cups", "kind": "counter", "full": 100}]
        return {"models": [{"code": "one", "meters": meters, **model}]}

    assert read_document(DEVICE_MODELS, models()).models[0].meters[0].fastest == 20
    DEVICE_MODELS.check(DEVICE_MODELS.default())
    for field, raw in {
        "models[0].code": models(code="No good"),
        "models[1].code": {"models": [{"code": "one"}, {"code": "one"}]},
        "models[1].skus[0]": {"models": [{"code": "one", "skus": ["A"]}, {"code": "two", "skus": ["A"]}]},
        "models[0].meters[0].full": models(meters=[{"name": "a", "kind": "level", "full": 0}]),
        "models[0].meters[1].name": models(meters=[{"name": "a", "kind": "wear", "full": 1}] * 2),
        "models[0].meters[0].low": models(meters=[{"name": "a", "kind": "level", "full": 1, "low": 2}]),
        "models[0].meters[0].kind": models(meters=[{"name": "a", "kind": "mood", "full": 1}]),
        "models[0].names.xx": models(names={"xx": "One"}),
        "models[0].consumables[0].meter": models(consumables=[{"meter": "tea", "sku": "A", "holds": 1}]),
        "models[0].consumables[0].holds": models(consumables=[{"meter": "beans", "sku": "A", "holds": 0}]),
        "models[0].parts[0].meter": models(parts=[{"sku": "A"}]),
        "models[0].parts[0].threshold": models(parts=[{"sku": "A", "meter": "beans"}]),
        "models[0].services[0].every_days": models(services=[{"sku": "A"}]),
        "models[0].services[0].meter": models(services=[{"sku": "A", "meter": "beans", "every": 5}]),
        "models[0].services[0].every": models(services=[{"sku": "A", "meter": "cups", "every_days": 5}]),
        "models[0].silent_after_minutes": models(silent_after_minutes=0),
        "keep_readings_days": {"keep_readings_days": 31},
        "keep_hours_days": {"keep_readings_days": 30, "keep_hours_days": 30},
        "timezone": {"timezone": "Mars/Olympus"},
    }.items():
        with pytest.raises(InvalidValue) as caught:
            read_document(DEVICE_MODELS, raw)
        assert caught.value.field == field

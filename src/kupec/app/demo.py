"""`kupec demo`: the shop Zrnko with all that it needs, on one machine, by one command."""

import asyncio
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from uuid import uuid4

import aiohttp
import msgspec

from kupec.app.process import open_database, settings_here
from kupec.app.serving import children, database_for, gateway
from kupec.app.zrnko.seed import seed
from kupec.kit.clock import SystemClock
from kupec.kit.logs import configure
from kupec.kit.settings import Settings
from kupec.kit.supervise import supervise
from kupec.staff import DEMO_SIGN_INS

_AGENT = 'profile="https://agent.example/.well-known/ucp"'
_FIRST_ORDERS = (
    ("cs", "CZ", "Marie Horáková", "marie.horakova@example.com", "Pod Kaštany 8", "Praha 6", "160 00"),
    ("pl", "PL", "Tomasz Zieliński", "tomasz.zielinski@example.com", "ul. Długa 21", "Kraków", "31-147"),
    ("en", "IE", "Aoife Byrne", "aoife.byrne@example.com", "14 Mill Lane", "Dublin", "D08 X2A1"),
)


def run(*, fresh: bool) -> int:
    """Start everything, print where to go, run until Ctrl-C."""
    settings = msgspec.structs.replace(settings_here(), demo=True)
    if fresh:
        shutil.rmtree(settings.data_dir, ignore_errors=True)
        settings = msgspec.structs.replace(settings_here(), demo=True)
    configure(settings.log_format, "warning")
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    print("Zrnko is starting …", flush=True)
    with database_for(settings) as ready:
        new = asyncio.run(_fill(ready))
        return asyncio.run(_serve(msgspec.structs.replace(ready, log_level="warning"), new=new))


async def _fill(settings: Settings) -> bool:
    async with open_database(settings, application="demo") as (database, _):
        return await seed(
            database,
            SystemClock(),
            say=lambda part: print(f"  putting in {part} …", flush=True),
            keep=partial(_keep, settings),
        )


def _keep(settings: Settings, keys: Mapping[str, str]) -> None:
    """The keys are shown once; a demo says them at each start."""
    _keys_file(settings).touch(mode=0o600)
    _keys_file(settings).write_bytes(msgspec.json.encode(keys))


def _keys_file(settings: Settings) -> Path:
    return Path(settings.data_dir) / "machine-keys.json"


def _machine_keys(settings: Settings) -> str:
    """Where docs/machines.md begins: what the demo's machines call the shop with."""
    if not _keys_file(settings).exists():
        return ""
    keys: dict[str, str] = msgspec.json.decode(_keys_file(settings).read_bytes())
    return f"""
  Machines (docs/machines.md):
    KEY={keys["agent"]}
    DEVICE={keys["device_id"]}
    DEVICE_KEY={keys["device"]}
"""


async def _serve(settings: Settings, *, new: bool) -> int:
    async def ready() -> None:
        if new:
            await _first_orders(settings)
        print(_welcome(settings), flush=True)

    return await supervise([gateway(settings), *children(settings)], ready=ready)


def _welcome(settings: Settings) -> str:
    people = "\n".join(f"    {person.email:<28} {person.password:<24} {person.role}" for person in DEMO_SIGN_INS)
    return f"""
  Zrnko is open.

    Shop     {settings.base_url}/cs   /pl   /en
    Desk     {settings.base_url}/desk
    Agents   {settings.base_url}/.well-known/ucp

  Sign in to the desk as
{people}

  Pay with card 4242 4242 4242 4242 (goes through), 4000 0000 0000 0002 (is refused)
  or 4000 0025 0000 3155 (asks for confirmation); any future expiry, any CVC.

{_machine_keys(settings)}
  Ctrl-C ends it. The data stays in {settings.data_dir}; `kupec demo --fresh` begins anew.
"""


async def _first_orders(settings: Settings) -> None:
    """A few orders by an agent over the buying API, so that the desk has something to do."""
    async with aiohttp.ClientSession(settings.base_url, headers={"UCP-Agent": _AGENT}) as client:
        for buyer in _FIRST_ORDERS:
            await _buy(client, *buyer)


async def _buy(
    client: aiohttp.ClientSession,
    language: str,
    country: str,
    name: str,
    email: str,
    street: str,
    city: str,
    postcode: str,
) -> None:
    first, _, last = name.partition(" ")
    place = {"street_address": street, "address_locality": city, "postal_code": postcode, "address_country": country}
    body = {
        "line_items": [
            {"item": {"id": "ZR-BS-500"}, "quantity": 2},
            {"item": {"id": "ZR-BS-250"}, "quantity": 1},
        ],
        "buyer": {"first_name": first, "last_name": last, "email": email},
        "context": {"language": language},
        "fulfillment": {
            "methods": [{"type": "shipping", "destinations": [{**place, "first_name": first, "last_name": last}]}]
        },
    }
    async with client.post("/ucp/v1/checkout-sessions", json=body, headers=_key()) as answer:
        session = await answer.json()
    card = {"handler_id": "card", "credential": {"type": "token", "token": "tok_visa"}}
    address = f"/ucp/v1/checkout-sessions/{session['id']}/complete"
    async with client.post(address, json={"payment": {"instruments": [card]}}, headers=_key()) as answer:
        answer.raise_for_status()


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}

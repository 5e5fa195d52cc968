"""The register: which devices customers have, and the key that each comes with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from kupec.customers import members_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.machines.devices.errors import UnknownModel
from kupec.machines.devices.events import DeviceChanged, DeviceRegistered
from kupec.machines.devices.models import Device, NewDevice
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import DeviceModels
from kupec.machines.mandates import NewMachine, NewMachineKey, create_key, register_machine, rename_machine

_COLUMNS: Final = """
    d.machine_id, d.party_id, m.name, m.state, d.model, d.serial, d.place, d.zone, d.owned_id, d.variant_id,
    d.gateway_id, d.registered_at, d.last_seen_at, d.silent_since
"""
_LONGEST_SERIAL = 100
_LONGEST_PLACE = 200
_CHANGEABLE = ("name", "model", "serial", "place", "zone", "owned_id", "variant_id", "gateway_id")


async def register_device(
    db: Connection, party_id: UUID, new: NewDevice, *, actor: Actor, now: datetime
) -> tuple[Device, NewMachineKey]:
    """A device of this customer's, with a key for its telemetry whose token is shown this once.

    For the customer, who buys for them, and the desk with "customers.write". Its model is told, or found by the
    article. Raises Forbidden, NotFound (the customer), UnknownModel, InvalidValue naming the field. Emits
    machine.registered, machine_key.created, device.registered.
    """
    document = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    machine = await register_machine(db, party_id, NewMachine(name=new.name, kind="device"), actor=actor, now=now)
    new = await _completed(db, machine.party_id, new, document)
    await db.execute(
        """
        insert into device (machine_id, party_id, owned_id, variant_id, gateway_id, model, serial, place, zone,
                            registered_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        *(machine.id, machine.party_id, new.owned_id, new.variant_id, new.gateway_id),
        *(new.model, new.serial, new.place, new.zone, now),
    )
    key = await create_key(db, machine.id, scopes=["telemetry"], actor=actor, now=now)
    device = await get_device(db, machine.id)
    await tell(db, device, DeviceRegistered(model=device.model), actor=actor, now=now)
    return device, key


async def change_device(db: Connection, machine_id: UUID, new: NewDevice, *, actor: Actor, now: datetime) -> Device:
    """Correct what is known of it. Rights and errors as `register_device`. Emits device.changed if anything is."""
    await db.execute("select from device where machine_id = $1 for no key update", machine_id)
    before = await get_device(db, machine_id)
    actor.require_for(before.party_id, "customers.write", role="buyer")
    document = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    if new.gateway_id == machine_id:
        raise InvalidValue(field="gateway_id", expected=_("another device of the same owner"))
    new = await _completed(db, before.party_id, new, document)
    changed = [field for field in _CHANGEABLE if getattr(new, field) != getattr(before, field)]
    if not changed:
        return before
    if "name" in changed:
        await rename_machine(db, machine_id, new.name, actor=actor, now=now)
    await db.execute(
        """
        update device set model = $2, serial = $3, place = $4, zone = $5, owned_id = $6, variant_id = $7,
               gateway_id = $8
         where machine_id = $1
        """,
        *(machine_id, new.model, new.serial, new.place, new.zone, new.owned_id, new.variant_id, new.gateway_id),
    )
    await tell(db, before, DeviceChanged(fields=changed), actor=actor, now=now)
    return await get_device(db, machine_id)


async def devices_of(db: Connection, members: Sequence[UUID]) -> list[Device]:
    """A customer's devices under any of their ids, the latest first; those taken out are left out."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from device d join machine m on m.id = d.machine_id
         where d.party_id = any($1::uuid[]) and m.state <> 'revoked' order by d.registered_at desc, d.machine_id desc
        """,  # noqa: S608
        list(members),
    )
    return to_structs(Device, rows)


async def get_device(db: Connection, machine_id: UUID) -> Device:
    """A device, also one that was taken out. Raises NotFound."""
    rows = await db.fetch(
        f"select {_COLUMNS} from device d join machine m on m.id = d.machine_id where d.machine_id = $1",  # noqa: S608
        machine_id,
    )
    if not rows:
        raise NotFound(what="device")
    return Device(**dict(rows[0]))


async def _completed(db: Connection, party_id: UUID, new: NewDevice, document: DeviceModels) -> NewDevice:
    """Checked and filled in: the article by the thing they have, the model by the article, the zone by the document."""
    variant_id, members = new.variant_id, await members_of(db, party_id)
    if new.owned_id is not None:
        thing = await db.fetchrow(
            "select variant_id from owned_product where id = $1 and removed_at is null and party_id = any($2::uuid[])",
            *(new.owned_id, members),
        )
        if thing is None:
            raise InvalidValue(field="owned_id", expected=_("a thing that the customer has"))
        variant_id = variant_id or thing["variant_id"]
    sku = await db.fetchval("select sku from variant where id = $1", variant_id) if variant_id else None
    if new.variant_id is not None and sku is None:
        raise InvalidValue(field="variant_id", expected=_("an article of the shop"))
    model = document.model(new.model) if new.model else document.of_sku(sku or "")
    if model is None:
        raise UnknownModel(
            field="model", model=new.model or sku or "", known=", ".join(one.code for one in document.models[:20])
        )
    if new.gateway_id is not None and not await db.fetchval(
        "select true from device where machine_id = $1 and party_id = any($2::uuid[])", new.gateway_id, members
    ):
        raise InvalidValue(field="gateway_id", expected=_("another device of the same owner"))
    zone = new.zone or document.timezone
    if zone not in available_timezones():
        raise InvalidValue(field="zone", expected=_("a time zone, such as Europe/Prague"))
    return msgspec.structs.replace(
        new,
        name=new.name.strip(),
        model=model.code,
        variant_id=variant_id,
        zone=zone,
        serial=_text("serial", new.serial, _LONGEST_SERIAL, _("a number of at most 100 characters")),
        place=_text("place", new.place, _LONGEST_PLACE, _("a place of at most 200 characters")),
    )


def _text(field: str, text: str, most: int, expected: str) -> str:
    found = " ".join(text.split())
    if len(found) > most or "\0" in found:
        raise InvalidValue(field=field, expected=expected)
    return found


async def tell(db: Connection, device: Device, payload: Payload, *, actor: Actor, now: datetime) -> None:
    """Write into the log what happened to it."""
    happened = Happened(
        payload=payload,
        subject=f"machine:{device.machine_id}",
        customer_id=device.party_id,
        channel="machine",
        occurred_at=now,
    )
    await emit(db, [happened], actor=actor)

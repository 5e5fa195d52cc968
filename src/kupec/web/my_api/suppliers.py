"""Other sellers that a customer's machines may buy of, and what counts between them; operations of the customer API."""

import msgspec

from kupec.kit.addresses import reach_of
from kupec.kit.errors import NotFound
from kupec.machines.sourcing import (
    Record,
    Supplier,
    Weights,
    add_supplier,
    get_supplier,
    pause_supplier,
    records_of,
    remove_supplier,
    resume_supplier,
    set_weights,
    suppliers_of,
    weights_of,
)
from kupec.web.my_api.calls import Call, Ok


class SupplierOut(msgspec.Struct, frozen=True, kw_only=True):
    """A seller, and how it has kept its word."""

    supplier: Supplier
    record: Record


class Suppliers(msgspec.Struct, frozen=True, kw_only=True):
    suppliers: list[SupplierOut]
    weights: Weights


async def suppliers(call: Call) -> Suppliers:
    found = await suppliers_of(call.db, call.me.account_ids)
    records = await records_of(call.db, [one.id for one in found], now=call.now)
    return Suppliers(
        suppliers=[SupplierOut(supplier=one, record=records.get(one.id, Record())) for one in found],
        weights=await weights_of(call.db, call.me.account_ids),
    )


async def add(call: Call) -> Supplier:
    settings = call.site.settings
    return await add_supplier(
        call.db,
        call.me.account.id,
        call.body,
        secret=settings.secret,
        reach=reach_of(settings.webhook_allowed_hosts, local=settings.demo),
        actor=call.me.actor,
        now=call.now,
    )


async def weigh(call: Call) -> Weights:
    await set_weights(call.db, call.me.account.id, call.body, actor=call.me.actor, now=call.now)
    return await weights_of(call.db, call.me.account_ids)


async def pause(call: Call) -> Supplier:
    return await pause_supplier(call.db, (await _supplier(call)).id, actor=call.me.actor, now=call.now)


async def resume(call: Call) -> Supplier:
    return await resume_supplier(call.db, (await _supplier(call)).id, actor=call.me.actor, now=call.now)


async def remove(call: Call) -> Ok:
    await remove_supplier(call.db, (await _supplier(call)).id, actor=call.me.actor, now=call.now)
    return Ok()


async def _supplier(call: Call) -> Supplier:
    """What is somebody else's, or was taken off the list, does not exist."""
    found = await get_supplier(call.db, call.id("supplier_id"))
    if found.party_id not in call.me.account_ids or found.state == "removed":
        raise NotFound(what="supplier")
    return found

"""Price lists: for a group of customers, for quantities, for a while. What applies: docs/algorithms/prices.md."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kupec.catalogue.drafts import CURRENCY, MOST_MONEY
from kupec.catalogue.events import ListPriceChanged, PriceListChanged
from kupec.catalogue.known import take_turn
from kupec.catalogue.price_list_models import ListedPrice, ListPrice, PriceList, PriceListDraft
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7

_CODE: Final = re.compile("[a-z0-9][a-z0-9_-]{0,59}")
_LONGEST_NAME: Final = 200
_MOST_QUANTITY: Final = 10**6

_LISTS: Final = """
select l.id, l.code, l.name, l.currency, l.price_group as "group", l.includes_vat, l.valid_from, l.valid_until,
       l.active, l.created_at, (select count(*) from price_list_item i where i.price_list_id = l.id) as items
from price_list l
"""

_PUT: Final = """
insert into price_list as l (id, code, name, currency, price_group, includes_vat, valid_from, valid_until, active,
                             created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (code) do update set name = excluded.name, currency = excluded.currency, price_group = excluded.price_group,
    includes_vat = excluded.includes_vat, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
    active = excluded.active
where (l.name, l.currency, l.price_group, l.includes_vat, l.valid_from, l.valid_until, l.active)
    is distinct from (excluded.name, excluded.currency, excluded.price_group, excluded.includes_vat,
                      excluded.valid_from, excluded.valid_until, excluded.active)
returning true
"""

# What is given with no amount goes away.
_WRITE_ITEMS: Final = """
with given as (
    select g.variant_id, g.min_quantity, g.amount, i.amount as before
    from unnest($2::uuid[], $3::int[], $4::bigint[]) as g (variant_id, min_quantity, amount)
    left join price_list_item i on (i.variant_id, i.price_list_id, i.min_quantity) = (g.variant_id, $1, g.min_quantity)
    where i.amount is distinct from g.amount
), gone as (
    delete from price_list_item i using given g
    where g.amount is null and (i.variant_id, i.price_list_id, i.min_quantity) = (g.variant_id, $1, g.min_quantity)
), written as (
    insert into price_list_item as i (price_list_id, variant_id, min_quantity, amount)
    select $1, variant_id, min_quantity, amount from given where amount is not null
    on conflict (variant_id, price_list_id, min_quantity) do update set amount = excluded.amount
)
select v.product_id, g.* from given g join variant v on v.id = g.variant_id
"""

_ITEMS: Final = """
select i.variant_id, v.product_id, v.sku, i.min_quantity, i.amount, c.amount as base_price,
       concat_ws(', ', t.name, nullif(coalesce(v.names ->> $2, v.names ->> 'en',
                                               (select min(value) from jsonb_each_text(v.names))), '')) as name
from price_list_item i
join price_list l on l.id = i.price_list_id
join variant v on v.id = i.variant_id
left join price c on c.variant_id = v.id and c.currency = l.currency
join lateral (
    select t.name from product_text t where t.product_id = v.product_id
    order by t.language = $2 desc, t.language = 'en' desc, t.language limit 1
) t on true
where i.price_list_id = $1 and (cardinality($3::text[]) = 0 or v.sku = any($3::text[]))
order by v.sku, i.min_quantity
limit $4 offset $5
"""


async def list_price_lists(db: Connection) -> list[PriceList]:
    """All price lists by their codes."""
    return to_structs(PriceList, await db.fetch(f"{_LISTS} order by l.code"))


async def get_price_list(db: Connection, code: str) -> PriceList:
    """A price list by its code. Raises NotFound."""
    row = await db.fetchrow(f"{_LISTS} where l.code = $1", code) if _CODE.fullmatch(code) else None
    if row is None:
        raise NotFound(what="price list")
    return PriceList(**row)


async def list_items(
    db: Connection, price_list_id: UUID, *, language: str, skus: Sequence[str] = (), limit: int = 200, offset: int = 0
) -> list[ListedPrice]:
    """The prices of a list by SKU and quantity; only those of `skus`, if there are any."""
    rows = await db.fetch(_ITEMS, price_list_id, language, list(skus), limit, offset)
    return to_structs(ListedPrice, rows)


async def put_price_list(
    db: Connection, draft: PriceListDraft, *, actor: Actor, now: datetime, origin: Origin = "live"
) -> UUID:
    """Make a price list, or change it by its code; returns its id. Carts see it at once, placed orders never.

    Raises InvalidValue; a list with prices keeps its currency. Event price_list.changed, if it did.
    """
    actor.require("catalogue.write")
    _check(draft)
    await take_turn(db)
    known = await db.fetchrow(
        """
        select id, currency, exists (select from price_list_item i where i.price_list_id = l.id) as used
        from price_list l where code = $1
        """,
        draft.code,
    )
    if known is not None and known["currency"] != draft.currency and known["used"]:
        raise InvalidValue(field="currency", expected=f"{known['currency']}, since there are prices in it")
    list_id: UUID = uuid7() if known is None else known["id"]
    changed = await db.fetchval(
        _PUT,
        list_id,
        draft.code,
        draft.name.strip(),
        draft.currency,
        draft.group,
        draft.includes_vat,
        draft.valid_from,
        draft.valid_until,
        draft.active,
        now,
    )
    if changed:
        payload = PriceListChanged(price_list=draft.code, active=draft.active)
        happened = Happened(payload=payload, subject=f"price_list:{list_id}", occurred_at=now)
        await emit(db, [happened], actor=actor, origin=origin)
    return list_id


async def write_list_prices(
    db: Connection,
    code: str,
    prices: Sequence[ListPrice],
    *,
    replace: bool = False,
    actor: Actor,
    now: datetime,
    origin: Origin = "live",
) -> list[KupecError | None]:
    """Write prices into a list; for each None, or why it stays out (its neighbours go in). The last of equals holds.

    `replace` takes away every other price of the list, unless one stays out. Raises NotFound for the list. Errors:
    NotFound (SKU), InvalidValue. Event list_price.changed for each that changed.
    """
    actor.require("catalogue.write")
    await take_turn(db)
    found = await get_price_list(db, code)
    rows = await db.fetch("select sku, id from variant where sku = any($1::text[])", [price.sku for price in prices])
    variants: dict[str, UUID] = {row["sku"]: row["id"] for row in rows}
    answers = [_fault(price, variants) for price in prices]
    wanted: dict[tuple[UUID, int], int | None] = {}
    if replace and not any(answers):
        present = await db.fetch(
            "select variant_id, min_quantity from price_list_item where price_list_id = $1", found.id
        )
        wanted = {(row["variant_id"], row["min_quantity"]): None for row in present}
    for price, answer in zip(prices, answers, strict=True):
        if answer is None:
            wanted[variants[price.sku], price.min_quantity] = price.amount
    written = await db.fetch(
        _WRITE_ITEMS,
        found.id,
        [variant_id for variant_id, _ in wanted],
        [quantity for _, quantity in wanted],
        list(wanted.values()),
    )
    await emit(db, [_changed(found, row, now) for row in written], actor=actor, origin=origin)
    return answers


def _changed(price_list: PriceList, row: Any, now: datetime) -> Happened:
    payload = ListPriceChanged(
        price_list=price_list.code,
        product_id=row["product_id"],
        variant_id=row["variant_id"],
        min_quantity=row["min_quantity"],
        currency=price_list.currency,
        before=row["before"],
        after=row["amount"],
    )
    return Happened(payload=payload, subject=f"product:{row['product_id']}", occurred_at=now)


def _fault(price: ListPrice, variants: dict[str, UUID]) -> KupecError | None:
    if price.sku not in variants:
        return NotFound(field="sku", what=f"article “{price.sku}”")
    if not 0 < price.min_quantity <= _MOST_QUANTITY:
        return InvalidValue(field="min_quantity", expected="a number of pieces, at least 1")
    if price.amount is not None and not 0 <= price.amount <= MOST_MONEY:
        return InvalidValue(field="amount", expected="an amount that is not negative")
    return None


def _check(draft: PriceListDraft) -> None:
    if not _CODE.fullmatch(draft.code):
        raise InvalidValue(field="code", expected="small letters, digits and hyphens, such as wholesale-2026")
    if not 0 < len(draft.name.strip()) <= _LONGEST_NAME:
        raise InvalidValue(field="name", expected=f"a name of at most {_LONGEST_NAME} characters")
    if not CURRENCY.fullmatch(draft.currency):
        raise InvalidValue(field="currency", expected="an ISO 4217 code such as CZK")
    if draft.group is not None and not _CODE.fullmatch(draft.group):
        raise InvalidValue(field="group", expected="small letters, digits and hyphens, such as wholesale")
    if draft.valid_from and draft.valid_until and draft.valid_from >= draft.valid_until:
        raise InvalidValue(field="valid_until", expected="a moment after the beginning")

"""Price lists, stock and prices from files. The forms are described in docs/import.md."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from kupec.catalogue.drafts import ProductDraft, VariantDraft
from kupec.catalogue.price_list_models import ListPrice, PriceListDraft, PriceListRow
from kupec.catalogue.price_lists import get_price_list, put_price_list, write_list_prices
from kupec.catalogue.writing import write_products
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.money import parse_amount


class StockRow(msgspec.Struct, frozen=True, kw_only=True):
    """How many pieces of an article lie at a location (its code), and from how few on it is to be ordered again."""

    sku: str
    location: str | None = None
    on_hand: int | None = None
    reorder_point: int | None = None


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """An article's own price in a currency, VAT included: `amount` in minor units, or `price` in major ones."""

    sku: str
    currency: str
    amount: int | None = None
    price: Any = None


async def import_stock(
    db: Connection, rows: Sequence[StockRow], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Set what lies on the shelves; for each row None, or why it stays out.

    Errors and events as of `write_products`.
    """
    drafts = [
        VariantDraft(
            sku=row.sku,
            stock={row.location: row.on_hand} if row.location and row.on_hand is not None else {},
            reorder_point=row.reorder_point,
        )
        for row in rows
    ]
    return await _write_variants(db, drafts, actor=actor, now=now)


async def import_prices(
    db: Connection, rows: Sequence[PriceRow], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Set articles' own prices; for each row None, or why it stays out.

    Errors and events as of `write_products`.
    """
    drafts: list[VariantDraft | KupecError] = []
    for row in rows:
        try:
            amount = row.amount if row.price is None else parse_amount(str(row.price), row.currency, field="price")
        except KupecError as error:
            drafts.append(error)
            continue
        if amount is None:
            drafts.append(InvalidValue(field="amount", expected="an amount"))
        else:
            drafts.append(VariantDraft(sku=row.sku, prices={row.currency: amount}))
    fit = [draft for draft in drafts if isinstance(draft, VariantDraft)]
    answers = iter(await _write_variants(db, fit, actor=actor, now=now))
    return [next(answers) if isinstance(draft, VariantDraft) else draft for draft in drafts]


async def _write_variants(
    db: Connection, variants: Sequence[VariantDraft], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Change variants that are there, whatever product they belong to."""
    rows = await db.fetch(
        "select v.sku, p.external_id, v.status from variant v join product p on p.id = v.product_id"
        " where v.sku = any($1::text[])",
        [variant.sku for variant in variants],
    )
    owners = {row["sku"]: row["external_id"] for row in rows if row["status"] == "active"}
    known = [variant for variant in variants if variant.sku in owners]
    drafts = [ProductDraft(external_id=owners[variant.sku], variants=[variant]) for variant in known]
    answers = iter(await write_products(db, drafts, actor=actor, now=now, origin="imported"))
    return [
        next(answers) if variant.sku in owners else NotFound(field="sku", what=f"article “{variant.sku}”")
        for variant in variants
    ]


async def import_price_lists(
    db: Connection, rows: Sequence[PriceListRow], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Bring in price lists and their prices; for each row None, or why it stays out (its neighbours go in).

    What is left out of a list stays as it is; prices are added and changed, none is taken away. Errors and events as of
    `put_price_list` and `write_list_prices`.
    """
    answers: list[KupecError | None] = [None] * len(rows)
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[row.price_list].append(index)
    for code, indexes in groups.items():
        try:
            currency = await _put(db, code, [rows[index] for index in indexes], actor=actor, now=now)
        except KupecError as error:
            for index in indexes:
                answers[index] = error
            continue
        prices: dict[int, ListPrice] = {}
        for index in indexes:
            try:
                price = _price(rows[index], currency)
            except KupecError as error:
                answers[index] = error
            else:
                if price is not None:
                    prices[index] = price
        written = await write_list_prices(db, code, list(prices.values()), actor=actor, now=now, origin="imported")
        answers_by_index = dict(zip(prices, written, strict=True))
        for index, answer in answers_by_index.items():
            answers[index] = answer
    return answers


async def _put(db: Connection, code: str, rows: Sequence[PriceListRow], *, actor: Actor, now: datetime) -> str:
    """Make or change the list as its lines say; returns its currency."""
    said: dict[str, Any] = {}
    for row in rows:
        for field in ("currency", "group", "includes_vat", "valid_from", "valid_until", "active"):
            value = getattr(row, field)
            if value is not None:
                said[field] = value
        if row.list_name is not None:
            said["name"] = row.list_name
    try:
        present = await get_price_list(db, code)
    except NotFound:
        if "currency" not in said:
            raise InvalidValue(field="currency", expected="a currency, since the list is new") from None
        before: dict[str, Any] = {"name": code}
    else:
        before = {name: getattr(present, name) for name in PriceListDraft.__struct_fields__}
    fields = {**before, **said, "code": code}
    fields["group"] = fields.get("group") or None
    draft = PriceListDraft(**fields)
    await put_price_list(db, draft, actor=actor, now=now, origin="imported")
    return draft.currency


def _price(row: PriceListRow, currency: str) -> ListPrice | None:
    if row.sku is None:
        return None
    amount = row.amount if row.price is None else parse_amount(str(row.price), currency, field="price")
    if amount is None:
        raise InvalidValue(field="amount", expected="an amount")
    return ListPrice(sku=row.sku, min_quantity=row.min_quantity, amount=amount)

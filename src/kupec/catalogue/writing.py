"""The one writer of products: the desk, an import and the demo's seed all come through here, a batch at a time."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.catalogue import product_sql as sql
from kupec.catalogue.bundles import WRITE_BUNDLES, bundle_fault, bundle_rows
from kupec.catalogue.drafts import Known, ProductDraft, choose_slug, fault, merged, newcomer_fault
from kupec.catalogue.errors import Taken
from kupec.catalogue.events import PriceChanged, ProductChanged, ProductCreated, Reason
from kupec.catalogue.index import refresh_prices, reindex
from kupec.catalogue.known import look_around
from kupec.catalogue.levels import set_levels
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7


async def write_products(
    db: Connection, drafts: Sequence[ProductDraft], *, actor: Actor, now: datetime, origin: Origin = "live"
) -> list[KupecError | None]:
    """Make or change products by their external ids; for each draft None, or why it stays out (its neighbours go in).

    Several drafts of one product are one change. What is as it was is not written. Errors: InvalidValue, NotFound
    (category, location, picture), Taken (SKU), BelowAllocated. Events product.created, product.changed, price.changed,
    stock.moved.
    """
    actor.require("catalogue.write")
    known = await look_around(db, drafts)
    answers, accepted = _decide(drafts, known)
    if accepted:
        events = await _Batch(db, accepted, known, now).write("import" if origin == "imported" else "count")
        await emit(db, events, actor=actor, origin=origin)
    return answers


def _decide(drafts: Sequence[ProductDraft], known: Known) -> tuple[list[KupecError | None], list[ProductDraft]]:
    """An answer for each draft, and what is to be written: one draft a product."""
    answers = [fault(draft, known) for draft in drafts]
    groups: dict[str, list[int]] = defaultdict(list)
    claimed: dict[str, str] = {}
    for index, (draft, answer) in enumerate(zip(drafts, answers, strict=True)):
        if answer is None:
            answers[index] = _claim(draft, claimed)
        if answers[index] is None:
            groups[draft.external_id].append(index)
    accepted = []
    for indexes in groups.values():
        draft = merged([drafts[index] for index in indexes])
        found = newcomer_fault(draft, known)
        if found is None:
            accepted.append(draft)
        else:
            for index in indexes:
                answers[index] = found
    refused = True
    while refused:  # a bundle cannot contain what is refused itself
        batch = {variant.sku: draft for draft in accepted for variant in draft.variants}
        faults = {draft.external_id: bundle_fault(draft, known, batch) for draft in accepted}
        for external_id, problem in faults.items():
            for index in groups[external_id] if problem else ():
                answers[index] = problem
        refused = any(faults.values())
        accepted = [draft for draft in accepted if faults[draft.external_id] is None]
    return answers, accepted


def _claim(draft: ProductDraft, claimed: dict[str, str]) -> KupecError | None:
    """Two products of a batch may not want the same SKU: the first has it."""
    for variant in draft.variants:
        if claimed.setdefault(variant.sku, draft.external_id) != draft.external_id:
            return Taken(field="sku", value=variant.sku)
    return None


class _Batch:
    """Accepted drafts, one a product, on their way into the database."""

    def __init__(self, db: Connection, drafts: Sequence[ProductDraft], known: Known, now: datetime) -> None:
        self._db = db
        self._drafts = drafts
        self._known = known
        self._now = now
        self._new = {draft.external_id for draft in drafts if draft.external_id not in known.products}
        self._ids = {
            draft.external_id: uuid7() if draft.external_id in self._new else known.products[draft.external_id][0]
            for draft in drafts
        }
        self._variant_ids = {
            variant.sku: known.variants[variant.sku][0] if variant.sku in known.variants else uuid7()
            for draft in drafts
            for variant in draft.variants
        }
        self._changed: dict[UUID, set[str]] = defaultdict(set)

    async def write(self, reason: Reason) -> list[Happened]:
        """Write everything; returns the events that tell of it. `reason`: why stock is as it is."""
        await self._write_products()
        await self._write_texts()
        await self._write_categories()
        await self._write_attributes()
        await self._write_variants()
        await self._write_bundles()
        await self._write_relations()
        prices, repriced = await self._write_prices()
        stock = await self._write_stock(reason)
        new = {self._ids[external_id] for external_id in self._new}
        touched = new | set(self._changed)
        if touched:
            await reindex(self._db, list(touched))
        if repriced - touched:
            await refresh_prices(self._db, list(repriced - touched))
        await self._db.execute(
            "update product set updated_at = $2 where id = any($1::uuid[])", list(set(self._changed) - new), self._now
        )
        return [*self._product_events(), *prices, *stock]

    async def _write_products(self) -> None:
        new = [draft for draft in self._drafts if draft.external_id in self._new]
        old = [draft for draft in self._drafts if draft.external_id not in self._new]
        if new:
            await self._db.execute(
                sql.INSERT_PRODUCTS,
                [self._id(draft) for draft in new],
                [draft.external_id for draft in new],
                *_product_columns(new, self._known),
                self._now,
            )
        if old:
            kept = [draft.picture is None for draft in old]
            arguments = ([self._id(draft) for draft in old], *_product_columns(old, self._known), kept)
            await self._note("product", sql.UPDATE_PRODUCTS, *arguments)

    async def _write_texts(self) -> None:
        texts = [(draft, language, text) for draft in self._drafts for language, text in draft.texts.items()]
        if texts:
            await self._note(
                "texts",
                sql.WRITE_TEXTS,
                [self._id(draft) for draft, _, _ in texts],
                [language for _, language, _ in texts],
                [text.name or None for _, _, text in texts],
                [choose_slug(draft, language, self._known) for draft, language, _ in texts],
                [text.summary for _, _, text in texts],
                [text.description for _, _, text in texts],
            )

    async def _write_categories(self) -> None:
        drafts = [draft for draft in self._drafts if draft.categories is not None]
        pairs = [(self._id(draft), self._known.categories[code]) for draft in drafts for code in draft.categories or ()]
        if drafts:
            await self._note(
                "categories",
                sql.WRITE_CATEGORIES,
                [self._id(draft) for draft in drafts],
                [pair[0] for pair in pairs],
                [pair[1] for pair in pairs],
            )
            moved = [product_id for product_id, parts in self._changed.items() if "categories" in parts]
            if moved:
                await self._db.execute(sql.SET_CATEGORY_CODES, moved)

    async def _write_attributes(self) -> None:
        drafts = [draft for draft in self._drafts if draft.attributes is not None]
        rows = [
            (self._id(draft), code, position, value)
            for draft in drafts
            for position, (code, value) in enumerate((draft.attributes or {}).items())
        ]
        if drafts:
            await self._db.execute(sql.NOTE_ATTRIBUTES, [row[1] for row in rows])
            await self._note(
                "attributes", sql.WRITE_ATTRIBUTES, [self._id(draft) for draft in drafts], *_columns(rows, 4)
            )

    async def _write_variants(self) -> None:
        new, old = [], []
        for draft in self._drafts:
            for position, variant in enumerate(draft.variants):
                variant_id = self._variant_ids[variant.sku]
                common = (variant.names, variant.weight_g, variant.reorder_point)
                if variant.sku in self._known.variants:
                    old.append((variant_id, variant.barcode, position, draft.only_these_variants, *common))
                else:
                    new.append((variant_id, self._id(draft), variant.sku, variant.barcode, position, *common))
        if new:
            await self._note("variants", sql.INSERT_VARIANTS, *_columns(new, 8))
        if old:
            await self._note("variants", sql.UPDATE_VARIANTS, *_columns(old, 7))
        complete = [self._id(draft) for draft in self._drafts if draft.only_these_variants]
        if complete:
            await self._note("variants", sql.ARCHIVE_OTHER_VARIANTS, complete, list(self._variant_ids.values()))

    async def _write_bundles(self) -> None:
        told, rows = bundle_rows(self._drafts, self._known, self._variant_ids)
        if told:
            await self._note("bundles", WRITE_BUNDLES, told, *_columns(rows, 4))

    async def _write_relations(self) -> None:
        told, wanted, later = [], [], []
        for draft in self._drafts:
            for kind, external_ids in draft.relations.items():
                told.append((self._id(draft), kind))
                for position, external_id in enumerate(dict.fromkeys(external_ids)):
                    other = self._ids.get(external_id) or self._known.related.get(external_id)
                    if other is None:
                        later.append((self._id(draft), kind, external_id, position))
                    else:
                        wanted.append((self._id(draft), kind, other, position))
        if told:
            columns = (*_columns(told, 2), *_columns(wanted, 4), *_columns(later, 4))
            await self._note("relations", sql.WRITE_RELATIONS, *columns)
        if self._new:
            await self._db.execute(sql.FULFIL_RELATIONS, list(self._new))

    async def _write_prices(self) -> tuple[list[Happened], set[UUID]]:
        """Returns the events, and the products that have other prices now."""
        rows = [
            (self._variant_ids[variant.sku], currency, amount)
            for draft in self._drafts
            for variant in draft.variants
            for currency, amount in variant.prices.items()
        ]
        if not rows:
            return [], set()
        written = await self._db.fetch(sql.WRITE_PRICES, *_columns(rows, 3))
        new = {self._ids[external_id] for external_id in self._new}
        events = [price_changed(row, self._now) for row in written if row["product_id"] not in new]
        return events, {row["product_id"] for row in written}

    async def _write_stock(self, reason: Reason) -> list[Happened]:
        wanted = {
            (self._variant_ids[variant.sku], self._known.locations[code]): on_hand
            for draft in self._drafts
            for variant in draft.variants
            for code, on_hand in variant.stock.items()
        }
        events, _ = await set_levels(self._db, wanted, reason=reason, now=self._now)
        return events

    def _product_events(self) -> list[Happened]:
        events = []
        for draft in self._drafts:
            product_id = self._id(draft)
            payload: ProductCreated | ProductChanged
            if draft.external_id in self._new:
                prices = {variant.sku: variant.prices for variant in draft.variants}
                payload = ProductCreated(product_id=product_id, external_id=draft.external_id, prices=prices)
            elif product_id in self._changed:
                payload = ProductChanged(product_id=product_id, changed=sorted(self._changed[product_id]))
            else:
                continue
            events.append(Happened(payload=payload, subject=f"product:{product_id}", occurred_at=self._now))
        return events

    async def _note(self, part: str, statement: str, *arguments: Any) -> None:
        """Run a statement that returns whose rows it changed, and remember it."""
        for row in await self._db.fetch(statement, *arguments):
            self._changed[row["product_id"]].add(part)

    def _id(self, draft: ProductDraft) -> UUID:
        return self._ids[draft.external_id]


def price_changed(row: Any, now: datetime) -> Happened:
    """The event of a row (product_id, variant_id, currency, before, amount)."""
    payload = PriceChanged(
        product_id=row["product_id"],
        variant_id=row["variant_id"],
        currency=row["currency"],
        before=row["before"],
        after=row["amount"],
    )
    return Happened(payload=payload, subject=f"product:{row['product_id']}", occurred_at=now)


def _product_columns(drafts: Sequence[ProductDraft], known: Known) -> tuple[list[Any], ...]:
    return (
        [draft.kind for draft in drafts],
        [draft.brand for draft in drafts],
        [draft.vat_class for draft in drafts],
        [draft.status for draft in drafts],
        [None if draft.options is None else msgspec.json.encode(draft.options).decode() for draft in drafts],
        [draft.lead_days for draft in drafts],
        [draft.service_interval_days for draft in drafts],
        [known.pictures[draft.picture] if draft.picture else None for draft in drafts],
    )


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as the arrays that `unnest` takes."""
    return [[row[index] for row in rows] for index in range(width)]

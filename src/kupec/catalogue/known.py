"""What a batch of drafts refers to: looked up at once, with the products and shelves locked."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from kupec.catalogue.bundles import known_bundles
from kupec.catalogue.drafts import Known, ProductDraft, wished_slugs
from kupec.catalogue.levels import lock_levels
from kupec.catalogue.tax import TAX
from kupec.kit.db import Connection
from kupec.kit.versions import published

# Whoever writes products takes turns, so that a batch may decide in Python what is new and what is taken.
_TURN: Final = 0x6361745F  # "cat_"
_SHA256: Final = re.compile("[0-9a-f]{64}")


async def take_turn(db: Connection) -> None:
    """Wait until nobody else is writing products or categories, and keep it so until the transaction ends."""
    await db.execute("select pg_advisory_xact_lock($1)", _TURN)


async def look_around(db: Connection, drafts: Sequence[ProductDraft]) -> Known:
    """Everything that the rules and the writer need to know about these drafts, true until the transaction ends."""
    await take_turn(db)
    external_ids = list({draft.external_id for draft in drafts})
    products = await db.fetch(
        """
        select id, external_id, kind, vat_class from product where external_id = any($1::text[]) order by id
        for no key update
        """,
        external_ids,
    )
    variants = await db.fetch(
        """
        select v.sku, v.id, p.external_id from variant v join product p on p.id = v.product_id
        where v.sku = any($1::text[])
        """,
        [variant.sku for draft in drafts for variant in draft.variants],
    )
    locations = {row["code"]: row["id"] for row in await db.fetch("select code, id from location")}
    variant_ids = {row["sku"]: row["id"] for row in variants}
    places = {
        (variant_ids[variant.sku], locations[code])
        for draft in drafts
        for variant in draft.variants
        for code in variant.stock
        if variant.sku in variant_ids and code in locations
    }
    categories = await db.fetch(
        "select code, id from category where code = any($1::text[])",
        list({code for draft in drafts for code in draft.categories or ()}),
    )
    return Known(
        products={row["external_id"]: (row["id"], row["kind"], row["vat_class"]) for row in products},
        variants={row["sku"]: (row["id"], row["external_id"]) for row in variants},
        text_slugs=await _text_slugs(db, [row["id"] for row in products]),
        slug_owners=await _slug_owners(db, drafts),
        categories={row["code"]: row["id"] for row in categories},
        locations=locations,
        pictures=await _pictures(db, drafts),
        vat_classes=(await published(db, TAX))[TAX].classes,
        bundles=await known_bundles(db, drafts),
        related=await _related(db, drafts),
        levels=await lock_levels(db, sorted(places)) if places else {},
    )


async def _text_slugs(db: Connection, product_ids: Sequence[UUID]) -> dict[tuple[str, str], str]:
    rows = await db.fetch(
        """
        select p.external_id, t.language, t.slug from product_text t join product p on p.id = t.product_id
        where t.product_id = any($1::uuid[])
        """,
        list(product_ids),
    )
    return {(row["external_id"], row["language"]): row["slug"] for row in rows}


async def _slug_owners(db: Connection, drafts: Sequence[ProductDraft]) -> dict[tuple[str, str], str]:
    wished = [wish for draft in drafts for wish in wished_slugs(draft)]
    rows = await db.fetch(
        """
        select t.language, t.slug, p.external_id
        from unnest($1::text[], $2::text[]) as w (language, slug)
        join product_text t using (language, slug)
        join product p on p.id = t.product_id
        """,
        [language for language, _ in wished],
        [slug for _, slug in wished],
    )
    return {(row["language"], row["slug"]): row["external_id"] for row in rows}


async def _related(db: Connection, drafts: Sequence[ProductDraft]) -> dict[str, UUID]:
    wanted = {each for draft in drafts for external_ids in draft.relations.values() for each in external_ids}
    if not wanted:
        return {}
    rows = await db.fetch("select external_id, id from product where external_id = any($1::text[])", list(wanted))
    return {row["external_id"]: row["id"] for row in rows}


async def _pictures(db: Connection, drafts: Sequence[ProductDraft]) -> dict[str, UUID]:
    wanted = {draft.picture for draft in drafts if draft.picture and _SHA256.fullmatch(draft.picture)}
    rows = await db.fetch(
        "select encode(sha256, 'hex') as name, id from media where sha256 = any($1::bytea[])",
        [bytes.fromhex(name) for name in wanted],
    )
    return {row["name"]: row["id"] for row in rows}

"""Variants that are sold as several others: the rules, and how they are written."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from kupec.catalogue.drafts import Known, KnownBundles, KnownPart, ProductDraft, VariantDraft
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound

_MOST_PARTS: Final = 50
_MOST_PIECES: Final = 1000

_PARTS: Final = """
select v.sku, v.id as variant_id, p.external_id, p.vat_class, v.bundle
from variant v join product p on p.id = v.product_id
where v.sku = any($1::text[])
"""

_STANDING: Final = """
select v.sku, v.bundle, exists (select from bundle_item b where b.component_id = v.id) as contained,
       exists (select from stock_level s where s.variant_id = v.id and s.on_hand > 0) as stocked
from variant v where v.sku = any($1::text[])
"""

_BOUND: Final = """
select distinct p.external_id
from bundle_item b join variant v on v.id in (b.bundle_id, b.component_id) join product p on p.id = v.product_id
where p.external_id = any($1::text[])
"""

WRITE_BUNDLES: Final = """
with wanted as (
    select * from unnest($2::uuid[], $3::uuid[], $4::int[], $5::int[])
        as w (bundle_id, component_id, quantity, position)
), gone as (
    delete from bundle_item b
    where b.bundle_id = any($1::uuid[])
      and not exists (select from wanted w where (w.bundle_id, w.component_id) = (b.bundle_id, b.component_id))
    returning b.bundle_id
), written as (
    insert into bundle_item as b (bundle_id, component_id, quantity, position)
    select bundle_id, component_id, quantity, position from wanted
    on conflict (bundle_id, component_id) do update set quantity = excluded.quantity, position = excluded.position
    where (b.quantity, b.position) is distinct from (excluded.quantity, excluded.position)
    returning b.bundle_id
), marked as (
    update variant v set bundle = exists (select from wanted w where w.bundle_id = v.id)
    where v.id = any($1::uuid[]) and v.bundle <> exists (select from wanted w where w.bundle_id = v.id)
    returning v.id as bundle_id
)
select distinct v.product_id
from (select * from gone union select * from written union select * from marked) b join variant v on v.id = b.bundle_id
"""


async def known_bundles(db: Connection, drafts: Sequence[ProductDraft]) -> KnownBundles:
    """What the rules of bundles need to know about these drafts."""
    bound = await db.fetch(_BOUND, list({draft.external_id for draft in drafts}))
    variants = [variant for draft in drafts for variant in draft.variants]
    parts = await db.fetch(_PARTS, list({sku for variant in variants for sku in variant.bundle or ()}))
    standing = await db.fetch(_STANDING, [each.sku for each in variants if each.bundle is not None or each.stock])
    return KnownBundles(
        parts={row["sku"]: KnownPart(**{name: row[name] for name in KnownPart.__struct_fields__}) for row in parts},
        bundles=frozenset(row["sku"] for row in standing if row["bundle"]),
        contained=frozenset(row["sku"] for row in standing if row["contained"]),
        stocked=frozenset(row["sku"] for row in standing if row["stocked"]),
        bound=frozenset(row["external_id"] for row in bound),
    )


def bundle_fault(draft: ProductDraft, known: Known, batch: Mapping[str, ProductDraft]) -> KupecError | None:
    """Why a product's bundles cannot be, or None. `batch`: the product that is written now for each of its SKUs."""
    for variant in draft.variants:
        if variant.bundle is None:
            if any(variant.stock.values()) and variant.sku in known.bundles.bundles:
                return InvalidValue(field="stock", expected="none, since a bundle has only that of its components")
            continue
        found = _shape_fault(variant, known)
        for sku in variant.bundle:
            found = found or _part_fault(draft, sku, known, batch)
        if found is not None:
            return found
    return None


def _shape_fault(variant: VariantDraft, known: Known) -> KupecError | None:
    bundle = variant.bundle or {}
    if len(bundle) > _MOST_PARTS or not all(0 < quantity <= _MOST_PIECES for quantity in bundle.values()):
        return InvalidValue(field="bundle", expected=f"at most {_MOST_PARTS} components, 1 to {_MOST_PIECES} of each")
    if not bundle:
        return None
    if variant.sku in bundle:
        return InvalidValue(field="bundle", expected="others than itself")
    if any(variant.stock.values()) or variant.sku in known.bundles.stocked:
        return InvalidValue(field="stock", expected="none, since a bundle has only that of its components")
    if variant.sku in known.bundles.contained:
        return InvalidValue(field="bundle", expected="nothing, since this is itself part of a bundle")
    return None


def _part_fault(draft: ProductDraft, sku: str, known: Known, batch: Mapping[str, ProductDraft]) -> KupecError | None:
    part, now_written = known.bundles.parts.get(sku), batch.get(sku)
    if part is None and now_written is None:
        return NotFound(field="bundle", what=f"article “{sku}”")
    bundle = part.bundle if part else False
    vat_class = part.vat_class if part else "standard"
    if now_written is not None:
        vat_class = _vat_class(now_written, known)
        changed = next(variant.bundle for variant in now_written.variants if variant.sku == sku)
        bundle = bundle if changed is None else bool(changed)
    if bundle:
        return InvalidValue(field="bundle", expected=f"no bundle inside, which {sku} is")
    if vat_class != _vat_class(draft, known):
        return InvalidValue(field="bundle", expected=f"components of one VAT class, but {sku} is {vat_class}")
    return None


def _vat_class(draft: ProductDraft, known: Known) -> str:
    if draft.vat_class is not None:
        return draft.vat_class
    return known.products[draft.external_id][2] if draft.external_id in known.products else "standard"


def bundle_rows(
    drafts: Sequence[ProductDraft], known: Known, variant_ids: Mapping[str, UUID]
) -> tuple[list[UUID], list[tuple[UUID, UUID, int, int]]]:
    """The variants whose contents are told, and (bundle, component, quantity, position) for each component."""
    told = [variant for draft in drafts for variant in draft.variants if variant.bundle is not None]
    rows = [
        (variant_ids[variant.sku], variant_ids.get(sku) or known.bundles.parts[sku].variant_id, quantity, position)
        for variant in told
        for position, (sku, quantity) in enumerate((variant.bundle or {}).items())
    ]
    return [variant_ids[variant.sku] for variant in told], rows

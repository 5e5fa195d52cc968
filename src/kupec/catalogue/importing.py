"""Products and categories from files. The forms are described in docs/import.md."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from kupec.catalogue.drafts import ProductDraft, Status, TextDraft, VariantDraft
from kupec.catalogue.errors import UnfitPicture
from kupec.catalogue.media import store_pictures
from kupec.catalogue.options import Option
from kupec.catalogue.relation_kinds import RelationKind
from kupec.catalogue.territory import locations
from kupec.catalogue.writing import write_products
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.money import parse_amount

_CONTENT_TYPES: Final = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}


class VariantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variant inside a product's row. `prices` by currency in minor units, `stock` by location code in pieces.

    `bundle`: it is sold as so many pieces of other SKUs.
    """

    sku: str
    names: dict[str, str] = {}
    prices: dict[str, int] = {}
    barcode: str | None = None
    weight_g: int | None = None
    stock: dict[str, int] = {}
    reorder_point: int | None = None
    bundle: dict[str, int] | None = None


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product with all its variants, or, in the flat form, one of its variants (`sku`). What is left out stays."""

    external_id: str
    kind: Literal["goods", "service"] | None = None
    brand: str | None = None
    vat_class: str | None = None
    status: Status | None = None
    picture: str | None = None
    """A file, relative to the imported one."""
    categories: list[str] | None = None
    attributes: dict[str, str | dict[str, str]] | None = None
    names: dict[str, str] = {}
    slugs: dict[str, str] = {}
    summaries: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    options: list[Option] | None = None
    lead_days: int | None = None
    service_interval_days: int | None = None
    fits: list[str] | None = None
    spare_part_of: list[str] | None = None
    consumed_by: list[str] | None = None
    accessory_of: list[str] | None = None
    related: list[str] | None = None
    variants: list[VariantRow] | None = None

    language: str = "en"
    name: str | None = None
    slug: str | None = None
    summary: str | None = None
    description: str | None = None
    category: str | None = None
    sku: str | None = None
    variant_name: str | None = None
    variant_names: dict[str, str] = {}
    barcode: str | None = None
    weight_g: int | None = None
    price: Any = None
    """In major units, "129.90" or "129,90", of `currency`."""
    currency: str | None = None
    prices: dict[str, int] = {}
    stock: int | dict[str, int] | None = None
    """Pieces by location, or at the merchant's first one."""
    reorder_point: int | None = None
    bundle: dict[str, int] | None = None


async def import_products(
    db: Connection, rows: Sequence[ProductRow], *, actor: Actor, now: datetime, pictures: Path | None = None
) -> list[KupecError | None]:
    """Bring in products by their external ids; for each row None, or why it stays out (its neighbours go in).

    Rows of one product may stand apart. Importing the same again writes nothing and tells of nothing. `pictures` is the
    directory that picture files are relative to. Errors and events as of `write_products`, InvalidValue, and
    UnfitPicture; origin imported.
    """
    places = await locations(db)
    home = places[0].code if places else ""
    found: list[ProductDraft | KupecError] = [_draft(row, home) for row in rows]
    found = await _with_pictures(db, found, pictures, actor=actor, now=now)
    drafts = [draft for draft in found if isinstance(draft, ProductDraft)]
    written = iter(await write_products(db, drafts, actor=actor, now=now, origin="imported"))
    return [next(written) if isinstance(each, ProductDraft) else each for each in found]


def _draft(row: ProductRow, home: str) -> ProductDraft | KupecError:
    try:
        variants = [_variant(each) for each in row.variants or ()]
        if row.sku is not None:
            variants.append(_flat_variant(row, home))
    except KupecError as error:
        return error
    categories = row.categories if row.category is None else [*(row.categories or ()), row.category]
    return ProductDraft(
        external_id=row.external_id,
        kind=row.kind,
        brand=row.brand,
        vat_class=row.vat_class,
        status=row.status,
        picture=row.picture,
        texts=_texts(row),
        categories=categories,
        attributes=row.attributes,
        options=row.options,
        lead_days=row.lead_days,
        service_interval_days=row.service_interval_days,
        relations=_relations(row),
        variants=variants,
        only_these_variants=row.variants is not None,
    )


def _texts(row: ProductRow) -> dict[str, TextDraft]:
    names, slugs = dict(row.names), dict(row.slugs)
    summaries, descriptions = dict(row.summaries), dict(row.descriptions)
    for texts, flat in (
        (names, row.name),
        (slugs, row.slug),
        (summaries, row.summary),
        (descriptions, row.description),
    ):
        if flat is not None:
            texts[row.language] = flat
    return {
        language: TextDraft(
            name=names.get(language),
            slug=slugs.get(language),
            summary=summaries.get(language),
            description=descriptions.get(language),
        )
        for language in {**names, **slugs, **summaries, **descriptions}
    }


def _relations(row: ProductRow) -> dict[RelationKind, list[str]]:
    told: dict[RelationKind, list[str] | None] = {
        "fits": row.fits,
        "spare_part_of": row.spare_part_of,
        "consumed_by": row.consumed_by,
        "accessory_of": row.accessory_of,
        "related": row.related,
    }
    return {kind: external_ids for kind, external_ids in told.items() if external_ids is not None}


def _variant(row: VariantRow) -> VariantDraft:
    return VariantDraft(
        sku=row.sku,
        names=row.names,
        barcode=row.barcode,
        weight_g=row.weight_g,
        prices=row.prices,
        stock=row.stock,
        reorder_point=row.reorder_point,
        bundle=row.bundle,
    )


def _flat_variant(row: ProductRow, home: str) -> VariantDraft:
    prices = dict(row.prices)
    if row.price is not None:
        if not row.currency:
            raise InvalidValue(field="currency", expected="the currency of the price, such as CZK")
        prices[row.currency] = parse_amount(str(row.price), row.currency, field="price")
    stock = {home: row.stock} if isinstance(row.stock, int) else row.stock or {}
    return VariantDraft(
        sku=row.sku or "",
        names={**row.variant_names, row.language: row.variant_name} if row.variant_name else row.variant_names,
        barcode=row.barcode,
        weight_g=row.weight_g,
        prices=prices,
        stock=stock,
        reorder_point=row.reorder_point,
        bundle=row.bundle,
    )


async def _with_pictures(
    db: Connection,
    found: Sequence[ProductDraft | KupecError],
    directory: Path | None,
    *,
    actor: Actor,
    now: datetime,
) -> list[ProductDraft | KupecError]:
    """The drafts with their picture files stored and named by what is in them."""
    files: dict[str, tuple[bytes, str] | KupecError] = {}
    for each in found:
        if isinstance(each, ProductDraft) and each.picture and each.picture not in files:
            files[each.picture] = _picture_file(directory, each.picture)
    readable = {name: file for name, file in files.items() if not isinstance(file, KupecError)}
    stored = await store_pictures(db, list(readable.values()), actor=actor, now=now, origin="imported")
    names: dict[str, str | KupecError] = {name: file for name, file in files.items() if isinstance(file, KupecError)}
    names.update(zip(readable, stored, strict=True))
    return [_named(each, names) for each in found]


def _named(each: ProductDraft | KupecError, names: Mapping[str, str | KupecError]) -> ProductDraft | KupecError:
    if isinstance(each, KupecError) or not each.picture:
        return each
    name = names[each.picture]
    return name if isinstance(name, KupecError) else msgspec.structs.replace(each, picture=name)


def _picture_file(directory: Path | None, name: str) -> tuple[bytes, str] | KupecError:
    """The bytes and the content type of a picture below `directory`."""
    content_type = _CONTENT_TYPES.get(Path(name).suffix.lower())
    if directory is None or content_type is None:
        return UnfitPicture(field="picture", reason="it must be a file named .svg, .png, .jpg, .jpeg or .webp")
    path = (directory / name).resolve()
    if not path.is_relative_to(directory.resolve()):
        return UnfitPicture(field="picture", reason="it must lie beside the imported file or below")
    try:
        return path.read_bytes(), content_type
    except OSError as error:
        return UnfitPicture(field="picture", reason=f"{name}: {error.strerror}")

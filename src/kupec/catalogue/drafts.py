"""Products as they are about to be written, and the rules that they must keep. None stands for "leave it as it is"."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import msgspec

from kupec.catalogue.errors import BelowAllocated, Taken
from kupec.catalogue.levels import Level
from kupec.catalogue.options import Option, option_faults
from kupec.catalogue.relation_kinds import RelationKind
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.transforms import slug as to_slug

D = TypeVar("D", bound=msgspec.Struct)
Status = Literal["draft", "active", "archived"]

CURRENCY: Final = re.compile("[A-Z]{3}")
_LANGUAGE: Final = re.compile("[a-z]{2,3}")
_LONGEST_CODE: Final = 200
_LONGEST_SLUG: Final = 120
MOST_MONEY: Final = 10**12
MOST_PIECES: Final = 10**9
_MOST_GRAMS: Final = 10**9
_MOST_RELATIONS: Final = 200
MOST_LEAD_DAYS: Final = 365
MOST_INTERVAL: Final = 3650


class TextDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A product in one language. A new one needs a name; the slug is made from it and then stays."""

    name: str | None = None
    slug: str | None = None
    summary: str | None = None
    description: str | None = None


class VariantDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A variant by its SKU. `prices` by currency in minor units with VAT, `stock` by location code in pieces.

    `bundle` makes it one of so many pieces of other SKUs (an empty one: none any more). A `reorder_point` below zero:
    not watched.
    """

    sku: str
    names: dict[str, str] = {}
    barcode: str | None = None
    weight_g: int | None = None
    prices: dict[str, int] = {}
    stock: dict[str, int] = {}
    reorder_point: int | None = None
    bundle: dict[str, int] | None = None


class ProductDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A product by its external id. `picture` is the name of a stored one ("" for none), `categories` are codes.

    `relations` names other products by their external ids; one that is not there yet is remembered until it comes in.
    Kinds that are left out stay. `service_interval_days` 0: none. `only_these_variants` archives the product's others.
    """

    external_id: str
    kind: Literal["goods", "service"] | None = None
    brand: str | None = None
    vat_class: str | None = None
    status: Status | None = None
    picture: str | None = None
    texts: dict[str, TextDraft] = {}
    categories: list[str] | None = None
    attributes: dict[str, str | dict[str, str]] | None = None
    options: list[Option] | None = None
    lead_days: int | None = None
    service_interval_days: int | None = None
    relations: dict[RelationKind, list[str]] = {}
    variants: list[VariantDraft] = []
    only_these_variants: bool = False


class KnownPart(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that a bundle may contain."""

    variant_id: UUID
    external_id: str
    vat_class: str
    bundle: bool


class KnownBundles(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the way of bundles. All but `bound` are SKUs."""

    parts: dict[str, KnownPart] = {}
    bundles: frozenset[str] = frozenset()
    contained: frozenset[str] = frozenset()
    """Components of some bundle."""
    stocked: frozenset[str] = frozenset()
    """Some lie on a shelf."""
    bound: frozenset[str] = frozenset()
    """External ids of products with a bundle or a component: their VAT class stays."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What drafts refer to, as it stands in the database."""

    products: dict[str, tuple[UUID, str, str]]
    """Id, kind and VAT class by external id."""
    variants: dict[str, tuple[UUID, str]]
    """Id and the product's external id by SKU."""
    text_slugs: dict[tuple[str, str], str]
    """By external id and language."""
    slug_owners: dict[tuple[str, str], str]
    """External id by language and slug."""
    categories: dict[str, UUID]
    locations: dict[str, UUID]
    pictures: dict[str, UUID]
    vat_classes: frozenset[str]
    levels: dict[tuple[UUID, UUID], Level]
    bundles: "KnownBundles"
    related: dict[str, UUID]
    """Products that relations name, by external id."""


def fault(draft: ProductDraft, known: Known) -> KupecError | None:
    """Why a draft cannot be written, or None."""
    checks: Iterator[KupecError | None] = chain(
        (
            _identity_fault(draft, known),
            _reference_fault(draft, known),
            _text_fault(draft),
            _making_fault(draft),
        ),
        (_variant_fault(variant, draft.external_id, known) for variant in draft.variants),
    )
    return next((found for found in checks if found is not None), None)


def newcomer_fault(draft: ProductDraft, known: Known) -> KupecError | None:
    """Why what is merged of a product's drafts does not make a new one, or new texts, or None."""
    if draft.external_id not in known.products and not draft.texts:
        return InvalidValue(field="names", expected="a name, since the product is new")
    for language, text in draft.texts.items():
        if not text.name and (draft.external_id, language) not in known.text_slugs:
            return InvalidValue(field=f"names.{language}", expected="a name, since the text is new")
    return None


def merged(drafts: Sequence[ProductDraft]) -> ProductDraft:
    """Several drafts of one product as one; where they differ, the last holds."""
    result = drafts[0]
    for draft in drafts[1:]:
        result = msgspec.structs.replace(
            _over(result, draft),
            variants=_merged_variants([*result.variants, *draft.variants]),
            texts={
                language: _over(result.texts.get(language, TextDraft()), draft.texts.get(language, TextDraft()))
                for language in {**result.texts, **draft.texts}
            },
            only_these_variants=result.only_these_variants or draft.only_these_variants,
        )
    return result


def choose_slug(draft: ProductDraft, language: str, known: Known) -> str:
    """The slug given, or the one there is, or one of the name; with an ending of its own where another has it."""
    text = draft.texts[language]
    present = known.text_slugs.get((draft.external_id, language))
    if present is not None and not text.slug:
        return present
    wanted = to_slug(text.slug or text.name or "")[:_LONGEST_SLUG].strip("-") or _mark(draft.external_id)
    owner = known.slug_owners.setdefault((language, wanted), draft.external_id)
    return wanted if owner == draft.external_id else f"{wanted}-{_mark(draft.external_id)}"


def wished_slugs(draft: ProductDraft) -> list[tuple[str, str]]:
    """The (language, slug) that `choose_slug` may ask about."""
    return [
        (language, to_slug(text.slug or text.name or "")[:_LONGEST_SLUG].strip("-"))
        for language, text in draft.texts.items()
    ]


def _identity_fault(draft: ProductDraft, known: Known) -> KupecError | None:
    if not 0 < len(draft.external_id) <= _LONGEST_CODE:
        return InvalidValue(field="external_id", expected=f"an id of at most {_LONGEST_CODE} characters")
    if draft.picture and draft.picture not in known.pictures:
        return NotFound(field="picture", what="picture")
    if draft.vat_class is not None and draft.vat_class not in known.vat_classes:
        return InvalidValue(field="vat_class", expected=f"one of {', '.join(sorted(known.vat_classes)) or 'none'}")
    if draft.vat_class is not None and draft.external_id in known.bundles.bound:
        present = known.products[draft.external_id][2]
        if draft.vat_class != present:
            return InvalidValue(field="vat_class", expected=f"{present}, since a bundle depends on it")
    return None


def _making_fault(draft: ProductDraft) -> KupecError | None:
    """What is wrong with how it is made and kept, and what it belongs to."""
    for field, days in (("lead_days", draft.lead_days), ("service_interval_days", draft.service_interval_days)):
        most = MOST_LEAD_DAYS if field == "lead_days" else MOST_INTERVAL
        if days is not None and not 0 <= days <= most:
            return InvalidValue(field=field, expected=f"days from 0 to {most}")
    for kind, external_ids in draft.relations.items():
        if draft.external_id in external_ids:
            return InvalidValue(field=kind, expected="other products than itself")
        if len(external_ids) > _MOST_RELATIONS or not all(0 < len(each) <= _LONGEST_CODE for each in external_ids):
            return InvalidValue(field=kind, expected=f"at most {_MOST_RELATIONS} external ids")
    return next(iter(option_faults(draft.options or ())), None)


def _reference_fault(draft: ProductDraft, known: Known) -> KupecError | None:
    for code in draft.categories or ():
        if code not in known.categories:
            return NotFound(field="categories", what=f"category “{code}”")
    for variant in draft.variants:
        for code in variant.stock:
            if code not in known.locations:
                return NotFound(field="stock", what=f"location “{code}”")
    return None


def _text_fault(draft: ProductDraft) -> KupecError | None:
    for language in draft.texts:
        if not _LANGUAGE.fullmatch(language):
            return InvalidValue(field="names", expected="languages by their ISO 639 codes, such as cs")
    return None


def _variant_fault(variant: VariantDraft, external_id: str, known: Known) -> KupecError | None:
    if not 0 < len(variant.sku) <= _LONGEST_CODE or variant.sku != variant.sku.strip():
        return InvalidValue(field="sku", expected=f"an article number of at most {_LONGEST_CODE} characters")
    variant_id, owner = known.variants.get(variant.sku, (None, external_id))
    if owner != external_id:
        return Taken(field="sku", value=variant.sku)
    for currency, amount in variant.prices.items():
        if not CURRENCY.fullmatch(currency) or not 0 <= amount <= MOST_MONEY:
            return InvalidValue(field="prices", expected="ISO 4217 codes with amounts that are not negative")
    if variant.weight_g is not None and not 0 <= variant.weight_g <= _MOST_GRAMS:
        return InvalidValue(field="weight_g", expected="a weight in grams")
    if variant.reorder_point is not None and variant.reorder_point > MOST_PIECES:
        return InvalidValue(field="reorder_point", expected="a number of pieces")
    for code, on_hand in variant.stock.items():
        if not 0 <= on_hand <= MOST_PIECES:
            return InvalidValue(field="stock", expected="a number of pieces that is not negative")
        level = None if variant_id is None else known.levels.get((variant_id, known.locations[code]))
        if level is not None and on_hand < level.allocated:
            return BelowAllocated(field="stock", allocated=level.allocated)
    return None


def _merged_variants(variants: Iterable[VariantDraft]) -> list[VariantDraft]:
    by_sku: dict[str, VariantDraft] = {}
    for variant in variants:
        by_sku[variant.sku] = _over(by_sku[variant.sku], variant) if variant.sku in by_sku else variant
    return list(by_sku.values())


def _over(old: D, new: D) -> D:
    """`old` with what `new` says instead; what stands in dictionaries is joined."""
    values: dict[str, Any] = {}
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if after is None:
            values[name] = before
        elif isinstance(before, dict) and isinstance(after, dict) and name not in ("attributes", "bundle"):
            values[name] = {**before, **after}
        else:
            values[name] = after
    return type(old)(**values)


def _mark(external_id: str) -> str:
    return hashlib.sha256(external_id.encode()).hexdigest()[:8]

"""Products of the admin API: read, and put by their ids in the other system."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath

from kupec.catalogue import ProductDraft, TextDraft, VariantDraft, write_products
from kupec.integrations import read_product, read_products
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.web.api.bodies import MOST_PRODUCTS, ProductIn, ProductsIn
from kupec.web.api.handling import Query, answer, check_lines, read, results_of, take_effect
from kupec.web.rendering import AnyRequest, site_of

STATES = ("draft", "active", "archived")
MOST = 100
_product_in = msgspec.json.Decoder(ProductIn)
_products_in = msgspec.json.Decoder(ProductsIn)


@get("/products", opt={"scope": "products.read"})
async def list_all(request: AnyRequest) -> Response[bytes]:
    """Products by their external ids, a page at a time."""
    query = Query(request)
    async with site_of(request).database.reading() as db:
        page = await read_products(
            db,
            cursor=query.text("cursor"),
            status=query.choice("status", STATES),
            updated_since=query.moment("updated_since"),
            limit=query.limit(MOST),
        )
    return answer(page)


@get("/products/{external_id:path}", opt={"scope": "products.read"})
async def get_one(request: AnyRequest, external_id: FromPath[str]) -> Response[bytes]:
    """One product."""
    async with site_of(request).database.reading() as db:
        return answer(await read_product(db, bare(external_id)))


@put("/products/{external_id:path}", opt={"scope": "products.write"})
async def put_one(request: AnyRequest, external_id: FromPath[str]) -> Any:
    """Make or change a product."""
    data = await read(request, _product_in)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        (refused,) = await write_products(db, [draft_of(bare(external_id), data)], actor=actor, now=now)
        if refused is not None:
            raise in_our_words(refused)
        return await read_product(db, bare(external_id))

    return await take_effect(request, work)


@put("/products", opt={"scope": "products.write"})
async def put_many(request: AnyRequest) -> Any:
    """Make or change products; each with its own outcome."""
    data = await read(request, _products_in)
    check_lines(data.products, field="products", most=MOST_PRODUCTS)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        drafts = [draft_of(each.external_id, each) for each in data.products]
        answers = await write_products(db, drafts, actor=actor, now=now)
        return results_of([each and in_our_words(each) for each in answers])

    return await take_effect(request, work)


def bare(external_id: str) -> str:
    """An id that may contain slashes comes as a path, with one before it."""
    return external_id.removeprefix("/")


def draft_of(external_id: str, data: ProductIn) -> ProductDraft:
    return ProductDraft(
        external_id=external_id,
        kind=data.kind,
        brand=data.brand,
        vat_class=data.vat_class,
        status=data.status,
        texts={
            language: TextDraft(name=text.name, slug=text.slug, summary=text.summary, description=text.description)
            for language, text in data.texts.items()
        },
        categories=data.categories,
        attributes=data.attributes,
        options=data.options,
        lead_days=data.lead_days,
        service_interval_days=data.service_interval_days,
        relations=data.relations,
        variants=[
            VariantDraft(
                sku=each.sku,
                names=each.names,
                barcode=each.barcode,
                weight_g=each.weight_g,
                prices=each.prices,
                reorder_point=each.reorder_point,
                bundle=each.bundle,
            )
            for each in data.variants
        ],
        only_these_variants=data.only_these_variants,
    )


def in_our_words(error: KupecError) -> KupecError:
    """An error of the catalogue, naming the member as it is called here."""
    kind, _, language = (error.field or "").partition(".")
    if kind == "names":
        error.field = f"texts.{language}.name" if language else "texts"
    elif error.field in ("sku", "prices", "weight_g", "bundle", "reorder_point"):
        error.field = f"variants.{error.field}"
    return error

"""The admin API: what the merchant's other systems read and write, by keys with scopes."""

from typing import Any

from litestar import Response, Router, get

from kupec.web.api import changes, customers, goods, interactions, orders, price_lists, products
from kupec.web.api.gate import let_in
from kupec.web.api.openapi import document
from kupec.web.api.problems import exception_handlers
from kupec.web.rendering import AnyRequest, site_of


@get("/api/v1/openapi.json")
async def api_document(request: AnyRequest) -> Response[bytes]:
    """The admin API as OpenAPI 3.1."""
    return Response(
        document(site_of(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


routes: list[Any] = [
    api_document,
    Router(
        "/api/v1",
        route_handlers=[
            products.list_all,
            products.get_one,
            products.put_one,
            products.put_many,
            goods.put_prices,
            price_lists.list_all,
            price_lists.put_one,
            price_lists.put_prices,
            goods.list_locations,
            goods.list_levels,
            goods.put_levels,
            goods.adjust_levels,
            orders.list_all,
            orders.get_one,
            orders.begin_picking,
            orders.ship_one,
            orders.deliver_one,
            orders.cancel_one,
            customers.list_all,
            customers.get_one,
            customers.put_one,
            interactions.list_all,
            interactions.get_one,
            interactions.log_one,
            changes.list_changes,
        ],
        guards=[let_in],
        exception_handlers=exception_handlers,
        include_in_schema=False,
    ),
]

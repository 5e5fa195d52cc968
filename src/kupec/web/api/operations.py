"""The table of the admin API: every operation with its scope, its parameters, its body and its answer."""

from typing import Any, Final, Literal

import msgspec

from kupec.catalogue import PriceList
from kupec.integrations import (
    MOST_CHANGES,
    Changes,
    CustomerOut,
    CustomerPage,
    InteractionOut,
    InteractionPage,
    OrderOut,
    OrderPage,
    ProductOut,
    ProductPage,
    StockPage,
)
from kupec.web.api import bodies, goods, interactions, orders, price_lists, products
from kupec.web.api.handling import LONGEST_LIST, LONGEST_TEXT, MOST_LINES, Results


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of the address."""

    name: str
    about: str
    schema: dict[str, Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the API. `problems` are statuses besides 400, 401, 403, 429."""

    method: Literal["get", "post", "put"]
    path: str
    id: str
    tag: str
    summary: str
    scope: str
    query: tuple[Parameter, ...] = ()
    body: type | None = None
    answer: type
    key: Literal["required", "optional"] | None = None
    problems: tuple[int, ...] = ()


_TEXT: Final = {"type": "string", "maxLength": LONGEST_TEXT, "pattern": "^[^\\u0000]*$"}
_LIST: Final = {**_TEXT, "maxLength": LONGEST_LIST}
_CURSOR: Final = Parameter(name="cursor", about="The `next_cursor` of the page before.", schema=_TEXT)


def _limit(most: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most}
    return Parameter(name="limit", about="How many at most.", schema=schema)


def _one_of(name: str, about: str, values: tuple[str, ...]) -> Parameter:
    return Parameter(name=name, about=about, schema={"type": "string", "enum": list(values)})


def _moment(name: str, about: str) -> Parameter:
    return Parameter(name=name, about=about, schema={"type": "string", "format": "date-time"})


_READ: Final = (422,)
_FIND: Final = (404,)
_WRITE: Final = (413, 422, 503)
_ACT: Final = (404, 409, 413, 422, 503)
_BULK: Final = f"At most {MOST_LINES} lines; each has its own outcome, and those refused do not keep the others out."

OPERATIONS: Final = (
    Operation(
        method="get",
        path="/api/v1/products",
        id="list_products",
        tag="products",
        summary="Products by their external ids, a page at a time.",
        scope="products.read",
        query=(
            _CURSOR,
            _limit(products.MOST),
            _one_of("status", "Only those in this state.", products.STATES),
            _moment("updated_since", "Only those changed then or later."),
        ),
        answer=ProductPage,
        problems=_READ,
    ),
    Operation(
        method="get",
        path="/api/v1/products/{external_id}",
        id="get_product",
        tag="products",
        summary="One product with everything about it.",
        scope="products.read",
        answer=ProductOut,
        problems=_FIND,
    ),
    Operation(
        method="put",
        path="/api/v1/products/{external_id}",
        id="put_product",
        tag="products",
        summary="Make or change a product. What is left out stays; sending the same again changes nothing.",
        scope="products.write",
        body=bodies.ProductIn,
        answer=ProductOut,
        problems=_ACT,
    ),
    Operation(
        method="put",
        path="/api/v1/products",
        id="put_products",
        tag="products",
        summary=f"Make or change at most {bodies.MOST_PRODUCTS} products; each has its own outcome.",
        scope="products.write",
        body=bodies.ProductsIn,
        answer=Results,
        problems=_WRITE,
    ),
    Operation(
        method="put",
        path="/api/v1/prices",
        id="put_prices",
        tag="prices",
        summary=f"Set prices by SKU and currency. {_BULK}",
        scope="prices.write",
        body=bodies.PricesIn,
        answer=Results,
        problems=_WRITE,
    ),
    Operation(
        method="get",
        path="/api/v1/price-lists",
        id="list_price_lists",
        tag="prices",
        summary="All price lists.",
        scope="products.read",
        answer=price_lists.PriceLists,
    ),
    Operation(
        method="put",
        path="/api/v1/price-lists/{code}",
        id="put_price_list",
        tag="prices",
        summary="Make or change a price list. A list with prices keeps its currency.",
        scope="prices.write",
        body=bodies.PriceListIn,
        answer=PriceList,
        problems=_ACT,
    ),
    Operation(
        method="put",
        path="/api/v1/price-lists/{code}/prices",
        id="put_list_prices",
        tag="prices",
        summary=f"Write prices into a list. {_BULK}",
        scope="prices.write",
        body=bodies.ListPricesIn,
        answer=Results,
        problems=_ACT,
    ),
    Operation(
        method="get",
        path="/api/v1/locations",
        id="list_locations",
        tag="stock",
        summary="The places goods leave from.",
        scope="stock.read",
        answer=goods.Locations,
    ),
    Operation(
        method="get",
        path="/api/v1/stock",
        id="list_stock",
        tag="stock",
        summary="What lies where, by SKU and location.",
        scope="stock.read",
        query=(
            _CURSOR,
            _limit(goods.MOST),
            Parameter(name="sku", about=f"Only these, separated by commas; at most {goods.MOST_SKUS}.", schema=_LIST),
            Parameter(name="location", about="Only there, by its code.", schema=_TEXT),
        ),
        answer=StockPage,
        problems=_READ,
    ),
    Operation(
        method="put",
        path="/api/v1/stock",
        id="put_stock",
        tag="stock",
        summary=f"Say what lies on shelves. Sending the same again changes nothing. {_BULK}",
        scope="stock.write",
        body=bodies.StockIn,
        answer=Results,
        problems=_WRITE,
    ),
    Operation(
        method="post",
        path="/api/v1/stock/adjustments",
        id="adjust_stock",
        tag="stock",
        summary=f"So many pieces more or fewer lie on shelves. {_BULK}",
        scope="stock.write",
        body=bodies.ChangesIn,
        answer=Results,
        key="required",
        problems=(409, *_WRITE),
    ),
    Operation(
        method="get",
        path="/api/v1/orders",
        id="list_orders",
        tag="orders",
        summary="Orders, the oldest first, a page at a time; or those of `ids`.",
        scope="orders.read",
        query=(
            _CURSOR,
            _limit(orders.MOST),
            _one_of("state", "Only those in this state.", orders.STATES),
            _moment("since", "Only those placed then or later."),
            Parameter(name="ids", about=f"Order ids separated by commas; at most {orders.MOST}.", schema=_LIST),
        ),
        answer=OrderPage,
        problems=_READ,
    ),
    Operation(
        method="get",
        path="/api/v1/orders/{order}",
        id="get_order",
        tag="orders",
        summary="One order by its id or number, with lines, payments, parcels and documents.",
        scope="orders.read",
        answer=OrderOut,
        problems=_FIND,
    ),
    Operation(
        method="post",
        path="/api/v1/orders/{order}/start-picking",
        id="start_picking",
        tag="orders",
        summary="Make the picking lists: a fulfilment for each location the goods lie at.",
        scope="orders.write",
        answer=OrderOut,
        key="optional",
        problems=_ACT,
    ),
    Operation(
        method="post",
        path="/api/v1/orders/{order}/ship",
        id="ship",
        tag="orders",
        summary="A parcel leaves: its goods go off the shelf, the customer is told.",
        scope="orders.write",
        body=bodies.ShipIn,
        answer=OrderOut,
        key="optional",
        problems=_ACT,
    ),
    Operation(
        method="post",
        path="/api/v1/orders/{order}/delivered",
        id="mark_delivered",
        tag="orders",
        summary="A parcel has arrived.",
        scope="orders.write",
        body=bodies.DeliveredIn,
        answer=OrderOut,
        key="optional",
        problems=_ACT,
    ),
    Operation(
        method="post",
        path="/api/v1/orders/{order}/cancel",
        id="cancel_order",
        tag="orders",
        summary="Cancel before anything has left: goods go back, money goes back.",
        scope="orders.write",
        body=bodies.CancelIn,
        answer=OrderOut,
        key="optional",
        problems=_ACT,
    ),
    Operation(
        method="get",
        path="/api/v1/customers",
        id="list_customers",
        tag="customers",
        summary="Customers in the order in which they became known, or the one with an e-mail address.",
        scope="customers.read",
        query=(
            _CURSOR,
            _limit(orders.MOST),
            Parameter(name="email", about="Only whom this address belongs to.", schema=_TEXT),
        ),
        answer=CustomerPage,
        problems=_READ,
    ),
    Operation(
        method="get",
        path="/api/v1/customers/{customer}",
        id="get_customer",
        tag="customers",
        summary="One customer, by the other system's id or by the shop's.",
        scope="customers.read",
        answer=CustomerOut,
        problems=_FIND,
    ),
    Operation(
        method="put",
        path="/api/v1/customers/{customer}",
        id="put_customer",
        tag="customers",
        summary="Make or change a customer. What is left out stays; sending the same again changes nothing.",
        scope="customers.write",
        body=bodies.CustomerIn,
        answer=CustomerOut,
        problems=_ACT,
    ),
    Operation(
        method="get",
        path="/api/v1/interactions",
        id="list_interactions",
        tag="customers",
        summary="Calls, visits, meetings and letters in the order in which they were written down.",
        scope="customers.read",
        query=(
            _CURSOR,
            _limit(interactions.MOST),
            Parameter(name="customer", about="Only this customer's, by either system's id.", schema=_TEXT),
        ),
        answer=InteractionPage,
        problems=(404, 422),
    ),
    Operation(
        method="get",
        path="/api/v1/interactions/{interaction}",
        id="get_interaction",
        tag="customers",
        summary="One interaction, by its id or by `source:external_id`.",
        scope="customers.read",
        answer=InteractionOut,
        problems=_FIND,
    ),
    Operation(
        method="post",
        path="/api/v1/interactions",
        id="log_interaction",
        tag="customers",
        summary="Write down a call, a visit, a meeting or a letter. What a source has sent before stays as it is.",
        scope="customers.write",
        body=interactions.InteractionIn,
        answer=InteractionOut,
        problems=_ACT,
    ),
    Operation(
        method="get",
        path="/api/v1/changes",
        id="list_changes",
        tag="changes",
        summary="What has happened after a cursor, each thing once and none left out.",
        scope="changes.read",
        query=(
            Parameter(
                name="cursor",
                about="The `cursor` of the answer before; none is the log's beginning, `latest` its present end.",
                schema=_TEXT,
            ),
            Parameter(
                name="kinds", about="Event names or `order.*`, separated by commas; none means all.", schema=_LIST
            ),
            _limit(MOST_CHANGES),
        ),
        answer=Changes,
        problems=(410, 422),
    ),
)

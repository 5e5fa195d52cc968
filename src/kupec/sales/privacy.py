"""What this room holds about a customer. Orders stay as figures and goods; who they went to is in the documents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart
from kupec.sales.standing.changing import end_standing

_THEIRS = "customer_id = any($1::uuid[])"
_ORDERS = "(select id from sales_order where customer_id = any($1::uuid[]))"
_EMAILS = "(select value from contact_point where kind = 'email' and party_id = any($1::uuid[]))"
_CARTS = (
    f"(select id from cart where customer_id = any($1::uuid[]) or lower(email) in {_EMAILS} "  # noqa: S608
    "or id in (select cart_id from sales_order where customer_id = any($1::uuid[])) "
    "or id in (select cart_id from account_cart where party_id = any($1::uuid[]) or person_id = any($1::uuid[])))"
)
_NOWHERE = (
    "jsonb_build_object('name', '', 'street', '', 'city', '', 'postcode', '', "
    "'country', coalesce(address ->> 'country', ''))"
)
_PARCELS = f"(select id from fulfilment where order_id in {_ORDERS})"  # noqa: S608
_STANDING = "(select id from standing_order where customer_id = any($1::uuid[]))"
_ACTOR = system("privacy")

_TABLES = (
    Held(table="cart_line", where=f"cart_id in {_CARTS}", told=False),
    Held(
        table="cart",
        where=f"id in {_CARTS}",
        erase="blank",
        blank={
            "email": "null",
            "name": "null",
            "phone": "null",
            "address": "null",
            "company": "null",
            "pickup_point": "null",
            "credit_code": "null",
            "coupons": "'{}'",
            "key": "null",
            "request_hash": "null",
            "state": "case when state = 'open' then 'cancelled' else state end",
        },
        secret=["request_hash", "key"],
    ),
    Held(
        table="account_cart",
        where="party_id = any($1::uuid[]) or person_id = any($1::uuid[])",
        erase="keep",
        told=False,
        why="ids only",
    ),
    Held(
        table="approval",
        where="organisation_id = any($1::uuid[]) or asked_by = any($1::uuid[])",
        erase="blank",
        blank={"note": "''"},
        law={"seen": "'[]'"},
        dated="asked_at",
        why="what was approved: goods and figures",
    ),
    Held(
        table="sales_order",
        where=_THEIRS,
        erase="blank",
        blank={
            "email": "null",
            "name": "null",
            "phone": "null",
            "address": _NOWHERE,
            "company": "null",
            "pickup_point": "null",
            "credit_code": "null",
            "key": "null",
            "request_hash": "null",
        },
        secret=["request_hash", "key"],
        why="orders as figures and goods",
    ),
    Held(
        table="order_line",
        where=f"order_id in {_ORDERS}",
        erase="keep",
        law={"options": "'[]'"},
        dated="(select placed_at from sales_order where id = order_id)",
        why="what was sold, also where it was made to a wish",
    ),
    Held(table="order_discount", where=f"order_id in {_ORDERS}", erase="keep", why="promotions and figures"),
    Held(
        table="order_refund",
        where=f"order_id in {_ORDERS}",
        erase="keep",
        law={"reason": "''", "request": "'{}'"},
        dated="created_at",
        why="why money was given back",
    ),
    Held(
        table="redemption",
        where=f"{_THEIRS} or order_id in {_ORDERS}",
        erase="blank",
        blank={"customer_key": "coalesce(customer_id::text, order_id::text)"},
    ),
    Held(table="sales_return", where=_THEIRS, erase="blank", blank={"note": "''", "decision": "''"}),
    Held(
        table="goodwill",
        where=_THEIRS,
        erase="blank",
        blank={"key": "id::text", "given_by": "''"},
        secret=["key"],
        why="what was given, as figures",
    ),
    Held(table="parcel_event", where=f"fulfilment_id in {_PARCELS}", erase="blank", blank={"text": "''"}),
    Held(
        table="parcel_label",
        where=f"fulfilment_id in {_PARCELS}",
        erase="blank",
        blank={"pdf": "null", "error": "null", "field": "null"},
        secret=["pdf"],
    ),
    Held(
        table="review",
        where=f"{_THEIRS} and state <> 'published'",
    ),
    Held(
        table="review",
        where=f"{_THEIRS} and state = 'published'",
        erase="blank",
        blank={"author": "''"},
        why="what was said of goods in public, without the name",
    ),
    Held(
        table="product_like",
        where="person = any(select 'customer:' || id from unnest($1::uuid[]) as id "
        "union all select 'visitor:' || id from unnest($1::uuid[]) as id)",
    ),
    Held(
        table="product_share",
        where="person = any(select 'customer:' || id from unnest($1::uuid[]) as id "
        "union all select 'visitor:' || id from unnest($1::uuid[]) as id)",
    ),
    Held(table="owned_product", where="party_id = any($1::uuid[])"),
    Held(table="standing_line", where=f"standing_order_id in {_STANDING}"),
    Held(
        table="standing_order",
        where=f"id in {_STANDING}",
        erase="blank",
        blank={
            "email": "''",
            "name": "null",
            "phone": "null",
            "address": _NOWHERE,
            "company": "null",
            "pickup_point": "null",
            "card_id": "null",
            "note": "''",
            "key": "null",
        },
        secret=["key"],
    ),
    Held(
        table="standing_order",
        where="ordered_by = any($1::uuid[]) and not customer_id = any($1::uuid[])",
        erase="blank",
        blank={
            "name": "null",
            "phone": "null",
            "address": 'address || \'{"name": ""}\'',
            "email": "coalesce((select value from contact_point where party_id = standing_order.customer_id "
            "and kind = 'email' order by chosen desc, verified_at nulls last, id limit 1), '')",
        },
        secret=["key"],
        why="what an organisation agreed on goes on, without the person who arranged it",
    ),
)


async def _obstacles(db: Connection, members: Sequence[UUID]) -> list[str]:
    """Goods that are on their way, either way."""
    row = await db.fetchrow(
        """
        select exists (select from sales_order where customer_id = any($1::uuid[])
                        and state in ('draft', 'placed', 'picking', 'shipped')) as order,
               exists (select from sales_return where customer_id = any($1::uuid[])
                        and state in ('requested', 'approved', 'received')) as return
        """,
        members,
    )
    assert row is not None, "a row of two answers"
    return [name for name in ("order", "return") if row[name]]


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    rows = await db.fetch(
        "select id from standing_order where customer_id = any($1::uuid[]) and state <> 'ended' order by id", members
    )
    for row in rows:
        await end_standing(db, row["id"], actor=_ACTOR, now=now)
    return {}


privacy_part = PrivacyPart(name="sales", tables=_TABLES, obstacles=_obstacles, before=_before)

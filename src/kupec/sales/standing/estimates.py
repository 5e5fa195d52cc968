"""What a standing order would cost today, as the cart it will become."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from kupec.billing import PAYMENT, PaymentMethods, accounts_of
from kupec.customers import roots
from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.sales.cart_prices import read_prices
from kupec.sales.models import Cart, CartLine, PricedCart
from kupec.sales.pricing import NO_CLAIMS
from kupec.sales.standing.models import StandingLine, StandingOrder, WantedLine
from kupec.sales.standing.telling import CHANNEL


def cart_of(
    standing: StandingOrder,
    lines: Sequence[WantedLine | StandingLine],
    *,
    cart_id: UUID,
    customer_id: UUID,
    methods: PaymentMethods,
    day: date,
    now: datetime,
) -> Cart:
    """The cart that a standing order is on this local day: `lines` with the prices that were agreed for it."""
    held = standing.price_policy == "fixed" and (standing.fixed_until is None or day <= standing.fixed_until)
    agreed = {_make(line): line.fixed_amount for line in standing.lines} if held else {}
    return Cart(
        id=cart_id,
        customer_id=customer_id,
        market=standing.market,
        language=standing.language,
        channel=CHANNEL,
        agent=None,
        email=standing.email,
        name=standing.name,
        phone=standing.phone,
        address=standing.address,
        company=standing.company,
        shipping_method=standing.shipping_method,
        pickup_point=standing.pickup_point,
        payment_method=method_code(methods, standing),
        created_at=now,
        updated_at=now,
        lines=[
            CartLine(
                id=uuid5(cart_id, str(index)),
                variant_id=line.variant_id,
                quantity=line.quantity,
                options=line.options,
                fixed_amount=line.fixed_amount if _own_price(line) else agreed.get(_make(line)),
            )
            for index, line in enumerate(lines)
        ],
    )


def _own_price(line: WantedLine | StandingLine) -> bool:
    """A line for this time only says its own agreed price; those of the agreement follow its policy."""
    return isinstance(line, WantedLine) and line.fixed_amount is not None


def _make(line: WantedLine | StandingLine) -> tuple[UUID, tuple[tuple[str, str], ...]]:
    return line.variant_id, tuple(sorted(line.options.items()))


def method_code(methods: PaymentMethods, standing: StandingOrder) -> str:
    """The shop's present way of paying of that kind; one that it does not offer is nobody's, and the cart says so."""
    found = next((method.code for method in methods.methods if method.active and method.kind == standing.payment), None)
    return found or standing.payment


def local_day(standing: StandingOrder, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(standing.recurrence.zone)).date()


async def price_standing(
    db: Connection, standings: Sequence[StandingOrder], *, now: datetime, on: Mapping[UUID, datetime] | None = None
) -> dict[UUID, PricedCart]:
    """By id, what each standing order would be if it were ordered today, with names, prices, total and problems.

    `on` says for which moment the agreed prices are asked; else it is `now`. Lines that are not sold any more, or are
    made differently now, are named by its problems.
    """
    if not standings:
        return {}
    known_as = await roots(db, [standing.customer_id for standing in standings])
    methods = (await published(db, PAYMENT))[PAYMENT]
    carts = {
        standing.id: cart_of(
            standing,
            standing.lines,
            cart_id=standing.id,
            customer_id=known_as[standing.customer_id],
            methods=methods,
            day=local_day(standing, (on or {}).get(standing.id, now)),
            now=now,
        )
        for standing in standings
    }
    groups = await _groups(db, set(known_as.values()))
    carts = {
        standing_id: msgspec.structs.replace(
            cart, price_group=groups[cart.customer_id][0], segments=groups[cart.customer_id][1]
        )
        if cart.customer_id in groups
        else cart
        for standing_id, cart in carts.items()
    }
    prices = await read_prices(db, list(carts.values()), now=now)
    accounts = await accounts_of(db, sorted(set(known_as.values())))
    for standing in standings:
        account = accounts.get((known_as[standing.customer_id], standing.currency))
        if account is not None:
            claims = prices.claims.get(standing.id, NO_CLAIMS)
            # Whoever may start a standing order may use the account; the cart itself is proved when it is made.
            prices.claims[standing.id] = msgspec.structs.replace(
                claims,
                account=account.usable,
                account_stopped=account.stopped,
                approval_over=account.approval_over,
            )
    return {standing_id: prices.of(cart, now=now) for standing_id, cart in carts.items()}


async def _groups(db: Connection, party_ids: set[UUID]) -> dict[UUID, tuple[str | None, list[str]]]:
    rows = await db.fetch(
        "select id, price_group, coalesce(segments, '{}') as segments from party where id = any($1::uuid[])",
        sorted(party_ids),
    )
    return {row["id"]: (row["price_group"], row["segments"]) for row in rows}

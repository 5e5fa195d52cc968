"""What the shop's customers bought before today: believable, and the same each time it is told.

Nothing is read or written here; the rows of `products.jsonl` and `customers.jsonl` come in, past orders come out.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypedDict

WINDOW = timedelta(days=425)
ON_THE_WAY = timedelta(days=4)
EARLY = timedelta(days=3)


class Line(TypedDict):
    sku: str
    quantity: int


class PastOrder(TypedDict):
    """One order of the past; `returned` lists what came back, mostly nothing."""

    external_id: str
    customer_external_id: str
    placed_at: datetime
    currency: str
    lines: list[Line]
    status: Literal["delivered", "cancelled", "shipped"]
    returned: list[Line]


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a kind of customer makes coffee: what they own, drink (packs of about `pack_g`), how often they return."""

    machines: tuple[str, ...]
    grinders: tuple[str, ...]
    coffees: tuple[str, ...]
    pack_g: int
    quantity: tuple[int, int]
    rhythm_days: tuple[int, int]
    extras: tuple[str, ...]


WAYS: Mapping[str, Way] = {
    "espresso": Way(
        machines=(
            "machine-velmara-piko",
            "machine-velmara-piko-plus",
            "machine-velmara-barista-s",
            "machine-velmara-moka-pro-2",
            "machine-velmara-moka-pro-2",
            "machine-velmara-moka-pro-duo",
            "machine-velmara-leva",
        ),
        grinders=("grinder-tarvio-plano-55", "grinder-tarvio-plano-64-solo", "grinder-tarvio-ruka-48"),
        coffees=(
            "blend-home",
            "beans-brazil-santos",
            "beans-guatemala-huehue",
            "beans-colombia-huila",
            "beans-india-malabar",
            "beans-colombia-decaf",
        ),
        pack_g=525,
        quantity=(1, 2),
        rhythm_days=(24, 48),
        extras=("acc-milk-jug", "acc-cups-espresso", "acc-scale", "acc-knock-box", "acc-wdt-needles"),
    ),
    "automatic": Way(
        machines=("machine-kaveta-s1", "machine-kaveta-s3", "machine-kaveta-s3", "machine-kaveta-s5"),
        grinders=(),
        coffees=("blend-crema", "blend-home", "beans-brazil-santos", "beans-peru-cajamarca", "blend-dark"),
        pack_g=1035,
        quantity=(1, 2),
        rhythm_days=(24, 50),
        extras=("acc-cups-cappuccino", "acc-travel-mug", "acc-canister"),
    ),
    "capsules": Way(
        machines=("machine-kaveta-kapsa",),
        grinders=(),
        coffees=("capsules-espresso", "capsules-lungo", "capsules-decaf"),
        pack_g=460,
        quantity=(1, 3),
        rhythm_days=(28, 56),
        extras=("acc-cups-espresso", "acc-travel-mug"),
    ),
    "by hand": Way(
        machines=("brew-kapka-dripper", "brew-kapka-dripper", "brew-french-press", "brew-moka-pot"),
        grinders=("grinder-tarvio-ruka-38", "grinder-tarvio-cono-40"),
        coffees=(
            "beans-ethiopia-gedeo",
            "beans-kenya-nyeri",
            "beans-ethiopia-guji",
            "beans-costarica-tarrazu",
            "beans-rwanda-nyamasheke",
            "beans-sumatra-lintong",
        ),
        pack_g=270,
        quantity=(1, 3),
        rhythm_days=(21, 42),
        extras=("brew-kettle-gooseneck", "brew-kapka-server", "acc-canister", "brew-cold-brew-bottle"),
    ),
    "office": Way(
        machines=("machine-kaveta-office-12", "machine-kaveta-office-12", "machine-kaveta-office-30"),
        grinders=(),
        coffees=("blend-office", "blend-office", "blend-crema"),
        pack_g=1035,
        quantity=(3, 6),
        rhythm_days=(13, 21),
        extras=("care-cloths", "acc-cups-cappuccino", "beans-colombia-decaf"),
    ),
    "cafe": Way(
        machines=("machine-velmara-piazza-2",),
        grinders=("grinder-tarvio-bar-83",),
        coffees=("beans-brazil-santos", "blend-home", "beans-colombia-huila", "blend-crema"),
        pack_g=1035,
        quantity=(6, 14),
        rhythm_days=(11, 18),
        extras=("care-cloths", "acc-milk-jug", "beans-ethiopia-gedeo", "beans-colombia-decaf", "care-group-brush"),
    ),
}

# What is used up, and after how many days one pack is gone.
USED_UP: Mapping[str, int] = {
    "brew-kapka-filters": 95,
    "care-cleaning-tablets": 120,
    "care-descaler": 110,
    "care-grease": 300,
    "care-grinder-cleaner": 150,
    "care-group-powder": 130,
    "care-milk-cleaner": 75,
    "care-water-filter": 64,
}


@dataclass(kw_only=True)
class Household:
    """A customer in the course of the story."""

    way: Way
    organisation: bool
    favourite: str
    rhythm: float
    owns: list[str] = field(default_factory=list)
    owned_since: datetime
    buys_machine_at: int | None
    habits: dict[str, datetime] = field(default_factory=dict)
    served: bool = False


def _machines_of(product: Mapping[str, Any]) -> set[str]:
    return {machine for relation in ("fits", "spare_part_of", "consumed_by") for machine in product.get(relation, ())}


class Shelf:
    """The products by what the story asks of them."""

    def __init__(self, products: Sequence[Mapping[str, Any]]) -> None:
        self.products = {product["external_id"]: product for product in products}

    def sku(self, product_id: str, variant: int, rng: random.Random | None = None) -> str:
        """The wanted variant, the last one if there are fewer; with `rng`, any of them (a colour)."""
        variants = self.products[product_id]["variants"]
        chosen = rng.choice(variants) if rng else variants[min(variant, len(variants) - 1)]
        return str(chosen["sku"])

    def pack(self, product_id: str, grams: int) -> str:
        """The variant nearest to that weight."""
        variants = self.products[product_id]["variants"]
        return str(min(variants, key=lambda variant: abs(variant["weight_g"] - grams))["sku"])

    def fitting(self, category: str, owned: Sequence[str]) -> list[str]:
        return [
            product_id
            for product_id, product in self.products.items()
            if category in product["categories"] and not _machines_of(product).isdisjoint(owned)
        ]

    def price(self, product_id: str) -> int:
        return int(self.products[product_id]["variants"][0]["prices"]["CZK"])

    def present(self, product_ids: Sequence[str]) -> list[str]:
        return [product_id for product_id in product_ids if product_id in self.products]


def history(
    products: Sequence[Mapping[str, Any]],
    customers: Sequence[Mapping[str, Any]],
    *,
    until: datetime,
    seed: int = 7,
) -> Iterator[PastOrder]:
    """About 600 past orders of the fourteen months before `until` (aware UTC), oldest first.

    The same products, customers, `until` and `seed` give the same orders. Nobody orders before their `created_at`;
    an organisation's `trade` ("office" or "cafe") decides what it buys. Each customer's story is drawn from a
    generator of their own, so adding one leaves the others' as they were (but for the numbers of the orders).
    """
    shelf = Shelf(products)
    orders = [order for customer in customers for order in _story(shelf, customer, until, seed)]
    orders.sort(key=lambda order: (order["placed_at"], order["customer_external_id"]))
    for number, order in enumerate(orders, start=1):
        order["external_id"] = f"h-{number:04d}"
        yield order


def _story(shelf: Shelf, customer: Mapping[str, Any], until: datetime, seed: int) -> Iterator[PastOrder]:
    rng = random.Random(f"{seed}:{customer['external_id']}")  # noqa: S311 - a story, not a secret
    joined = datetime.fromisoformat(customer["created_at"])
    newcomer = joined > until - WINDOW
    home = _settle(shelf, customer, rng, joined if newcomer else until - WINDOW, newcomer)
    at = joined + timedelta(days=1) if newcomer else until - WINDOW + timedelta(days=rng.uniform(0, home.rhythm))
    count = 0
    while (placed_at := _moment(at, until, home.organisation, rng)) < until:
        lines = _basket(shelf, home, placed_at, count, rng)
        status = _status(placed_at, until, rng)
        yield PastOrder(
            external_id="",
            customer_external_id=customer["external_id"],
            placed_at=placed_at,
            currency={"CZ": "CZK", "PL": "PLN"}.get(customer["address"]["country"], "EUR"),
            lines=[Line(sku=sku, quantity=quantity) for sku, quantity in lines.items()],
            status=status,
            returned=_returned(shelf, lines, rng) if status == "delivered" else [],
        )
        count += 1
        at += timedelta(days=home.rhythm * rng.uniform(0.75, 1.3))


def _settle(
    shelf: Shelf, customer: Mapping[str, Any], rng: random.Random, since: datetime, newcomer: bool
) -> Household:
    """Who they are: a newcomer mostly comes for a machine, an old customer owns one or soon will."""
    organisation = customer["kind"] == "organisation"
    kind = customer.get("trade") or ("office" if organisation else "")
    if kind not in WAYS:
        kind = rng.choices(("espresso", "automatic", "capsules", "by hand"), (38, 30, 10, 22))[0]
    way = WAYS[kind]
    home = Household(
        way=way,
        organisation=organisation,
        favourite=rng.choice(shelf.present(way.coffees)),
        rhythm=rng.uniform(*way.rhythm_days),
        owned_since=since - timedelta(days=rng.uniform(20, 340)),
        buys_machine_at=None,
    )
    if newcomer and (organisation or rng.random() < 0.75):
        home.buys_machine_at = 0
    elif not newcomer and rng.random() < 0.4:
        home.buys_machine_at = rng.randint(2, 7)
    else:
        home.owns = _equipment(shelf, way, rng)
        _adopt_habits(shelf, home, since, rng)
    return home


def _equipment(shelf: Shelf, way: Way, rng: random.Random) -> list[str]:
    owned = [rng.choice(shelf.present(way.machines))]
    if way.grinders and "barista" not in owned[0]:
        owned.append(rng.choice(shelf.present(way.grinders)))
    return owned


def _adopt_habits(shelf: Shelf, home: Household, since: datetime, rng: random.Random) -> None:
    """Takes up the care their things need: offices all of it, people most."""
    for product_id in [*shelf.fitting("care", home.owns), *shelf.fitting("brewing", home.owns)]:
        if product_id in USED_UP and (home.organisation or rng.random() < 0.7):
            home.habits[product_id] = since + timedelta(days=rng.uniform(0.2, 1) * USED_UP[product_id])


def _moment(at: datetime, until: datetime, organisation: bool, rng: random.Random) -> datetime:
    """When they order; what would fall just after `until` comes early, so that some parcels are always on the way."""
    placed_at = _opening(at, organisation, rng)
    return _opening(at - EARLY, organisation, rng) if until <= placed_at <= until + EARLY else placed_at


def _opening(at: datetime, organisation: bool, rng: random.Random) -> datetime:
    """The hour they order: people in the evening, organisations in the working hours of a working day."""
    if organisation:
        at += timedelta(days=max(7 - at.isoweekday() + 1, 0) if at.isoweekday() > 5 else 0)
        hour = rng.choice((7, 8, 8, 9, 9, 10, 11, 12, 13, 14))
    else:
        hour = rng.choice((5, 7, 10, 12, 15, 17, 18, 18, 19, 19, 20, 20, 21))
    return at.astimezone(UTC).replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)


def _basket(shelf: Shelf, home: Household, at: datetime, count: int, rng: random.Random) -> dict[str, int]:
    lines: dict[str, int] = {}
    if count == home.buys_machine_at:
        lines |= _new_machine(shelf, home, at, rng)
    coffee = home.favourite if rng.random() < 0.72 else rng.choice(shelf.present(home.way.coffees))
    lines[shelf.pack(coffee, home.way.pack_g)] = rng.randint(*home.way.quantity)
    if home.organisation and rng.random() < 0.3:
        second = rng.choice(shelf.present(home.way.coffees))
        lines.setdefault(shelf.pack(second, home.way.pack_g), rng.randint(1, 3))
    for product_id, due in home.habits.items():
        if due <= at:
            lines[shelf.sku(product_id, 1 if home.organisation else 0)] = 1
            home.habits[product_id] = at + timedelta(days=USED_UP[product_id] * rng.uniform(0.85, 1.2))
    if home.owns and not home.served and at - home.owned_since > timedelta(days=365):
        lines |= _yearly(shelf, home, rng)
        home.served = True
    if rng.random() < 0.1:
        lines.setdefault(shelf.sku(rng.choice(shelf.present(home.way.extras)), 0), 1)
    if at.month == 12 and not home.organisation and rng.random() < 0.35:
        lines |= {shelf.sku(gift, 0): 1 for gift in shelf.present(("beans-tasting-set",))}
    return lines


def _new_machine(shelf: Shelf, home: Household, at: datetime, rng: random.Random) -> dict[str, int]:
    """The machine, its grinder, what fits it, and for an organisation the technician who connects it."""
    home.owns = _equipment(shelf, home.way, rng)
    home.owned_since = at
    _adopt_habits(shelf, home, at, rng)
    lines = {shelf.sku(product_id, 0, rng): 1 for product_id in home.owns}
    for product_id in shelf.fitting("servicing", home.owns[:1]):
        if "installation" in product_id:
            lines[shelf.sku(product_id, 0)] = 1
    accessories = shelf.fitting("accessories", home.owns[:1])
    if accessories and rng.random() < 0.6:
        lines[shelf.sku(rng.choice(accessories), 0)] = 1
    return lines


def _yearly(shelf: Shelf, home: Household, rng: random.Random) -> dict[str, int]:
    """A year on: small parts for those who do it themselves, a technician's visit for the others."""
    small = [part for part in shelf.fitting("parts", home.owns) if shelf.price(part) < 400_00]
    lines = {shelf.sku(part, 1): 1 for part in rng.sample(small, min(len(small), rng.randint(1, 2)))}
    visits = [visit for visit in shelf.fitting("servicing", home.owns) if "installation" not in visit]
    if home.organisation and visits:
        return lines | {shelf.sku(rng.choice(visits), 0): 1}
    if small and rng.random() < 0.35:
        lines |= {shelf.sku(visit, 0): 1 for visit in shelf.present(("service-annual-home",))}
    return lines


def _status(placed_at: datetime, until: datetime, rng: random.Random) -> Literal["delivered", "cancelled", "shipped"]:
    cancelled = rng.random() < 0.03
    if until - placed_at <= ON_THE_WAY:
        return "shipped"
    return "cancelled" if cancelled else "delivered"


def _returned(shelf: Shelf, lines: Mapping[str, int], rng: random.Random) -> list[Line]:
    """Now and then an accessory, a grinder or a part comes back; coffee, services and machines never do."""
    kept = {"beans", "capsules", "care", "servicing", "machines-espresso", "machines-automatic", "machines-office"}
    wrong = [
        variant["sku"]
        for product in shelf.products.values()
        if kept.isdisjoint(product["categories"])
        for variant in product["variants"]
        if variant["sku"] in lines
    ]
    if wrong and rng.random() < 0.12:
        return [Line(sku=rng.choice(wrong), quantity=1)]
    return []

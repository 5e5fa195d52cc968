"""What belongs together: parts and the machines they fit, what is consumed, accessories."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.catalogue.cards import products_by_ids
from kupec.catalogue.models import Market, ProductCard
from kupec.catalogue.relation_kinds import OTHER_END
from kupec.kit.db import Connection

_RELATED: Final = """
select r.kind, true as onward, r.to_product as product_id, r.position, i.sort_key
from product_relation r join product_index i on i.product_id = r.to_product and i.language = $2
where r.from_product = $1
union all
select r.kind, false, r.from_product, 0, i.sort_key
from product_relation r join product_index i on i.product_id = r.from_product and i.language = $2
where r.to_product = $1
order by 2 desc, 4, 5
"""


async def related_products(
    db: Connection, market: Market, product_id: UUID, *, now: datetime
) -> dict[str, list[ProductCard]]:
    """What a product belongs together with in a market, by kind, from both ends.

    Of a part: "fits", "spare_part_of", "consumed_by", "accessory_of", "related" name the others in the merchant's
    order; of a machine: "fitting", "spare_parts", "consumables", "accessories" by their names. Kinds without any are
    missing.
    """
    kinds: defaultdict[str, dict[UUID, None]] = defaultdict(dict)
    for row in await db.fetch(_RELATED, product_id, market.language):
        kinds[row["kind"] if row["onward"] else OTHER_END[row["kind"]]][row["product_id"]] = None
    wanted: dict[UUID, None] = {}
    for ids in kinds.values():
        wanted.update(ids)
    cards = {card.id: card for card in await products_by_ids(db, market, list(wanted), now=now)}
    shown = {kind: [cards[each] for each in ids if each in cards] for kind, ids in kinds.items()}
    return {kind: shown[kind] for kind in _ORDER if shown.get(kind)}


_ORDER: Final[Sequence[str]] = list(dict.fromkeys((*OTHER_END, *OTHER_END.values())))

"""What a price and a lead time of ours would do with one buyer, and which price to propose: read, then reckoned."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import sellable
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.machines.choice.fitting import buyer_model
from kupec.machines.choice.models import BuyerModel, Chance, ChoiceSeen, OfferSeen, Proposal
from kupec.machines.choice.pricing import chance_against, propose_price
from kupec.machines.choice.seen import choices_seen
from kupec.machines.market import OWN, QUOTING, GoodsPolicy, own_policy

READ = "customers.read"
_LAST = 30


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """With this price and so many days of ours. `chance` is None where no other quotes are known to try it against.

    `usual` is what we quoted last there; `slower` and `dearer` are the chances with a day more, and with 5 % more.
    `seen` are the choices that all of it was learnt from, the latest first.
    """

    name: str
    model: BuyerModel
    seen: list[ChoiceSeen]
    skus: list[str]
    sku: str
    currency: str
    list_price: int | None
    cost: int
    price: int
    lead_days: int
    known: bool
    chance: Chance | None
    slower: Chance | None
    dearer: Chance | None
    proposal: Proposal | None


async def what_if(
    db: Connection,
    machine_id: UUID,
    *,
    sku: str | None = None,
    price: int | None = None,
    lead_days: int | None = None,
    actor: Actor,
    now: datetime,
) -> WhatIf:
    """What would become of an offer of ours to this buyer; what is not given is as we quoted last.

    Needs customers.read. Raises Forbidden, NotFound where nothing is learnt of it.
    """
    actor.require(READ)
    name, model = await buyer_model(db, machine_id)
    seen = (await choices_seen(db, machine_id=machine_id, limit=500))[::-1]
    skus = [one for one, _ in Counter(one.sku for one in seen).most_common()]
    chosen = sku if sku in skus else skus[0]
    there = [one for one in seen if one.sku == chosen]
    rivals = [[offer for offer in one.offers if not offer.ours] for one in there[:_LAST]]
    ours = next((offer for one in there for offer in one.offers if offer.ours), None)
    policy, list_price = await _policy(db, chosen, there, ours, now=now)
    usual = ours.unit_price if ours is not None else list_price or policy.cost
    offer = OfferSeen(
        seller=OWN,
        unit_price=price or usual,
        lead_days=lead_days if lead_days is not None else ours.lead_days if ours is not None else policy.lead_days,
        known=seen[0].offers[seen[0].chosen].ours,
        ours=True,
    )
    tried = [rival for rival in rivals if rival]
    most = max([list_price or 0, usual, *(one.unit_price for rival in tried for one in rival)])
    return WhatIf(
        name=name,
        model=model,
        seen=seen,
        skus=skus,
        sku=chosen,
        currency=there[0].currency,
        list_price=list_price,
        cost=policy.cost,
        price=offer.unit_price,
        lead_days=offer.lead_days,
        known=offer.known,
        chance=_against(model, offer, tried),
        slower=_against(model, msgspec.structs.replace(offer, lead_days=offer.lead_days + 1), tried),
        dearer=_against(model, msgspec.structs.replace(offer, unit_price=round(offer.unit_price * 1.05)), tried),
        proposal=propose_price(model, offer, tried, cost=policy.cost, most=most),
    )


def _against(model: BuyerModel, offer: OfferSeen, rivals: Sequence[Sequence[OfferSeen]]) -> Chance | None:
    return chance_against(model, offer, rivals) if rivals else None


async def _policy(
    db: Connection, sku: str, there: Sequence[ChoiceSeen], ours: OfferSeen | None, *, now: datetime
) -> tuple[GoodsPolicy, int | None]:
    """How we quote it, and its list price; where we do not sell it, the cost is reckoned from what was quoted."""
    rules = (await published(db, QUOTING))[QUOTING]
    row = await db.fetchrow(
        "select v.id, m.code from variant v, market m where v.sku = $1 and m.currency = $2 order by m.position limit 1",
        sku,
        there[0].currency,
    )
    found = (await sellable(db, [(row["code"], row["id"])], now=now)) if row is not None else {}
    variant = next(iter(found.values()), None)
    if variant is not None:
        policy = own_policy(rules, sku, list_price=variant.unit_amount, free=None, lead_days=variant.lead_days)
        return policy, variant.unit_amount
    highest = ours.unit_price if ours is not None else max(offer.unit_price for offer in there[0].offers)
    return own_policy(rules, sku, list_price=highest, free=None, lead_days=0), None

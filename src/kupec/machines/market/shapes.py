"""What machines read of the market. A seller sees neither who asks nor what others quote."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.machines.market.models import Award, AwardState, Fate, Quote, QuoteState, Rfq, RfqState, Rule, Verdict
from kupec.machines.market.quoting import SellerPolicy


class RfqShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request. `most_price` and what follows it are for its own machine only."""

    id: UUID
    sku: str
    quantity: int
    market: str
    currency: str
    within_days: int | None
    rule: Rule
    opened_at: datetime
    deadline: datetime
    state: RfqState
    most_price: int | None = None
    choose_until: datetime | None = None
    reason: str | None = None
    decided_at: datetime | None = None
    quotes: "list[QuoteShape] | None" = None
    award: "AwardShape | None" = None
    quote: "QuoteShape | None" = None
    """The asking seller's own."""


class QuoteShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: UUID
    seller: str
    unit_price: int
    lead_days: int
    quantity: int
    received_at: datetime
    state: QuoteState
    fate: Fate | None = None
    points: int | None = None


class AwardShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    quote_id: UUID
    seller: str
    unit_price: int
    quantity: int
    currency: str
    awarded_at: datetime
    state: AwardState
    tie: str | None = None
    purchase_id: UUID | None = None
    reason: str | None = None


class OpenRfqs(msgspec.Struct, frozen=True, kw_only=True):
    """What may be quoted on now."""

    rfqs: list[RfqShape]


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the buyer names."""

    quote_id: UUID


class PolicyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what we quote for a seller; `active: false` stops it."""

    policy: SellerPolicy
    active: bool = True


class PolicyStands(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    active: bool


def seen_by_seller(rfq: Rfq, quote: Quote | None = None) -> RfqShape:
    """What any seller may know of a request, with its own quote."""
    return RfqShape(
        id=rfq.id,
        sku=rfq.sku,
        quantity=rfq.quantity,
        market=rfq.market,
        currency=rfq.currency,
        within_days=rfq.within_days,
        rule=rfq.rule,
        opened_at=rfq.opened_at,
        deadline=rfq.deadline,
        state=rfq.state,
        quote=quote_shape(quote, None) if quote is not None else None,
    )


def seen_by_buyer(rfq: Rfq, quotes: list[Quote] | None, award: Award | None) -> RfqShape:
    """What the asking machine may know: the quotes only once the seals are broken."""
    return RfqShape(
        id=rfq.id,
        sku=rfq.sku,
        quantity=rfq.quantity,
        market=rfq.market,
        currency=rfq.currency,
        within_days=rfq.within_days,
        rule=rfq.rule,
        opened_at=rfq.opened_at,
        deadline=rfq.deadline,
        state=rfq.state,
        most_price=rfq.most_price,
        choose_until=rfq.choose_until,
        reason=rfq.reason,
        decided_at=rfq.decided_at,
        quotes=[quote_shape(quote, rfq.verdict) for quote in quotes] if quotes is not None else None,
        award=_award(award, rfq.verdict) if award is not None else None,
    )


def quote_shape(quote: Quote, verdict: Verdict | None) -> QuoteShape:
    judged = next((one for one in verdict.judged if one.quote_id == quote.id), None) if verdict is not None else None
    return QuoteShape(
        id=quote.id,
        seller=quote.seller,
        unit_price=quote.unit_price,
        lead_days=quote.lead_days,
        quantity=quote.quantity,
        received_at=quote.received_at,
        state=quote.state,
        fate=judged.fate if judged is not None else None,
        points=judged.points if judged is not None else None,
    )


def _award(award: Award, verdict: Verdict | None) -> AwardShape:
    return AwardShape(
        quote_id=award.quote_id,
        seller=award.seller,
        unit_price=award.unit_price,
        quantity=award.quantity,
        currency=award.currency,
        awarded_at=award.awarded_at,
        state=award.state,
        tie=verdict.tie if verdict is not None else None,
        purchase_id=award.purchase_id,
        reason=award.reason,
    )

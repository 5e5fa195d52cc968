"""Cards that customers let us keep: references of the provider, never numbers. For what is bought again by itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing.events import CardForgotten, CardKept
from kupec.billing.models import HERE, KeepFor, KeptCard, Payment
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

_FIELDS = "id, party_id, provider, customer_reference, card_reference, label, created_at"


class StoredCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card on file; `label` is what its owner knows it by ("Visa •••• 4242")."""

    id: UUID
    party_id: UUID
    provider: str
    customer_reference: str
    card_reference: str
    label: str
    created_at: datetime

    @property
    def token(self) -> str:
        """What `CardProvider.authorise` takes to charge it while its owner is away."""
        return f"{self.customer_reference}:{self.card_reference}"

    @property
    def token_here(self) -> str:
        """The same, when its owner has chosen it on our page: their bank may ask them to confirm."""
        return f"{HERE}{self.token}"


async def store_card(
    db: Connection,
    party_id: UUID,
    *,
    provider: str,
    customer_reference: str,
    card_reference: str,
    label: str,
    actor: Actor,
    now: datetime,
) -> StoredCard:
    """Keep a card its owner agreed to; the same card again is kept once. Emits card.kept.

    Checks no permission: for the edge where the owner has just agreed.
    """
    row = await db.fetchrow(
        f"insert into stored_card ({_FIELDS}) values ($1, $2, $3, $4, $5, $6, $7) "  # noqa: S608
        f"on conflict (provider, card_reference) do nothing returning {_FIELDS}",
        *(uuid7(), party_id, provider, customer_reference, card_reference, label, now),
    )
    if row is None:
        known = await db.fetchrow(
            f"select {_FIELDS} from stored_card where provider = $1 and card_reference = $2 and party_id = $3",  # noqa: S608
            *(provider, card_reference, party_id),
        )
        if known is None:
            raise NotFound(what="card")
        return StoredCard(**dict(known))
    card = StoredCard(**dict(row))
    await emit(db, [_happened(card, CardKept(card_id=card.id, provider=provider), now)], actor=actor)
    return card


async def ask_to_keep(db: Connection, wanted: Sequence[tuple[UUID, KeepFor]], *, now: datetime) -> None:
    """Note that the cards of these payments are to be kept once their money is held: (payment id, for whom)."""
    if not wanted:
        return
    await db.execute(
        "insert into card_to_keep (payment_id, party_id, consent, asked_at) "
        "select payment_id, party_id, consent, $4 from unnest($1::uuid[], $2::uuid[], $3::text[]) "
        "as t (payment_id, party_id, consent)",
        [payment_id for payment_id, _ in wanted],
        [keep.party_id for _, keep in wanted],
        [keep.consent for _, keep in wanted],
        now,
    )


async def keep_cards(db: Connection, kept: Sequence[tuple[Payment, KeptCard]], *, now: datetime) -> None:
    """The money of these payments is held: keep the cards whose owners had agreed, each once. Emits card.kept."""
    if not kept:
        return
    rows = await db.fetch(
        f"""
        with wish as (
            delete from card_to_keep where payment_id = any($1::uuid[]) returning payment_id, party_id, consent
        )
        insert into stored_card ({_FIELDS}, consent)
        select card.id, wish.party_id, card.provider, card.customer_reference, card.card_reference, card.label, $7,
               wish.consent
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
            as card (payment_id, id, provider, customer_reference, card_reference, label)
          join wish using (payment_id)
        on conflict (provider, card_reference) do nothing returning {_FIELDS}
        """,  # noqa: S608
        [payment.id for payment, _ in kept],
        [uuid7() for _ in kept],
        [payment.provider for payment, _ in kept],
        [card.customer_reference for _, card in kept],
        [card.card_reference for _, card in kept],
        [card.label for _, card in kept],
        now,
    )
    cards = to_structs(StoredCard, rows)
    events = [_happened(card, CardKept(card_id=card.id, provider=card.provider), now) for card in cards]
    await emit(db, events, actor=system("payments"))


async def cards_on_file(db: Connection, party_id: UUID) -> list[StoredCard]:
    """A customer's cards, the latest first."""
    rows = await db.fetch(
        f"select {_FIELDS} from stored_card where party_id = $1 order by created_at desc, id desc",  # noqa: S608
        party_id,
    )
    return to_structs(StoredCard, rows)


async def cards_of(db: Connection, party_ids: Sequence[UUID]) -> list[StoredCard]:
    """The cards kept under any of a customer's ids, the latest first."""
    rows = await db.fetch(
        f"select {_FIELDS} from stored_card where party_id = any($1::uuid[]) order by created_at desc, id desc",  # noqa: S608
        list(party_ids),
    )
    return to_structs(StoredCard, rows)


async def stored_cards(db: Connection, card_ids: Sequence[UUID]) -> dict[UUID, StoredCard]:
    """Those of these cards that are still kept; reads nothing for none."""
    if not card_ids:
        return {}
    rows = await db.fetch(f"select {_FIELDS} from stored_card where id = any($1::uuid[])", list(card_ids))  # noqa: S608
    return {row["id"]: StoredCard(**dict(row)) for row in rows}


async def forget_card(db: Connection, party_id: UUID, card_id: UUID, *, actor: Actor, now: datetime) -> None:
    """It is charged no more. Emits card.forgotten. Raises NotFound, also for somebody else's card."""
    row = await db.fetchrow(
        f"delete from stored_card where id = $1 and party_id = $2 returning {_FIELDS}",  # noqa: S608
        *(card_id, party_id),
    )
    if row is None:
        raise NotFound(what="card")
    card = StoredCard(**dict(row))
    await emit(db, [_happened(card, CardForgotten(card_id=card.id, provider=card.provider), now)], actor=actor)


def _happened(card: StoredCard, payload: CardKept | CardForgotten, now: datetime) -> Happened:
    return Happened(payload=payload, subject=f"party:{card.party_id}", occurred_at=now, customer_id=card.party_id)

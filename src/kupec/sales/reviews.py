"""What buyers say about what they bought: written by those who did, shown once somebody of the staff has read it."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kupec.customers import members_of, root_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import Conflict, InvalidValue, NotFound, TooManyRequests
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.sales.models import Order
from kupec.sales.opinion_events import ReviewPublished, ReviewRejected, ReviewReplied, ReviewWritten

ReviewState = Literal["pending", "published", "rejected"]

LONGEST_TITLE: Final = 120
LONGEST_BODY: Final = 4_000
LONGEST_AUTHOR: Final = 60
_LONGEST_REPLY: Final = 4_000
_LONGEST_REASON: Final = 300
_MOST_A_DAY: Final = 20
_MARKUP: Final = re.compile(r"<\s*[/!a-z]", re.IGNORECASE)
_RECEIVED: Final = ("shipped", "delivered")

_COLUMNS: Final = """
r.id, r.product_id, r.customer_id, r.order_id, r.stars, r.title, r.body, r.author, r.language, r.state, r.reason,
r.reply, r.written_at, r.decided_at, r.replied_at
"""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One buyer's words about one product. `reason` is why it was rejected, `reply` what the merchant answers."""

    id: UUID
    product_id: UUID
    customer_id: UUID
    order_id: UUID
    stars: int
    title: str
    body: str
    author: str
    language: str
    state: ReviewState
    reason: str
    reply: str
    written_at: datetime
    decided_at: datetime | None
    replied_at: datetime | None


class ReviewDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer writes: 1 to 5 stars, and plain text where they like."""

    stars: int
    title: str = ""
    body: str = ""
    author: str = ""


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """The published reviews of a product: how many, and their stars in all."""

    reviews: int
    stars: int

    @property
    def average(self) -> float:
        """For people and search engines only: rounded to a tenth."""
        return round(self.stars / self.reviews, 1)


async def reviewable(db: Connection, order: Order) -> dict[UUID, Review | None]:
    """The products of an order that its buyer may review, in the order's order, with what they have said so far.

    Nothing while the goods have not left, or when nobody knows who bought.
    """
    if order.customer_id is None or order.state not in _RECEIVED:
        return {}
    variants = [line.variant_id for line in order.lines if line.variant_id and not line.gift]
    rows = await db.fetch(
        """
        select v.product_id from unnest($1::uuid[]) with ordinality as given (id, place)
        join variant v on v.id = given.id group by v.product_id order by min(given.place)
        """,
        variants,
    )
    products = [row["product_id"] for row in rows]
    written = await db.fetch(
        f"select {_COLUMNS} from review r where r.customer_id = any($1::uuid[]) and r.product_id = any($2::uuid[]) "  # noqa: S608
        "order by r.written_at",
        await members_of(db, await root_of(db, order.customer_id)),
        products,
    )
    by_product = {review.product_id: review for review in to_structs(Review, written)}
    return {product: by_product.get(product) for product in products}


async def write_review(
    db: Connection, order: Order, product_id: UUID, draft: ReviewDraft, *, actor: Actor, now: datetime
) -> UUID:
    """Keep what the order's buyer says about a product in it, for somebody to read; what they said before is replaced.

    Emits review.written. Raises NotFound for a product that was not bought with this order or has not left yet,
    InvalidValue ("stars", "title", "body", "author"; no markup), and TooManyRequests after 20 in a day.
    """
    known = await reviewable(db, order)
    if product_id not in known or order.customer_id is None:
        raise NotFound(what="product")
    before = known[product_id]
    customer_id = before.customer_id if before else await root_of(db, order.customer_id)
    faults = review_faults(draft)
    if faults:
        raise faults[0]
    recent: int = await db.fetchval(
        "select count(*) from review where customer_id = any($1::uuid[]) and product_id <> $2 and written_at > $3",
        await members_of(db, await root_of(db, order.customer_id)),
        product_id,
        now - timedelta(days=1),
    )
    if recent >= _MOST_A_DAY:
        raise TooManyRequests
    review_id: UUID = await db.fetchval(
        """
        insert into review (id, product_id, customer_id, order_id, stars, title, body, author, language, written_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (product_id, customer_id) do update
        set order_id = excluded.order_id, stars = excluded.stars, title = excluded.title, body = excluded.body,
            author = excluded.author, language = excluded.language, written_at = excluded.written_at,
            state = 'pending', reason = '', reply = '', decided_at = null, replied_at = null
        returning id
        """,
        uuid7(),
        product_id,
        customer_id,
        order.id,
        draft.stars,
        draft.title.strip(),
        draft.body.strip(),
        draft.author.strip(),
        order.language,
        now,
    )
    payload = ReviewWritten(review_id=review_id, product_id=product_id, order_id=order.id, stars=draft.stars)
    await _tell(db, product_id, customer_id, payload, actor=actor, now=now, channel=order.channel)
    return review_id


def review_faults(draft: ReviewDraft) -> list[InvalidValue]:
    """Everything that is wrong with it, a field at most once."""
    faults = []
    if not 1 <= draft.stars <= 5:
        faults.append(InvalidValue(field="stars", expected=_("one to five stars")))
    for field, text, most in (
        ("title", draft.title, LONGEST_TITLE),
        ("body", draft.body, LONGEST_BODY),
        ("author", draft.author, LONGEST_AUTHOR),
    ):
        if len(text) > most:
            faults.append(InvalidValue(field=field, expected=f"at most {most} characters"))
        elif _MARKUP.search(text):
            faults.append(InvalidValue(field=field, expected=_("plain text, without HTML")))
    return faults


# --- the staff ---------------------------------------------------------------------------------------


async def publish_reviews(db: Connection, review_ids: Sequence[UUID], *, actor: Actor, now: datetime) -> int:
    """Show these; returns how many were not shown before. Emits review.published."""
    actor.require("catalogue.write")
    rows = await _decide(db, review_ids, "published", "", now)
    for row in rows:
        payload = ReviewPublished(review_id=row["id"], product_id=row["product_id"], stars=row["stars"])
        await _tell(db, row["product_id"], row["customer_id"], payload, actor=actor, now=now)
    return len(rows)


async def reject_reviews(
    db: Connection, review_ids: Sequence[UUID], *, reason: str, actor: Actor, now: datetime
) -> int:
    """Do not show these; returns how many were not rejected before. Emits review.rejected.

    Raises InvalidValue ("reason") without one: the buyer reads it.
    """
    actor.require("catalogue.write")
    said = reason.strip()
    if not said or len(said) > _LONGEST_REASON:
        raise InvalidValue(field="reason", expected=_("a reason in a few words: the buyer reads it"))
    rows = await _decide(db, review_ids, "rejected", said, now)
    for row in rows:
        payload = ReviewRejected(review_id=row["id"], product_id=row["product_id"])
        await _tell(db, row["product_id"], row["customer_id"], payload, actor=actor, now=now)
    return len(rows)


async def _decide(
    db: Connection, review_ids: Sequence[UUID], state: ReviewState, reason: str, now: datetime
) -> list[Any]:
    return await db.fetch(
        """
        with locked as (
            select id from review where id = any($1::uuid[]) and state <> $2 order by id for no key update
        )
        update review r set state = $2, reason = $3, decided_at = $4 from locked where r.id = locked.id
        returning r.id, r.product_id, r.customer_id, r.stars
        """,
        list(review_ids),
        state,
        reason,
        now,
    )


async def reply_to_review(db: Connection, review_id: UUID, text: str, *, actor: Actor, now: datetime) -> None:
    """Answer a review in public; an empty text takes the answer back. Emits review.replied.

    Raises NotFound, InvalidValue ("reply"), and Conflict for one that is not published.
    """
    actor.require("catalogue.write")
    said = text.strip()
    if len(said) > _LONGEST_REPLY or _MARKUP.search(said):
        raise InvalidValue(field="reply", expected=_("plain text, without HTML"))
    review = await get_review(db, review_id)
    if review.state != "published":
        raise Conflict
    await db.execute(
        "update review set reply = $2, replied_at = case when $2 = '' then null else $3::timestamptz end where id = $1",
        review_id,
        said,
        now,
    )
    payload = ReviewReplied(review_id=review_id, product_id=review.product_id)
    await _tell(db, review.product_id, review.customer_id, payload, actor=actor, now=now)


async def get_review(db: Connection, review_id: UUID) -> Review:
    """Raises NotFound."""
    rows = await db.fetch(f"select {_COLUMNS} from review r where r.id = $1", review_id)  # noqa: S608
    if not rows:
        raise NotFound(what="review")
    return to_structs(Review, rows)[0]


async def list_reviews(
    db: Connection, state: ReviewState | None = None, *, language: str, limit: int = 50, offset: int = 0
) -> list[tuple[Review, str]]:
    """For the staff: those in a state or all, the latest first, each with what its product is called."""
    rows = await db.fetch(
        f"""
        select (select t.name from product_text t where t.product_id = r.product_id
                order by t.language = $4 desc, t.language = 'en' desc, t.language limit 1) as product, {_COLUMNS}
        from review r where $1::text is null or r.state = $1
        order by r.written_at desc, r.id limit $2 offset $3
        """,  # noqa: S608
        state,
        limit,
        offset,
        language,
    )
    return [(Review(**{name: row[name] for name in Review.__struct_fields__}), row["product"] or "—") for row in rows]


async def review_counts(db: Connection) -> dict[str, int]:
    """How many there are in each state."""
    rows = await db.fetch("select state, count(*) as reviews from review group by 1")
    return {"pending": 0, "published": 0, "rejected": 0} | {row["state"]: row["reviews"] for row in rows}


# --- the shop ----------------------------------------------------------------------------------------


async def product_reviews(
    db: Connection, product_id: UUID, *, language: str, limit: int = 10, offset: int = 0
) -> list[Review]:
    """What is shown about a product: those in the reader's language first, then the latest first."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from review r where r.product_id = $1 and r.state = 'published'
        order by r.language = $2 desc, r.written_at desc, r.id limit $3 offset $4
        """,  # noqa: S608
        product_id,
        language,
        limit,
        offset,
    )
    return to_structs(Review, rows)


async def ratings(db: Connection, product_ids: Sequence[UUID]) -> dict[UUID, Rating]:
    """What the published reviews say, in one statement; products without any are missing."""
    rows = await db.fetch(
        """
        select product_id, count(*) as reviews, sum(stars) as stars
        from review where product_id = any($1::uuid[]) and state = 'published' group by 1
        """,
        list(product_ids),
    )
    return {row["product_id"]: Rating(reviews=row["reviews"], stars=row["stars"]) for row in rows}


async def _tell(
    db: Connection,
    product_id: UUID,
    customer_id: UUID | None,
    payload: Payload,
    *,
    actor: Actor,
    now: datetime,
    channel: str | None = None,
) -> None:
    happened = Happened(
        payload=payload,
        subject=f"product:{product_id}",
        occurred_at=now,
        customer_id=customer_id,
        channel=channel,
    )
    await emit(db, [happened], actor=actor)

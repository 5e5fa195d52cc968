"""What happens around what people think of products: ids and figures, none of their words."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class ReviewWritten(Payload, frozen=True, kw_only=True):
    """It waits to be read; also when a buyer says something else than before."""

    name: ClassVar[str] = "review.written"
    review_id: UUID
    product_id: UUID
    order_id: UUID
    stars: int


class ReviewPublished(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "review.published"
    review_id: UUID
    product_id: UUID
    stars: int


class ReviewRejected(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "review.rejected"
    review_id: UUID
    product_id: UUID


class ReviewReplied(Payload, frozen=True, kw_only=True):
    """The merchant has answered in public, or taken the answer back."""

    name: ClassVar[str] = "review.replied"
    review_id: UUID
    product_id: UUID


class ProductLiked(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "product.liked"
    product_id: UUID


class ProductUnliked(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "product.unliked"
    product_id: UUID


class ProductShared(Payload, frozen=True, kw_only=True):
    """`way`: "link", "mail" or "device"."""

    name: ClassVar[str] = "product.shared"
    product_id: UUID
    way: str

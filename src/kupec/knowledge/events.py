"""What happens to articles. The subject is "article:<code>"."""

from typing import ClassVar

from kupec.kit.events import Payload


class ArticleDrafted(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "article.drafted"
    code: str
    number: int


class ArticleReviewed(Payload, frozen=True, kw_only=True):
    """It was handed in for review (`review`), or given back to its author (`draft`)."""

    name: ClassVar[str] = "article.reviewed"
    code: str
    number: int
    state: str


class ArticlePublished(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "article.published"
    code: str
    number: int
    back_to: int | None = None


class ArticleRetired(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "article.retired"
    code: str
    number: int


class ArticleLearnt(Payload, frozen=True, kw_only=True):
    """Another way to ask for it is known, or known no more."""

    name: ClassVar[str] = "article.learnt"
    code: str
    language: str
    forgotten: bool = False


class ArticleSourceChanged(Payload, frozen=True, kw_only=True):
    """The page that the article was taken from says something else now."""

    name: ClassVar[str] = "article.source_changed"
    code: str

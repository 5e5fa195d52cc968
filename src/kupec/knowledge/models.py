"""Articles as they are written, kept and found."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

State = Literal["draft", "review", "published", "retired"]
Audience = Literal["", "formal", "informal"]


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who fills a variable of an answer: a field of what a tool returns."""

    tool: str
    field: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One wording, in Markdown. An empty channel or audience is any; `voice` is to be spoken."""

    language: str
    text: str
    channel: str = ""
    voice: bool = False
    audience: Audience = ""


class ArticleText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An article in one language: its title, its address on the help pages, and how people ask for it."""

    title: str
    slug: str
    phrasings: list[str] = []


class ArticleDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is written of an article; a version keeps it whole."""

    code: str
    category: str
    texts: dict[str, ArticleText]
    answers: list[Answer]
    variables: dict[str, Variable] = {}
    source_url: str = ""
    position: int = 0


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an article, without its content. `back_to` is the version that it repeats, if any."""

    id: UUID
    article_id: UUID
    number: int
    revision: int
    state: State
    note: str
    author: str
    reviewer: str
    publisher: str
    back_to: int | None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    retired_at: datetime | None

    @property
    def seen(self) -> str:
        """What was seen by who edits it; see `save_article`."""
        return f"{self.id}:{self.revision}"


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """An article in one of its versions."""

    id: UUID
    code: str
    state: State
    version: Version
    content: ArticleDraft


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing found to be doubtful: where in the content, and what."""

    path: str
    message: str
    value: str = ""


class PublishedArticle(msgspec.Struct, frozen=True, kw_only=True):
    version: Version
    warnings: list[Finding] = []


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """An article that was found. `score` is the probability that it answers what was asked."""

    article_code: str
    title: str
    score: float
    answer: str
    """In Markdown, its variables not filled."""
    variables: dict[str, Variable]
    url_slug: str
    version: int
    language: str
    """Of the answer: the one that was asked for, unless the article does not have it."""
    category: str = ""
    matched: str = ""
    """The phrasing that was nearest."""


class Phrasing(msgspec.Struct, frozen=True, kw_only=True):
    """A learnt way to ask. `source` says where from ("conversation:…", "desk")."""

    id: UUID
    language: str
    text: str
    source: str
    author: str
    created_at: datetime

"""Answers as pages and programs show them: Markdown made safe, or plain lines; their variables filled by tools."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from kupec.catalogue import Market
from kupec.kit.db import Connection
from kupec.knowledge import VARIABLE, Variable, fill
from kupec.web.rendering import AnyRequest, site_of

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "breaks": False}).enable(["table"])
_TAGS: Final = {
    *("p", "ul", "ol", "li", "strong", "em", "a", "h2", "h3", "h4", "br", "code", "blockquote", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_URL: Final = re.compile(r"(?<![\w(<\[/\"'])https?://[^\s<>()\[\]]+[^\s<>()\[\].,;:!?\"'”]")
_MAIL: Final = re.compile(r"(?<![\w.<@/-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?![\w@])")
_LINK: Final = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_ITEM: Final = re.compile(r"^(?:- |\d+\. )", re.MULTILINE)
_MARKS: Final = re.compile(r"(\*\*|__|`|^#{1,4} +|^> ?)", re.MULTILINE)


def as_html(text: str) -> Markup:
    """Markdown as HTML that cannot run and looks like text: no pictures, no raw tags, links that are links."""
    linked = _MAIL.sub(r"<\g<0>>", _URL.sub(r"<\g<0>>", text))
    made = _MARKDOWN.render(linked)
    safe = nh3.clean(
        made,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener nofollow",
    )
    return Markup(safe)  # noqa: S704 - cleaned above


def as_plain(text: str) -> str:
    """Markdown as lines that read well by themselves."""
    return _MARKS.sub("", _LINK.sub(r"\1 (\2)", text)).strip()


def first_words(text: str, limit: int = 180) -> str:
    """How an answer begins, on one line; lines with variables and bare addresses say nothing by themselves."""
    lines = [line for line in text.split("\n") if not VARIABLE.search(line) and "://" not in line]
    words = " ".join(_ITEM.sub("", as_plain("\n".join(lines))).split())
    return words if len(words) <= limit else f"{words[: limit - 1].rsplit(' ', 1)[0]}…"


async def filled(
    request: AnyRequest,
    db: Connection,
    texts: Iterable[tuple[str, Mapping[str, Variable]]],
    *,
    language: str,
    market: Market,
    cart_id: Any = None,
) -> list[str]:
    """Each text with its variables as the tools tell them now; lines that nobody can fill are left out."""
    given = list(texts)
    facts = site_of(request).facts
    wanted = {
        (variable.tool, variable.field): variable
        for text, variables in given
        for name, variable in variables.items()
        if f"{{{name}}}" in text
    }
    told: Mapping[tuple[str, str], object] = {}
    if facts is not None and wanted:
        now = site_of(request).clock.now()
        told = await facts.tell(db, wanted, language=language, market=market, cart_id=cart_id, now=now)
    return [
        fill(text, {name: told.get((one.tool, one.field)) for name, one in variables.items()})
        for text, variables in given
    ]

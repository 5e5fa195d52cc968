"""Questions and answers out of an HTML page of another site, and what a page says, to see when it changes."""

import hashlib
import re
from collections.abc import Iterator

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from kupec.knowledge.drafts import Read, codes_apart
from kupec.knowledge.markdown_form import question

_KEPT = {"p", "ul", "ol", "li", "a", "strong", "b", "em", "i", "br", "h1", "h2", "h3", "h4", "h5", "details", "summary"}
_KEPT |= {"dl", "dt", "dd", "div", "section", "main", "article", "table", "tr", "td", "th"}
_NOT_SAID = {"script", "style", "template", "noscript", "iframe", "svg", "nav", "header", "footer", "form"}
_HEADINGS = ("h2", "h3", "h4")
_LONGEST_TITLE = 120
_DEEPEST = 60


def read_html(page: str, *, language: str, category: str, source_url: str = "") -> list[Read]:
    """Its questions: <details>, definition lists, else headings with what follows. Never raises."""
    body = _body(page)
    if body is None:
        return [Read(place=1, code="", problem="this is no page with text")]
    found = list(_folded(body)) or list(_defined(body)) or list(_headed(body))
    if not found:
        return [Read(place=1, code="", problem="there are no questions: headings with text below them")]
    reads = [
        question(place, title[:_LONGEST_TITLE], answer, language=language, category=category, source_url=source_url)
        for place, (title, answer) in enumerate(found, start=1)
    ]
    return list(codes_apart(reads))


def fingerprint(page: str) -> str:
    """Of what a page says, whatever it looks like: changed words change it, changed markup does not."""
    body = _body(page)
    said = " ".join(body.text(separator=" ").split()) if body is not None else ""
    return hashlib.sha256(said.encode()).hexdigest()


def _body(page: str) -> LexborNode | None:
    """Its main part, with nothing that runs and nothing that only frames it."""
    safe = nh3.clean(page, tags=_KEPT, clean_content_tags=_NOT_SAID, attributes={"a": {"href"}}, link_rel=None)
    tree = LexborHTMLParser(safe)
    main = tree.css_first("main") or tree.css_first("article") or tree.body
    return main if main is not None and main.text(strip=True) else None


def _folded(body: LexborNode) -> Iterator[tuple[str, str]]:
    for details in body.css("details"):
        summary = details.css_first("summary")
        if summary is not None:
            title = _line(summary)
            summary.decompose()
            yield title, _markdown(details)


def _defined(body: LexborNode) -> Iterator[tuple[str, str]]:
    for term in body.css("dt"):
        said, following = [], term.next
        while following is not None and following.tag in ("dd", "-text"):
            if following.tag == "dd":
                said.append(_markdown(following))
            following = following.next
        yield _line(term), "\n\n".join(said)


def _headed(body: LexborNode) -> Iterator[tuple[str, str]]:
    level = next((tag for tag in _HEADINGS if body.css_first(tag) is not None), None)
    higher = ("h1", *_HEADINGS[: _HEADINGS.index(level) + 1]) if level else ()
    for heading in body.css(level) if level else ():
        said, following = [], heading.next
        while following is not None and following.tag not in higher:
            said.append(_block(following, 0))
            following = following.next
        yield _line(heading), _tidy("".join(said))


def _line(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())


def _markdown(node: LexborNode) -> str:
    return _tidy("".join(_block(child, 0) for child in node.iter(include_text=True)))


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()


def _block(node: LexborNode, depth: int) -> str:
    """One element as Markdown; deeper than anybody writes it is taken as its words."""
    if node.tag == "-text":
        return re.sub(r"\s+", " ", node.text(deep=False))
    if depth > _DEEPEST:
        return _line(node)
    inside = "".join(_block(child, depth + 1) for child in node.iter(include_text=True))
    match node.tag:
        case "strong" | "b":
            return f"**{inside.strip()}**" if inside.strip() else ""
        case "a":
            href = node.attributes.get("href") or ""
            return f"[{inside.strip()}]({href})" if href.startswith("https://") and inside.strip() else inside
        case "br":
            return "\n"
        case "li":
            return f"\n- {inside.strip()}"
        case "h3" | "h4" | "h5":
            return f"\n\n**{inside.strip()}**\n\n"
        case "p" | "ul" | "ol" | "div" | "tr" | "dl" | "table" | "section":
            return f"\n\n{inside.strip()}\n\n"
    return inside

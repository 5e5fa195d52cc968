"""HTML of mails: made plain to be read and understood, and made safe to be shown as it came."""

import re
from html import escape

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

LONGEST = 2_000_000  # characters that are looked at
DEEPEST = 1_000  # tags within tags; parsers take the square of their depth in time
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]{0,3000}>")
_NEVER_DEEP = frozenset({"br", "img", "hr", "p", "li", "td", "th", "tr", "meta", "link", "input", "col", "wbr", "area"})
_QUOTED = (
    "blockquote[type=cite], .gmail_quote, .gmail_quote_container, .gmail_attr, .yahoo_quoted, .moz-cite-prefix, "
    "#divRplyFwdMsg, #divRplyFwdMsg ~ *, #appendonsend, #appendonsend ~ *, .protonmail_quote, #reply-intro, "
    "#mail-editor-reference-message-container, #mail-editor-reference-message-container ~ *"
)
_SIGNATURES = (
    ".gmail_signature, .gmail_signature_prefix, .moz-signature, #Signature, #ms-outlook-mobile-signature, "
    "#ms-outlook-mobile-body-separator-line, .protonmail_signature_block"
)
_SILENT = frozenset({"script", "style", "head", "title", "template", "svg", "math", "object", "iframe", "select"})
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "header", "footer", "table", "tr", "ul", "ol", "blockquote", "pre", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "dl", "dt", "dd", "address", "center", "figure", "li"}
)
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre"})
_TAGS = {
    *("a", "abbr", "address", "article", "aside", "b", "bdi", "blockquote", "br", "caption", "center", "cite", "code"),
    *("col", "colgroup", "dd", "del", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2"),
    *("h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s"),
    *("samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th"),
    *("thead", "time", "tr", "u", "ul", "wbr"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"alt"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign", "scope"},
    "table": {"align"},
    "col": {"span"},
    "ol": {"start"},
    "*": {"dir", "lang"},
}
_SWALLOWED = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math", "textarea"}


def safe_html(html: str) -> str:
    """The mail as it came, as far as that can do no harm.

    No scripts, styles, forms, frames; no picture is fetched (they would tell the sender that, when and where it was
    read): its description stands in its place. Links open elsewhere and tell nothing of where they stood.
    """
    html = html[:LONGEST]
    if _is_too_deep(html):
        return f"<pre>{escape(_ANY_TAG.sub(' ', html))}</pre>"
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_SWALLOWED,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )


def words_of_html(html: str, *, whole: bool = False) -> str:
    """Its words, line by line, without what is hidden; without quoted mails and signatures unless `whole`."""
    html = html[:LONGEST]
    if _is_too_deep(html):
        return _lines([_ANY_TAG.sub(" ", html)])
    tree = LexborHTMLParser(html)
    if not whole:
        for node in tree.css(f"{_QUOTED}, {_SIGNATURES}"):
            node.decompose()
    root = tree.body or tree.root
    return _lines(_walk(root)) if root is not None else ""


def _is_too_deep(html: str) -> bool:
    depth = 0
    for found in _TAG.finditer(html):
        if found[2].lower() not in _NEVER_DEEP:
            depth += -1 if found[1] else 1
        if depth > DEEPEST:
            return True
    return False


def _walk(root: LexborNode) -> list[str]:
    """Text and line breaks in order; walked by hand, because mails are nested deeper than a stack is."""
    out: list[str] = []
    node: LexborNode | None = root
    while node is not None:
        if _is_silent(node):
            down = None
        else:
            _enter(node, out)
            down = node.child
        if down is not None:
            node = down
            continue
        while node is not None and node.next is None:
            node = None if node.mem_id == root.mem_id else node.parent
            if node is None or node.mem_id == root.mem_id:
                return out
            _leave(node, out)
        if node is not None:
            node = node.next
    return out


def _is_silent(node: LexborNode) -> bool:
    if node.tag in _SILENT:
        return True
    if node.is_text_node or node.is_comment_node:
        return node.is_comment_node
    style = (node.attributes.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or "mso-hide:all" in style or "hidden" in node.attributes


def _enter(node: LexborNode, out: list[str]) -> None:
    if node.is_text_node:
        out.append(" ".join((node.text_content or "").replace("\n", " ").split(" ")))
    elif node.tag == "br":
        out.append("\n")
    elif node.tag == "li":
        out.append("\n- ")
    elif node.tag in ("td", "th"):
        out.append(" ")
    elif node.tag in _BLOCKS:
        out.append("\n\n" if node.tag in _SPACED else "\n")


def _leave(node: LexborNode, out: list[str]) -> None:
    if node.tag in _BLOCKS:
        out.append("\n\n" if node.tag in _SPACED else "\n")


def _lines(pieces: list[str]) -> str:
    lines: list[str] = []
    for raw in "".join(pieces).split("\n"):
        line = " ".join(raw.replace("\u00a0", " ").replace("\u200b", "").replace("\u200c", "").split())
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()

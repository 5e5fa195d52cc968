"""What was said, as the desk shows it: light markup only, links to known places, marks where details are held."""

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from kupec.conversations import Block, Choices, File, Message, Text
from kupec.kit.i18n import mark as _
from kupec.web.desk.reader import Reader

# One pass over the text: a link, a bold word, or a mark that hides a personal detail.
_PARTS = re.compile(
    r"(?P<link>https?://[^\s<>\"'⟦⟧]{3,2000})|\*\*(?P<bold>[^*\n]{1,500})\*\*|⟦(?P<mark>[a-z-]{1,30})(?::\d{1,4})?⟧"
)
_TRAILING = ".,;:!?)]}»”’"
_ITEM = re.compile(r"(?m)^\s*[-•]\s+")
MARK_WORDS = {
    "name": _("name hidden"),
    "email": _("e-mail hidden"),
    "phone": _("phone hidden"),
    "address": _("address hidden"),
    "card": _("card number removed"),
    "national-id": _("national number removed"),
    "account": _("account number removed"),
}


def said_html(text: str, reader: Reader) -> Markup:
    """Plain words as markup: **bold**, links to http(s), list dashes; a mark says what it hides."""
    text = _ITEM.sub("– ", text)
    found, at = Markup(), 0
    for match in _PARTS.finditer(text):
        found += escape(text[at : match.start()])
        at = match.end()
        if link := match["link"]:
            bare = link.rstrip(_TRAILING)
            found += _link(bare) + escape(link[len(bare) :])
        elif match["bold"] is not None:
            found += Markup("<strong>{}</strong>").format(match["bold"])
        else:
            words = MARK_WORDS.get(match["mark"])
            shown = reader.text(words) if words else match["mark"]
            found += Markup('<span class="mark-held">{}</span>').format(shown)
    return found + escape(text[at:])


def _link(address: str) -> Markup:
    return Markup('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>').format(address)


def without_marks(text: str, reader: Reader) -> str:
    """The same in one plain line, for the list."""

    def told(match: re.Match[str]) -> str:
        if match["mark"] is None:
            return match["bold"] or match[0]
        words = MARK_WORDS.get(match["mark"])
        return f"({reader.text(words)})" if words else ""

    return " ".join(_PARTS.sub(told, text).split())


def words_of(message: Message) -> str:
    """The words of a message: its text blocks, else its plain text."""
    texts = [block.text for block in message.content if isinstance(block, Text)]
    if texts:
        return "\n".join(texts)
    asked = any(isinstance(block, Choices) and block.text for block in message.content)
    return "" if asked else message.text


def blocks_of(message: Message) -> Sequence[Block]:
    """What a message shows beside its words and files."""
    return [block for block in message.content if not isinstance(block, Text | File)]

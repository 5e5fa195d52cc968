"""The light markup of our texts (`**bold**`, `- lists`, bare links) as HTML, or as plain words."""

import html
import re

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)
_ITEM = re.compile(r"^[ \t]*[-*] +", re.MULTILINE)


def as_html(text: str) -> str:
    """Escaped, with <b>, and "• " before items: what chats that read HTML know. Bare links they find themselves."""
    escaped = html.escape(_ITEM.sub("• ", text), quote=False)
    return _BOLD.sub(r"<b>\1</b>", escaped)


def without_markup(text: str) -> str:
    """The words alone."""
    return _BOLD.sub(r"\1", text)

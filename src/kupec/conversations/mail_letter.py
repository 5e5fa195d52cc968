"""A message as a mail: its blocks in the shop's look, and the same in plain words."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from kupec.conversations.blocks import Block, Cards, Choices, Link, Source, Text
from kupec.kit.i18n import translations

_TEMPLATES = Path(__file__).parent / "templates"
_RUN = re.compile(r"\*\*(?P<bold>[^*\n]{1,500})\*\*|(?P<url>https?://[^\s<>\"]{1,2000}[^\s<>\".,;:!?)\]])")
_LIST = re.compile(r"^\s*[-•*] +")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    html: str
    text: str


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """In whose name it is written: the shop, its address, and where its pages are."""

    shop: str
    address: str
    base_url: str
    by_bot: bool


def write_mail(title: str, blocks: Sequence[Block], writer: Writer, language: str) -> Letter:
    """The mail. Nothing of what older mails said hangs below it."""
    shown = list(_shown(blocks, writer.base_url))
    has_choices = any(one["kind"] == "choices" for one in shown)
    html = _template(language).render(
        title=title,
        blocks=shown,
        shop=writer.shop,
        address=writer.address,
        by_bot=writer.by_bot,
        has_choices=has_choices,
        language=language,
    )
    return Letter(html=html, text=_plain(shown, writer, has_choices, language))


@cache
def _template(language: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("mail.html")


def _shown(blocks: Sequence[Block], base_url: str) -> Iterator[dict[str, Any]]:
    # Numbers run through the whole mail: each must name one thing only.
    number = 0
    for block in blocks:
        match block:
            case Text(text=text):
                yield from _paragraphs(text)
            case Choices(choices=choices, text=text):
                yield from _paragraphs(text)
                yield {"kind": "choices", "choices": list(enumerate((one.label for one in choices), number + 1))}
                number += len(choices)
            case Link(label=label, url=url):
                if address := _absolute(url, base_url):
                    yield {"kind": "button", "label": label, "url": address}
            case Source(title=title, url=url):
                yield {"kind": "source", "title": title, "url": _absolute(url, base_url)}
            case Cards(cards=cards):
                for card in cards:
                    shown = msgspec.structs.asdict(card)
                    shown["url"] = _absolute(card.url, base_url)
                    shown["picture"] = _absolute(card.picture, base_url)
                    yield {"kind": "card", **shown}
                    if card.choices:
                        labels = (one.label for one in card.choices)
                        yield {"kind": "choices", "choices": list(enumerate(labels, number + 1))}
                        number += len(card.choices)
            case _:
                continue


def _absolute(url: str, base_url: str) -> str:
    """Only the web: what else an address may begin with has no place in a mail."""
    if url.startswith("/"):
        return f"{base_url}{url}"
    return url if url.startswith(("https://", "http://", "mailto:", "tel:")) else ""


def _paragraphs(text: str) -> Iterator[dict[str, Any]]:
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line for line in part.split("\n") if line.strip()]
        listed: list[str] = []
        plain: list[str] = []
        for line in lines:
            if _LIST.match(line):
                if plain:
                    yield {"kind": "text", "lines": [_runs(one) for one in plain]}
                    plain = []
                listed.append(_LIST.sub("", line))
            else:
                if listed:
                    yield {"kind": "list", "lines": [_runs(one) for one in listed]}
                    listed = []
                plain.append(line)
        for kind, rest in (("list", listed), ("text", plain)):
            if rest:
                yield {"kind": kind, "lines": [_runs(one) for one in rest]}


def _runs(line: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    at = 0
    for found in _RUN.finditer(line):
        runs.append({"text": line[at : found.start()], "bold": False, "url": ""})
        runs.append({"text": found["bold"] or found["url"], "bold": bool(found["bold"]), "url": found["url"] or ""})
        at = found.end()
    runs.append({"text": line[at:], "bold": False, "url": ""})
    return [run for run in runs if run["text"]]


def _plain(shown: Sequence[dict[str, Any]], writer: Writer, has_choices: bool, language: str) -> str:
    say = translations(language).gettext
    parts: list[str] = []
    for block in shown:
        match block["kind"]:
            case "choices":
                parts.append("\n".join(f"{number}) {label}" for number, label in block["choices"]))
            case "button":
                parts.append(f"{block['label']}: {block['url']}")
            case "source":
                parts.append(f"{say('More about it')}: {block['title']} {block['url']}".strip())
            case "card":
                lines = [block["title"], *block["lines"], block["price"], block["url"]]
                parts.append("\n".join(line for line in lines if line))
            case kind:
                mark = "- " if kind == "list" else ""
                parts.append("\n".join(mark + "".join(run["text"] for run in runs) for runs in block["lines"]))
    if has_choices:
        parts.append(say("Just reply with the number."))
    foot = [say("Our assistant wrote this. If you would rather write with a person, say so in your reply.")]
    parts.append("\n".join(["-- ", *(foot if writer.by_bot else []), f"{writer.shop} · {writer.address}"]))
    return "\n\n".join(parts) + "\n"

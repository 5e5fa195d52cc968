"""What an article must be to be kept, and to be published."""

import re
from collections.abc import Collection, Iterator, Mapping

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.knowledge.answers import variables_in
from kupec.knowledge.errors import ArticleUnfit
from kupec.knowledge.models import ArticleDraft, Finding
from kupec.knowledge.policy import Knowledge

CHANNELS = ("web", "email", "telegram", "phone", "counter", "help")
LONGEST_ANSWER = 6000
LONGEST_TITLE = 120
LONGEST_PHRASING = 200
MOST_PHRASINGS = 60
MOST_ANSWERS = 60
MOST_VARIABLES = 20
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BRACES = re.compile(r"\{[^{}]*\}")
# An amount next to a currency: it will be wrong one day.
_PRICE = re.compile(
    r"(?:(?:Kč|CZK|PLN|EUR|USD|GBP|zł|€|£|\$)\s?\d[\d\s.,]*)|(?:\d[\d\s.,]*\s?(?:Kč|CZK|PLN|EUR|USD|GBP|zł|€|£|,-))",
    re.IGNORECASE,
)

Signatures = Mapping[str, Collection[str]]
"""By tool, the fields of what it returns."""


def check_draft(draft: ArticleDraft, knowledge: Knowledge) -> None:
    """What even a draft must obey. Raises InvalidValue naming the path."""
    for path, expected in _faults(draft, knowledge):
        raise InvalidValue(field=path, expected=expected)


def _faults(draft: ArticleDraft, knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    if not CODE.fullmatch(draft.code):
        yield "code", _("small letters, digits and hyphens")
    if knowledge.category(draft.category) is None:
        yield "category", _("one of the categories in the settings of knowledge")
    if not draft.texts:
        yield "texts", _("a title in one language at least")
    if draft.source_url and not (draft.source_url.startswith("https://") and len(draft.source_url) <= 500):
        yield "source_url", _("an address that begins with https://")
    if not -9999 <= draft.position <= 9999:
        yield "position", "-9999–9999"
    yield from _text_faults(draft)
    yield from _answer_faults(draft)
    if len(draft.variables) > MOST_VARIABLES:
        yield "variables", _("fewer variables")
    for name in draft.variables:
        if not _NAME.fullmatch(name):
            yield f"variables.{name}", _("a name in small letters")


def _text_faults(draft: ArticleDraft) -> Iterator[tuple[str, str]]:
    for language, text in draft.texts.items():
        if language not in LANGUAGES:
            yield f"texts.{language}", ", ".join(LANGUAGES)
        if not 0 < len(text.title) <= LONGEST_TITLE or not text.title.isprintable():
            yield f"texts.{language}.title", _("a title of at most 120 characters")
        if not SLUG.fullmatch(text.slug) or len(text.slug) > 120:
            yield f"texts.{language}.slug", _("small letters, digits and hyphens")
        if len(text.phrasings) > MOST_PHRASINGS:
            yield f"texts.{language}.phrasings", _("at most 60 phrasings")
        for place, phrasing in enumerate(text.phrasings):
            if not 0 < len(phrasing) <= LONGEST_PHRASING or not phrasing.isprintable():
                yield f"texts.{language}.phrasings[{place}]", _("a question of at most 200 characters")


def _answer_faults(draft: ArticleDraft) -> Iterator[tuple[str, str]]:
    if len(draft.answers) > MOST_ANSWERS:
        yield "answers", _("fewer answers")
    seen = set()
    for place, answer in enumerate(draft.answers):
        path = f"answers[{place}]"
        if answer.language not in draft.texts:
            yield f"{path}.language", _("a language that the article has a title in")
        if answer.channel and answer.channel not in CHANNELS:
            yield f"{path}.channel", ", ".join(CHANNELS)
        if not 0 < len(answer.text.strip()) <= LONGEST_ANSWER or not answer.text.replace("\n", "").isprintable():
            yield f"{path}.text", _("a text of at most 6000 characters")
        key = (answer.language, answer.channel, answer.voice, answer.audience)
        if key in seen:
            yield path, _("one answer for the same language, channel, voice and audience")
        seen.add(key)


def check_publishable(draft: ArticleDraft, knowledge: Knowledge, signatures: Signatures | None) -> list[Finding]:
    """Raises ArticleUnfit for what would fail a customer; returns what is only doubtful.

    Refused: a language whose readers would get no answer in some channel, a variable of an unknown tool or field.
    Doubtful: a variable that nobody fills or uses, something that looks like a price, a language without phrasings.
    """
    check_draft(draft, knowledge)
    for language in draft.texts:
        plain = [a for a in draft.answers if a.language == language and not (a.channel or a.voice or a.audience)]
        if not plain:
            raise ArticleUnfit(field=f"texts.{language}", reason=_("a language needs an answer for any channel"))
    for name, variable in draft.variables.items() if signatures is not None else ():
        assert signatures is not None
        if variable.tool not in signatures:
            raise ArticleUnfit(field=f"variables.{name}", reason=_("there is no such tool"))
        if variable.field not in signatures[variable.tool]:
            raise ArticleUnfit(field=f"variables.{name}", reason=_("the tool does not tell this"))
    return list(_doubts(draft))


def _doubts(draft: ArticleDraft) -> Iterator[Finding]:
    used: set[str] = set()
    for place, answer in enumerate(draft.answers):
        path = f"answers[{place}]"
        names = variables_in(answer.text)
        used.update(names)
        for name in names:
            if name not in draft.variables:
                yield Finding(path=path, message=_("a variable that no tool fills: its line is left out"), value=name)
        rest = _BRACES.sub("", answer.text)
        if "{" in rest or "}" in rest or any(not _NAME.fullmatch(b[1:-1]) for b in _BRACES.findall(answer.text)):
            yield Finding(path=path, message=_("curly brackets that are no variable"))
        price = _PRICE.search(answer.text)
        if price:
            yield Finding(
                path=path, message=_("an amount that is typed in: let a tool tell it"), value=price[0].strip()
            )
    for name in draft.variables:
        if name not in used:
            yield Finding(path=f"variables.{name}", message=_("a variable that no answer uses"), value=name)
    for language, text in draft.texts.items():
        if not text.phrasings:
            yield Finding(
                path=f"texts.{language}", message=_("no question in this language: it is found by its title only")
            )

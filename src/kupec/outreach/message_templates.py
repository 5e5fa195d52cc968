"""The messages as the merchant words them: one document, by message, channel and language."""

from collections.abc import Iterator, Sequence

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.outreach.markup import strange_in
from kupec.outreach.own_words import OURS, our_words, variables_of

PURPOSES = ("service", "marketing.email")
"""What a message may be for; all but "service" needs the customer's consent."""

_LONGEST_SUBJECT = 150
_LONGEST_BODY = 8000
_MOST = 200
EXPECTED = (
    _("one line of plain text"),
    _("plain text"),
    _("a subject and a body in one language at least: these are no words of ours"),
    _("lower case letters, digits and underscores"),
)


class MailWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mail by language: plain text with the small markup of `markup`. What is empty is said in our own words."""

    subject: dict[str, str] = {}
    body: dict[str, str] = {}


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message: its words, a field a channel; `purpose` where it differs from ours."""

    email: MailWords = MailWords()
    purpose: str | None = None
    off: bool = False
    """It is not written at all."""


class Templates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. A message that is missing is said in our own words."""

    templates: dict[str, Template] = {}


def check_templates(document: Templates) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found: dict[str, str] = {}
    if len(document.templates) > _MOST:
        found["templates"] = f"at most {_MOST} messages"
    for code, template in document.templates.items():
        found.update(_faults(code, template))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(code: str, template: Template) -> Iterator[tuple[str, str]]:
    path = f"templates.{code}"
    if not (code.replace("_", "a").isalnum() and code.isascii() and code == code.lower() and len(code) <= 40):
        yield path, "lower case letters, digits and underscores"
    if template.purpose is not None and template.purpose not in PURPOSES:
        yield f"{path}.purpose", ", ".join(PURPOSES)
    yield from _faults_of_words(path, code, template.email)
    if code not in OURS and not _spoken(template.email):
        yield f"{path}.email", "a subject and a body in one language at least: these are no words of ours"


def _faults_of_words(path: str, code: str, words: MailWords) -> Iterator[tuple[str, str]]:
    allowed = variables_of(code)
    for language, said in words.subject.items():
        here = f"{path}.email.subject.{language}"
        yield from _faults_of_text(here, language, said, [name for name in allowed if not name.startswith("link:")])
    for language, said in words.body.items():
        yield from _faults_of_text(f"{path}.email.body.{language}", language, said, allowed, lines=True)


def _faults_of_text(
    path: str, language: str, said: str, allowed: Sequence[str], *, lines: bool = False
) -> Iterator[tuple[str, str]]:
    plain = said.replace("\n", "").replace("\r", "").replace("\t", "") if lines else said
    longest = _LONGEST_BODY if lines else _LONGEST_SUBJECT
    if language not in LANGUAGES:
        yield path, ", ".join(LANGUAGES)
    elif len(said) > longest:
        yield path, f"at most {longest} characters"
    elif not plain.isprintable():
        yield path, "plain text" if lines else "one line of plain text"
    elif strange_in(said, allowed):
        yield path, "in curly brackets only " + ", ".join(f"{{{name}}}" for name in allowed)


def _spoken(words: MailWords) -> list[str]:
    """The languages in which all of it is said."""
    return [language for language in LANGUAGES if words.subject.get(language) and words.body.get(language)]


def words_of(document: Templates, code: str, language: str) -> tuple[str, str]:
    """(subject, body) of a mail in `language`: the merchant's, where they say nothing ours.

    A message that the merchant has added speaks the first language it knows where `language` is missing.
    """
    words = document.templates[code].email if code in document.templates else MailWords()
    ours_subject, ours_body = our_words(code, language)
    if code not in OURS and language not in _spoken(words):
        language = _spoken(words)[0]
    return words.subject.get(language) or ours_subject, words.body.get(language) or ours_body


def purpose_of(document: Templates, code: str) -> str:
    """What a message is for."""
    told = document.templates[code].purpose if code in document.templates else None
    return told or (OURS[code].purpose if code in OURS else "marketing.email")


def is_known(document: Templates, code: str) -> bool:
    return code in OURS or code in document.templates


def is_active(document: Templates, code: str) -> bool:
    return code not in document.templates or not document.templates[code].off


TEMPLATES = Kind("templates", Templates, default=Templates, check=check_templates)

"""The messages as the merchant words them: one document, by message, channel and language."""

from collections.abc import Iterator

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.outreach.markup import strange_in
from kupec.outreach.our_words import OURS, our_words, variables_of

CHANNELS = ("email",)
"""Where messages can go. Others join when there is a way to send them."""
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


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plain text with the small markup of `markup`. What is empty is said in our own words."""

    subject: str = ""
    body: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message: its texts by channel and language; `purpose` and `active` where they differ from ours."""

    texts: dict[str, dict[str, Text]] = {}
    purpose: str | None = None
    active: bool = True
    """Whether it is written at all."""


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
    for channel, texts in template.texts.items():
        if channel not in CHANNELS:
            yield f"{path}.texts.{channel}", ", ".join(CHANNELS)
            continue
        for language, text in texts.items():
            yield from _faults_of_text(f"{path}.texts.{channel}.{language}", code, language, text)
    if code not in OURS and not any(text.subject and text.body for text in template.texts.get("email", {}).values()):
        yield f"{path}.texts", "a subject and a body in one language at least: these are no words of ours"


def _faults_of_text(path: str, code: str, language: str, text: Text) -> Iterator[tuple[str, str]]:
    if language not in LANGUAGES:
        yield path, ", ".join(LANGUAGES)
        return
    allowed = variables_of(code)
    for part, said, longest in (("subject", text.subject, _LONGEST_SUBJECT), ("body", text.body, _LONGEST_BODY)):
        plain = said if part == "subject" else said.replace("\n", "").replace("\r", "").replace("\t", "")
        known = [name for name in allowed if part == "body" or not name.startswith("link:")]
        if len(said) > longest:
            yield f"{path}.{part}", f"at most {longest} characters"
        elif not plain.isprintable():
            yield f"{path}.{part}", "one line of plain text" if part == "subject" else "plain text"
        elif strange_in(said, known):
            yield f"{path}.{part}", "in curly brackets only " + ", ".join(f"{{{name}}}" for name in known)


def words_of(document: Templates, code: str, language: str) -> tuple[str, str]:
    """(subject, body) of a mail in `language`: the merchant's, where they say nothing ours.

    A message that the merchant has added speaks the first language it knows where `language` is missing.
    """
    texts = document.templates[code].texts.get("email", {}) if code in document.templates else {}
    ours_subject, ours_body = our_words(code, language)
    text = texts.get(language, Text())
    if code not in OURS and not (text.subject and text.body):
        text = next(one for one in texts.values() if one.subject and one.body)
    return text.subject or ours_subject, text.body or ours_body


def purpose_of(document: Templates, code: str) -> str:
    """What a message is for."""
    told = document.templates[code].purpose if code in document.templates else None
    return told or (OURS[code].purpose if code in OURS else "marketing.email")


def is_known(document: Templates, code: str) -> bool:
    return code in OURS or code in document.templates


def is_active(document: Templates, code: str) -> bool:
    return code not in document.templates or document.templates[code].active


TEMPLATES = Kind("templates", Templates, default=Templates, check=check_templates)

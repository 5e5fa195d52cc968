"""Czech, Polish and English by gettext. The sources are the .po files; what is compiled of them is kept."""

import gettext
import hashlib
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kupec.kit.compiled import compiled_dir, keep
from kupec.kit.errors import KupecError

LANGUAGES = ("cs", "pl", "en")
SOURCE_LANGUAGE = "en"
_WORDED = ("expected", "problem", "reason")
"""The details of errors that are sentences or parts of one: marked where the error is raised."""
_LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"


def catalogue_files(language: str) -> list[Path]:
    """The message files of a language: one an area, merged when loaded."""
    return sorted((_LOCALE_DIR / language).glob("*.po"))


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The messages of a language; an unknown language speaks English."""
    if language == SOURCE_LANGUAGE or language not in LANGUAGES:
        return gettext.NullTranslations()
    sources = catalogue_files(language)
    directory = compiled_dir()
    if directory is None:
        return gettext.GNUTranslations(io.BytesIO(_compiled(language, sources)))
    kept = directory / f"messages-{language}-{_state(sources)}.mo"
    if kept.exists():
        content = kept.read_bytes()
    else:
        content = _compiled(language, sources)
        keep(kept, content, instead_of=f"messages-{language}-*.mo")
    return gettext.GNUTranslations(io.BytesIO(content))


def _compiled(language: str, sources: Sequence[Path]) -> bytes:
    merged = Catalog(locale=language)
    for path in sources:
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    merged[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    return compiled.getvalue()


def _state(sources: Sequence[Path]) -> str:
    """Changes whenever a source does."""
    seen = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def mark(message: str) -> str:
    """Marks a message for the catalogues where it is written; it is translated where it is shown."""
    return message


def translate(language: str, message: str) -> str:
    return translations(language).gettext(message)


def explain(error: KupecError, language: str) -> str:
    """An error's message for a reader of `language`; what it was given to say in words is said in theirs too."""
    said = {name: translate(language, error.details[name]) for name in _WORDED if error.details.get(name)}
    return translate(language, error.template()).format_map({"field": error.field, **error.details, **said})


def best_language(accept_language: str, default: str = "en") -> str:
    """The language of ours that an Accept-Language header likes best (RFC 9110, with quality values)."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in LANGUAGES:
            ranked.append((-_quality(parameters), position, language))
    return min(ranked)[2] if ranked else default


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0

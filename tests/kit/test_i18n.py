"""Every word for people stands in Czech and Polish too."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import kupec
from kupec.customers import UnfitFile
from kupec.kit.errors import InvalidValue, NotFound, public_errors
from kupec.kit.i18n import LANGUAGES, best_language, catalogue_files, explain, translations
from kupec.sales import CartIncomplete

ROOT = Path(kupec.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
JINJA = {"newstyle_gettext": "true", "extensions": "jinja2.ext.do", "silent": "false"}
OPTIONS = {"**.html": JINJA, "**.txt": JINJA}
KEYWORDS = {
    "_": None,
    "mark": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
FOREIGN = [language for language in LANGUAGES if language != "en"]
Message = tuple[str, str]
"""Context (or nothing) and the English text."""


def all_errors() -> Iterator[tuple[Message, int]]:
    for module in pkgutil.walk_packages(kupec.__path__, "kupec."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for error in public_errors():
        if error.__module__.startswith("kupec."):
            yield ("", error.template()), error.status


@cache
def spoken() -> frozenset[Message]:
    """What may be shown to people: marked texts and the messages of errors."""
    found = {message for message, _ in all_errors()}
    for _, _, message, _, context in extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS):
        found.add((context or "", message[0] if isinstance(message, tuple) else message))
    return frozenset(found)


@cache
def written(language: str) -> dict[Message, list[str]]:
    found: dict[Message, list[str]] = {}
    for path in catalogue_files(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and not message.fuzzy:
                    english = message.id[0] if isinstance(message.id, tuple) else message.id
                    texts = message.string if isinstance(message.string, tuple) else (message.string,)
                    found[message.context or "", english] = list(texts)
    return found


@pytest.mark.parametrize("language", FOREIGN)
def test_everything_is_translated(language: str) -> None:
    texts = written(language)
    ours = {message for message, status in all_errors() if status >= 500}  # for the log; people read another page
    missing = sorted(text for text in spoken() - ours if not all(texts.get(text, [""])))
    assert not missing, f"{len(missing)} texts are missing in {language}"


@pytest.mark.parametrize("language", FOREIGN)
def test_placeholders_survive_translation(language: str) -> None:
    for (_, english), texts in written(language).items():
        wanted = set(PLACEHOLDER.findall(english))
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= wanted | {"%(num)s"}, text
        said = set().union(*(PLACEHOLDER.findall(text) for text in texts))
        assert {place for place in wanted if place.startswith("%")} <= said | {"%(num)s"}, english


@pytest.mark.parametrize("language", FOREIGN)
def test_nothing_is_translated_in_vain(language: str) -> None:
    vain = sorted(set(written(language)) - spoken())
    assert not vain, f"{len(vain)} texts of {language} are used nowhere"


def test_an_error_speaks_the_readers_language() -> None:
    assert explain(NotFound(what="order"), "en") == "There is no such order."
    assert translations("de").gettext("free") == "free"


def test_what_an_error_was_given_to_say_is_translated_too() -> None:
    empty = UnfitFile(field="file", reason="it is empty")
    assert explain(empty, "cs") == "Tento soubor nelze uložit: je prázdný."
    assert explain(empty, "en") == "This file cannot be kept: it is empty."
    incomplete = CartIncomplete(field="shipping_method", problem="Please choose a delivery.")
    assert "Please" not in explain(incomplete, "pl")
    strange = InvalidValue(field="name", expected="something nobody has put in words")
    assert "something nobody has put in words" in explain(strange, "cs")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("cs-CZ,cs;q=0.9,en;q=0.8", "cs"),
        ("de, pl;q=0.5, en;q=0.7", "en"),
        ("de-DE", "en"),
        ("", "en"),
        ("cs;q=abc, pl;q=0.1", "pl"),
    ],
)
def test_the_browser_says_which_language(header: str, language: str) -> None:
    assert best_language(header) == language

"""How knowledge is arranged, a versioned document: its categories, and from which hosts articles may be taken."""

import re

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shelf of the help pages."""

    code: str
    names: dict[str, str]

    def name(self, language: str) -> str:
        return self.names.get(language) or next(iter(self.names.values()), self.code)


class Knowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. `known_from` is the score from which a question counts as answered."""

    categories: list[Category] = []
    source_hosts: list[str] = []
    """Hosts whose pages may be read to see whether they have changed."""
    source_days: int = 7
    """Days between two looks at a page."""
    known_from_percent: int = 50

    def category(self, code: str) -> Category | None:
        return next((one for one in self.categories if one.code == code), None)


def _default() -> Knowledge:
    names = {"cs": "Časté dotazy", "pl": "Częste pytania", "en": "Common questions"}
    return Knowledge(categories=[Category(code="general", names=names)])


def check_knowledge(document: Knowledge) -> None:
    """Raises InvalidValue naming the path of what is wrong."""
    if not document.categories:
        raise InvalidValue(field="categories", expected=_("at least one category"))
    seen: set[str] = set()
    for place, category in enumerate(document.categories):
        if not _CODE.fullmatch(category.code) or category.code in seen:
            raise InvalidValue(field=f"categories[{place}].code", expected=_("a code of its own in small letters"))
        seen.add(category.code)
        for language, name in category.names.items():
            if language not in LANGUAGES:
                raise InvalidValue(field=f"categories[{place}].names", expected=", ".join(LANGUAGES))
            if not 0 < len(name) <= 60 or not name.isprintable():
                raise InvalidValue(
                    field=f"categories[{place}].names.{language}", expected=_("a name of at most 60 characters")
                )
        if not category.names:
            raise InvalidValue(field=f"categories[{place}].names", expected=_("a name"))
    for place, host in enumerate(document.source_hosts):
        if not _HOST.fullmatch(host):
            raise InvalidValue(field=f"source_hosts[{place}]", expected=_("a host such as www.example.com"))
    if not 1 <= document.source_days <= 365:
        raise InvalidValue(field="source_days", expected="1–365")
    if not 5 <= document.known_from_percent <= 99:
        raise InvalidValue(field="known_from_percent", expected="5–99")


KNOWLEDGE = Kind("knowledge", Knowledge, default=_default, check=check_knowledge, permission="knowledge.write")

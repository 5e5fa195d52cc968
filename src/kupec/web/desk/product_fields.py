"""What the product's form says besides texts and prices: how it is taxed, made, kept, and what it belongs to."""

import re

from kupec.catalogue import OTHER_END, DeskVariant, RelationKind
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.web.forms import Form

_BETWEEN = re.compile(r"[,;\s]+")
_PART = re.compile(r"(?:(\d{1,4})\s*[x×]\s*)?(\S+?)(?:\s*[x×]\s*(\d{1,4}))?", re.IGNORECASE)
_MOST_DAYS = 3650
_MOST_PIECES = 1_000_000_000

RELATIONS: dict[RelationKind, str] = {
    "fits": _("Fits"),
    "spare_part_of": _("Spare part of"),
    "consumed_by": _("Consumed by"),
    "accessory_of": _("Accessory of"),
    "related": _("Related to"),
}
assert set(RELATIONS) == set(OTHER_END)

EXPECTED = (
    _("one or more pieces of articles by their codes, such as 2× B-250"),
    _("other products than itself"),
    _("others than itself"),
    _("none, since a bundle has only that of its components"),
    _("nothing, since this is itself part of a bundle"),
    _("a code of its own"),
    _("a code of small letters and digits"),
    _("names by language, such as en"),
    _("amounts by currency that are not negative"),
    _("a code of its own for each choice"),
    _("nothing for a text or a number"),
    _("no less than the minimum"),
    _("a number above 0"),
    _("a number"),
)
"""What the catalogue says it expects of these fields, marked for the catalogues."""


def codes(text: str) -> list[str]:
    """Codes that somebody wrote one after the other, each once."""
    return list(dict.fromkeys(part for part in _BETWEEN.split(text) if part))


def read_days(form: Form, field: str) -> int | None:
    """Days; an empty field says none (0), a missing one nothing."""
    return form.whole(field, least=0, most=_MOST_DAYS, default=0) if field in form else None


def read_relations(form: Form) -> dict[RelationKind, list[str]]:
    return {
        kind: codes(form.prose(f"relation.{kind}", most=20_000)) for kind in RELATIONS if f"relation.{kind}" in form
    }


def read_reorder_point(form: Form, variant: DeskVariant) -> int | None:
    """From how few pieces on it is to be ordered again; an empty field: nobody watches (-1)."""
    field = f"reorder.{variant.id}"
    return form.whole(field, least=0, most=_MOST_PIECES, default=-1) if field in form else None


def read_bundle(form: Form, variant: DeskVariant) -> dict[str, int] | None:
    """What one piece contains: "2× B-250, 1× MUG" or one a line. Raises InvalidValue."""
    field = f"bundle.{variant.id}"
    if field not in form:
        return None
    found: dict[str, int] = {}
    for part in re.split(r"[,;\n]+", form.prose(field, most=5000)):
        if not part.strip():
            continue
        match = _PART.fullmatch(part.strip())
        if match is None:
            expected = "one or more pieces of articles by their codes, such as 2× B-250"
            raise InvalidValue(field=field, expected=expected)
        before, sku, after = match.groups()
        found[sku] = found.get(sku, 0) + int(before or after or 1)
    return found


def bundle_text(bundle: dict[str, int]) -> str:
    return "\n".join(f"{quantity}× {sku}" for sku, quantity in bundle.items())

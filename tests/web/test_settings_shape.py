"""The shape of a document as a form, and what the form says, for what no shipped document tries."""

import msgspec
from msgspec import inspect

from kupec.assistant import BotSettings
from kupec.web.desk.settings_shape import Group, Leaf, Many, Place, Row, describe, read
from kupec.web.forms import Form


def test_the_bots_settings_are_a_form_and_come_back_as_they_were() -> None:
    raw = {
        "autonomy": [{"intent": "complaint", "mode": "person"}],
        "offers": ["track_parcel", "find_product"],
        "does": {"invoice": "invoices"},
        "value_at_stake": {"CZK": 500_000},
    }
    settings = msgspec.convert(raw, BotSettings)
    kind, place = inspect.type_info(BotSettings), Place(currencies=("CZK", "EUR"))
    group = describe(kind, msgspec.to_builtins(settings), place)
    assert isinstance(group, Group)
    assert next(one.value for one in group.parts if isinstance(one, Leaf) and one.field == "offers") == (
        "track_parcel, find_product"
    )
    faults: dict[str, str] = {}
    told = read(kind, Form(_pairs(group)), place, faults)
    assert faults == {}
    assert msgspec.convert(told, BotSettings) == settings


def _pairs(group: Group) -> list[tuple[str, str]]:
    """What a browser would send of it."""
    pairs: list[tuple[str, str]] = []
    for part in group.parts:
        if isinstance(part, Leaf):
            pairs += [(part.path, part.value)] if part.value or part.widget != "check" else []
        elif isinstance(part, Row):
            pairs += [(f"{part.path}#key", leaf.key) for leaf in part.leaves]
            pairs += [(leaf.path, leaf.value) for leaf in part.leaves]
        elif isinstance(part, Many):
            pairs.append((f"{part.path}#", str(len(part.items))))
            pairs += [pair for item in part.items for pair in _pairs(item)]
    return pairs

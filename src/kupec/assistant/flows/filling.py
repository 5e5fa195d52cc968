"""From what was heard to the values of slots: entities first, then the text itself where it is asked for."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from kupec.assistant.flows import hearing
from kupec.assistant.flows.expressions import look_up
from kupec.assistant.flows.flow import ChoicesFrom, Slot, worded
from kupec.assistant.flows.run import TurnInput
from kupec.assistant.flows.wording import options_of, words_beside
from kupec.kit.i18n import LANGUAGES
from kupec.kit.text import fold

ENTITIES: Final[dict[str, tuple[str, ...]]] = {
    "text": (),
    "number": ("number",),
    "quantity": ("quantity",),
    "money": ("money",),
    "date": ("date",),
    "interval": ("interval",),
    "email": ("email",),
    "phone": ("phone",),
    "product": ("sku", "product"),
    "order": ("order_number",),
    "postcode": ("postcode",),
    "choice": (),
    "boolean": (),
    "any": (),
}
"""Where a slot's value is heard, by its type."""
_SOME_DAY: Final = date(2026, 1, 1)
LONGEST_TEXT: Final = 2_000


def heard_for(slot: Slot, turn: TurnInput, values: Mapping[str, Any], *, asked: bool) -> tuple[str, Any]:
    """The name of the entity used ("" for the text itself) and the value, None when there is none."""
    for name in (*slot.entities, *ENTITIES[slot.type]):
        if asked and slot.type == "text" and name == "product":
            continue  # what is said besides the product's name is wanted, too
        value = as_type(slot, one_of(turn.entities.get(name)))
        if value is not None:
            return name, value
    if slot.type == "choice":
        return "", _chosen(slot, turn, values, asked=asked)
    if asked:
        return "", _from_text(slot, turn)
    return "", None


def one_of(value: Any) -> Any:
    """An entity may be heard several times: the first counts."""
    return value[0] if isinstance(value, list | tuple) and value else value if value != [] else None


def as_type(slot: Slot, value: Any) -> Any:
    """The value as the slot's type has it, None when it is no such thing."""
    match slot.type:
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "quantity":
            return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
        case "money":
            return value if isinstance(value, dict) and "amount" in value else None
        case "interval":
            return value if isinstance(value, dict) and "every" in value and "unit" in value else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "any":
            return value
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and str(value) else None


def _chosen(slot: Slot, turn: TurnInput, values: Mapping[str, Any], *, asked: bool) -> str | None:
    options = options_of(slot.choices, values, turn.language)
    if turn.choice is not None and any(option.value == turn.choice for option in options):
        return turn.choice
    names = {option.value: [option.label, option.value] for option in options}
    if isinstance(slot.choices, ChoicesFrom):
        for value, words in words_beside(slot.choices, values, turn.language).items():
            names.setdefault(value, []).extend(words)
    else:
        for one in slot.choices:
            more = [worded(one.label, language) for language in LANGUAGES]
            names.setdefault(one.value, []).extend([*more, *one.words.get(turn.language, ())])
    found = hearing.chosen_in(turn.text, list(names.items()), by_number=asked)
    if found is None or asked:
        return found
    # Not asked for: only what was named whole counts, not what merely resembles it.
    text = f" {' '.join(hearing.words_of(turn.text))} "
    return found if any(f" {' '.join(hearing.words_of(name))} " in text for name in names[found] if name) else None


def _from_text(slot: Slot, turn: TurnInput) -> Any:
    text = turn.text.strip()
    match slot.type:
        case "boolean":
            return yes_or_no(turn)
        case "number":
            return _free_number(turn)
        case "quantity":
            found = hearing.quantity_in(text) or _free_number(turn)
            return found if isinstance(found, int) and found > 0 else None
        case "money":
            return hearing.money_in(text)
        case "date":
            return hearing.date_in(text, today_of(turn))
        case "interval":
            return hearing.interval_in(text)
        case "email":
            return hearing.email_in(text)
        case "phone":
            return hearing.phone_in(text)
        case "order":
            return _order_number(turn)
        case "postcode":
            return hearing.postcode_in(text)
        case "product":
            return turn.choice or (text[:200] or None if not hearing.asks(text) else None)
        case "text" | "any":
            return turn.choice or text[:LONGEST_TEXT] or None
    return None


def _order_number(turn: TurnInput) -> str | None:
    """What looks like an order's number and is no part of something else that was heard."""
    found = hearing.order_in(turn.text)
    others = (str(one_of(turn.entities.get(name))) for name in ("phone", "money", "date"))
    return None if found is not None and any(found in other for other in others) else found


def _free_number(turn: TurnInput) -> int | float | None:
    """The number in a text, unless it is a part of something else that was heard (an order's number, a phone's)."""
    found = hearing.number_in(turn.text)
    others = (str(one_of(turn.entities.get(name))) for name in ("order_number", "sku", "phone", "date"))
    return None if found is not None and any(str(found) in other for other in others) else found


def yes_or_no(turn: TurnInput) -> bool | None:
    """Whether the customer agrees; None when neither is said."""
    if turn.choice in ("yes", "no"):
        return turn.choice == "yes"
    if turn.entities.get("no") or hearing.says_no(turn.text):
        return False
    if turn.entities.get("yes") or hearing.says_yes(turn.text):
        return True
    return None


def today_of(turn: TurnInput) -> date:
    try:
        return date.fromisoformat(str(turn.context.get("today", ""))[:10])
    except ValueError:
        return _SOME_DAY


def fill_from(
    slots: Mapping[str, Slot],
    known: dict[str, Any],
    turn: TurnInput,
    values: Mapping[str, Any],
    *,
    used: frozenset[str] = frozenset(),
) -> set[str]:
    """Fill what is still empty with what was heard, each thing heard once, in the order of the slots."""
    taken, filled = set(used), set()
    for name, slot in slots.items():
        if known.get(name) is not None or slot.ask_first:
            continue
        source, value = heard_for(slot, turn, values, asked=False)
        if value is not None and source not in taken:
            known[name] = value
            filled.add(name)
            if source:
                taken.update((source, *(("sku", "product") if source in ("sku", "product") else ())))
    return filled


def same(left: Any, right: Any) -> bool:
    """Whether two values say the same thing."""
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    return bool(left == right)


__all__ = ["fill_from", "heard_for", "look_up", "one_of", "same", "today_of", "yes_or_no"]

"""Made to order: what a buyer fills in for a product, its rules, and what it adds to price and time. No database."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal

import msgspec

from kupec.kit.errors import InvalidValue

_CODE: Final = re.compile("[a-z0-9][a-z0-9_-]{0,39}")
_LANGUAGE: Final = re.compile("[a-z]{2,3}")
_CURRENCY: Final = re.compile("[A-Z]{3}")
_MOST_OPTIONS: Final = 20
_MOST_CHOICES: Final = 100
_MOST_CHARACTERS: Final = 500
_MOST_MONEY: Final = 10**9
_MOST_DAYS: Final = 365
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_MARKS: Final = ".,;:!?'\"()&+-–/#"

_CLASSES: Final[dict[str, Callable[[str], bool]]] = {
    "letters": str.isalpha,
    "digits": "0123456789".__contains__,
    "space": " ".__eq__,
    "marks": _MARKS.__contains__,
}


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of what an option offers. `surcharge` by currency in minor units with VAT, a piece."""

    code: str
    names: dict[str, str] = {}
    surcharge: dict[str, int] = {}
    lead_days: int = 0


class Option(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a buyer may choose or write. `characters` are words of "letters digits space marks" or single characters.

    `surcharge` is added once the option is used, on top of its choice's own. One that says amounts but none in a
    currency is not offered in that currency. `lead_days` are working days.
    """

    code: str
    kind: Literal["choice", "text", "number"]
    names: dict[str, str] = {}
    required: bool = False
    choices: list[Choice] = []
    max_length: int = 50
    characters: str = "letters digits space marks"
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    step: Decimal | None = None
    unit: str = ""
    surcharge: dict[str, int] = {}
    lead_days: int = 0


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What was filled in. `surcharge` is for one piece in minor units with VAT; the longest `lead_days` decides.

    `values` are canonical: the same wishes make the same dictionary. `labels` are (option, value) for people.
    """

    values: dict[str, str] = {}
    surcharge: int = 0
    lead_days: int = 0
    labels: list[tuple[str, str]] = []


_NOTHING: Final = Chosen()


def choose(options: Sequence[Option], given: Mapping[str, str], *, currency: str, language: str) -> Chosen:
    """What these inputs mean for one piece. Raises InvalidValue for the first that is wrong, field "options.<code>"."""
    chosen, errors = _read(options, given, currency, language)
    if errors:
        raise errors[0]
    return chosen


def validate_options(options: Sequence[Option], given: Mapping[str, str], *, currency: str) -> list[InvalidValue]:
    """Everything that is wrong with these inputs, a field at most once."""
    return _read(options, given, currency, "en")[1]


def offered(options: Sequence[Option], currency: str) -> list[Option]:
    """The options as they are on offer in a currency. A required one stays, even with nothing to choose."""
    return [
        msgspec.structs.replace(
            option, choices=[choice for choice in option.choices if _has_price(choice.surcharge, currency)]
        )
        for option in options
        if option.required or _has_price(option.surcharge, currency)
    ]


def _read(
    options: Sequence[Option], given: Mapping[str, str], currency: str, language: str
) -> tuple[Chosen, list[InvalidValue]]:
    if not options and not given:
        return _NOTHING, []
    codes = {option.code for option in options}
    errors = [InvalidValue(field=f"options.{code}", expected="nothing") for code in given if code not in codes]
    values: dict[str, str] = {}
    labels: list[tuple[str, str]] = []
    surcharge = lead_days = 0
    for option in options:
        try:
            value = _value(option, given.get(option.code, ""), currency)
        except InvalidValue as error:
            errors.append(error)
            continue
        if not value:
            continue
        choice = next((each for each in option.choices if each.code == value), None) if option.choices else None
        values[option.code] = value
        labels.append((in_language(option.names, language) or option.code, _shown(option, choice, value, language)))
        surcharge += option.surcharge.get(currency, 0) + (choice.surcharge.get(currency, 0) if choice else 0)
        lead_days = max(lead_days, option.lead_days, choice.lead_days if choice else 0)
    return Chosen(values=values, surcharge=surcharge, lead_days=lead_days, labels=labels), errors


def _value(option: Option, raw: str, currency: str) -> str:
    """The canonical value, "" for none."""
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    field = f"options.{option.code}"
    if not text:
        if option.required:
            raise InvalidValue(field=field, expected="a value")
        return ""
    if not _has_price(option.surcharge, currency):
        raise InvalidValue(field=field, expected=f"nothing, since it is not offered in {currency}")
    if option.kind == "choice":
        return _choice(option, text, currency, field)
    if option.kind == "number":
        return _number(option, text, field)
    return _text(option, text, field)


def _choice(option: Option, text: str, currency: str, field: str) -> str:
    codes = [choice.code for choice in option.choices if _has_price(choice.surcharge, currency)]
    if text not in codes:
        raise InvalidValue(field=field, expected=f"one of {', '.join(codes)}")
    return text


def _number(option: Option, text: str, field: str) -> str:
    wrong = InvalidValue(field=field, expected=f"a number{_limits(option)}")
    plain = text.replace(",", ".").replace(" ", "")
    if not _NUMBER.fullmatch(plain):
        raise wrong
    number = Decimal(plain)
    too_small = option.minimum is not None and number < option.minimum
    too_big = option.maximum is not None and number > option.maximum
    if too_small or too_big or (option.step and (number - (option.minimum or 0)) % option.step):
        raise wrong
    return f"{number.normalize():f}" if number else "0"


def _limits(option: Option) -> str:
    parts = [
        f"{word} {limit:f}"
        for word, limit in (("from", option.minimum), ("to", option.maximum), ("in steps of", option.step))
        if limit is not None
    ]
    return f" {' '.join(parts)}" if parts else ""


def _text(option: Option, text: str, field: str) -> str:
    if len(text) > option.max_length:
        raise InvalidValue(field=field, expected=f"at most {option.max_length} characters")
    allowed = option.characters.split()
    if not all(any(_allows(word, character) for word in allowed) for character in text):
        raise InvalidValue(field=field, expected=f"only {', '.join(allowed)}")
    return text


def _allows(word: str, character: str) -> bool:
    known = _CLASSES.get(word)
    return known(character) if known is not None else character == word


def _shown(option: Option, choice: Choice | None, value: str, language: str) -> str:
    if choice is not None:
        return in_language(choice.names, language) or choice.code
    return f"{value} {option.unit}" if option.unit else value


def _has_price(surcharge: Mapping[str, int], currency: str) -> bool:
    return not surcharge or currency in surcharge


def in_language(names: Mapping[str, str], language: str) -> str:
    """The name in that language, else in English, else any, else nothing."""
    return names.get(language) or names.get("en") or next(iter(names.values()), "")


def option_faults(options: Sequence[Option]) -> list[InvalidValue]:
    """What is wrong with the options of a product, as the merchant wrote them; fields are "options[1].code"."""
    faults: list[InvalidValue] = []
    if len(options) > _MOST_OPTIONS:
        faults.append(InvalidValue(field="options", expected=f"at most {_MOST_OPTIONS} options"))
    seen: set[str] = set()
    for index, option in enumerate(options):
        field = f"options[{index}]"
        if option.code in seen:
            faults.append(InvalidValue(field=f"{field}.code", expected="a code of its own"))
        seen.add(option.code)
        faults.extend(_common_faults(option, field))
        faults.extend(_kind_faults(option, field))
    return faults


def _common_faults(each: Option | Choice, field: str) -> Iterator[InvalidValue]:
    if not _CODE.fullmatch(each.code):
        yield InvalidValue(field=f"{field}.code", expected="a code of small letters and digits")
    if not each.names or not all(_LANGUAGE.fullmatch(language) and name for language, name in each.names.items()):
        yield InvalidValue(field=f"{field}.names", expected="names by language, such as en")
    for currency, amount in each.surcharge.items():
        if not _CURRENCY.fullmatch(currency) or not 0 <= amount <= _MOST_MONEY:
            yield InvalidValue(field=f"{field}.surcharge", expected="amounts by currency that are not negative")
    if not 0 <= each.lead_days <= _MOST_DAYS:
        yield InvalidValue(field=f"{field}.lead_days", expected=f"days from 0 to {_MOST_DAYS}")


def _kind_faults(option: Option, field: str) -> Iterator[InvalidValue]:
    if option.kind == "choice":
        if not 0 < len(option.choices) <= _MOST_CHOICES:
            yield InvalidValue(field=f"{field}.choices", expected=f"1 to {_MOST_CHOICES} choices")
        if len({choice.code for choice in option.choices}) < len(option.choices):
            yield InvalidValue(field=f"{field}.choices", expected="a code of its own for each choice")
        for index, choice in enumerate(option.choices):
            yield from _common_faults(choice, f"{field}.choices[{index}]")
    elif option.choices:
        yield InvalidValue(field=f"{field}.choices", expected="nothing for a text or a number")
    if option.kind == "text":
        if not 0 < option.max_length <= _MOST_CHARACTERS:
            yield InvalidValue(field=f"{field}.max_length", expected=f"1 to {_MOST_CHARACTERS} characters")
        words = option.characters.split()
        if not words or any(word not in _CLASSES and len(word) > 1 for word in words):
            yield InvalidValue(field=f"{field}.characters", expected=f"{', '.join(_CLASSES)} or single characters")
    if option.kind == "number":
        yield from _number_faults(option, field)


def _number_faults(option: Option, field: str) -> Iterator[InvalidValue]:
    for name in ("minimum", "maximum", "step"):
        limit: Decimal | None = getattr(option, name)
        if limit is not None and (not limit.is_finite() or abs(limit) > _MOST_MONEY):
            yield InvalidValue(field=f"{field}.{name}", expected="a number")
            return
    if option.minimum is not None and option.maximum is not None and option.minimum > option.maximum:
        yield InvalidValue(field=f"{field}.maximum", expected="no less than the minimum")
    if option.step is not None and option.step <= 0:
        yield InvalidValue(field=f"{field}.step", expected="a number above 0")

"""Every text of the shop is said in Czech and Polish, with their plurals; every colour can be read."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter
from typing import BinaryIO

import jinja2.ext
import pytest
from babel.messages.extract import extract_from_file

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import translations
from kupec.sales import NotEnoughStock, shortage
from kupec.sales import in_words as say
from kupec.web import rendering
from kupec.web.rendering import environment

WEB = Path(rendering.__file__).parent
FUNCTIONS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
Message = tuple[str | None, str, str | None]  # context, text, plural


def messages() -> Iterator[Message]:
    """What the storefront and what it shares with the desk say."""
    for path in [*WEB.glob("*.py"), *WEB.glob("storefront/*.py")]:
        for _, found, _, _ in extract_from_file("python", path, keywords=FUNCTIONS):
            yield (None, found, None) if isinstance(found, str) else (None, found[0], found[1])
    for path in WEB.glob("templates/**/*.html"):
        if "desk" not in path.parts:
            with path.open("rb") as file:
                yield from in_template(file)


def in_template(file: BinaryIO) -> Iterator[Message]:
    options = {"extensions": "jinja2.ext.do", "silent": "false", "encoding": "utf-8"}
    for _, function, found, _ in jinja2.ext.babel_extract(file, list(FUNCTIONS), [], options):
        parts = (found,) if isinstance(found, str) else tuple(part for part in found or () if part)
        if function == "pgettext" and len(parts) == 2:
            yield parts[0], parts[1], None
        elif parts:
            yield None, parts[0], parts[1] if len(parts) > 1 else None


def said(language: str, message: Message) -> list[str]:
    spoken = translations(language)
    context, text, plural = message
    if plural:
        return [spoken.ngettext(text, plural, count) for count in (1, 2, 5)]
    return [spoken.pgettext(context, text) if context else spoken.gettext(text)]


@pytest.mark.parametrize("language", ["cs", "pl"])
def test_nothing_is_left_in_english(language: str) -> None:
    same = {"E-mail", "“%(words)s”", "Cookies", "IBAN", "BIC", "Limit", "Agent", "Model"}
    same |= {"cs": {"Chat"}, "pl": {"Bot"}}[language]
    found = set(messages())
    assert len(found) > 200
    missing = {
        message
        for message in found
        if message[1] not in same and any(text in message[1:] for text in said(language, message))
    }
    assert not missing


@pytest.mark.parametrize("language", ["cs", "pl"])
def test_translations_use_the_placeholders_of_the_original(language: str) -> None:
    for message in set(messages()):
        allowed = placeholders(message[1]) | placeholders(message[2] or "")
        for text in said(language, message):
            assert placeholders(text) <= allowed, (message, text)
            if not message[2]:
                assert placeholders(text) == allowed, (message, text)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)[sd]", text)) | {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        ("cs", {0: "0 kusů", 1: "1 kus", 2: "2 kusy", 4: "4 kusy", 5: "5 kusů", 22: "22 kusů"}),
        ("pl", {0: "0 sztuk", 1: "1 sztuka", 2: "2 sztuki", 5: "5 sztuk", 12: "12 sztuk", 22: "22 sztuki"}),
        ("en", {0: "0 pieces", 1: "1 piece", 2: "2 pieces"}),
    ],
)
def test_counts(language: str, counts: dict[int, str]) -> None:
    template = environment(language).from_string('{{ ngettext("%(num)s piece", "%(num)s pieces", count) }}')
    assert {count: template.render(count=count) for count in counts} == counts


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("cs", ["dnes, 23. listopadu", "zítra, 24. listopadu", "ve středu 25. listopadu", "ve čtvrtek 26. listopadu"]),
        ("pl", ["dzisiaj, 23 listopada", "jutro, 24 listopada", "w środę, 25 listopada", "w czwartek, 26 listopada"]),
        ("en", ["today, 23 November", "tomorrow, 24 November", "Wednesday 25 November", "Thursday 26 November"]),
    ],
)
def test_promised_days(language: str, days: list[str]) -> None:
    template = environment(language).from_string("{{ day | by_day }}")
    today = date(2026, 11, 23)
    said_days = [template.render(day=date(2026, 11, 23 + ahead), today=today) for ahead in range(4)]
    assert [text.replace("\u00a0", " ") for text in said_days] == days


def test_figures_stay_with_their_units() -> None:
    bind = environment("cs").filters["bind"]
    assert bind("Káva Santos, 250 g") == "Káva Santos, 250\u00a0g"
    assert bind("4 × 1 kg") == "4\u00a0×\u00a01\u00a0kg"
    assert bind("Moka Pro 2") == "Moka Pro 2"


@pytest.mark.parametrize(
    ("language", "grams", "text"), [("cs", 250, "250 g"), ("cs", 1035, "1,04 kg"), ("en", 12000, "12 kg")]
)
def test_weights(language: str, grams: int, text: str) -> None:
    assert environment(language).filters["weight"](grams).replace("\u00a0", " ") == text


def test_errors_speak_to_buyers() -> None:
    assert say(NotEnoughStock(available=0, name="x"), "cs") == "Momentálně vyprodáno."
    assert shortage(22, "pl") == "Zostały tylko 22 sztuki."
    assert "expected" not in say(InvalidValue(field="anything", expected="something"), "en")


# --- colours ---------------------------------------------------------------------------------------

SHEETS = {"desk": ["shared/tokens.css"], "shop": ["shared/tokens.css", "shop/zrnko.css"]}
TEXTS = ("ink", "ink-soft", "ink-faint", "accent-ink", "good", "warn", "bad")
GROUNDS = ("paper", "surface", "sunken")
ON = [("on-accent", "accent"), ("on-accent", "accent-hover"), ("ink", "accent-soft"), ("accent-ink", "accent-soft")]
ON += [(kind, f"{kind}-soft") for kind in ("good", "warn", "bad")] + [("ink", f"{k}-soft") for k in ("good", "bad")]
ON += [("paper", "ink"), ("good", "accent-soft"), ("warn", "accent-soft"), ("ink-soft", "accent-soft")]


@pytest.mark.parametrize("brand", SHEETS)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(brand: str, scheme: int) -> None:
    colours = tokens(brand, scheme)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS] + ON
    too_faint = {
        f"{text} on {ground}": round(ratio, 2)
        for text, ground in pairs
        if (ratio := contrast(colours[text], colours[ground])) < 4.5
    }
    assert not too_faint


@pytest.mark.parametrize("brand", SHEETS)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_edges_of_fields_and_the_focus_can_be_seen(brand: str, scheme: int) -> None:
    colours = tokens(brand, scheme)
    for edge in ("line-strong", "focus"):
        for ground in GROUNDS:
            assert contrast(colours[edge], colours[ground]) >= 3, (edge, ground)


def tokens(brand: str, scheme: int) -> dict[str, tuple[float, float, float]]:
    """Linear sRGB by name, in the light (0) or dark (1) scheme."""
    found = {}
    for sheet in SHEETS[brand]:
        text = (WEB / "static" / "css" / sheet).read_text()
        for name, value in re.findall(r"--([\w-]+):\s*((?:light-dark|oklch)\([^;]*);", text):
            variants = re.findall(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", value)
            if variants:
                found[name] = linear_rgb(*(float(part) for part in variants[min(scheme, len(variants) - 1)]))
    return found


def linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """OKLCH to linear sRGB (Björn Ottosson's matrices), clipped to what a screen shows."""
    from_polar = complex(chroma) * pow(complex(-1), hue / 180)
    a, b = from_polar.real, from_polar.imag
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return tuple(min(1.0, max(0.0, part)) for part in (red, green, blue))  # type: ignore[return-value]


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """WCAG 2's ratio."""
    bright, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)

"""What is said about what comes next, in the reader's language."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from babel.numbers import format_decimal

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.machines.replenishment.models import Outlook

UNITS = (_("pcs"),)
"""Of meters, where they are words; others read the same everywhere."""


def why_in(found: Outlook, language: str, *, names: Mapping[str, str] | None = None) -> str:
    """Why it orders when it does, or does not: a sentence or two with its figures. `names` of articles are by SKU."""
    figures = {name: _figure(value, language) for name, value in found.fields.items()}
    if "sku" in figures and names:
        figures["sku"] = names.get(figures["sku"], figures["sku"])
    return " ".join(translate(language, found.why).format(**figures).split()) if found.why else ""


def _figure(value: Any, language: str) -> str:
    if isinstance(value, str):
        return translate(language, value) if value in UNITS else value
    if isinstance(value, timedelta):
        days = round(value / timedelta(days=1))
        said = translations(language).ngettext("%(num)s day", "%(num)s days", days)
        return said % {"num": format_decimal(days, locale=language)}
    if isinstance(value, float):
        return amount_in(value, language)
    return format_decimal(value, locale=language) if isinstance(value, int) else str(value)


def amount_in(value: float, language: str) -> str:
    """An amount of a meter as people say it: a decimal only where it matters."""
    if abs(value) < 1:
        return format_decimal(round(value, 2), format="0.##", locale=language)
    return format_decimal(round(value, 1 if abs(value) < 10 else 0), format="#,##0.#", locale=language)

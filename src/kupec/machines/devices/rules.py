"""What kinds of devices there are: their meters, what they use up, which parts wear, when they need service.

A versioned document; its default fits the machines of the demo shop.
"""

import math
import re
from collections.abc import Iterator
from typing import Final
from zoneinfo import available_timezones

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.machines.devices.defaults import coffee_machines
from kupec.machines.devices.shapes import DeviceModel, DeviceModels, Meter

EXPECTED: Final = (
    _("a short code of small letters, figures and hyphens"),
    _("a code that no other has"),
    _("a number that is larger than “empty”"),
    _("a number from 0"),
    _("a number above 0"),
    _("a share from 0 to 1"),
    _("a meter of this model"),
    _("a meter that counts (counter or hours)"),
    _("the SKU of an article"),
    _("a threshold of the meter or codes of errors"),
    _("an interval in days, an interval of a meter, or codes of errors"),
    _("codes of at most 64 characters"),
    _("minutes from 1 to 43200"),
    _("days from 1 to 30"),
    _("days from 7 to 400"),
    _("days from 30 to 4000"),
    _("a short text in a language of the shop"),
    _("at most 200 models and 40 meters of each"),
    _("readings from 100 to 10000000"),
    _("a unit of at most 20 characters"),
    _("an article that belongs to no other model"),
)
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}").fullmatch
_MOST_MODELS = 200
_MOST_METERS = 40


def check_models(document: DeviceModels) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: DeviceModels) -> Iterator[tuple[str, str]]:
    if len(document.models) > _MOST_MODELS:
        yield "models", "at most 200 models and 40 meters of each"
    codes: set[str] = set()
    skus: set[str] = set()
    for index, model in enumerate(document.models):
        path = f"models[{index}]"
        yield from _code(f"{path}.code", model.code, codes)
        for number, sku in enumerate(model.skus):
            if not _is_sku(sku):
                yield f"{path}.skus[{number}]", "the SKU of an article"
            elif sku in skus:
                yield f"{path}.skus[{number}]", "an article that belongs to no other model"
            skus.add(sku)
        yield from _names(f"{path}.names", model.names)
        if not 1 <= model.silent_after_minutes <= 43_200:
            yield f"{path}.silent_after_minutes", "minutes from 1 to 43200"
        yield from _model_faults(path, model)
    if not 1 <= document.ahead_minutes <= 43_200:
        yield "ahead_minutes", "minutes from 1 to 43200"
    if not 1 <= document.keep_readings_days <= 30:
        yield "keep_readings_days", "days from 1 to 30"
    if not max(7, document.keep_readings_days + 1) <= document.keep_hours_days <= 400:
        yield "keep_hours_days", "days from 7 to 400"
    if not max(30, document.keep_hours_days) <= document.keep_days_days <= 4000:
        yield "keep_days_days", "days from 30 to 4000"
    if not 100 <= document.most_per_day <= 10_000_000:
        yield "most_per_day", "readings from 100 to 10000000"
    if document.timezone not in available_timezones():
        yield "timezone", "a time zone, such as Europe/Prague"


def _model_faults(path: str, model: DeviceModel) -> Iterator[tuple[str, str]]:
    if len(model.meters) > _MOST_METERS:
        yield f"{path}.meters", "at most 200 models and 40 meters of each"
    names: set[str] = set()
    for index, meter in enumerate(model.meters):
        yield from _code(f"{path}.meters[{index}].name", meter.name, names)
        yield from _meter_faults(f"{path}.meters[{index}]", meter)
    for index, consumable in enumerate(model.consumables):
        at = f"{path}.consumables[{index}]"
        if consumable.meter not in names:
            yield f"{at}.meter", "a meter of this model"
        if not _is_sku(consumable.sku):
            yield f"{at}.sku", "the SKU of an article"
        if not _above_zero(consumable.holds):
            yield f"{at}.holds", "a number above 0"
    for index, part in enumerate(model.parts):
        at = f"{path}.parts[{index}]"
        if not _is_sku(part.sku):
            yield f"{at}.sku", "the SKU of an article"
        if part.meter is None and not part.errors:
            yield f"{at}.meter", "a threshold of the meter or codes of errors"
        if part.meter is not None and part.meter not in names:
            yield f"{at}.meter", "a meter of this model"
        if (part.meter is None) != (part.threshold is None):
            yield f"{at}.threshold", "a threshold of the meter or codes of errors"
        elif part.threshold is not None and not _above_zero(part.threshold):
            yield f"{at}.threshold", "a number above 0"
        yield from _errors(f"{at}.errors", part.errors)
    counting = {meter.name for meter in model.meters if meter.kind in ("counter", "hours")}
    for index, service in enumerate(model.services):
        at = f"{path}.services[{index}]"
        if not _is_sku(service.sku):
            yield f"{at}.sku", "the SKU of an article"
        if service.every_days is None and service.meter is None and not service.errors:
            yield f"{at}.every_days", "an interval in days, an interval of a meter, or codes of errors"
        if service.every_days is not None and not 1 <= service.every_days <= 7300:
            yield f"{at}.every_days", "days from 1 to 7300"
        if service.meter is not None and service.meter not in counting:
            yield f"{at}.meter", "a meter that counts (counter or hours)"
        if (service.meter is None) != (service.every is None):
            yield f"{at}.every", "an interval in days, an interval of a meter, or codes of errors"
        elif service.every is not None and not _above_zero(service.every):
            yield f"{at}.every", "a number above 0"
        yield from _errors(f"{at}.errors", service.errors)


def _meter_faults(path: str, meter: Meter) -> Iterator[tuple[str, str]]:
    yield from _names(f"{path}.names", meter.names)
    if len(meter.unit) > 20 or not meter.unit.isprintable():
        yield f"{path}.unit", "a unit of at most 20 characters"
    if not (math.isfinite(meter.empty) and math.isfinite(meter.full) and meter.empty < meter.full):
        yield f"{path}.full", "a number that is larger than “empty”"
    if meter.most_per_hour is not None and not _above_zero(meter.most_per_hour):
        yield f"{path}.most_per_hour", "a number above 0"
    if meter.noise is not None and not (math.isfinite(meter.noise) and meter.noise >= 0):
        yield f"{path}.noise", "a number from 0"
    if not 0 <= meter.low <= 1:
        yield f"{path}.low", "a share from 0 to 1"


def _code(path: str, code: str, seen: set[str]) -> Iterator[tuple[str, str]]:
    if not _CODE(code):
        yield path, "a short code of small letters, figures and hyphens"
    elif code in seen:
        yield path, "a code that no other has"
    seen.add(code)


def _names(path: str, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for language, text in names.items():
        if language not in LANGUAGES or not 0 < len(text) <= 100 or not text.isprintable():
            yield f"{path}.{language}", "a short text in a language of the shop"


def _errors(path: str, codes: list[str]) -> Iterator[tuple[str, str]]:
    if not all(0 < len(code) <= 64 and code.isprintable() for code in codes):
        yield path, "codes of at most 64 characters"


def _is_sku(sku: str) -> bool:
    return 0 < len(sku) <= 100 and sku.isprintable() and not sku.isspace()


def _above_zero(value: float) -> bool:
    return math.isfinite(value) and value > 0


DEVICE_MODELS: Final = Kind("device_models", DeviceModels, default=coffee_machines, check=check_models)

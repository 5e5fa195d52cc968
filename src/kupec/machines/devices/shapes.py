"""The document of device models, as a struct."""

import msgspec

from kupec.machines.devices.models import MeterKind

_NOISE = 0.02
"""Of what a meter holds: less than that is the sensor's trembling."""
_EMPTIED_IN_HOURS = 0.5
"""A level that falls from full to empty faster than this was not used up."""


class Meter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the device measures.

    A level stands between `empty` and `full`, and falls as it is used up (`rises` for what fills, such as a waste bin).
    A counter and hours only grow; `full` is more than they can ever show. Wear grows from `empty` (new) to `full`.
    """

    name: str
    kind: MeterKind
    unit: str = ""
    full: float
    empty: float = 0.0
    rises: bool = False
    most_per_hour: float | None = None
    """Faster is not use: the value is suspicious until the next one agrees, and is in no sum."""
    noise: float | None = None
    """A step up that is smaller is the sensor's trembling, not a refill."""
    low: float = 0.2
    """As a share of what it holds."""
    names: dict[str, str] = {}

    @property
    def counts(self) -> bool:
        return self.kind in ("counter", "hours")

    @property
    def falls(self) -> bool:
        """Whether use makes it smaller."""
        return self.kind == "level" and not self.rises

    @property
    def trembling(self) -> float:
        if self.counts:
            return 0.0
        return (self.full - self.empty) * _NOISE if self.noise is None else self.noise

    @property
    def fastest(self) -> float:
        """Units an hour that it can be used at most."""
        if self.most_per_hour is not None:
            return self.most_per_hour
        # An hour of work takes an hour; what counts without a limit may count anything.
        usual = {"hours": 1.05, "counter": self.full}
        return usual.get(self.kind, (self.full - self.empty) / _EMPTIED_IN_HOURS)


class Consumable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What fills a meter. `holds` is how much of the meter's unit one piece is. The first of a meter is the usual."""

    meter: str
    sku: str
    holds: float


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is replaced when a meter reaches `threshold`, or the device reports one of `errors`."""

    sku: str
    meter: str | None = None
    threshold: float | None = None
    errors: list[str] = []


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service of `sku` is due every so many days, every so much of a counting meter, or upon an error."""

    sku: str
    every_days: int | None = None
    meter: str | None = None
    every: float | None = None
    errors: list[str] = []


class DeviceModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of devices. `skus` are the articles by which it is sold here."""

    code: str
    names: dict[str, str] = {}
    skus: list[str] = []
    meters: list[Meter] = []
    consumables: list[Consumable] = []
    parts: list[Part] = []
    services: list[Service] = []
    silent_after_minutes: int = 180
    """After so long without a word it is silent."""

    def meter(self, name: str) -> Meter | None:
        return next((one for one in self.meters if one.name == name), None)

    def title(self, language: str) -> str:
        return self.names.get(language) or self.names.get("en") or self.code


class DeviceModels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document."""

    models: list[DeviceModel] = []
    ahead_minutes: int = 10
    """A device's clock may be ahead of ours by so much; what is said to be later is not taken."""
    keep_readings_days: int = 3
    """Readings as they came; what is told later than that is not taken."""
    keep_hours_days: int = 60
    keep_days_days: int = 1100
    most_per_day: int = 50_000
    """Readings of one device on one day; what it says beyond them is not taken."""
    timezone: str = "Europe/Prague"
    """Where the days of a device begin whose owner has not said where it stands."""

    def model(self, code: str) -> DeviceModel | None:
        return next((one for one in self.models if one.code == code), None)

    def of_sku(self, sku: str) -> DeviceModel | None:
        return next((one for one in self.models if sku in one.skus), None)

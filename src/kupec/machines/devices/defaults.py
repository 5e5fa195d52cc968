"""The models that hold before any are published: the coffee machines of the demo shop."""

from kupec.machines.devices.shapes import Consumable, DeviceModel, DeviceModels, Meter, Part, Service

_BEANS = {"cs": "Káva v zásobníku", "pl": "Kawa w pojemniku", "en": "Beans in the hopper"}
_CUPS = {"cs": "Vydané šálky", "pl": "Wydane filiżanki", "en": "Cups made"}
_TABLETS = {"cs": "Čisticí tablety", "pl": "Tabletki czyszczące", "en": "Cleaning tablets"}
_FILTER = {"cs": "Vodní filtr", "pl": "Filtr wody", "en": "Water filter"}
_SEALS = {"cs": "Opotřebení těsnění", "pl": "Zużycie uszczelek", "en": "Wear of the seals"}
_HOURS = {"cs": "Hodiny provozu", "pl": "Godziny pracy", "en": "Hours in use"}
_GROUNDS = {"cs": "Nádoba na sedlinu", "pl": "Pojemnik na fusy", "en": "Grounds container"}


def coffee_machines() -> DeviceModels:
    """Kaveta machines for homes and offices."""
    return DeviceModels(
        models=[
            _home("kaveta-s3", "Kaveta S3", ["ZR-KS3-GR", "ZR-KS3-ST"], hopper=250),
            _home("kaveta-s5", "Kaveta S5", ["ZR-KS5-BK", "ZR-KS5-CR"], hopper=300),
            _office("kaveta-office-12", "Kaveta Office 12", ["ZR-KO1-BK"], hopper=1200, cups_per_hour=60),
            _office("kaveta-office-30", "Kaveta Office 30", ["ZR-KO3-GR"], hopper=3000, cups_per_hour=120),
        ]
    )


def _home(code: str, name: str, skus: list[str], *, hopper: float) -> DeviceModel:
    return DeviceModel(
        code=code,
        names={"cs": name, "pl": name, "en": name},
        skus=skus,
        meters=[
            Meter(name="beans", kind="level", unit="g", full=hopper, names=_BEANS),
            Meter(name="cups", kind="counter", full=1_000_000, most_per_hour=60, names=_CUPS),
            Meter(name="tablets", kind="level", unit="pcs", full=10, noise=0.5, most_per_hour=4, names=_TABLETS),
            Meter(name="seals", kind="wear", full=1, most_per_hour=0.05, names=_SEALS),
        ],
        consumables=[
            Consumable(meter="beans", sku="ZR-BH-1000", holds=1000),
            Consumable(meter="beans", sku="ZR-BH-500", holds=500),
            Consumable(meter="tablets", sku="ZR-CL-10", holds=10),
        ],
        parts=[
            Part(sku="ZR-BE", meter="seals", threshold=0.9, errors=["E-SEALS"]),
            Part(sku="ZR-BG", errors=["E-BREW-GROUP"]),
        ],
        services=[
            Service(sku="ZR-SD", meter="cups", every=2000, errors=["E-SCALE"]),
            Service(sku="ZR-SA", every_days=365),
            Service(sku="ZR-DX", errors=["E-PUMP", "E-HEATER"]),
        ],
        silent_after_minutes=24 * 60,
    )


def _office(code: str, name: str, skus: list[str], *, hopper: float, cups_per_hour: float) -> DeviceModel:
    return DeviceModel(
        code=code,
        names={"cs": name, "pl": name, "en": name},
        skus=skus,
        meters=[
            Meter(name="beans", kind="level", unit="g", full=hopper, names=_BEANS),
            Meter(name="cups", kind="counter", full=10_000_000, most_per_hour=cups_per_hour, names=_CUPS),
            Meter(name="tablets", kind="level", unit="pcs", full=60, noise=0.5, most_per_hour=6, names=_TABLETS),
            Meter(name="filter", kind="level", unit="l", full=500, noise=100, most_per_hour=60, names=_FILTER),
            Meter(name="seals", kind="wear", full=1, most_per_hour=0.05, names=_SEALS),
            Meter(name="hours", kind="hours", unit="h", full=200_000, names=_HOURS),
            Meter(name="grounds", kind="level", unit="pcs", full=60, rises=True, low=0.1, names=_GROUNDS),
        ],
        consumables=[
            Consumable(meter="beans", sku="ZR-BO-1000", holds=1000),
            Consumable(meter="beans", sku="ZR-BO-4000", holds=4000),
            Consumable(meter="tablets", sku="ZR-CL-60", holds=60),
            Consumable(meter="filter", sku="ZR-WF-1", holds=500),
            Consumable(meter="filter", sku="ZR-WF-3", holds=1500),
        ],
        parts=[
            Part(sku="ZR-BE", meter="seals", threshold=0.9, errors=["E-SEALS"]),
            Part(sku="ZR-BG", errors=["E-BREW-GROUP"]),
        ],
        services=[
            Service(sku="ZR-SD", meter="cups", every=10_000, errors=["E-SCALE"]),
            Service(sku="ZR-SO", every_days=180, meter="hours", every=3000),
            Service(sku="ZR-DX", errors=["E-PUMP", "E-HEATER", "E-GRINDER"]),
        ],
        silent_after_minutes=180,
    )

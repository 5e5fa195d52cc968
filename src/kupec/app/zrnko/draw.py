"""Redraws the pictures of the shop: `python -m kupec.app.zrnko.draw`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from kupec.app.zrnko.drawing import (
    accessories,
    automatics,
    bags,
    brewing,
    care,
    grinders,
    machines,
    parts,
    services,
    sets,
)
from kupec.app.zrnko.drawing.pen import picture

PICTURES = Path(__file__).parent / "pictures"

DRAWINGS: Mapping[str, Callable[[], str]] = {
    "beans-brazil-santos": bags.brazil,
    "beans-colombia-huila": bags.colombia,
    "beans-ethiopia-gedeo": bags.ethiopia_gedeo,
    "beans-ethiopia-guji": bags.ethiopia_guji,
    "beans-kenya-nyeri": bags.kenya,
    "beans-guatemala-huehue": bags.guatemala,
    "beans-costarica-tarrazu": bags.costa_rica,
    "beans-peru-cajamarca": bags.peru,
    "beans-sumatra-lintong": bags.sumatra,
    "beans-india-malabar": bags.india,
    "beans-rwanda-nyamasheke": bags.rwanda,
    "beans-colombia-decaf": bags.decaf,
    "blend-home": bags.house_blend,
    "blend-crema": bags.crema_blend,
    "blend-dark": bags.dark_blend,
    "blend-office": bags.office_blend,
    "beans-tasting-set": bags.tasting_set,
    "capsules-espresso": bags.capsules_espresso,
    "capsules-lungo": bags.capsules_lungo,
    "capsules-decaf": bags.capsules_decaf,
    "machine-velmara-piko": machines.piko,
    "machine-velmara-piko-plus": machines.piko_plus,
    "machine-velmara-barista-s": machines.barista_s,
    "machine-velmara-moka-pro-2": machines.moka_pro_2,
    "machine-velmara-moka-pro-duo": machines.moka_pro_duo,
    "machine-velmara-leva": machines.leva,
    "machine-velmara-piazza-2": machines.piazza_2,
    "machine-kaveta-s1": automatics.s1,
    "machine-kaveta-s3": automatics.s3,
    "machine-kaveta-s5": automatics.s5,
    "machine-kaveta-kapsa": automatics.kapsa,
    "machine-kaveta-office-12": automatics.office_12,
    "machine-kaveta-office-30": automatics.office_30,
    "grinder-tarvio-ruka-38": grinders.ruka_38,
    "grinder-tarvio-ruka-48": grinders.ruka_48,
    "grinder-tarvio-cono-40": grinders.cono_40,
    "grinder-tarvio-plano-55": grinders.plano_55,
    "grinder-tarvio-plano-64-solo": grinders.plano_64_solo,
    "grinder-tarvio-bar-83": grinders.bar_83,
    "brew-kapka-dripper": brewing.dripper,
    "brew-kapka-filters": brewing.filters,
    "brew-kapka-server": brewing.server,
    "brew-french-press": brewing.french_press,
    "brew-moka-pot": brewing.moka_pot,
    "brew-kettle-gooseneck": brewing.kettle,
    "brew-cold-brew-bottle": brewing.cold_brew,
    "acc-tamper-58": accessories.tamper_58,
    "acc-tamper-54": accessories.tamper_54,
    "acc-leveller-58": accessories.leveller,
    "acc-wdt-needles": accessories.wdt,
    "acc-milk-jug": accessories.milk_jug,
    "acc-knock-box": accessories.knock_box,
    "acc-portafilter-bottomless-58": accessories.bottomless,
    "acc-scale": accessories.scale,
    "acc-canister": accessories.canister,
    "acc-cups-espresso": accessories.espresso_cups,
    "acc-cups-cappuccino": accessories.cappuccino_cups,
    "acc-travel-mug": accessories.travel_mug,
    "acc-book-espresso": accessories.book,
    "part-gasket-58": parts.gasket_58,
    "part-gasket-54": parts.gasket_54,
    "part-gasket-51": parts.gasket_51,
    "part-shower-screen-58": parts.shower_screen,
    "part-basket-58": parts.basket,
    "part-blind-basket-58": parts.blind_basket,
    "part-portafilter-58": parts.portafilter,
    "part-pump-piko": parts.pump,
    "part-steam-tip": parts.steam_tip,
    "part-oring-set": parts.orings,
    "part-brew-group-kaveta": parts.brew_group,
    "part-brew-seals-kaveta": parts.brew_seals,
    "part-water-tank-kaveta": parts.water_tank,
    "part-milk-hose-kaveta": parts.milk_hose,
    "part-drip-tray-piko": parts.drip_tray,
    "part-burrs-55": parts.burrs_55,
    "part-burrs-83": parts.burrs_83,
    "part-hopper-plano": parts.hopper,
    "care-cleaning-tablets": care.tablets,
    "care-group-powder": care.group_powder,
    "care-descaler": care.descaler,
    "care-milk-cleaner": care.milk_cleaner,
    "care-water-filter": care.water_filter,
    "care-grinder-cleaner": care.grinder_cleaner,
    "care-group-brush": care.brush,
    "care-cloths": care.cloths,
    "care-hardness-strips": care.hardness_strips,
    "care-grease": care.grease,
    "set-espresso-home": sets.espresso_home,
    "service-descaling": services.descaling,
    "service-annual-home": services.annual_home,
    "service-annual-office": services.annual_office,
    "service-installation": services.installation,
    "service-grinder-calibration": services.grinder_calibration,
    "service-diagnostics": services.diagnostics,
    "service-barista-course": services.barista_course,
    "service-barista-training-team": services.team_training,
}


def rewrite(folder: Path = PICTURES) -> int:
    """Writes every picture into `folder` and removes those no longer drawn; returns how many it wrote."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        if old.stem not in DRAWINGS:
            old.unlink()
    for name, drawing in DRAWINGS.items():
        (folder / f"{name}.svg").write_text(picture(drawing()), encoding="utf-8")
    return len(DRAWINGS)


if __name__ == "__main__":
    print(f"{rewrite()} pictures in {PICTURES}")

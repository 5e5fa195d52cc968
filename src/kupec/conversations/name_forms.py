"""A name as people write it within a sentence: its Czech and Polish cases, without accents, in lower case."""

from functools import lru_cache

from kupec.kit.text import fold

_VOWELS = "aeiouy"
# What follows a stem in the cases of nouns ("Nováka", "Novákovi", "Nowakiem"), and of what is his or hers ("Petrův").
_NOUN_ENDINGS = """
a u e i y o em ovi owi iem om ou ie ii ami um uv ova ovo ovy in ina ino iny ove ovou owa owej owie ow ich ech
"""
_NOUN = ("", *_NOUN_ENDINGS.split())
_ADJECTIVE_ENDINGS = "y i a e eho emu em ym im ej ou ego iego iemu iej o ich ych"
_ADJECTIVE = tuple(_ADJECTIVE_ENDINGS.split())
_AFTER_E = ("ho", "mu", "m", "go", "s", "e", "te", "tem", "ti")
# How the last letter of a stem changes before e: Lenka, Lence; Olga, Olze; Marta, Marcie; Barbara, Barbarze.
_SOFTENED = {
    "k": ("c", "ci"),
    "g": ("z", "dz"),
    "h": ("z",),
    "ch": ("s",),
    "r": ("rz", "r"),
    "t": ("ci",),
    "d": ("dzi",),
    "n": ("ni",),
    "s": ("si",),
    "z": ("zi",),
    "l": ("l",),
    "w": ("wi",),
    "b": ("bi",),
    "p": ("pi",),
    "m": ("mi",),
}
_SHORTEST = 3


@lru_cache(maxsize=20_000)
def forms_of(name: str) -> frozenset[str]:
    """Every form in which one word of a name may stand, folded; none of a name shorter than three letters."""
    base = fold(name)
    if len(base) < _SHORTEST or not base.replace("-", "").replace("'", "").isalpha():
        return frozenset()
    forms = {base}
    for stem in _stems(base):
        forms.update(stem + ending for ending in _NOUN)
        forms.update(softer + "e" for softer in _softer(stem))
    if base[-1] in "yia" and len(base) > 4:
        forms.update(base[:-1] + ending for ending in _ADJECTIVE)
    if base[-1] in "ei":
        forms.update(base + ending for ending in _AFTER_E)
    # "Novák" and "Nováková", "Kowalski" and "Kowalska": only of the bearer's own name, not of the husband's.
    if base.endswith("ova"):
        forms.update(base[:-1] + ending for ending in ("e", "ou", "y"))
    return frozenset(form for form in forms if len(form) >= _SHORTEST)


def _stems(base: str) -> set[str]:
    if base[-1] in _VOWELS:
        # "Marie", "Lucie", "Maria": the i belongs to the stem.
        return {base[:-1]}
    stems = {base}
    # The e that goes: Marek, Marka; Pavel, Pavla; Němec, Němce; and the Polish i beside it: Maciek, Maćka.
    if len(base) > 3 and base[-2] == "e" and base[-1] not in _VOWELS:
        stems.add(base[:-2] + base[-1])
        if base[-3] == "i":
            stems.add(base[:-3] + base[-1])
    return stems


def _softer(stem: str) -> list[str]:
    found = [stem[:-1] + softened for softened in _SOFTENED.get(stem[-1:], ())]
    if stem.endswith("ch"):
        found += [stem[:-2] + softened for softened in _SOFTENED["ch"]]
    return found

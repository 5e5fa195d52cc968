"""The words for days, months, units and rhythms, folded: Czech, Slovak, Polish, English, German, Spanish."""

from typing import Final


def _each(*lines: str) -> dict[str, int]:
    """Every word of a line means the line's place."""
    return {word: place for place, line in enumerate(lines) for word in line.split()}


def _all(words: str) -> list[str]:
    return words.split()


DAYS: Final = _each(
    "dnes dneska dzis dzisiaj today heute hoy",
    "zitra zejtra zajtra jutro tomorrow morgen manana",
    "pozitri pozitrek pozajtra pojutrze ubermorgen",
)
NOT_A_DAY: Final = frozenset((("guten", "morgen"), ("la", "manana"), ("am", "morgen")))
"""Pairs of words in which the second means no day: "guten Morgen", "por la mañana"."""
WEEKDAYS: Final = _each(
    "pondeli pondelok pondelku poniedzialek poniedzialku monday mondays montag montags lunes",
    "utery uterka uterku utorok utorka wtorek wtorku tuesday tuesdays dienstag dienstags martes",
    "streda stredu stredy stredou sroda srode srody wednesday wednesdays mittwoch mittwochs miercoles",
    "ctvrtek ctvrtka ctvrtku stvrtok stvrtka czwartek czwartku thursday thursdays donnerstag donnerstags jueves",
    "patek patku piatok piatku piatek friday fridays freitag freitags viernes",
    "sobota sobotu soboty sobote saturday saturdays samstag samstags sonnabend sabado sabados",
    "nedele nedeli nedela nedelu niedziela niedziele niedzieli sunday sundays sonntag sonntags domingo domingos",
)
MONTHS: Final = _each(
    "",
    "leden ledna lednu januar januara stycznia styczen january jan januars enero",
    "unor unora unoru februar februara lutego luty february feb febrero",
    "brezen brezna breznu marec marca marzec march mar marz marzo",
    "duben dubna dubnu april aprila kwietnia kwiecien apr abril",
    "kveten kvetna kvetnu maj maja may mai mayo",
    "cerven cervna cervnu jun juna czerwca czerwiec june juni junio",
    "cervenec cervence cervenci jul jula lipca lipiec july juli julio",
    "srpen srpna srpnu august augusta sierpnia sierpien aug agosto",
    "zari september septembra wrzesnia wrzesien sept sep septiembre setiembre",
    "rijen rijna rijnu oktober oktobra pazdziernika pazdziernik october oct okt octubre",
    "listopad listopadu listopada november novembra nov noviembre",
    "prosinec prosince prosinci december decembra grudnia grudzien dec dezember dez diciembre",
)
UNITS: Final = {
    **dict.fromkeys(_all("den dny dnu dni dnech dna dnoch day days dzien dnia tag tage tagen dia dias"), "day"),
    **dict.fromkeys(
        _all(
            "tyden tydny tydnu tydne tydnech tyzden tyzdne tyzdnov tyzdnoch tydzien tygodnie "
            "tygodni tygodniu tygodniach "
            "week weeks woche wochen semana semanas"
        ),
        "week",
    ),
    **dict.fromkeys(
        _all(
            "mesic mesice mesicu mesici mesicich mesiac mesiace mesiacov mesiacoch miesiac miesiace miesiecy miesiaca "
            "miesiacu month months monat monate monaten monats mes meses"
        ),
        "month",
    ),
    **dict.fromkeys(_all("rok roky roku let rokov lat lata year years jahr jahre jahren ano anos"), "year"),
}
"""What is a unit only behind a number or an "every": "ano" is Spanish for a year and Czech for yes."""
RHYTHMS: Final = {
    **dict.fromkeys(_all("denne kazdodenne codziennie dziennie daily taglich diariamente"), (1, "day")),
    **dict.fromkeys(_all("obden"), (2, "day")),
    **dict.fromkeys(_all("tydne tyzdenne tygodniowo cotygodniowo weekly wochentlich semanalmente"), (1, "week")),
    **dict.fromkeys(_all("ctrnactidenne obtyden fortnightly biweekly zweiwochentlich quincenal"), (2, "week")),
    **dict.fromkeys(_all("mesicne mesacne miesiecznie comiesiecznie monthly monatlich mensualmente"), (1, "month")),
    **dict.fromkeys(_all("dvoumesicne dvojmesacne bimonthly zweimonatlich bimestral"), (2, "month")),
    **dict.fromkeys(
        _all("kvartalne ctvrtletne stvrtrocne kwartalnie quarterly vierteljahrlich quartalsweise trimestralmente"),
        (3, "month"),
    ),
    **dict.fromkeys(_all("pulrocne pololetne polrocne polrocznie halbjahrlich semestralmente"), (6, "month")),
    **dict.fromkeys(_all("rocne rocznie corocznie yearly annually jahrlich anualmente"), (1, "year")),
}
EVERY: Final = frozenset(
    _all(
        "kazdy kazde kazdych kazdou kazdu kazdej kazdego kazdeho kazda co every each jednou "
        "jedenkrat raz once alle jede "
        "jeden jeder jedes einmal cada vez todos todas ob"
    )
)
OTHER: Final = {
    **dict.fromkeys(
        _all("druhy druhe druhou druhu druhy drugi drugie druga other second zweite zweiten zweites otro"), 2
    ),
    **dict.fromkeys(_all("treti tretiu trzeci trzecie third dritte dritten drittes tercer"), 3),
    **dict.fromkeys(_all("ctvrty ctvrte stvrty czwarty czwarte fourth vierte vierten cuarto"), 4),
    "sesty": 6,
    "szosty": 6,
    "sixth": 6,
    "sechste": 6,
}
HALF: Final = {
    **dict.fromkeys(_all("pul pol half halbes halbe halben medio"), 6),
    "ctvrt": 3,
    "stvrt": 3,
    "quarter": 3,
}
"""Months in such a part of a year."""
QUARTERS: Final = frozenset(_all("kwartal ctvrtleti stvrtrok quarter quartal trimestre"))
TWICE: Final = frozenset(_all("dvakrat 2x twice zweimal 2krat"))
BETWEEN: Final = frozenset(_all("za na w v do a an the los las im pro per al por la el in um de of"))
"""What may stand between "every" and its unit."""
NEXT: Final = frozenset(
    _all("pristi dalsi buduci buducu przyszly przyszla przyszlym przyszlej next nachsten nachste nachster")
)
COMING: Final = frozenset(_all("proximo proxima siguiente viene"))
AHEAD: Final = frozenset(_all("za o po in within after en dentro nach"))

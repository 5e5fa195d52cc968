"""The goods that the search tests look for: (external id, cs, pl, en, brand, categories, summaries)."""

from kupec.catalogue import ProductDraft
from tests.catalogue.goods import draft

_GOODS: list[tuple[str, str, str, str, str, list[str]]] = [
    ("santos", "Brazílie Santos", "Brazylia Santos", "Brazil Santos", "Zrnko", ["beans"]),
    ("huila", "Kolumbie Huila", "Kolumbia Huila", "Colombia Huila", "Zrnko", ["beans"]),
    ("decaf", "Kolumbie bez kofeinu", "Kolumbia bezkofeinowa", "Colombia Decaf", "Zrnko", ["beans"]),
    ("office", "Kancelářská směs", "Mieszanka biurowa", "Office Blend", "Zrnko", ["beans"]),
    ("gedeo", "Etiopie Gedeo", "Etiopia Gedeo", "Ethiopia Gedeo", "Zrnko", ["beans"]),
    ("piko", "Pákový kávovar Velmara Piko", "Ekspres kolbowy Velmara Piko", "Velmara Piko", "Velmara", ["lever"]),
    ("s5", "Automat Kaveta S5", "Ekspres Kaveta S5", "Kaveta S5", "Kaveta", ["machines"]),
    ("ruka", "Ruční mlýnek Tarvio 38", "Młynek ręczny Tarvio 38", "Tarvio Hand Grinder 38", "Tarvio", ["grinders"]),
    ("cono", "Elektrický mlýnek Tarvio Cono", "Młynek Tarvio Cono", "Tarvio Cono", "Tarvio", ["grinders"]),
    ("descaler", "Odvápňovač Klarovit", "Odkamieniacz Klarovit", "Klarovit Descaler", "Klarovit", ["care"]),
    (
        "tablets",
        "Čisticí tablety Klarovit pro kávovary",
        "Tabletki czyszczące Klarovit do ekspresów",
        "Klarovit Cleaning Tablets for coffee machines",
        "Klarovit",
        ["care"],
    ),
    ("brush", "Kartáček na čištění", "Pędzelek do czyszczenia", "Cleaning Brush", "", ["care"]),
    ("filter", "Papírové filtry Kapka 02", "Filtry papierowe Kapka 02", "Kapka 02 Paper Filters", "Kapka", []),
    ("water", "Vodní filtr Akvelo", "Filtr wody Akvelo", "Akvelo Water Filter", "Akvelo", []),
    ("tank", "Nádržka na vodu Kaveta", "Zbiornik na wodę Kaveta", "Kaveta Water Tank", "Kaveta", []),
    ("gasket", "Těsnění hlavy 58 mm", "Uszczelka grupy 58 mm", "Group Gasket 58 mm", "Velmara", []),
    ("mug", "Termohrnek 350 ml", "Kubek termiczny 350 ml", "Travel Mug 350 ml", "", []),
    ("cups", "Šálky na espresso, 2 kusy", "Filiżanki do espresso, 2 sztuki", "Espresso Cups, Set of 2", "", []),
    ("spoon", "Odměrka a lžička", "Miarka i łyżeczka", "Scoop and Spoon", "", []),
    ("dripper", "Překapávač V-60", "Dripper V-60", "Dripper V-60", "Hario", []),
    ("lantern", "Lucerna T-Light", "Latarenka T-Light", "T-Light Lantern", "De'Lux", []),
    ("kettle", "Konvice s úzkým hrdlem", "Czajnik z wąską wylewką", "Gooseneck Kettle", "", []),
    ("repair", "Servis kávovaru v dílně", "Naprawa ekspresu w warsztacie", "Workshop Repair of your machine", "", []),
]
_SUMMARIES = {
    "gedeo": {"cs": "Květiny a bergamot.", "pl": "Kwiaty i bergamotka.", "en": "Flowers and bergamot."},
    "s5": {"cs": "Napění mléko a sám se čistí.", "pl": "Spienia mleko.", "en": "Froths milk by itself."},
    "kettle": {"cs": "Pro přelévanou kávu.", "pl": "Do kawy przelewowej.", "en": "For pour-over coffee."},
    "mug": {"cs": "Na kávu s sebou.", "pl": "Na kawę na wynos.", "en": "For coffee on the go."},
}


def search_goods() -> list[ProductDraft]:
    return [
        draft(
            external_id,
            {"cs": cs, "pl": pl, "en": en},
            brand=brand,
            categories=categories,
            summaries=_SUMMARIES.get(external_id),
        )
        for external_id, cs, pl, en, brand, categories in _GOODS
    ]


# (query, what must come first; several: in any order)
CORPUS: dict[str, list[tuple[str, str]]] = {
    "cs": [
        ("brazílie", "santos"),
        ("BRAZILIE", "santos"),  # no accents, capitals
        ("brazilska santos", "santos"),  # one of two words
        ("kolumbie", "huila decaf"),
        ("kolumbii", "huila decaf"),  # an ending
        ("kolunbie", "huila decaf"),  # a slip
        ("bez kofeinu", "decaf"),
        ("kancelarska smes", "office"),
        ("kancelářské směsi", "office"),
        ("kávovar", "piko s5"),  # the category before what only mentions it
        ("kavovary", "piko s5"),
        ("kávovarů", "piko s5"),
        ("kavovra", "piko s5"),  # two letters swapped
        ("pákový kávovar", "piko"),
        ("mlýnky", "ruka cono"),
        ("mlynek", "ruka cono"),
        ("mlýnku", "ruka cono"),
        ("mlinek", "ruka cono"),
        ("ruční mlýnek", "ruka"),
        ("odvapnovac", "descaler"),
        ("odvápňovače", "descaler"),
        ("odvapnovač klarovit", "descaler"),
        ("odvápňovačem", "descaler"),
        ("čistící tablety", "tablets"),  # a common misspelling of "čisticí"
        ("tablet", "tablets"),
        ("tablety do kávovaru", "tablets"),
        ("kartáčky", "brush"),
        ("papirove filtry", "filter"),
        ("filtr na vodu", "water"),
        ("vodní filtry", "water"),
        ("nadrzka", "tank"),
        ("těsnění 58mm", "gasket"),
        ("tesneni hlavy", "gasket"),
        ("hrnek", "mug"),  # within a word
        ("salky", "cups"),
        ("šálek", "cups"),
        ("lžičky", "spoon"),
        ("v60", "dripper"),
        ("prekapavac hario", "dripper"),
        ("bergamot", "gedeo"),  # only in the summary
        ("konvice na kávu", "kettle"),
        ("velm", "piko gasket"),  # still typing
    ],
    "pl": [
        ("brazylia", "santos"),
        ("brazylii", "santos"),
        ("kolumbię", "huila decaf"),
        ("bezkofeinowa", "decaf"),
        ("bezkofeinowej", "decaf"),
        ("ekspres", "piko s5"),
        ("ekspresy", "piko s5"),
        ("ekspresow", "piko s5"),
        ("ekpsres", "piko s5"),
        ("mlynki", "ruka cono"),
        ("młynków", "ruka cono"),
        ("młynkiem ręcznym", "ruka"),
        ("odkamieniacze", "descaler"),
        ("odkamieniac", "descaler"),
        ("tabletek", "tablets"),
        ("tabletki czyszczace", "tablets"),
        ("filtrów papierowych", "filter"),
        ("filtr do wody", "water"),
        ("uszczelki", "gasket"),
        ("uszczelek", "gasket"),
        ("kubki", "mug"),
        ("filizanki", "cups"),
        ("filiżanek", "cups"),
        ("lyzeczka", "spoon"),
        ("łyżeczki", "spoon"),
        ("czajnika", "kettle"),
        ("naprawa", "repair"),
    ],
    "en": [
        ("brasil", "santos"),
        ("colombian", "huila decaf"),
        ("decaf", "decaf"),
        ("blends", "office"),
        ("grinders", "ruka cono"),
        ("hand grinder", "ruka"),
        ("gringer", "ruka cono"),
        ("descaling", "descaler"),
        ("descalers", "descaler"),
        ("cleaning tablet", "tablets"),
        ("paper filter", "filter"),
        ("water filters", "water"),
        ("gaskets", "gasket"),
        ("gasket 58 mm", "gasket"),
        ("mugs", "mug"),
        ("espresso cup", "cups"),
        ("tlight", "lantern"),
        ("t light lanterns", "lantern"),
        ("delux", "lantern"),
        ("goosneck", "kettle"),
        ("coffee machines", "piko s5"),
    ],
}

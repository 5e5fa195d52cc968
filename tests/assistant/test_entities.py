"""What a message names, in Czech, Slovak, Polish, English, German and Spanish."""

from datetime import date

from kupec.assistant.flows import hearing
from kupec.assistant.understanding import Goods, Words, entities_in
from tests.pace import cpu_seconds

WEDNESDAY = date(2026, 11, 25)
SHOP = Words(order_prefix="Z")


def _interval(every: int, unit: str) -> dict[str, object]:
    return {"interval": {"every": every, "unit": unit}}


def _money(amount: int, currency: str) -> dict[str, object]:
    return {"money": {"amount": amount, "currency": currency}}


NAMED: dict[str, dict[str, object]] = {
    "příští úterý": {"date": "2026-12-01"},
    "v pátek": {"date": "2026-11-27"},
    "next Friday": {"date": "2026-12-04"},
    "el próximo martes": {"date": "2026-12-01"},
    "za dva týdny": {"date": "2026-12-09"},
    "o dva týždne": {"date": "2026-12-09"},
    "za dwa tygodnie": {"date": "2026-12-09"},
    "in zwei Wochen": {"date": "2026-12-09"},
    "dentro de dos semanas": {"date": "2026-12-09"},
    "za půl roku": {"date": "2027-05-25"},
    "5 grudnia 2027": {"date": "2027-12-05"},
    "el 5 de diciembre": {"date": "2026-12-05"},
    "on the 3rd of January": {"date": "2027-01-03"},
    "pasado mañana": {"date": "2026-11-27"},
    "guten Morgen": {},
    "por la mañana": {},
    "středisko ve středně velkém městě": {},
    "jeden raz na dwa miesiące": _interval(2, "month"),
    "every other month": _interval(2, "month"),
    "alle zwei Wochen": _interval(2, "week"),
    "cada dos meses": _interval(2, "month"),
    "una vez al mes": _interval(1, "month"),
    "dvakrát měsíčně": _interval(2, "week"),
    "każdego dnia": _interval(1, "day"),
    "každého půl roku": _interval(6, "month"),
    "co kwartał": _interval(3, "month"),
    "každé úterý": _interval(1, "week"),
    "každý tretí mesiac": _interval(3, "month"),
    "dva kusy každé tři týdny": {**_interval(3, "week"), "quantity": 2},
    "1,5 kg kávy": {"weight": 1500},
    "půl kila": {"weight": 500},
    "3 balení po 250 g": {"quantity": 3, "weight": 250},
    "zwei Packungen": {"quantity": 2},
    "dos paquetes": {"quantity": 2},
    "stojí to 1.290,50 €?": _money(129050, "EUR"),
    "$12.50": _money(1250, "USD"),
    "za 1 290,- Kč": _money(129000, "CZK"),
    "£5": _money(500, "GBP"),
    "kde je I-H-0605": {"order_number": "I-H-0605"},
    "ZR-BS-250 dva kusy": {"sku": "ZR-BS-250", "quantity": 2},
    "wo ist meine Bestellung 10023": {"order_number": "10023"},
    "Dlouhá 12, 110 00 Praha 1": {"street": "Dlouhá 12", "postcode": "110 00", "city": "Praha 1"},
    "ul. Długa 5/7, 00-238 Warszawa": {"street": "ul. Długa 5/7", "postcode": "00-238", "city": "Warszawa"},
    "Hauptstraße 12, 10115 Berlin": {"street": "Hauptstraße 12", "postcode": "10115", "city": "Berlin"},
    "Calle Mayor 5, 28013 Madrid": {"street": "Calle Mayor 5", "postcode": "28013", "city": "Madrid"},
    "PSČ je 602 00": {"postcode": "602 00"},
    "kolik stojí doprava do Polska?": {"country": "PL"},
    "do you ship to Germany": {"country": "DE"},
    "schickt ihr nach Österreich": {"country": "AT"},
    "enviáis a Eslovaquia": {"country": "SK"},
    "Jmenuji se Jana Nováková": {"name": "Jana Nováková"},
    "Děkuji. S pozdravem, Jan Novák": {"name": "Jan Novák"},
    "me llamo Ana": {"name": "Ana"},
    "jsem z Brna": {},
    "0048 601 234 567": {"phone": "+48601234567"},
    "EAN 8594001234567": {},
}


def test_what_is_named_is_heard_in_every_language() -> None:
    wrong = {text: heard for text, found in NAMED.items() if (heard := entities_in(text, SHOP, WEDNESDAY)) != found}
    assert not wrong


def test_goods_are_named_bent_and_mistyped_but_never_guessed() -> None:
    names = [("ZR-BS-250", "Brazílie Santos"), ("ZR-CH-250", "Kolumbie Huila"), ("ZR-KS-250", "Keňa Santos")]
    goods = Goods([*names, *((f"X-{place}", f"Náhradní díl {place}") for place in range(4_000))])
    told = {
        "dvě kávy brazilie santos": "Brazílie Santos",
        "brazílii santos prosím": "Brazílie Santos",
        "máte Brazílei Santos?": "Brazílie Santos",
        "kolumbie huilla": "Kolumbie Huila",
        "santos": None,
        "kolik stojí doprava": None,
        "náhradní díl": None,
    }
    assert {text: entities_in(text, SHOP, WEDNESDAY, goods).get("product") for text in told} == told
    named = goods.named("zrbs250 dva kusy")
    assert named is not None
    assert named.key == "ZR-BS-250"
    said = "dvě kávy brazilie santos a náhradní díl prosím"
    assert cpu_seconds(lambda: [goods.find(said) for _again in range(20)]) < 1


def test_a_number_alone_keeps_the_unit_of_what_it_corrects() -> None:
    known = {"every": 2, "unit": "month"}
    assert hearing.interval_like("ne, každé tři", known) == {"every": 3, "unit": "month"}
    assert hearing.interval_like("nie, co 4", known) == {"every": 4, "unit": "month"}
    assert hearing.interval_like("every other", known) == {"every": 2, "unit": "month"}
    assert hearing.interval_like("ne", known) is None
    assert hearing.interval_like("každé ráno", known) is None


def test_long_messages_are_read_in_no_time() -> None:
    pieces = ("A b ", "ul. Ab ", "kde a-", "+1 ", "1.2", "every ", "$1", "a@a.", "jsem A", " 11111 Ab", "\n", "Ab 1 ")
    for piece in pieces:
        long = (piece * 50_000)[:50_000]
        assert cpu_seconds(lambda: entities_in(long, SHOP, WEDNESDAY)) < 3, piece  # noqa: B023

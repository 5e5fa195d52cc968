"""What the desk says: sentences, states, times, and that every word it needs exists."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_file
from litestar import Litestar

from kupec import staff
from kupec.kit.errors import KupecError, public_errors
from kupec.kit.events import Event
from kupec.kit.i18n import translations
from kupec.web import desk
from kupec.web.desk import sentences, words
from kupec.web.desk.gate import let_in, safe_target
from kupec.web.desk.reader import Reader
from kupec.web.desk.timeline import subject_page
from kupec.web.static import STATIC

SOURCES = Path(desk.__file__).parent
TEMPLATES = SOURCES.parent / "templates" / "desk"
NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # 12:00 in Prague


def reader(language: str) -> Reader:
    return Reader(language, ZoneInfo("Europe/Prague"), NOW)


def event(name: str, **payload: Any) -> Event:
    return Event(
        id=1,
        xid=1,
        name=name,
        v=1,
        occurred_at=NOW,
        recorded_at=NOW,
        actor="system:test",
        origin="live",
        customer_id=None,
        channel=None,
        subject="order:1",
        payload=payload,
    )


@pytest.mark.parametrize(
    ("language", "happened", "said"),
    [
        ("en", event("order.placed", number="Z1", total=129000, currency="CZK"), "Order Z1 placed for 1,290 CZK"),
        ("cs", event("order.placed", number="Z1", total=129000, currency="CZK"), "Přijata objednávka Z1 za 1 290 Kč"),
        ("pl", event("order.placed", number="Z1", total=4990, currency="PLN"), "Złożono zamówienie Z1 na 49,90 zł"),
        ("en", event("order.shipped", carrier="DPD", tracking_number=None), "Parcel handed to DPD"),
        (
            "cs",
            event("order.shipped", carrier="DPD", tracking_number="DP1"),
            "Zásilka předána dopravci DPD, číslo DP1",
        ),
        ("en", event("order.delivered", complete=False), "A parcel was delivered"),
        ("en", event("order.delivered"), "Everything was delivered"),
        (
            "cs",
            event("payment.failed", amount=100, currency="CZK", error_code="card_declined"),
            "Platba 1 Kč se nezdařila: karta byla odmítnuta",
        ),
        (
            "en",
            event("payment.failed", amount=100, currency="CZK", error_code="new_code"),
            "The payment of 1 CZK failed: new_code",
        ),
        ("en", event("payment.failed", amount=100, currency="CZK"), "The payment of 1 CZK failed: —"),
        ("en", event("price.changed", before=None, after=100, currency="CZK"), "Price set to 1 CZK"),
        ("cs", event("price.changed", before=100, after=250, currency="CZK"), "Cena změněna z 1 Kč na 2,50 Kč"),
        ("en", event("stock.adjusted", before=1, after=2, reason="count"), "Stock changed from 1 to 2: count"),
        ("cs", event("product.changed", changed=["texts", "variants"]), "Změněno: texty, varianty"),
        ("cs", event("mail.sent", kind="order_confirmation"), "Odeslán e-mail: potvrzení objednávky"),
        ("en", event("order.cancelled", number="Z1", reason="{total} {x}"), "Order Z1 cancelled: {total} {x}"),
        ("cs", event("something.unheard_of", total=1), "something.unheard_of"),
    ],
)
def test_events_are_told_in_sentences(language: str, happened: Event, said: str) -> None:
    assert sentences.sentence(happened, reader(language)).replace("\xa0", " ") == said


def test_every_icon_stands_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    assert sprite
    used = set(sentences.ICONS.values()) | {"note"}
    for template in TEMPLATES.glob("*.html"):
        used |= set(re.findall(r'icon\("([\w-]+)"', template.read_text()))
    assert used <= sprite
    assert sentences.icon_of("payment.failed") == "alert"
    assert sentences.icon_of("payment.captured") == "card"
    assert sentences.icon_of("something.else") == "note"


@pytest.mark.parametrize(
    ("moment", "cs", "pl", "en"),
    [
        (NOW, "12:00", "12:00", "12:00"),
        (NOW - timedelta(hours=4), "8:00", "8:00", "08:00"),
        (NOW - timedelta(hours=12, minutes=30), "9. 3.", "9.03", "9 Mar"),
        (NOW.replace(year=2025), "10. 3. 2025", "10.03.2025", "10 Mar 2025"),
    ],
)
def test_moments_are_as_short_as_they_stay_clear(moment: datetime, cs: str, pl: str, en: str) -> None:
    assert [reader(language).brief(moment) for language in ("cs", "pl", "en")] == [cs, pl, en]


def test_days_are_named_as_people_name_them() -> None:
    cs = reader("cs")
    days = [date(2026, 3, 10), date(2026, 3, 9), date(2026, 3, 2), date(2025, 12, 24)]
    assert [cs.heading(day) for day in days] == ["Dnes", "Včera", "pondělí 2. března", "středa 24. prosince 2025"]
    assert cs.due(NOW + timedelta(hours=5)) == "za 5 hodin"
    assert reader("pl").due(NOW - timedelta(days=2)) == "2 dni temu"
    # 00:30 in Prague is still the day before in UTC.
    assert Reader("cs", ZoneInfo("Europe/Prague"), datetime(2026, 3, 9, 23, 30, tzinfo=UTC)).today == date(2026, 3, 10)


@pytest.mark.parametrize("table", ["order", "parcel", "payment", "meaning", "refund", "mail", "product", "role"])
def test_every_state_has_words_in_every_language(table: str) -> None:
    known = words._TABLES[table]
    assert known
    for key in known:
        said = {language: words.word(language, table, key) for language in ("cs", "pl", "en")}
        assert len({said["en"], said["cs"]}) == 2 or said["en"] == "Role"
        assert key not in said.values() or key == said["en"]
    assert words.word("cs", table, "new_state") == "new_state"
    assert words.word("cs", table, None) == "—"


def messages() -> set[tuple[str | None, str]]:
    """Every text of the desk and of the staff room, with its context."""
    keywords: dict[str, Any] = {"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
    found: set[tuple[str | None, str]] = set()
    for method, paths in (("python", SOURCES.glob("*.py")), ("jinja2.ext:babel_extract", TEMPLATES.glob("*.html"))):
        for path in paths:
            for _line, message, _comments, context in extract_from_file(method, str(path), keywords=keywords):
                found.add((context, message if isinstance(message, str) else message[0]))
    own = [error for error in public_errors(KupecError) if error.__module__ == staff.WrongCredentials.__module__]
    return found | {(None, error.template()) for error in own}


@pytest.mark.parametrize("language", ["cs", "pl"])
def test_every_text_is_translated(language: str) -> None:
    catalogue = translations(language)._catalog  # type: ignore[attr-defined]
    known = {key[0] if isinstance(key, tuple) else key for key in catalogue}
    wanted = {f"{context}\x04{message}" if context else message for context, message in messages()}
    assert len(wanted) > 250
    assert sorted(wanted - known) == []


def test_every_desk_route_names_its_permission() -> None:
    app = Litestar(desk.routes, openapi_config=None)
    every = {permission for granted in staff.PERMISSIONS.values() for permission in granted}
    inside = 0
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if handler.fn.__module__.startswith("kupec.web.desk") and let_in in handler.resolve_guards():
                inside += 1
                assert "permission" in handler.opt, handler
                assert handler.opt["permission"] in every | {None}, handler
                if "POST" in handler.http_methods and handler.opt["permission"] is not None:
                    assert not handler.opt["permission"].endswith(".read"), handler
            else:
                open_to_all = ("/desk/sign-in", "/calendar/{token")  # the door itself; a calendar's address is its key
                assert "OPTIONS" in handler.http_methods or route.path.startswith(open_to_all), handler
    assert inside > 25


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("/desk", "/desk"),
        ("/desk/orders?q=1", "/desk/orders?q=1"),
        ("", "/desk"),
        ("//evil.example", "/desk"),
        ("https://evil.example/desk/", "/desk"),
        ("/desk/\\evil.example", "/desk"),
        ("/desk/sign-in?next=/desk/sign-in", "/desk"),
        ("/desktop", "/desk"),
    ],
)
def test_only_desk_pages_are_gone_to(text: str, target: str) -> None:
    assert safe_target(text) == target


def test_subjects_lead_to_their_pages() -> None:
    assert subject_page("order:12") == "/desk/orders/12"
    assert subject_page("customer:12") == "/desk/customers/12"
    assert subject_page("cart:12") is None
    assert subject_page("odd") is None

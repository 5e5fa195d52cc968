"""Which deliveries a cart may choose, for how much and for which day: zones, postcodes, weight, worth, calendar."""

import os
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kupec.catalogue import Market
from kupec.kit.db import Connection, connect
from kupec.kit.errors import InvalidValue
from kupec.kit.migrate import migration_files
from kupec.kit.postgres import create_database, drop_database
from kupec.kit.versions import history, read_document
from kupec.sales import (
    SHIPPING,
    Method,
    NewShippingMethod,
    Rule,
    Shipping,
    Tariff,
    Window,
    Zone,
    save_shipping_method,
    tariff,
)
from tests.shop import NOON, make_shop

MARKET = Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"])
COURIER = Method(
    code="courier",
    names={"cs": "Kurýr", "en": "Courier"},
    carrier="Rychlík",
    transit_days=1,
    cut_off=time(14),
    timezone="Europe/Prague",
    origin_country="CZ",
    zones=[
        Zone(
            countries=["CZ"],
            currency="CZK",
            postcodes=["11", "120..149"],
            rules=[Rule(fee=4900, max_weight_g=5000)],
        ),
        Zone(
            countries=["CZ"],
            currency="CZK",
            rules=[
                Rule(fee=9900, max_weight_g=5000),
                Rule(fee=19900, max_weight_g=30000, max_value=500_000),
            ],
            free_from=150_000,
        ),
    ],
)


def fees(
    *methods: Method, country: str | None = "CZ", postcode: str | None = "602 00", worth: int = 10_000, grams: int = 1
) -> dict[str, int]:
    options = Tariff(Shipping(methods=list(methods))).options(
        MARKET,
        country=country,
        postcode=postcode,
        language="cs",
        subtotal=worth,
        weight_g=grams,
        lead_days=0,
        tax_bp=2100,
        now=NOON,
    )
    return {option.code: option.fee for option in options}


def test_the_first_zone_that_covers_the_address_and_the_first_rule_that_fits_say_the_fee() -> None:
    assert fees(COURIER) == {"courier": 9900}
    assert fees(COURIER, postcode="110 00") == {"courier": 4900}
    assert fees(COURIER, postcode="14900") == {"courier": 4900}
    assert fees(COURIER, postcode="150 00") == {"courier": 9900}
    assert fees(COURIER, grams=5000) == {"courier": 9900}
    assert fees(COURIER, grams=5001) == {"courier": 19900}
    assert fees(COURIER, grams=30001) == {}, "too heavy for any rule"
    assert fees(COURIER, grams=6000, worth=150_000) == {"courier": 0}
    assert fees(COURIER, grams=6000, worth=500_001) == {}, "free delivery needs a rule that fits, too"
    assert fees(COURIER, postcode="110 00", grams=5001) == {}, (
        "a covered address does not fall through to the next zone"
    )


def test_elsewhere_and_switched_off_it_is_not_offered() -> None:
    assert fees(COURIER, country="SK", postcode="811 01") == {}
    assert fees(replace(COURIER, active=False)) == {}
    assert fees(COURIER, country=None, postcode=None) == {"courier": 9900}, "no address yet: the market's country"
    local = replace(COURIER, zones=COURIER.zones[:1])
    assert fees(local, postcode=None) == {}, "a zone of postcodes waits for one"


def test_polish_postcodes_are_compared_without_their_hyphen() -> None:
    warsaw = Zone(countries=["PL"], currency="PLN", postcodes=["00..04"], rules=[Rule(fee=1)])
    assert warsaw.covers("00950")
    assert warsaw.covers("04999")
    assert not warsaw.covers("05000")
    assert not warsaw.covers("")


@given(worth=st.integers(0, 10**6), grams=st.integers(0, 50_000))
def test_a_fee_is_one_that_the_merchant_wrote(worth: int, grams: int) -> None:
    assert set(fees(COURIER, worth=worth, grams=grams).values()) <= {0, 9900, 19900}


def test_what_is_made_to_order_leaves_after_its_working_days() -> None:
    def day(lead: int, now: datetime, **changes: str) -> date:
        option = Tariff(Shipping(methods=[replace(COURIER, **changes)])).options(
            MARKET, country="CZ", language="cs", subtotal=1, now=now, lead_days=lead, postcode="602 00"
        )
        return option[0].promised_on

    friday = datetime(2026, 4, 30, 11, tzinfo=UTC)  # Thursday noon; 1 May is a holiday in both countries
    assert day(0, friday) == date(2026, 5, 4)
    assert day(1, friday) == date(2026, 5, 5)
    assert day(3, friday) == date(2026, 5, 7)
    # Poland does not work on 3 May but does on 8 May; Bohemia the other way round.
    assert day(3, friday + timedelta(days=1)) == date(2026, 5, 11)


def test_the_latest_of_several_origins_is_promised() -> None:
    # Corpus Christi, 4 June 2026: Poland stands still, Bohemia works.
    now = datetime(2026, 6, 4, 8, tzinfo=UTC)
    place = Tariff(Shipping(methods=[COURIER]))

    def day(*origins: str) -> date:
        return place.options(
            MARKET, country="CZ", language="cs", subtotal=1, now=now, postcode="602 00", origins=origins
        )[0].promised_on

    assert day() == day("CZ") == date(2026, 6, 5)
    assert day("PL") == day("CZ", "PL") == date(2026, 6, 8)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("methods[0].code", {"code": "a b"}),
        ("methods[0].names", {"names": {}}),
        ("methods[0].transit_days", {"transit_days": -1}),
        ("methods[0].timezone", {"timezone": "Mars/Base"}),
        ("methods[0].origin_country", {"origin_country": "cz"}),
        ("methods[0].tracking_url", {"tracking_url": "https://x.example/"}),
        ("methods[0].location", {"kind": "pickup"}),
        ("methods[0].windows", {"kind": "slot"}),
        ("methods[0].windows[0]", {"windows": [Window(weekday=7, starts=time(8), ends=time(9), capacity=1)]}),
        ("methods[0].slot_days", {"slot_days": 0}),
        ("methods[0].slot_closes_hours", {"slot_closes_hours": -1}),
        ("methods[0].zones", {"zones": []}),
        ("methods[0].zones[0].countries", {"zones": [Zone(countries=["Cze"], currency="CZK", rules=[Rule(fee=1)])]}),
        ("methods[0].zones[0].currency", {"zones": [Zone(countries=["CZ"], currency="kc", rules=[Rule(fee=1)])]}),
        ("methods[0].zones[0].rules", {"zones": [Zone(countries=["CZ"], currency="CZK", rules=[])]}),
        ("methods[0].zones[0].rules[0]", {"zones": [Zone(countries=["CZ"], currency="CZK", rules=[Rule(fee=-1)])]}),
        (
            "methods[0].zones[0].postcodes",
            {"zones": [Zone(countries=["CZ"], currency="CZK", postcodes=["9..1"], rules=[Rule(fee=1)])]},
        ),
        (
            "methods[0].zones[0].free_from",
            {"zones": [Zone(countries=["CZ"], currency="CZK", free_from=-1, rules=[Rule(fee=1)])]},
        ),
    ],
)
def test_a_document_that_cannot_work_is_refused_by_its_field(field: str, change: dict[str, object]) -> None:
    with pytest.raises(InvalidValue) as refused:
        SHIPPING.check(Shipping(methods=[replace(COURIER, **change)]))
    assert refused.value.field == field


def test_a_code_stands_once_and_a_document_survives_being_stored() -> None:
    with pytest.raises(InvalidValue) as refused:
        SHIPPING.check(Shipping(methods=[COURIER, COURIER]))
    assert refused.value.field == "methods[1].code"
    document = Shipping(methods=[COURIER])
    assert read_document(SHIPPING, msgspec.to_builtins(document)) == document


async def test_saving_a_delivery_publishes_a_version_and_keeps_the_others(db: Connection) -> None:
    await make_shop(db)
    assert [method.code for method in (await tariff(db)).document.methods] == ["courier", "box"]
    first = await tariff(db)
    assert await tariff(db) is first, "one version is arranged once"
    simple = NewShippingMethod(
        code="courier",
        names={"cs": "Nový"},
        carrier="Jiný",
        transit_days=3,
        cut_off=time(9),
        timezone="Europe/Prague",
        origin_country="CZ",
        rates=[("CZ", "CZK", 100, None)],
    )
    await save_shipping_method(db, simple, now=NOON)
    after = await tariff(db)
    assert [(method.code, method.carrier) for method in after.document.methods] == [("courier", "Jiný"), ("box", "Box")]
    assert [version.number for version in await history(db, SHIPPING)] == [3, 2, 1]


async def test_deliveries_of_an_older_shop_become_a_document(server: str) -> None:
    name = f"kupec_test_{os.getpid()}_moved"
    dsn = await create_database(server, name)
    db = await connect(dsn)
    try:
        for path in migration_files():
            if path.name.startswith("0053"):
                await db.execute(
                    """
                    insert into shipping_method (id, code, names, carrier, transit_days, cut_off, timezone,
                                                 origin_country, position, active)
                    values (gen_random_uuid(), 'box', '{"en": "Box"}', 'B', 2, '16:00', 'Europe/Prague', 'CZ', 2,
                            false),
                           (gen_random_uuid(), 'van', '{"en": "Van"}', 'V', 1, '09:30', 'Europe/Prague', 'CZ', 1, true);
                    insert into shipping_rate (method_id, country, currency, fee, free_from)
                    select id, 'CZ', 'CZK', 9900, 150000 from shipping_method where code = 'van';
                    """
                )
            await db.execute(path.read_text())
        raw = await db.fetchval("select document from document_version where kind = 'shipping'")
        document = msgspec.convert(raw, Shipping)
    finally:
        await db.close()
        await drop_database(server, name)
    SHIPPING.check(document)
    van, box = document.methods
    assert (van.code, van.cut_off, van.active, box.active) == ("van", time(9, 30), True, False)
    assert van.zones == [Zone(countries=["CZ"], currency="CZK", rules=[Rule(fee=9900)], free_from=150_000)]

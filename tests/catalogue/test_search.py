"""Search forgives missing accents, endings and slips; and no input makes it fail."""

from itertools import chain
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.catalogue import VariantDraft, list_products, suggest, update_product
from kupec.catalogue.spelling import distance
from kupec.catalogue.stems import compounds, stem, words
from kupec.kit.db import Connection
from kupec.kit.text import fold
from tests.catalogue.goods import CZ, EU, MARKETS, NOON, PL, SETUP, draft, make_categories, put
from tests.catalogue.search_goods import CORPUS, search_goods


@pytest.fixture
async def goods(db: Connection, places: dict[str, UUID]) -> dict[UUID, str]:
    """The goods of the corpus, indexed; their external ids by id."""
    await make_categories(db)
    await put(db, *search_goods())
    return {row["id"]: row["external_id"] for row in await db.fetch("select id, external_id from product")}


async def found(db: Connection, goods: dict[UUID, str], query: str, language: str = "cs") -> list[str]:
    cards, total = await list_products(db, MARKETS[language], now=NOON, query=query, limit=200)
    assert len(cards) == total
    return [goods[card.id] for card in cards]


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
async def test_what_people_type_finds_what_they_mean(db: Connection, goods: dict[UUID, str], language: str) -> None:
    missed = []
    for query, expected in CORPUS[language]:
        first = (await found(db, goods, query, language))[: len(expected.split())]
        if sorted(first) != sorted(expected.split()):
            missed.append(f"{query!r}: expected {expected}, found {first}")
    assert not missed


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert sum(len(cases) for cases in CORPUS.values()) >= 40


async def test_the_name_comes_before_kind_summary_and_beginnings(db: Connection, places: dict[str, UUID]) -> None:
    await make_categories(db)
    await put(
        db,
        draft("begins", "Latteria"),
        draft("described", "Šálek", summaries={"cs": "Vhodný i na latte."}),
        draft("branded", "Sklenice", brand="Latte"),
        draft("ends", "Sklenice na latte"),
        draft("starts", "Latte sklenice velká"),
        draft("exact", "Latte"),
    )
    cards, _ = await list_products(db, CZ, now=NOON, query="latte")
    ids = {row["id"]: row["external_id"] for row in await db.fetch("select id, external_id from product")}
    assert [ids[card.id] for card in cards] == ["exact", "starts", "ends", "branded", "described", "begins"]


async def test_all_words_count_before_some(db: Connection, goods: dict[UUID, str]) -> None:
    assert await found(db, goods, "vodní filtr") == ["water"]
    some = await found(db, goods, "vodní dripper xylofon")
    assert {"water", "dripper"} <= set(some) or some[0] in ("water", "dripper")
    both = await found(db, goods, "kolumbie kofein xylofon")
    assert both[0] == "decaf"


@pytest.mark.parametrize("query", ["DESCALER", "descaler", " Descaler "])
async def test_an_sku_is_found_whatever_its_case(db: Connection, goods: dict[UUID, str], query: str) -> None:
    assert (await found(db, goods, query))[0] == "descaler"


async def test_codes_come_first(db: Connection, goods: dict[UUID, str]) -> None:
    mug = next(product_id for product_id, external_id in goods.items() if external_id == "mug")
    variant = VariantDraft(sku="piko-2/A", prices={"CZK": 100}, barcode="8590001112223")
    change = draft("mug", {}, variants=[variant])
    await update_product(db, mug, change, actor=SETUP, now=NOON)
    assert (await found(db, goods, "8590001112223"))[0] == "mug"
    assert (await found(db, goods, "PIKO-2/a"))[0] == "mug"
    assert (await found(db, goods, "859000111222")) == []


async def test_a_query_that_is_only_a_code_of_signs(db: Connection, goods: dict[UUID, str]) -> None:
    await put(db, draft("+++", "Znaménka"))
    cards, total = await list_products(db, CZ, now=NOON, query="+++")
    assert ([card.name for card in cards], total) == (["Znaménka"], 1)


async def test_each_market_searches_its_own_language(db: Connection, goods: dict[UUID, str]) -> None:
    assert (await found(db, goods, "odkamieniacz", "pl"))[0] == "descaler"
    assert (await list_products(db, CZ, now=NOON, query="odkamieniacz"))[1] == 0
    assert (await list_products(db, EU, now=NOON, query="uszczelka"))[1] == 0


async def test_a_product_without_a_polish_text_is_found_by_its_english_one(
    db: Connection, goods: dict[UUID, str]
) -> None:
    await put(db, draft("only", {"en": "Wooden tampers"}))
    for query in ("tamper", "tampers", "wooden tamper"):
        cards, _ = await list_products(db, PL, now=NOON, query=query)
        assert [card.name for card in cards] == ["Wooden tampers"]


async def test_a_search_may_be_sorted_and_cut_into_pages(db: Connection, goods: dict[UUID, str]) -> None:
    cards, total = await list_products(db, CZ, now=NOON, query="klarovit", sort="name")
    assert ([card.name for card in cards], total) == (
        ["Čisticí tablety Klarovit pro kávovary", "Odvápňovač Klarovit"],
        2,
    )
    page, total = await list_products(db, CZ, now=NOON, query="klarovit", sort="name", limit=1, offset=1)
    assert ([card.name for card in page], total) == (["Odvápňovač Klarovit"], 2)


async def test_suggestions_come_while_typing(db: Connection, goods: dict[UUID, str]) -> None:
    for typed in ("odv", "odvá", "odvapn", "Odvápňov"):
        assert [card.name for card in await suggest(db, CZ, typed, now=NOON)] == ["Odvápňovač Klarovit"]
    assert len(await suggest(db, CZ, "k", now=NOON)) <= 6
    assert len(await suggest(db, CZ, "kla", now=NOON, limit=1)) == 1
    assert await suggest(db, CZ, "  ", now=NOON) == []
    assert await suggest(db, CZ, "", now=NOON) == []


ABSURD = [
    *("", " ", "\0", "\ud800", "'", "\\", "&", "|", "!", ":*", "<->", "( )", "%", "_", "''''", "😀", "^", "/cs", "-"),
    *("a:*", "'; drop table product; --", "kávovar & !", "a | | b", "<2>", "!!", "$$", "\u202e", "ＫＡＶＡ"),
    *("ﬁltr", "İ", "ß", "ǆ", "١٢٣", "漢字", "a\u0301" * 100),
    *("a" * 10_000, "káva " * 2_000, "!" * 10_000, "😀" * 5_000, "x y z " * 1_000, "1" * 10_000, "á" * 10_000),
    " ".join(chr(0x61 + number % 26) * 30 for number in range(300)),
]


async def test_no_query_is_an_error(db: Connection, goods: dict[UUID, str]) -> None:
    for query in ABSURD:
        cards, total = await list_products(db, CZ, now=NOON, query=query, limit=5)
        assert len(cards) == min(total, 5), ascii(query[:20])
        assert len(await suggest(db, CZ, query, now=NOON)) <= 6


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.text(alphabet="kaáv'&|!:*()<>-\\% \0", max_size=30))
async def test_no_text_is_an_error(db: Connection, places: dict[str, UUID], query: str) -> None:
    assert await list_products(db, CZ, now=NOON, query=query) == ([], 0)


def test_words_of_a_text() -> None:
    assert words("De'Longhi T-Light, 250g a 1,5 l") == ["delonghi", "t", "light", "250", "g", "a", "1", "5", "l"]
    assert compounds("T-Light V-60 and/or x") == ["tlight", "v60", "andor"]
    assert words("😀 !?") == []


FORMS = {
    "cs": [
        "káva kávy kávu kávou káv kávách kávové kávový",
        "mlýnek mlýnku mlýnky mlýnků mlýnkem",
        "zrno zrna zrn zrnech",
        "hrnek hrnku hrnky hrnků",
        "tableta tablet tablety tabletami",
        "konvice konvic konvicí",
        "čisticí čisticího čisticích",
        "pákový pákové pákovou pákových",
        "lžička lžičky lžiček",
        "filtr filtry filtrů filtrem",
    ],
    "pl": [
        "kawa kawy kawę kawą kawie kaw",
        "młynek młynka młynki młynków młynkiem",
        "tabletka tabletki tabletek tabletkami",
        "ziarno ziarna ziaren",
        "ekspres ekspresu ekspresy ekspresów ekspresie",
        "czyszczenie czyszczenia czyszczeniu",
        "filiżanka filiżanki filiżanek",
    ],
    "en": ["bean beans", "box boxes", "berry berries", "descale descaling descaled", "glass glasses", "milling mill"],
}


@pytest.mark.parametrize(("language", "forms"), [(language, row) for language in FORMS for row in FORMS[language]])
def test_the_forms_of_a_word_share_a_stem(language: str, forms: str) -> None:
    assert len({stem(fold(word), language) for word in forms.split()}) == 1


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
def test_different_words_keep_different_stems(language: str) -> None:
    first_forms = [row.split()[0] for row in FORMS[language]]
    assert len({stem(fold(word), language) for word in first_forms}) == len(first_forms)


@given(st.text(max_size=20), st.sampled_from(["cs", "pl", "en", "de"]))
def test_a_stem_is_a_beginning_that_is_not_empty(text: str, language: str) -> None:
    for word in words(text):
        root = stem(word, language)
        assert root
        assert len(root) <= len(word)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("kava", "kava", 0),
        ("kava", "kaav", 1),
        ("kava", "kavka", 1),
        ("kava", "kva", 1),
        ("kava", "koza", 2),
        ("a", "bcd", 3),
    ],
)
def test_slips_of_the_finger(one: str, other: str, expected: int) -> None:
    assert distance(one, other, 2) == expected
    assert distance(one, one, 2) == 0


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_distance_is_the_same_both_ways(one: str, other: str) -> None:
    assert distance(one, other, 3) == distance(other, one, 3)
    assert (distance(one, other, 3) == 0) == (one == other)


def test_every_language_of_the_corpus_has_its_share() -> None:
    queries = list(chain.from_iterable(CORPUS.values()))
    assert len(queries) == len(set(queries))
    assert min(len(cases) for cases in CORPUS.values()) >= 20

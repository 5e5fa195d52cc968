"""Segments: what each question means, that merging keeps them right, and that prices hear of them."""

from datetime import timedelta
from uuid import UUID

import pytest

from kupec.customers import add_alias
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound
from kupec.personalization import (
    Condition,
    Filter,
    check_filter,
    count_fitting,
    get_segment,
    in_segment,
    refresh_segments,
    remove_segment,
    save_segment,
    segment_members,
    stats_of,
)
from kupec.personalization.segments import FRESH
from kupec.personalization.stats import sum_up
from tests.personalization.conftest import ACTOR, NOW, ordered, somebody

pytestmark = pytest.mark.usefixtures("shop")
CONDITIONS = (
    (("kind", "is", "person", ""), "abc"),
    (("kind", "is_not", "person", ""), ""),
    (("language", "is", "pl", ""), "c"),
    (("country", "has", "CZ", ""), "ab"),
    (("country", "has_not", "CZ", ""), "c"),
    (("reached_by", "has", "email", ""), "abc"),
    (("reached_by", "has", "phone", ""), ""),
    (("price_group", "is_not", "cafe", ""), "abc"),
    (("segment", "has", "vip", ""), "b"),
    (("orders", "at_least", 3, ""), "a"),
    (("orders", "at_most", 1, ""), "bc"),
    (("spent", "at_least", 30_000, "CZK"), "a"),
    (("spent", "at_least", 1, "EUR"), ""),
    (("last_order", "within_days", 35, ""), "a"),
    (("last_order", "not_within_days", 35, ""), "bc"),
    (("first_order", "within_days", 95, ""), "a"),
    (("overdue", "at_least", 100, ""), "a"),
    (("overdue", "at_least", 101, ""), ""),
    (("overdue", "at_most", 200, ""), "abc"),
    (("bought", "has", "KETTLE", ""), "b"),
    (("bought", "has_not", "KETTLE", ""), "ac"),
    (("known", "within_days", 1, ""), "abc"),
)


@pytest.fixture
async def people(db: Connection) -> dict[str, UUID]:
    """Anna buys beans every 30 days, the last time 30 days ago; Bob bought a kettle once, long ago; Cyril never did."""
    found = {
        "a": await somebody(db, "Anna"),
        "b": await somebody(db, "Bob"),
        "c": await somebody(db, "Cyril", language="pl", country="PL"),
    }
    for days in (90, 60, 30):
        await ordered(db, "Anna", "BEANS", days_ago=days)
    await ordered(db, "Bob", "KETTLE", days_ago=400, amount=25_000)
    await db.execute("update party set segments = '{vip}' where id = $1", found["b"])
    await sum_up(db, found.values(), now=NOW)
    return found


def _filter(*conditions: tuple[str, str, str | int, str], match: str = "all") -> Filter:
    return Filter(
        match="any" if match == "any" else "all",
        conditions=[
            Condition(field=field, operator=operator, value=value, argument=argument)  # type: ignore[arg-type]
            for field, operator, value, argument in conditions
        ],
    )


@pytest.mark.parametrize(("condition", "who"), CONDITIONS, ids=lambda value: str(value)[:40])
async def test_every_question(
    db: Connection, people: dict[str, UUID], condition: tuple[str, str, str | int, str], who: str
) -> None:
    segment = await save_segment(db, "s", name="S", wanted=_filter(condition), applied=False, actor=ACTOR, now=NOW)
    assert await segment_members(db, "s", now=NOW) == sorted(people[one] for one in who)
    assert segment.customers == len(who)


async def test_all_or_any(db: Connection, people: dict[str, UUID]) -> None:
    conditions = (("orders", "at_least", 3, ""), ("language", "is", "pl", ""))
    assert await count_fitting(db, _filter(*conditions), now=NOW) == 0
    assert await count_fitting(db, _filter(*conditions, match="any"), now=NOW) == 2
    assert await count_fitting(db, Filter(), now=NOW) == len(people)


async def test_the_rhythm_is_the_median_of_days_between_days_with_orders(
    db: Connection, people: dict[str, UUID]
) -> None:
    anna = (await stats_of(db, [people["a"]]))[people["a"]]
    assert (anna.orders, anna.rhythm_days, anna.spent) == (3, 30.0, {"CZK": 30_000})
    assert (await stats_of(db, [people["b"]]))[people["b"]].rhythm_days is None


async def test_whom_one_absorbed_counts_for_them(db: Connection, people: dict[str, UUID]) -> None:
    await add_alias(db, people["a"], people["b"], "merged", now=NOW)
    await sum_up(db, [people["a"], people["b"]], now=NOW)
    found = await stats_of(db, [people["a"], people["b"]])
    assert set(found) == {people["b"]}
    assert (found[people["b"]].orders, found[people["b"]].spent) == (4, {"CZK": 55_000})
    both = _filter(("bought", "has", "BEANS", ""), ("bought", "has", "KETTLE", ""))
    await save_segment(db, "both", name="Both", wanted=both, applied=False, actor=ACTOR, now=NOW)
    assert await segment_members(db, "both", now=NOW) == [people["b"]]
    assert await count_fitting(db, Filter(), now=NOW) == 2


async def test_prices_hear_who_belongs_and_who_does_no_more(db: Connection, people: dict[str, UUID]) -> None:
    regulars = _filter(("last_order", "within_days", 35, ""))
    await save_segment(db, "regulars", name="Regulars", wanted=regulars, applied=True, actor=ACTOR, now=NOW)
    assert await _carrying(db, "regulars") == [people["a"]]
    later = NOW + timedelta(days=10)
    assert await refresh_segments(db, later, 100) == 1
    assert await _carrying(db, "regulars") == []
    assert (await get_segment(db, "regulars")).customers == 0
    assert await _carrying(db, "vip") == [people["b"]], "what was given by hand stays"


async def test_what_was_counted_lately_is_left_alone(db: Connection, people: dict[str, UUID]) -> None:
    await save_segment(db, "all", name="All", wanted=Filter(), applied=True, actor=ACTOR, now=NOW)
    assert await refresh_segments(db, NOW + FRESH - timedelta(seconds=1), 100) == 0
    await remove_segment(db, "all", actor=ACTOR, now=NOW)
    assert await _carrying(db, "all") == []
    with pytest.raises(NotFound):
        await in_segment(db, list(people.values()), "all", now=NOW)


async def _carrying(db: Connection, key: str) -> list[UUID]:
    rows = await db.fetch("select id from party where segments @> array[$1::text] order by id", key)
    return [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (("age", "is", "1", ""), "conditions[0].field"),
        (("kind", "at_least", "1", ""), "conditions[0].operator"),
        (("kind", "is", "robot", ""), "conditions[0].value"),
        (("orders", "at_least", "many", ""), "conditions[0].value"),
        (("orders", "at_least", -1, ""), "conditions[0].value"),
        (("last_order", "within_days", 99_999, ""), "conditions[0].value"),
        (("spent", "at_least", 5, "korun"), "conditions[0].argument"),
        (("bought", "has", " ", ""), "conditions[0].value"),
    ],
    ids=str,
)
def test_a_wrong_question_is_named(condition: tuple[str, str, str | int, str], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_filter(_filter(condition))
    assert caught.value.field == field


async def test_saving_needs_the_right_and_a_free_code(db: Connection) -> None:
    stranger = Actor(kind="staff", id="1", permissions=frozenset({"customers.read"}))
    with pytest.raises(Forbidden):
        await save_segment(db, "x", name="X", wanted=Filter(), applied=False, actor=stranger, now=NOW)
    await save_segment(db, "x", name="X", wanted=Filter(), applied=False, actor=ACTOR, now=NOW)
    with pytest.raises(Conflict):
        await save_segment(db, "x", name="X", wanted=Filter(), applied=False, actor=ACTOR, now=NOW, new=True)
    with pytest.raises(InvalidValue):
        await save_segment(db, "Ř!", name="X", wanted=Filter(), applied=False, actor=ACTOR, now=NOW)


async def test_consents_owned_products_and_standing_orders_are_asked_under_every_id(
    db: Connection, people: dict[str, UUID]
) -> None:
    for who, given, hours in (("a", True, 2), ("a", False, 1), ("b", False, 2), ("b", True, 1), ("c", True, 0)):
        await db.execute(
            """
            insert into consent (id, member_id, purpose, given, at, version, revision, how, actor)
            values (gen_random_uuid(), $1, 'marketing.email', $2, $3, 1, 1, 'desk', 'system:test')
            """,
            *(people[who], given, NOW - timedelta(hours=hours)),
        )
    await db.execute(
        """
        insert into owned_product (id, party_id, variant_id, name, source, created_at)
        select gen_random_uuid(), $1, id, 'Kettle', 'told', $2 from variant where sku = 'KETTLE'
        """,
        *(people["c"], NOW),
    )
    agree, own = _filter(("consents", "has", "marketing.email", "")), _filter(("owns", "has", "KETTLE", ""))
    await save_segment(db, "agree", name="Agree", wanted=agree, applied=False, actor=ACTOR, now=NOW)
    await save_segment(db, "own", name="Own", wanted=own, applied=False, actor=ACTOR, now=NOW)
    assert await segment_members(db, "agree", now=NOW) == sorted([people["b"], people["c"]])
    assert await segment_members(db, "own", now=NOW) == [people["c"]]
    await add_alias(db, people["c"], people["a"], "merged", now=NOW)
    assert await segment_members(db, "own", now=NOW) == [people["a"]]
    assert await segment_members(db, "agree", now=NOW) == sorted([people["a"], people["b"]]), "the latest word of all"
    assert await count_fitting(db, _filter(("standing", "has", "active", "")), now=NOW) == 0

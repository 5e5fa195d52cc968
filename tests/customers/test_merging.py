"""Two records become one on proof, and two again: whatever was merged, in whatever order."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.customers import (
    AlreadyErased,
    AlreadyMerged,
    Contact,
    DifferentKinds,
    MergeProof,
    NewParty,
    NotProved,
    PartyChange,
    UndoLaterFirst,
    Whence,
    add_alias,
    add_note,
    change_party,
    create_party,
    get_party,
    give_role,
    identify,
    key_persons,
    list_parties,
    members_of,
    merge_parties,
    merge_preview,
    merges_of,
    notes_of,
    open_task,
    parties_by_ids,
    party_page,
    put_identity,
    request_export,
    roles_of,
    roots,
    session_by_token,
    set_price_group,
    set_segments,
    timeline,
    undo_merge,
    verify_contact_point,
)
from kupec.customers.sign_in_sessions import open_session
from kupec.kit import db as kit_db
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, KupecError, NotFound

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
TEST = system("test")
CARD = MergeProof(source="staff", stated="identity card seen")
CLERK = Actor(kind="staff", id=str(uuid4()), permissions=frozenset({"customers.read", "customers.write"}))

# Every table of the room in which a customer's rows stand, and how its rows are told apart. The record of the merges
# themselves is not theirs: that there was one, and on what proof, stays known.
TABLES = (
    *("party", "party_alias", "contact_point", "contact_claim", "channel_identity", "party_address", "party_role"),
    *("party_note", "note_mention", "party_file", "party_distinct", "relation", "task", "interaction", "consent"),
)


async def dump(db: Connection) -> dict[str, list[str]]:
    return {table: [row[0] for row in await db.fetch(f"select t::text from {table} t order by 1")] for table in TABLES}


async def seen(db: Connection, people: list[UUID]) -> dict[str, Any]:
    """What the pages show: who stands in the list, who belongs to whom, and everybody's story."""
    return {
        "list": [party.id for party in await list_parties(db, limit=100)],
        "found": [party.id for party in await list_parties(db, "person", limit=100)],
        "members": {one: await members_of(db, one) for one in people},
        "stories": {
            one: [event.id for event in await timeline(db, one, limit=500) if not event.name.startswith("party.")]
            for one in people
        },
        "pages": {one: str(await party_page(db, one)) for one in people},
    }


async def person(db: Connection, number: int, **fields: Any) -> UUID:
    new = NewParty(kind="person", name=f"Person {number}", language="cs", email=f"p{number}@example.cz", **fields)
    made = await create_party(db, new, actor=TEST, now=NOW)
    await add_note(db, made, f"About {number}", actor=TEST, now=NOW)
    return made


# --- any merges, undone ---------------------------------------------------------------------------


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[tuple[int, int, list[str]]]]:
    """Customers with some fields each, and merges among them that may or may not be allowed."""
    maybe = st.none() | st.sampled_from(["26168685", "00177041"])
    people = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "company_id": maybe,
                    "price_group": st.none() | st.sampled_from(["a", "b"]),
                    "segments": st.sets(st.sampled_from(["x", "y", "z"])),
                    "visitor": st.booleans(),
                    "nameless": st.booleans(),
                }
            ),
            min_size=2,
            max_size=6,
        )
    )
    index = st.integers(0, len(people) - 1)
    take = st.lists(st.sampled_from(["name", "company_id", "price_group"]), unique=True)
    merges = draw(st.lists(st.tuples(index, index, take), min_size=1, max_size=8))
    return people, merges


async def live(db: Connection, described: list[dict[str, Any]]) -> list[UUID]:
    made = []
    for number, fields in enumerate(described):
        one = await person(db, number, company_id=fields["company_id"] or "")
        if fields["nameless"]:
            await change_party(db, one, PartyChange(name=f"p{number}@example.cz"), actor=TEST, now=NOW)
        await set_price_group(db, one, fields["price_group"], actor=TEST, now=NOW)
        await set_segments(db, one, sorted(fields["segments"]), actor=TEST, now=NOW)
        if fields["visitor"]:
            await add_alias(db, uuid4(), one, "visitor", now=NOW)
        made.append(one)
    return made


@contextlib.asynccontextmanager
async def scratch(dsn: str) -> Any:
    """A connection whose work is forgotten."""
    connection = await kit_db.connect(dsn, application="kupec-test")
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


@settings(max_examples=40, deadline=None)
@given(life=lives())
def test_merges_undone_in_reverse_leave_everything_as_it_was(rollback_dsn: str, life: Any) -> None:
    async def run() -> None:
        async with scratch(rollback_dsn) as db:
            people = await live(db, life[0])
            states = [(await dump(db), await seen(db, people))]
            done: list[UUID] = []
            for survivor, absorbed, take in life[1]:
                try:
                    done.append(await _merge(db, people[survivor], people[absorbed], take=take))
                except AlreadyMerged:
                    continue
                states.append((await dump(db), await seen(db, people)))
            for merge_id in reversed(done):
                states.pop()
                assert await undo_merge(db, merge_id, actor=TEST, now=NOW) == []
                assert (await dump(db), await seen(db, people)) == states[-1]

    asyncio.run(run())


@settings(max_examples=40, deadline=None)
@given(life=lives(), data=st.data())
def test_undone_in_any_order_it_is_as_if_those_merges_had_not_been(rollback_dsn: str, life: Any, data: Any) -> None:
    """Or it is refused: then nothing has changed."""

    async def run() -> None:
        async with scratch(rollback_dsn) as db:
            people = await live(db, life[0])
            untouched = await dump(db)
            done: list[tuple[UUID, tuple[int, int, list[str]]]] = []
            for survivor, absorbed, take in life[1]:
                with contextlib.suppress(AlreadyMerged):
                    merge_id = await _merge(db, people[survivor], people[absorbed], take=take)
                    done.append((merge_id, (survivor, absorbed, take)))
            order = data.draw(st.permutations(done))
            standing = dict(done)
            for merge_id, _ in order:
                before = await dump(db)
                try:
                    await undo_merge(db, merge_id, actor=TEST, now=NOW)
                except UndoLaterFirst:
                    assert await dump(db) == before
                    continue
                del standing[merge_id]
                assert await _shown(db, people) == await _only(db, people, untouched, list(standing.values()))

    asyncio.run(run())


async def _merge(db: Connection, survivor: UUID, absorbed: UUID, *, take: Any = ()) -> UUID:
    return await merge_parties(db, survivor, absorbed, proof=CARD, take=take, actor=TEST, now=NOW)


async def _shown(db: Connection, people: list[UUID]) -> Any:
    """Who belongs to whom, and how each is described."""
    rows = await db.fetch(
        "select id, name, folded, company_id, price_group, segments from party where id = any($1::uuid[]) order by id",
        people,
    )
    return await roots(db, people), [tuple(row) for row in rows]


async def _only(db: Connection, people: list[UUID], untouched: Any, merges: Any) -> Any:
    """The same with only these merges ever made, tried in a savepoint."""
    trial = db.transaction()
    await trial.start()
    try:
        for row in await db.fetch("select id from party_merge where undone_at is null order by number desc"):
            await undo_merge(db, row["id"], actor=TEST, now=NOW)
        assert await dump(db) == untouched
        for survivor, absorbed, take in merges:
            await _merge(db, people[survivor], people[absorbed], take=take)
        return await _shown(db, people)
    finally:
        await trial.rollback()


# --- one by one -----------------------------------------------------------------------------------


async def test_what_comes_together_and_what_is_given_back(db: Connection) -> None:
    jana = (await identify(db, [Contact(email="jana@example.cz", name="", language="cs")], now=NOW, actor=TEST))[0]
    nova = await person(db, 1, company_id="26168685")
    await set_segments(db, nova, ["loyal"], actor=TEST, now=NOW)
    preview = await merge_preview(db, jana, nova)
    assert {(one.field, one.taken_from) for one in preview.fields} == {
        ("name", "absorbed"),  # she never said one
        ("company_id", "absorbed"),
        ("segments.loyal", "absorbed"),
    }
    assert (preview.refused, preview.counts["notes"], preview.counts["contact_points"]) == (None, 1, 1)

    merge = await _merge(db, jana, nova)
    both = await get_party(db, nova)
    assert (both.id, both.name, both.company_id, both.segments) == (jana, "Person 1", "26168685", ["loyal"])
    assert [party.id for party in await list_parties(db)] == [jana]
    assert [party.id for party in await list_parties(db, "p1@")] == [jana]
    assert (await identify(db, [Contact(email="p1@example.cz", name="x", language="cs")], now=NOW, actor=TEST)) == [
        jana
    ]
    assert [note.body for note in await notes_of(db, await members_of(db, jana))] == ["About 1"]
    assert [one.stated for one in await merges_of(db, [jana])] == ["identity card seen"]

    await change_party(db, jana, PartyChange(name="Jana Nová"), actor=TEST, now=NOW)
    await set_segments(db, jana, ["loyal", "vip"], actor=TEST, now=NOW)
    assert await undo_merge(db, merge, actor=TEST, now=NOW) == ["name"]
    alone, other = await get_party(db, jana), await get_party(db, nova)
    assert (alone.name, alone.company_id, alone.segments) == ("Jana Nová", None, ["vip"])
    assert (other.id, other.name, other.segments) == (nova, "Person 1", ["loyal"])
    with pytest.raises(NotFound):
        await undo_merge(db, merge, actor=TEST, now=NOW)
    names = await db.fetch("select name, customer_id from event where name like 'party.%' order by id")
    assert [tuple(row) for row in names] == [("party.merged", jana), ("party.unmerged", jana), ("party.unmerged", nova)]


async def test_a_merge_in_the_middle_is_taken_out(db: Connection) -> None:
    """C took B, A took C; then C and B turn out to be two."""
    a, b, c = [await person(db, number) for number in range(3)]
    visitor = uuid4()
    await add_alias(db, visitor, b, "visitor", now=NOW)
    inner = await _merge(db, c, b)
    await _merge(db, a, c)
    assert await members_of(db, a) == [a, *sorted([b, c, visitor])]
    await undo_merge(db, inner, actor=TEST, now=NOW)
    assert (await members_of(db, a), await members_of(db, b)) == ([a, c], [b, visitor])


async def test_a_merge_that_filled_something_waits_for_the_later_one(db: Connection) -> None:
    """C's company id was passed over because B's stood there: without B nobody knows which it would have been."""
    a, b, c = (
        await person(db, 1),
        await person(db, 2, company_id="26168685"),
        await person(db, 3, company_id="00177041"),
    )
    first, later = await _merge(db, a, b), await _merge(db, a, c)
    with pytest.raises(UndoLaterFirst):
        await undo_merge(db, first, actor=TEST, now=NOW)
    assert (await get_party(db, a)).company_id == "26168685"
    await undo_merge(db, later, actor=TEST, now=NOW)
    await undo_merge(db, first, actor=TEST, now=NOW)
    assert (await get_party(db, a)).company_id is None


async def test_only_proof_merges(db: Connection) -> None:
    jana, nova = await person(db, 1), await person(db, 2)
    mail = MergeProof(source="contact_point", kind="email", value="p1@example.cz")
    with pytest.raises(NotProved):
        await merge_parties(db, jana, nova, proof=mail, actor=TEST, now=NOW)
    assert not await verify_contact_point(db, nova, "email", "p1@example.cz", actor=TEST, now=NOW)
    with pytest.raises(NotProved):  # its owner has not proved it
        await merge_parties(db, jana, nova, proof=mail, actor=TEST, now=NOW)
    assert await verify_contact_point(db, jana, "email", "P1@example.cz", actor=TEST, now=NOW)
    assert (await merge_preview(db, jana, nova)).shared == [("email", "p1@example.cz")]
    with pytest.raises(Forbidden):
        await merge_parties(db, jana, nova, proof=mail, actor=customer(nova), now=NOW)
    await merge_parties(db, jana, nova, proof=mail, actor=customer(jana), now=NOW)
    assert (await roots(db, [nova]))[nova] == jana


async def test_an_identity_that_both_have_shown_is_proof(db: Connection) -> None:
    jana, nova = await person(db, 1), await person(db, 2)
    await put_identity(db, jana, "whatsapp", "420601", verified=True, actor=TEST, now=NOW)
    proof = MergeProof(source="identity", kind="whatsapp", value="420601")
    with pytest.raises(NotProved):
        await merge_parties(db, jana, nova, proof=proof, actor=TEST, now=NOW)
    theirs = await put_identity(db, nova, "whatsapp", "420601", verified=True, actor=TEST, now=NOW)
    assert theirs.party_id == jana
    await merge_parties(db, jana, nova, proof=proof, actor=TEST, now=NOW)


async def test_who_may_and_what_is_refused(db: Connection) -> None:
    jana, nova = await person(db, 1), await person(db, 2)
    office = await create_party(db, NewParty(kind="organisation", name="Office", language="cs"), actor=TEST, now=NOW)
    with pytest.raises(Forbidden):
        await merge_parties(db, jana, nova, proof=CARD, actor=customer(jana), now=NOW)
    with pytest.raises(InvalidValue, match="stated"):
        await merge_parties(db, jana, nova, proof=MergeProof(source="staff", stated=" "), actor=CLERK, now=NOW)
    for other, error in ((office, DifferentKinds), (jana, AlreadyMerged), (uuid4(), NotFound)):
        with pytest.raises(error):
            await _merge(db, jana, other)

    async def guard(_db: Connection, one: Any, other: Any) -> None:
        assert (one, other) == ([jana], [nova])
        raise Conflict

    with pytest.raises(Conflict):
        await merge_parties(db, jana, nova, proof=CARD, guards=[guard], actor=CLERK, now=NOW)
    assert isinstance((await merge_preview(db, jana, nova, guards=[guard])).refused, Conflict)
    merge = await merge_parties(db, jana, nova, proof=CARD, actor=CLERK, now=NOW)
    with pytest.raises(Forbidden):
        await undo_merge(db, merge, actor=CLERK, now=NOW)
    with pytest.raises(AlreadyMerged):
        await _merge(db, nova, await person(db, 3))


async def test_roles_follow_both_ends(db: Connection) -> None:
    jana, nova = await person(db, 1), await person(db, 2)
    one = await create_party(db, NewParty(kind="organisation", name="One", language="cs"), actor=TEST, now=NOW)
    two = await create_party(db, NewParty(kind="organisation", name="Two", language="cs"), actor=TEST, now=NOW)
    await give_role(db, two, nova, "buyer", actor=TEST, now=NOW)
    await _merge(db, jana, nova)
    await _merge(db, one, two)
    assert await roles_of(db, jana) == [("buyer", one)]
    assert [(held.person_id, held.organisation_id) for held in await key_persons(db, one)] == [(jana, one)]


async def test_tasks_and_lists_of_many_know_the_survivor(db: Connection) -> None:
    jana, nova = await person(db, 1), await person(db, 2)
    await open_task(
        db,
        key=None,
        title="Call",
        details={},
        subject=f"customer:{nova}",
        customer_id=nova,
        due_at=NOW + timedelta(days=1),
        actor=TEST,
        now=NOW,
    )
    await _merge(db, jana, nova)
    assert len((await party_page(db, jana)).open_tasks) == 1
    assert (await parties_by_ids(db, [nova]))[nova].id == jana


# --- at the same time -----------------------------------------------------------------------------


async def test_two_who_absorb_each_other_at_once(pool: Pool) -> None:
    """One wins; without the lock on both rows each would be the other's member, and nobody would be left."""
    async with pool.acquire() as db, db.transaction():
        jana, nova = await person(db, 1), await person(db, 2)

    async def one(survivor: UUID, absorbed: UUID) -> UUID | KupecError:
        try:
            async with pool.acquire() as db, db.transaction():
                return await _merge(db, survivor, absorbed)
        except KupecError as error:
            return error

    answers = await asyncio.gather(one(jana, nova), one(nova, jana))
    assert sorted(isinstance(answer, AlreadyMerged) for answer in answers) == [False, True]
    async with pool.acquire() as db:
        assert len(await list_parties(db)) == 1


async def test_a_visitor_who_comes_while_their_customer_is_absorbed(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana, nova = await person(db, 1), await person(db, 2)
    visitor = uuid4()
    async with pool.acquire() as first, pool.acquire() as second:
        async with first.transaction():
            await _merge(first, jana, nova)
            late = asyncio.create_task(add_alias(second, visitor, nova, "visitor", now=NOW))
            done, _ = await asyncio.wait([late], timeout=0.2)
            assert not done, "it waits for the merge to end"
        await late
        assert (await roots(second, [visitor]))[visitor] == jana


# --- what must not outlive it ---------------------------------------------------------------------


async def test_nobody_keeps_a_way_in_when_two_are_two_again(db: Connection) -> None:
    """Eva was put to Jana by mistake, and came in meanwhile: to Jana's account, as everybody thought."""
    jana, eva = await person(db, 1), await person(db, 2)
    phone, laptop = Whence(kind="app"), Whence(kind="browser")
    before = await open_session(db, jana, "code", laptop, now=NOW - timedelta(days=1))
    hers = await open_session(db, eva, "code", laptop, now=NOW - timedelta(days=1))
    merge = await _merge(db, jana, eva)
    inside = await open_session(db, jana, "code", phone, now=NOW + timedelta(days=1))
    for table in ("customer_passkey", "customer_password"):
        assert await db.fetchval(f"select count(*) from {table}") == 0
    await db.execute("insert into customer_password values ($1, 'x', $2)", jana, NOW + timedelta(days=1))
    await db.execute(
        "insert into customer_passkey (id, party_id, credential_id, public_key, sign_count, name, backed_up, "
        "created_at) values ($1, $2, 'c', 'k', 0, 'Phone', false, $3)",
        *(uuid4(), jana, NOW + timedelta(days=1)),
    )
    request = await request_export(db, jana, language="cs", actor=TEST, now=NOW + timedelta(days=1))
    await db.execute(
        "insert into privacy_file (id, request_id, name, media_type, content, until) "
        "values ($1, $2, 'data.json', 'application/json', 'x', $3)",
        *(uuid4(), request.id, NOW + timedelta(days=9)),
    )
    await undo_merge(db, merge, actor=TEST, now=NOW + timedelta(days=2))
    later = NOW + timedelta(days=2)
    assert await session_by_token(db, inside.token, kind="app", now=later) is None
    for opened, owner in ((before, jana), (hers, eva)):
        still = await session_by_token(db, opened.token, kind="browser", now=later)
        assert still is not None
        assert still.party_id == owner
    for table in ("customer_passkey", "customer_password", "privacy_file"):
        assert await db.fetchval(f"select count(*) from {table}") == 0, table


async def test_who_was_forgotten_is_neither_put_together_nor_apart(db: Connection) -> None:
    """Else the books of the one who was told apart would never be blanked, or those of somebody living would."""
    jana, eva, petr = [await person(db, number) for number in range(3)]
    merge = await _merge(db, jana, eva)
    await db.execute(
        "insert into privacy_request (id, kind, party_id, state, language, asked_by, at) "
        "values ($1, 'erasure', $2, 'done', 'cs', 'x', $3)",
        *(uuid4(), jana, NOW),
    )
    with pytest.raises(AlreadyErased):
        await undo_merge(db, merge, actor=TEST, now=NOW)
    for survivor, absorbed in ((petr, jana), (jana, petr)):
        with pytest.raises(AlreadyErased):
            await _merge(db, survivor, absorbed)

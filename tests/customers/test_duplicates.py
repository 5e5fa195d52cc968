"""Who may be in the books twice, and for which reason."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from kupec.customers import (
    Contact,
    MergeProof,
    NewParty,
    PartyRow,
    create_party,
    duplicates,
    identify,
    import_parties,
    merge_parties,
    put_address,
    tell_apart,
    verify_contact_point,
)
from kupec.kit.actor import customer, system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
TEST = system("test")


async def made(db: Connection, name: str, kind: str = "person", **fields: str) -> UUID:
    new = NewParty(kind=kind, name=name, language="cs", **fields)  # type: ignore[arg-type]
    return await create_party(db, new, actor=TEST, now=NOW)


async def found(db: Connection) -> dict[frozenset[UUID], list[str]]:
    return {frozenset((pair.one.id, pair.other.id)): list(pair.reasons) for pair in await duplicates(db)}


async def test_each_reason_is_seen_and_nobody_else_is_suspected(db: Connection) -> None:
    ids = "26168685"
    one, two = [await made(db, name, "organisation", company_id=ids) for name in ("Office", "Office s. r. o.")]
    await made(db, "A person", company_id=ids)  # not of the same kind
    plain = await made(db, "Jana", email="jana.nova@example.cz")
    plus = await made(db, "Jana N.", email="jananova+shop@example.cz")
    await made(db, "Jana", email="jananova@example.pl")
    at = {"street": "Dlouhá 1", "city": "Praha", "country": "CZ"}
    eva, same = await made(db, "Eva Malá"), await made(db, "EVA MALA")
    elsewhere = await made(db, "Eva Malá")
    for who, postcode in ((eva, "110 00"), (same, "11000"), (elsewhere, "602 00")):
        await put_address(db, who, {**at, "postcode": postcode}, actor=TEST, now=NOW)
    assert await found(db) == {
        frozenset((one, two)): ["company"],
        frozenset((plain, plus)): ["email"],
        frozenset((eva, same)): ["name_postcode"],
    }


async def test_a_number_that_somebody_owns_already_is_remembered(db: Connection) -> None:
    """At a checkout and in an import it stays its owner's; that another said it suggests that they are one."""
    contacts = [
        Contact(email=f"{name}@example.cz", name=name, phone="+420 601 234 567", language="cs") for name in ("a", "b")
    ]
    a, b = await identify(db, contacts, now=NOW, actor=TEST)
    await identify(db, contacts, now=NOW, actor=TEST)
    await import_parties(db, [PartyRow(external_id="c", phone="+420601234567")], actor=TEST, now=NOW)
    c = await db.fetchval("select id from party where external_id = 'c'")
    await import_parties(db, [PartyRow(external_id="c", phone="+420601234567")], actor=TEST, now=NOW)
    assert await found(db) == {frozenset(pair): ["phone"] for pair in ((a, b), (a, c), (b, c))}
    assert await db.fetchval("select count(*) from contact_claim where proved_at is null") == 2


async def test_what_both_have_proved_comes_first(db: Connection) -> None:
    one, two = await made(db, "A", email="a@example.cz"), await made(db, "B", phone="+420601234567")
    await made(db, "C", email="c.d@example.cz")
    await made(db, "D", email="cd@example.cz")
    await verify_contact_point(db, two, "email", "a@example.cz", actor=TEST, now=NOW)
    first = (await duplicates(db))[0]
    assert {first.one.id, first.other.id} == {one, two}
    assert first.reasons == ["shared", "email"]


async def test_many_who_share_a_value_say_nothing(db: Connection) -> None:
    for number in range(11):
        await made(db, f"Branch {number}", "organisation", company_id="26168685")
    assert await found(db) == {}


async def test_decided_pairs_are_not_suggested(db: Connection) -> None:
    trio = [await made(db, name, "organisation", company_id="26168685") for name in "ABC"]
    assert len(await found(db)) == 3
    with pytest.raises(Forbidden):
        await tell_apart(db, trio[0], trio[1], actor=customer(trio[0]), now=NOW)
    with pytest.raises(InvalidValue):
        await tell_apart(db, trio[0], trio[0], actor=TEST, now=NOW)
    await tell_apart(db, trio[1], trio[0], actor=TEST, now=NOW)
    await tell_apart(db, trio[0], trio[1], actor=TEST, now=NOW)
    assert await db.fetchval("select count(*) from event where name = 'party.distinct'") == 1
    proof = MergeProof(source="staff", stated="the register")
    await merge_parties(db, trio[0], trio[2], proof=proof, actor=TEST, now=NOW)
    assert await found(db) == {}

"""A customer's record on the desk: details, people, notes, files, putting together and apart."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.billing import open_account
from kupec.customers import (
    CUSTOM_FIELDS,
    Choice,
    CustomField,
    CustomFields,
    NewParty,
    contact_points_of,
    create_party,
    get_party,
    key_persons,
    members_of,
    party_page,
    relations_of,
)
from kupec.kit.actor import system
from kupec.kit.versions import publish_new
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def party(desk: Desk, name: str, email: str, *, kind: str = "person", phone: str = "") -> UUID:
    new = NewParty(kind=kind, name=name, language="cs", email=email, phone=phone)  # type: ignore[arg-type]
    async with desk.site.database.transaction() as db:
        return await create_party(db, new, actor=TEST, now=NOON)


async def test_a_customer_is_written_down_and_changed(desk: Desk) -> None:
    fields = CustomFields(
        fields=[
            CustomField(code="birthday", names={"en": "Birthday"}, type="date", holds_for="person"),
            CustomField(code="roast", names={"en": "Roast"}, type="choice", choices=[Choice(code="dark")]),
            CustomField(code="fleet", names={"en": "Fleet"}, holds_for="organisation"),
        ]
    )
    async with desk.site.database.transaction() as db:
        await publish_new(db, CUSTOM_FIELDS, fields, actor=TEST, now=NOON)
    person = await desk.signed_in("agent")
    assert "Fleet" not in await person.page("/desk/customers/new")
    assert "Fleet" in await person.page("/desk/customers/new?kind=organisation")
    typed = {"kind": "person", "name": "Jana Nová", "language": "cs", "country": "CZ", "phone": "601 234 567"}
    refused = await person.post("/desk/customers/new", {**typed, "email": "jana"})
    assert refused.status_code == 422
    assert "Expected: an e-mail address" in words(refused.text)
    answer = await person.post("/desk/customers/new", {**typed, "email": "jana@example.cz", "custom.roast": "dark"})
    jana = UUID(answer.headers["location"].split("/")[-1].split("?")[0])
    said = words(await person.page(answer.headers["location"]))
    assert "+420601234567" in said
    assert "Roast dark" in said

    path = f"/desk/customers/{jana}/details"
    change = {"name": "Jana Malá", "language": "pl", "company_id": "", "vat_id": "", "price_group": "office"}
    refused = await person.post(f"{path}?q=jana", {**change, "custom.birthday": "yesterday"})
    assert refused.status_code == 422
    assert 'aria-describedby="details.custom.birthday-error"' in refused.text
    assert 'value="Jana Malá"' in refused.text
    assert 'id="edit-details" open' in refused.text
    kept = await person.post(f"{path}?q=jana", {**change, "custom.birthday": "1990-02-03", "custom.roast": ""})
    assert kept.headers["location"] == f"/desk/customers/{jana}?show=details&q=jana"
    async with desk.site.database.reading() as db:
        now = await get_party(db, jana)
    assert (now.name, now.language, now.price_group, now.custom) == (
        "Jana Malá",
        "pl",
        "office",
        {"birthday": "1990-02-03"},
    )


async def test_ways_to_reach_a_customer(desk: Desk) -> None:
    jana = await party(desk, "Jana", "jana@example.cz")
    await party(desk, "Eva", "eva@example.cz")
    person, here = await desk.signed_in("agent"), f"/desk/customers/{jana}"
    taken = await person.post(f"{here}/contacts", {"value": "eva@example.cz", "country": "CZ"})
    assert taken.status_code == 409
    assert "belongs to another customer" in words(taken.text)
    said = await person.done(f"{here}/contacts", {"value": "work@example.cz", "label": "work", "country": "CZ"})
    assert "work@example.cz work" in words(said)
    async with desk.site.database.reading() as db:
        first, second = await contact_points_of(db, [jana])
    assert (first.value, second.value) == ("jana@example.cz", "work@example.cz")
    await person.done(f"{here}/contacts/{second.id}", {"action": "choose"})
    await person.done(f"{here}/contacts/{second.id}", {"action": "verify"})
    await person.done(f"{here}/contacts/{second.id}", {"action": "label", "label": "office"})
    async with desk.site.database.reading() as db:
        first, _ = await contact_points_of(db, [jana])
        assert (first.value, first.verified_at, first.label) == ("work@example.cz", NOON, "office")
        assert (await get_party(db, jana)).email == "work@example.cz"
    await person.done(f"{here}/contacts/{second.id}", {"action": "remove"})
    assert (await person.post(f"{here}/contacts/{second.id}", {"action": "remove"})).status_code == 303
    await person.done(f"{here}/identities", {"channel": "whatsapp", "identity": "420601234567"})
    async with desk.site.database.reading() as db:
        known = await party_page(db, jana)
    assert [point.value for point in known.contact_points] == ["jana@example.cz"]
    assert [one.identity for one in known.identities] == ["420601234567"]

    address = {"name": "Jana", "street": "Dlouhá 1", "city": "Praha", "postcode": "1", "country": "CZ"}
    refused = await person.post(f"{here}/addresses", address)
    assert "Expected: a postcode of that country." in words(refused.text)
    said = words(await person.done(f"{here}/addresses", {**address, "postcode": "110 00"}))
    assert "Dlouhá 1 110 00 Praha" in said


async def test_roles_and_relations(desk: Desk) -> None:
    office = await party(desk, "Office", "office@example.cz", kind="organisation")
    jana = await party(desk, "Jana", "jana@example.cz")
    person, here = await desk.signed_in("agent"), f"/desk/customers/{office}"
    nobody = await person.post(f"{here}/roles", {"other": "somebody", "role": "buyer"})
    assert "Expected: one customer" in words(nobody.text)
    itself = await person.post(f"{here}/roles", {"other": "office@example.cz", "role": "buyer"})
    assert "Expected: a person." in words(itself.text)
    await person.done(f"{here}/roles", {"other": "jana@example.cz", "role": "buyer"})
    await person.done(f"/desk/customers/{jana}/roles", {"other": "Office", "role": "approver"})
    async with desk.site.database.reading() as db:
        held = await key_persons(db, office)
    assert [(one.person_id, one.role) for one in held] == [(jana, "approver"), (jana, "buyer")]
    assert "Office" in await person.page(f"/desk/customers/{jana}?show=people")
    taken = {"organisation": str(office), "person": str(jana), "role": "buyer"}
    assert "Until" in words(await person.done(f"{here}/roles/take", taken))
    async with desk.site.database.reading() as db:
        assert [one.role for one in await key_persons(db, office)] == ["approver"]
        assert [one.role for one in await key_persons(db, office, past=True)] == ["approver", "buyer"]

    await person.done(f"{here}/relations", {"kind": "supplier_of", "other": "jana@example.cz"})
    assert "supplied by Office" in words(await person.page(f"/desk/customers/{jana}?show=people"))
    async with desk.site.database.reading() as db:
        (relation,) = await relations_of(db, jana)
    await person.done(f"{here}/relations/{relation.id}/remove")
    assert "supplied by" not in words(await person.page(f"/desk/customers/{jana}?show=people"))


async def test_a_note_calls_a_colleague_and_only_its_author_changes_it(desk: Desk) -> None:
    jana = await party(desk, "Jana", "jana@example.cz")
    agent, manager = await desk.signed_in("agent"), await desk.signed_in("manager")
    here = f"/desk/customers/{jana}"
    said = words(
        await agent.done(f"{here}/notes", {"body": "Wants <b>samples</b>.\n@some MANAGER, please", "pinned": "on"})
    )
    assert "Wants <b>samples</b>. @some MANAGER, please" in said
    assert "@Some manager" in said
    assert 'id="pinned-notes"' in await manager.page(f"{here}?show=details"), "what is pinned stands on every tab"
    assert "Notes for me 1" in words(await manager.page("/desk/customers"))
    assert "Notes for me 1" not in words(await agent.page("/desk/customers"))
    page = await manager.page("/desk/customers/mentions")
    note = UUID(re.findall(r"#note-([0-9a-f-]{36})", page)[0])
    assert "Notes for me 1" not in words(await manager.done("/desk/customers/mentions"))

    refused = await manager.post(f"{here}/notes/{note}", {"action": "change", "body": "No"})
    assert "Only who wrote this may change it" in words(await manager.page(refused.headers["location"]))
    await manager.done(f"{here}/notes/{note}", {"action": "unpin"})
    assert 'id="pinned-notes"' not in await manager.page(here)
    await agent.done(f"{here}/notes/{note}", {"action": "change", "body": "Wants two samples"})
    assert await desk.fetchval("select body from party_note_edit") == "Wants <b>samples</b>.\n@some MANAGER, please"
    assert "Wants two samples" not in await agent.done(f"{here}/notes/{note}", {"action": "remove"})
    assert await desk.events(f"customer:{jana}") == [
        *("customer.created", "contact_point.added"),
        *("note.added", "note.changed", "note.changed", "note.removed"),
    ]


async def upload(person: Person, path: str, name: str, content: bytes) -> tuple[int, str]:
    page = await person.page(path.removesuffix("/files") + "?show=notes")
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    answer = await person.http.post(
        path,
        data={"form_token": token[1].replace("&#43;", "+")},
        files={"file": (name, content, "text/html")},
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    return answer.status_code, words(answer.text)


async def test_files_are_kept_and_never_opened_here(desk: Desk) -> None:
    jana = await party(desk, "Jana", "jana@example.cz")
    person, path = await desk.signed_in("agent"), f"/desk/customers/{jana}/files"
    for name, content, why in (
        ("page.html", b"<script>", "only PDF, pictures"),
        ("contract.pdf", b"<html>", "not what its name says"),
        ("empty.txt", b"", "it is empty"),
    ):
        status, said = await upload(person, path, name, content)
        assert (status, why in said) == (422, True), (name, said)
    status, said = await upload(person, path, "../../Smlouva č. 1.pdf", b"%PDF-1.7 ...")
    assert (status, "Smlouva č. 1.pdf" in said) == (200, True)
    file_id = await desk.fetchval("select id from party_file")
    kept = await person.get(f"{path}/{file_id}")
    assert (kept.content, kept.headers["content-type"]) == (b"%PDF-1.7 ...", "application/pdf")
    assert kept.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in kept.headers["content-security-policy"]
    eva = await party(desk, "Eva", "eva@example.cz")
    assert (await person.get(f"/desk/customers/{eva}/files/{file_id}")).status_code == 404
    assert "No files yet." in words(await person.done(f"{path}/{file_id}/remove"))
    assert (await (await desk.signed_in("warehouse")).get(f"{path}/{file_id}")).status_code == 403


async def test_two_records_are_compared_put_together_and_taken_apart(desk: Desk) -> None:
    order_id = await order_of(desk)
    buyer = await desk.fetchval("select customer_id from sales_order where id = $1", order_id)
    jana = await party(desk, "Jana Nová ml.", "j.n@example.cz")
    agent, owner = await desk.signed_in("agent"), await desk.signed_in("owner")
    page = words(await agent.page(f"/desk/customers/{jana}/merge?with={buyer}"))
    assert "Jana Nová ml." in page
    assert "1 postal address" in page
    form = {"other": str(buyer), "proof": "staff"}
    refused = await agent.post(f"/desk/customers/{jana}/merge", {**form, "stated": "x"})
    assert "Expected: what proves it, in a few words." in words(refused.text)
    said = words(await agent.done(f"/desk/customers/{jana}/merge", {**form, "stated": "identity card seen"}))
    assert "identity card seen" in said
    assert "Take apart" not in said, "an agent may not"

    moved = await agent.get(f"/desk/customers/{buyer}?show=orders")
    assert (moved.status_code, moved.headers["location"]) == (303, f"/desk/customers/{jana}?show=orders")
    assert str(order_id) in await agent.page(moved.headers["location"])
    assert str(order_id) in await agent.page(f"/desk/orders?customer={jana}")
    listed = re.findall(r"<a data-row [^>]*>([^<]+)</a>", await agent.page("/desk/customers"))
    assert listed == ["Jana Nová ml."]
    merge_id = await desk.fetchval("select id from party_merge")
    assert (await agent.post(f"/desk/customers/{jana}/merges/{merge_id}/undo")).status_code == 403
    assert "two customers again" in words(await owner.done(f"/desk/customers/{jana}/merges/{merge_id}/undo"))
    assert str(order_id) in await agent.page(f"/desk/customers/{buyer}?show=orders")


async def test_two_house_accounts_are_not_put_together(desk: Desk) -> None:
    one = await party(desk, "One", "one@example.cz", kind="organisation")
    two = await party(desk, "Two", "two@example.cz", kind="organisation")
    async with desk.site.database.transaction() as db:
        await open_account(db, one, currency="CZK", credit_limit=100, terms_days=14, actor=TEST, now=NOON)
        await open_account(db, two, currency="CZK", credit_limit=100, terms_days=14, actor=TEST, now=NOON)
    agent = await desk.signed_in("agent")
    assert "Both buy on account in CZK" in words(await agent.page(f"/desk/customers/{one}/merge?with={two}"))
    answer = await agent.post(
        f"/desk/customers/{one}/merge", {"other": str(two), "proof": "staff", "stated": "register"}
    )
    assert "Both buy on account in CZK" in words(await agent.page(answer.headers["location"]))
    async with desk.site.database.reading() as db:
        assert await members_of(db, one) == [one]


async def test_duplicates_are_suggested_until_somebody_tells_them_apart(desk: Desk) -> None:
    jana = await party(desk, "Jana", "jana.nova@example.cz")
    nova = await party(desk, "Nová", "jananova+shop@example.cz")
    person = await desk.signed_in("agent")
    page = await person.page("/desk/customers/duplicates")
    assert "nearly the same e-mail address" in words(page)
    assert f"/merge?with={max(jana, nova)}" in page
    said = words(await person.done("/desk/customers/duplicates", {"one": str(jana), "other": str(nova)}))
    assert "Nobody seems to be here twice" in said

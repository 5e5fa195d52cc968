"""Who one is, the account's money, addresses and people, consents and privacy: operations of the customer API."""

from datetime import datetime, time, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response

from kupec.billing import (
    CustomerStatement,
    cards_on_file,
    customer_statement,
    document_pdf,
    documents_for,
    forget_card,
    get_documents,
    statement_currencies,
)
from kupec.catalogue import markets
from kupec.customers import (
    ContactPoint,
    Invitation,
    PartyChange,
    PrivacyRequest,
    Proof,
    Task,
    add_contact_point,
    addresses_of,
    answer_task,
    asked_of,
    change_party,
    choose_contact_point,
    consents_of,
    contact_points_of,
    export_files,
    get_task,
    give_consent,
    invitations_for,
    invitations_of,
    invite_to_role,
    key_persons,
    list_requests,
    open_task,
    points_balance,
    points_history,
    prove_address,
    put_address,
    read_export,
    remove_address,
    remove_contact_point,
    request_code,
    request_erasure,
    request_export,
    take_invitation,
    take_role,
    title_in,
    withdraw_consent,
    withdraw_invitation,
)
from kupec.kit.errors import NotFound
from kupec.sales import get_order
from kupec.web.my_api import bodies as b
from kupec.web.my_api.buying import document_out
from kupec.web.my_api.calls import Call, Ok, respond
from kupec.web.portal.asked import ANSWER_WITHIN, COMPLAINT
from kupec.web.portal.details import LastEmail
from kupec.web.portal.gate import owner_may
from kupec.web.portal.money import PERIOD
from kupec.web.portal.page import mine_or_missing
from kupec.web.portal.people import write_invitation
from kupec.web.rendering import pdf_file
from kupec.web.whence import whence


async def me(call: Call) -> b.Me:
    who = call.me
    roles: dict[UUID, list[str]] = {}
    for role, organisation in who.roles:
        roles.setdefault(organisation, []).append(role)
    own = b.AccountOut(id=who.party.id, name=who.party.name, kind=who.party.kind, roles=[])
    others = [b.AccountOut(id=one.id, name=one.name, kind=one.kind, roles=roles[one.id]) for one in who.organisations]
    return b.Me(
        id=who.party.id,
        name=who.party.name,
        email=who.party.email,
        phone=who.party.phone,
        language=who.party.language,
        account=who.account.id,
        parts=sorted(who.parts),
        accounts=[own, *others],
    )


# --- money ----------------------------------------------------------------------------------------------


async def statement(call: Call) -> CustomerStatement:
    """The last year up to today."""
    zone = ZoneInfo(call.site.settings.shop_timezone)
    today = call.now.astimezone(zone).date()
    known = await statement_currencies(call.db, call.me.account_ids)
    currency = call.text("currency") or (known[0] if known else (await markets(call.db))[0].currency)
    return await customer_statement(
        call.db,
        call.me.account_ids,
        currency=currency,
        since=datetime.combine(today - PERIOD, time(), zone),
        until=datetime.combine(today + timedelta(days=1), time(), zone),
        actor=call.me.actor,
    )


async def documents(call: Call) -> b.Documents:
    found = await documents_for(call.db, call.me.account_ids, actor=call.me.actor, limit=100)
    return b.Documents(documents=[document_out(one) for one in found])


async def document(call: Call) -> Response[bytes]:
    document_id = call.id("document_id")
    found = (await get_documents(call.db, [document_id])).get(document_id)
    mine_or_missing(found is not None and found.party_id in call.me.account_ids, "document")
    content = await document_pdf(call.db, document_id)
    if found is None or content is None:
        raise NotFound(what="document")
    return pdf_file(found.number or "", content)


async def cards(call: Call) -> b.Cards:
    found = [card for one in call.me.account_ids for card in await cards_on_file(call.db, one)]
    return b.Cards(cards=[b.CardOut(id=one.id, label=one.label, created_at=one.created_at) for one in found])


async def drop_card(call: Call) -> Ok:
    card_id = call.id("card_id")
    for owner in call.me.account_ids:
        if any(card.id == card_id for card in await cards_on_file(call.db, owner)):
            await forget_card(call.db, owner, card_id, actor=call.me.actor, now=call.now)
            return Ok()
    raise NotFound(what="card")


# --- addresses and people -------------------------------------------------------------------------------


async def addresses(call: Call) -> b.Addresses:
    found = await addresses_of(call.db, call.me.account_ids)
    return b.Addresses(addresses=[b.AddressOut(id=one.id, address=dict(one.address)) for one in found])


async def add_address(call: Call) -> b.AddressOut:
    return await _put(call, None)


async def change_address(call: Call) -> b.AddressOut:
    return await _put(call, call.id("address_id"))


async def _put(call: Call, address_id: UUID | None) -> b.AddressOut:
    parts = cast(dict[str, str], msgspec.to_builtins(call.body))
    kept = await put_address(
        call.db, call.me.account.id, parts, address_id=address_id, actor=call.me.actor, now=call.now
    )
    return b.AddressOut(id=kept.id, address=dict(kept.address))


async def drop_address(call: Call) -> Ok:
    await remove_address(call.db, call.me.account.id, call.id("address_id"), actor=call.me.actor, now=call.now)
    return Ok()


async def people(call: Call) -> b.People:
    held: dict[UUID, b.PersonOut] = {}
    for one in await key_persons(call.db, call.me.account.id):
        roles = [*(held[one.person_id].roles if one.person_id in held else []), one.role]
        held[one.person_id] = b.PersonOut(id=one.person_id, name=one.person, email=one.email, roles=roles)
    return b.People(people=list(held.values()), invited=await invitations_of(call.db, call.me.account.id, now=call.now))


async def invite(call: Call) -> Invitation:
    asked = await invite_to_role(
        call.db, call.me.account.id, call.body.email, call.body.role, actor=call.me.actor, now=call.now
    )
    await write_invitation(call.request, call.db, asked, call.me.account.language, by=str(call.me.actor))
    return asked


async def take_back(call: Call) -> Ok:
    await withdraw_invitation(call.db, call.me.account.id, call.id("invitation_id"), actor=call.me.actor, now=call.now)
    return Ok()


async def drop_role(call: Call) -> Ok:
    await take_role(
        call.db, call.me.account.id, call.id("person_id"), call.body.role, actor=call.me.actor, now=call.now
    )
    return Ok()


async def invitations(call: Call) -> b.Invitations:
    return b.Invitations(invitations=await invitations_for(call.db, call.me.own_ids, now=call.now))


async def answer_invitation(call: Call) -> Ok:
    await take_invitation(
        call.db, call.me.own_ids, call.id("invitation_id"), yes=call.body.yes, actor=call.me.actor, now=call.now
    )
    return Ok()


# --- what is asked and complained about -----------------------------------------------------------------


async def tasks(call: Call) -> b.Tasks:
    found = await asked_of(call.db, call.me.account_ids)
    return b.Tasks(tasks=[_task(one, call) for one in found])


def _task(one: Task, call: Call) -> b.TaskOut:
    return b.TaskOut(id=one.id, title=title_in(one, call.me.party.language), due_at=one.due_at)


async def answer(call: Call) -> b.TaskOut:
    task = await get_task(call.db, call.id("task_id"))
    mine_or_missing(task.portal and task.customer_id in call.me.account_ids, "task")
    done = await answer_task(call.db, task.id, call.body.answer, actor=call.me.actor, now=call.now)
    return _task(done, call)


async def complain(call: Call) -> Ok:
    wanted: b.ComplaintIn = call.body
    if wanted.order_id is not None:
        found = await get_order(call.db, wanted.order_id)
        mine_or_missing(await owner_may(call.db, call.me, found.customer_id, "buy"), "order")
    await open_task(
        call.db,
        key=None,
        title=COMPLAINT,
        details={"text": wanted.text},
        subject=f"order:{wanted.order_id}" if wanted.order_id else f"customer:{call.me.account.id}",
        customer_id=call.me.account.id,
        due_at=call.now + ANSWER_WITHIN,
        actor=call.me.actor,
        now=call.now,
    )
    return Ok()


# --- oneself --------------------------------------------------------------------------------------------


async def details(call: Call) -> b.Details:
    found = await contact_points_of(call.db, call.me.own_ids)
    return b.Details(name=call.me.party.name, language=call.me.party.language, contact_points=found)


async def change_details(call: Call) -> Ok:
    change = PartyChange(name=call.body.name, language=call.body.language)
    await change_party(call.db, call.me.party.id, change, actor=call.me.actor, now=call.now)
    return Ok()


async def add_phone(call: Call) -> ContactPoint:
    return await add_contact_point(
        call.db,
        call.me.party.id,
        "phone",
        call.body.phone,
        country=call.body.country,
        actor=call.me.actor,
        now=call.now,
    )


async def ask_email(call: Call) -> b.CodeAsked:
    sent = await request_code(
        call.db,
        call.body.email,
        secret=call.site.settings.secret,
        language=call.body.language,
        address=whence(call.request)[0],
        now=call.now,
        party_id=call.me.party.id,
    )
    return b.CodeAsked(token=sent.token, expires_at=sent.expires_at)


async def prove_email(call: Call) -> Ok:
    await prove_address(
        call.site.database,
        call.me.party.id,
        call.body.token,
        call.body.code,
        secret=call.site.settings.secret,
        address=whence(call.request)[0],
        actor=call.me.actor,
        now=call.now,
    )
    return Ok()


async def use_point(call: Call) -> Ok:
    await _own_point(call)
    await choose_contact_point(call.db, call.id("point_id"), actor=call.me.actor, now=call.now)
    return Ok()


async def drop_point(call: Call) -> Ok:
    known = await _own_point(call)
    proved = [one.id for one in known if one.kind == "email" and one.verified_at]
    if proved == [call.id("point_id")]:
        raise LastEmail
    await remove_contact_point(call.db, call.id("point_id"), actor=call.me.actor, now=call.now)
    return Ok()


async def _own_point(call: Call) -> list[ContactPoint]:
    await call.db.execute("select from party where id = $1 for no key update", call.me.party.id)
    known = await contact_points_of(call.db, call.me.own_ids)
    mine_or_missing(call.id("point_id") in {one.id for one in known}, "contact point")
    return known


async def consents(call: Call) -> b.Consents:
    who, language = call.me.party.id, call.me.party.language
    return b.Consents(
        consents=[
            b.ConsentOut(
                purpose=one.purpose.code,
                name=one.purpose.name(language),
                given=one.allowed,
                asked=one.purpose.basis == "consent",
            )
            for one in await consents_of(call.db, who)
        ],
        points=await points_balance(call.db, who, now=call.now),
        entries=await points_history(call.db, who),
    )


async def consent(call: Call) -> Ok:
    verb = give_consent if call.body.given else withdraw_consent
    purpose = call.request.path_params["purpose"]
    await verb(call.db, call.me.party.id, purpose, proof=Proof(how="portal"), actor=call.me.actor, now=call.now)
    return Ok()


async def privacy(call: Call) -> b.PrivacyOut:
    found = await list_requests(call.db, party_id=call.me.party.id)
    files = {
        one.id: [file for file in await export_files(call.db, one.id) if file.until > call.now]
        for one in found
        if one.kind == "export"
    }
    return b.PrivacyOut(requests=found, files=files)


async def export_file(call: Call) -> Response[bytes]:
    request_id, name = call.id("request_id"), call.request.path_params["name"]
    wishes = await list_requests(call.db, party_id=call.me.party.id)
    mine_or_missing(request_id in {one.id for one in wishes}, "file")
    media_type, content = await read_export(call.db, call.site.settings.secret, request_id, name, now=call.now)
    return respond(content, media_type=media_type)


async def export(call: Call) -> PrivacyRequest:
    who = call.me.party
    return await request_export(call.db, who.id, language=who.language, actor=call.me.actor, now=call.now)


async def erase(call: Call) -> PrivacyRequest:
    who = call.me.party
    return await request_erasure(call.db, who.id, language=who.language, actor=call.me.actor, now=call.now)

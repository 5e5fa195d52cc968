"""What the desk knows of Zrnko's customers besides their orders: who acts for an office, what it has, what was said."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec import billing, customers, outreach, personalization, sales, staff
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.recurrence import Recurrence
from kupec.kit.versions import publish_new

OFFICE = "c-031"
"""Kancelář Lípa: an office with a buyer, an approver and an accountant, a machine, and an account."""
ARCHITECTS = "c-034"
KEY_PEOPLE = (
    ("buyer", "Petra Malá", "petra.mala@example.com", "+420 700 000 131"),
    ("approver", "Jan Lípa", "jan.lipa@example.com", "+420 700 000 231"),
    ("accountant", "Eva Součková", "eva.souckova@example.com", None),
)
ABROAD = (
    ("c-037", "Zofia Lis", "zofia.lis@example.com", "pl", "PLN", 800_000),
    ("c-040", "Nora Quinn", "nora.quinn@example.com", "en", "EUR", 200_000),
)
"""Offices elsewhere with a buyer and an account of so many minor units."""
_CREDIT, _TERMS, _APPROVAL = 5_000_000, 14, 1_000_000
_OFFICE_BLEND = "ZR-BO-1000"
_MACHINE = "machine-kaveta-office-12"
_SERVICE_DAYS = 180
_AGREE = ("c-001", "c-002", "c-005", "c-009", "c-013")


async def come_alive(db: Connection, *, actor: Actor, now: datetime) -> None:
    """Everything, once, after the orders of the past are there."""
    ids = {
        row["external_id"]: row["id"]
        for row in await db.fetch("select external_id, id from party where external_id is not null")
    }
    team = await customers.save_team(db, "Péče o zákazníky", await _caring(db), actor=actor, now=now)
    await _office(db, ids[OFFICE], team.id, actor=actor, now=now)
    await _abroad(db, ids, actor=actor, now=now)
    await _architects(db, ids[ARCHITECTS], actor=actor, now=now)
    await _agreements(db, ids, actor=actor, now=now)
    await _process(db, team.id, actor=actor, now=now)


async def _caring(db: Connection) -> list[UUID]:
    return [person.id for person in await staff.list_staff(db) if person.role in ("owner", "agent")]


async def _office(db: Connection, office: UUID, team: UUID, *, actor: Actor, now: datetime) -> None:
    for role, name, email, phone in KEY_PEOPLE:
        new = customers.NewParty(kind="person", name=name, language="cs", email=email, phone=phone or "")
        person = await customers.create_party(db, new, actor=actor, now=now)
        await customers.verify_contact_point(db, person, "email", email, actor=actor, now=now)
        await customers.give_role(db, office, person, role, actor=actor, now=now)  # type: ignore[arg-type]
        if role == "buyer":
            proof = customers.Proof(how="desk", reason="Souhlas podepsán u pultu")
            await customers.give_consent(db, person, "marketing.email", proof=proof, actor=actor, now=now)
    await billing.change_account(
        db,
        office,
        currency="CZK",
        credit_limit=_CREDIT,
        terms_days=_TERMS,
        active=True,
        approval_over=_APPROVAL,
        actor=actor,
        now=now,
    )
    serviced = (now - timedelta(days=_SERVICE_DAYS - 20)).date()
    machine = sales.NewOwned(
        name="Kaveta Office 12",
        serial_number="KO12-2025-00417",
        bought_on=(now - timedelta(days=420)).date(),
        warranty_until=(now + timedelta(days=310)).date(),
        service_interval_days=_SERVICE_DAYS,
        last_service_on=serviced,
        variant_id=await db.fetchval(
            "select v.id from variant v join product p on p.id = v.product_id where p.external_id = $1 limit 1",
            _MACHINE,
        ),
    )
    await sales.add_owned(db, office, machine, actor=actor, now=now)
    for hours, kind, direction, text in (
        (70, "call", "in", "Paní Malá se ptala na větší balení kancelářské směsi. Poslán ceník."),
        (20, "meeting", None, "Návštěva v kanceláři: ukázali jsme odvápnění stroje, káva chutná, zvažují druhý stroj."),
    ):
        said = customers.NewInteraction(
            kind=kind,  # type: ignore[arg-type]
            direction=direction,  # type: ignore[arg-type]
            happened_at=now - timedelta(hours=hours),
            duration_seconds=420 if kind == "call" else None,
            text=text,
            party_id=office,
        )
        await customers.log_interaction(db, said, actor=actor, now=now)
    await customers.open_task(
        db,
        key="zrnko:office-offer",
        title="Poslat nabídku druhého stroje",
        details={},
        subject=f"customer:{office}",
        customer_id=office,
        due_at=now + timedelta(days=1, hours=2),
        remind_before=[60],
        team_id=team,
        actor=actor,
        now=now,
    )


async def _abroad(db: Connection, ids: Mapping[str, UUID], *, actor: Actor, now: datetime) -> None:
    for code, name, email, language, currency, credit in ABROAD:
        new = customers.NewParty(kind="person", name=name, language=language, email=email)
        person = await customers.create_party(db, new, actor=actor, now=now)
        await customers.verify_contact_point(db, person, "email", email, actor=actor, now=now)
        await customers.give_role(db, ids[code], person, "buyer", actor=actor, now=now)
        await billing.open_account(
            db, ids[code], currency=currency, credit_limit=credit, terms_days=_TERMS, actor=actor, now=now
        )


async def _architects(db: Connection, architects: UUID, *, actor: Actor, now: datetime) -> None:
    """An office that has its coffee come every month."""
    home = (await customers.party_page(db, architects)).addresses[0]
    variant = await db.fetchval("select id from variant where sku = $1", _OFFICE_BLEND)
    new = sales.NewStanding(
        customer_id=architects,
        market="cz",
        language="cs",
        email="kancelar.sever@example.com",
        address=msgspec.convert(home.address, sales.Address),
        company=sales.Company(name="Architekti Sever s.r.o.", company_id="30003741"),
        shipping_method="courier",
        terms=sales.StandingTerms(
            recurrence=Recurrence(
                every=1,
                unit="month",
                anchor=(now + timedelta(days=9)).date(),
                at="09:00",
                zone="Europe/Prague",
                on_holiday="next_working_day",
                country="CZ",
            ),
            payment="account",
        ),
        lines=[sales.WantedLine(variant_id=variant, quantity=3)],
        source="",
        key="zrnko:architects",
    )
    await sales.start_standing(db, new, actor=actor, now=now)


async def _agreements(db: Connection, ids: Mapping[str, UUID], *, actor: Actor, now: datetime) -> None:
    """Some have said that they want news, when they were asked at the counter."""
    proof = customers.Proof(how="desk", reason="Souhlas podepsán u pultu")
    for external_id in _AGREE:
        await customers.give_consent(db, ids[external_id], "marketing.email", proof=proof, actor=actor, now=now)


async def _process(db: Connection, team: UUID, *, actor: Actor, now: datetime) -> None:
    """Which rules work, and which customers one looks at together."""
    parties = await db.fetch("select id from party")
    await personalization.sum_up(db, [row["id"] for row in parties], now=now)
    await publish_new(db, outreach.RULES, rules_of(team), note="Zrnko", actor=actor, now=now)
    for code, name, conditions in (
        ("regulars", "Stálí zákazníci", [("orders", "at_least", 5), ("last_order", "within_days", 90)]),
        ("quiet", "Dlouho neobjednali", [("orders", "at_least", 3), ("overdue", "at_least", 200)]),
        ("offices", "Firmy a kanceláře", [("kind", "is", "organisation")]),
    ):
        wanted = personalization.Filter(
            conditions=[
                personalization.Condition(field=field, operator=operator, value=value)  # type: ignore[arg-type]
                for field, operator, value in conditions
            ]
        )
        await personalization.save_segment(db, code, name=name, wanted=wanted, applied=True, actor=actor, now=now)


def rules_of(team: UUID) -> outreach.Rules:
    """The examples, switched on, for the team; and a call after each order that came by itself."""
    rules = [
        msgspec.structs.replace(
            rule,
            active=rule.code != "no-order",
            action=msgspec.structs.replace(rule.action, team_id=team),
        )
        for rule in outreach.Rules().rules
        if isinstance(rule.action, outreach.TaskAction)
    ]
    after = outreach.Rule(
        code="standing-delivered",
        name="Po prvním doručení trvalé objednávky zavolat",
        active=True,
        trigger=outreach.EventTrigger(event="occurrence.placed", delay_days=10),
        who=outreach.Who(kind="organisation"),
        action=outreach.TaskAction(
            title="Zavolat: je s trvalou objednávkou vše v pořádku?",
            team_id=team,
            due_days=2,
            remind_before=[24 * 60, 60],
        ),
    )
    return outreach.Rules(rules=[*rules, after])

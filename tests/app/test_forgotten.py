"""Everything about a customer can be told, and forgotten: in each table there is, also in those of tomorrow."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kupec.app.wiring import privacy_parts
from kupec.customers import (
    RETENTION,
    Contact,
    add_alias,
    add_note,
    erase,
    identify,
    release_retained,
    request_erasure,
    tell,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.personal import Held
from tests.app.planting import NOW, Planter, reachable, schema, where_it_survives
from tests.shop import add_product, make_shop

STAFF = Actor(kind="staff", id="ema", permissions=frozenset({"customers.write"}))
MARK = "Šebestová-7Q"
NOT_ABOUT_CUSTOMERS = {
    "event": "the log holds ids only and is not rewritten",
    "visit": "goes with its visitor",
}
# What a row needs that its columns do not tell; states in which nothing stands in the way.
GIVEN: dict[str, dict[str, Any]] = {
    "acp_platform": {"code": "chat"},
    "acp_session": {"kind": "checkout"},
    "accounting_document": {"content": {"buyer": {"name": MARK, "email": MARK}, "lines": []}},
    "sales_order": {"state": "delivered"},
    "replenishment_policy": {"service_level": 0.95},
    "rfq": {"deadline": NOW + timedelta(hours=1)},
    "foreign_order": {"order_id": MARK},
    "payment": {"state": "captured", "variable_symbol": "1234567890", "refunded": 0},
    "refund": {"state": "done"},
    "sales_return": {"state": "closed"},
    "return_line": {"restocked": 0, "scrapped": 0},
    "order_refund": {"owed": 1, "paid_back": 0, "credited": 0},
    "store_credit": {"balance": 0},
    "house_account": {"used": 0},
    "relation": {"subject": None},
    "privacy_request": {"kind": "export"},
    "standing_order": {"state": "ended"},
    "inbox": {"code": "web", "name": "Web chat", "config": {}, "credentials": None, "polled_after": ""},
    "survey": {"state": "answered", "score": 4},
    "article": {"code": "shipping"},
    "experiment": {
        "code": "model-1",
        "subject": "model",
        "note": "",
        "arms": [],
        "shares": {},
        "channels": [],
        "salt": "s",
        "guardrails": [],
        "reason": "",
        "winner": "",
        "author": "test",
        "ended_at": None,
    },
}
# What the marks cannot tell from what people type, and why it is nobody's words. docs/privacy.md has the same list.
STAYS = {
    "numbers and keys that we gave": """
        accounting_document.key accounting_document.number approval.decided_by collection.code mail.history
        mail.reason mail.subject_ref mail.consent_version order_refund.key refund.key sales_order.number
        sales_order.external_id sales_return.external_id sales_return.key sales_return.number store_credit.code
        survey.key store_credit.key privacy_request.counts privacy_request.obstacles""",
    "who acted, by an id": """
        approval.decided_by bank_match.matched_by bank_statement.imported_by consent.actor dunning_pause.paused_by
        order_refund.created_by party_merge.merged_by party_merge.undone_by points_entry.actor
        privacy_request.asked_by cart.agent sales_order.agent message.author conversation_merge.actor""",
    "our account at the bank, and the file of everybody's transfers": """
        bank_line.account bank_line.bank_id bank_line.variable_symbol bank_statement.filename bank_statement.format""",
    "goods, promotions and ways, as the merchant calls them": """
        occurrence.lines occurrence.missing order_discount.coupon order_discount.name order_line.components
        order_line.name return_line.name return_line.reason sales_order.payment_name sales_order.shipping_name
        device.model standing_order.recurrence standing_order.reason ledger_entry.credit ledger_entry.debit""",
    "numbers of parcels, as the carrier knows them": """
        fulfilment.tracking_number fulfilment.tracking_url parcel_label.number parcel_label.reference""",
    "our own people, and what the shop knows": """
        staff.email staff.name staff.password_hash staff.zone article.category article.source_now article.source_print
        article.source_problem article.source_url""",
    "what machines buy and sell: goods, figures, rules, codes, ids; whom one deals with by host": """
        purchase.lines purchase.reason purchase.reason_fields purchase.seller mandate.goods mandate.sellers mandate.zone
        rfq.request_hash rfq.rule rfq.verdict rfq.reason rfq.last_seller quote.basis quote.seller award.reason
        award.seller observed_choice.alternatives observed_choice.key choice_buyer.numbers choice_fit.fingerprint
        choice_fit.numbers""",
    "programs and platforms that are no customer of ours": """
        acp_platform.name acp_platform.old_token_hash acp_platform.prefix acp_platform.token_hash
        acp_platform.webhook_secret acp_platform.webhook_url mcp_client.id mcp_client.name mcp_client.redirect_uris
        mcp_client.uri""",
    "ids of ours, and a code": "conversation_merge.merged_legs conversation_merge.source_state",
    "codes of what went wrong": "occurrence.error_code payment.error_code refund.error_code",
}


def declared() -> set[str]:
    return {held.table for part in privacy_parts() for held in part.tables}


async def test_every_table_that_points_to_a_customer_is_declared(db: Connection) -> None:
    tables = await schema(db)
    pointing = {table for table, columns in tables.items() if any(one.points for one in columns)}
    missing = pointing - declared() - NOT_ABOUT_CUSTOMERS.keys()
    assert not missing, f"say in <room>/privacy.py what becomes of {sorted(missing)}"
    assert declared() <= tables.keys()


async def test_a_table_that_nobody_declared_is_found(db: Connection) -> None:
    await db.execute("create table diary (id uuid primary key, party_id uuid references party (id), page text)")
    with pytest.raises(AssertionError, match="diary"):
        await test_every_table_that_points_to_a_customer_is_declared(db)


async def planted(db: Connection) -> UUID:
    await make_shop(db)
    await add_product(db, "BEANS", price=30000)
    [eva, other, old] = await identify(
        db,
        [Contact(email=f"{name}@example.com", name=name, language="cs") for name in ("eva", "other", "old")],
        now=NOW,
        actor=system("test"),
    )
    await db.execute("update party set name = $2, custom = $3 where id = $1", eva, f"Eva {MARK}", {"note": MARK})
    await add_alias(db, old, eva, "merged", now=NOW)
    tables = await schema(db)
    await add_alias(db, browser := uuid7(), eva, "visitor", now=NOW)
    given = GIVEN | {
        "party_distinct": {"one_id": min(eva, other), "other_id": max(eva, other)},
        "visitor": {"id": browser},
    }
    planter = Planter(db, tables, party=eva, other=other, mark=MARK, given=given)
    order = ["cart", "sales_order", *reachable(tables)]
    faults = {}
    for table in order:
        if table not in planter.made and table != "party_alias":
            try:
                async with db.transaction():
                    await planter.plant(table)
            except asyncpg.PostgresError as error:
                faults[table] = str(error)
    assert not faults, chr(10).join(f"{k}: {v}" for k, v in faults.items())
    return eva


async def test_nothing_is_left_of_who_wants_to_be_forgotten(db: Connection) -> None:
    eva = await planted(db)
    before = await where_it_survives(db, MARK)
    assert {name.partition(".")[0] for name in before} >= {
        "mail",
        "cart",
        "interaction",
        "party_note",
        "accounting_document",
    }
    request = await request_erasure(db, eva, language="cs", actor=system("test"), now=NOW)
    done = await erase(db, request.id, privacy_parts(), now=NOW)
    assert done.state == "done", done.obstacles
    left = await where_it_survives(db, MARK)
    kept = {f"{held.table}.{column}" for held in _held() for column in held.law}
    ours = {name for names in STAYS.values() for name in names.split()}
    assert not left - kept - ours, " ".join(sorted(left - kept - ours))
    assert {"accounting_document.content", "accounting_document.pdf", "bank_line.payer", "order_line.options"} <= left
    years = timedelta(days=366 * RETENTION.default().years)
    await release_retained(db, privacy_parts(), NOW + years / 2)
    still = await where_it_survives(db, MARK)
    assert still == left, "nothing goes before its years are over"
    await release_retained(db, privacy_parts(), NOW + years)
    still = await where_it_survives(db, MARK)
    assert not still - ours, " ".join(sorted(still - ours))


def _held() -> list[Held]:
    return [held for part in privacy_parts() for held in part.tables]


async def test_somebody_else_is_left_alone(db: Connection) -> None:
    """Who is forgotten takes nothing of others along: counts of their rows are as before."""
    eva = await planted(db)
    [other] = await identify(
        db, [Contact(email="other@example.com", name="", language="cs")], now=NOW, actor=system("test")
    )
    parts = privacy_parts()
    await db.execute("update party set name = 'Petr Novák' where id = $1", other)
    await add_note(db, other, "calls on Mondays", actor=STAFF, now=NOW)
    before = await tell(db, other, parts)
    request = await request_erasure(db, eva, language="cs", actor=system("test"), now=NOW)
    await erase(db, request.id, parts, now=NOW)
    after = await tell(db, other, parts)
    assert after["customers"]["party"] == before["customers"]["party"]
    assert after["customers"]["party_note"] == before["customers"]["party_note"]
    assert after["customers"]["contact_point"] == before["customers"]["contact_point"]

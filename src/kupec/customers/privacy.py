"""What this room holds about a customer: what they are told, and what goes when they want to be forgotten."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart

_THEIRS = "party_id = any($1::uuid[])"
_EMAILS = "(select value from contact_point where kind = 'email' and party_id = any($1::uuid[]))"

# Whose rows are found by an address stand before the addresses go.
_TABLES = (
    Held(table="sign_in_code", where=f"{_THEIRS} or email in {_EMAILS}", told=False),
    Held(
        table="customer_attempt",
        where="substr(key, position(':' in key) + 1) = any(select value from contact_point "
        "where party_id = any($1::uuid[]) union all select unnest($1::uuid[])::text)",
        told=False,
    ),
    Held(table="customer_session", where=f"{_THEIRS} or buys_for = any($1::uuid[])", secret=["token_hash"]),
    Held(table="customer_passkey", where=_THEIRS, secret=["credential_id", "public_key"]),
    Held(table="customer_password", where=_THEIRS, secret=["password_hash"]),
    Held(table="customer_challenge", where=_THEIRS, told=False),
    Held(table="portal_request", where=_THEIRS, told=False),
    Held(
        table="party",
        where="id = any($1::uuid[])",
        erase="blank",
        # Something to click on where lists name them, the same in every language.
        blank={
            "name": "'#' || right(id::text, 6)",
            "folded": "'#' || right(id::text, 6)",
            "sort_key": "'#' || right(id::text, 6)",
            "company_id": "null",
            "vat_id": "null",
            "external_id": "null",
            "price_group": "null",
            "segments": "'{}'",
            "custom": "'{}'",
        },
    ),
    Held(table="consent_ask", where=_THEIRS),
    Held(table="contact_point", where=_THEIRS),
    Held(table="contact_claim", where=_THEIRS),
    Held(table="party_address", where=_THEIRS),
    Held(table="channel_identity", where=_THEIRS),
    Held(table="party_role", where="organisation_id = any($1::uuid[]) or person_id = any($1::uuid[])"),
    Held(
        table="role_invitation",
        where=f"organisation_id = any($1::uuid[]) or lower(email) in {_EMAILS}",
        secret=["token_hash"],
    ),
    Held(table="party_note", where=_THEIRS),
    Held(table="party_file", where=_THEIRS, secret=["content", "sha256"]),
    Held(table="relation", where=f"{_THEIRS} or other_id = any($1::uuid[])"),
    Held(table="referral", where=_THEIRS),
    Held(table="party_distinct", where="one_id = any($1::uuid[]) or other_id = any($1::uuid[])", told=False),
    Held(
        table="party_merge",
        where="survivor_id = any($1::uuid[]) or absorbed_id = any($1::uuid[])",
        erase="blank",
        blank={"stated": "''", "filled": "'{}'"},
    ),
    Held(table="party_alias", where=_THEIRS, erase="keep", why="ids only: whose the log's and the books' rows are"),
    Held(table="task", where="customer_id = any($1::uuid[])"),
    Held(table="interaction", where=_THEIRS),
    Held(table="visitor", where="id = any($1::uuid[])"),
    Held(
        table="consent",
        where="member_id = any($1::uuid[])",
        erase="blank",
        blank={"reason": "''", "address_hash": "null"},
        secret=["address_hash"],
        why="proof of what was agreed to, under an id that names nobody",
    ),
    Held(table="points_entry", where=_THEIRS, erase="blank", blank={"reason": "''"}),
    Held(
        table="privacy_file",
        where="request_id in (select id from privacy_request where party_id = any($1::uuid[]))",
        told=False,
    ),
    Held(table="privacy_request", where=_THEIRS, erase="blank", blank={"reason": "''"}),
)


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    """Raw letters of the outside that name them: kept until they are understood, and no longer than that."""
    words = await traces(db, members)
    if not words:
        return {}
    bodies = await db.fetch(
        """
        update webhook_delivery set body = '', headers = '{}'
         where state <> 'received' and body <> ''
           and exists (select from unnest($1::text[]) word where position(convert_to(word, 'UTF8') in body) > 0)
        returning id
        """,
        words,
    )
    lines = await db.fetch(
        "delete from import_error where exists (select from unnest($1::text[]) word where strpos(raw, word) > 0) "
        "returning line",
        words,
    )
    found = {"webhook_delivery": len(bodies), "import_error": len(lines)}
    return {table: count for table, count in found.items() if count}


async def traces(db: Connection, members: Sequence[UUID]) -> list[str]:
    """What names this customer in text that nobody has taken apart: addresses, numbers, identities and full names."""
    rows = await db.fetch(
        """
        select value as word from contact_point where party_id = any($1::uuid[])
        union select identity from channel_identity where party_id = any($1::uuid[])
        union select name from party where id = any($1::uuid[]) and name like '% %' and length(name) > 5
        """,
        members,
    )
    return sorted(row["word"] for row in rows if len(row["word"]) > 4)


privacy_part = PrivacyPart(name="customers", tables=_TABLES, before=_before)

"""A customer's tab with those they belong together with: roles in organisations, and the social graph."""

from typing import Any
from uuid import UUID

from kupec.customers import RELATION_KINDS, ROLES, key_persons, organisations_of, relations_of
from kupec.kit.db import Connection
from kupec.web.desk import party_words
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.referral import referral_link

_TOLD = tuple(kind for kind in RELATION_KINDS if kind not in ("likes", "shares"))


async def people(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    reader, party, settings = reader_of(request), page.party, site_of(request).settings
    read = key_persons if party.kind == "organisation" else organisations_of
    relations = await relations_of(db, party.id)
    return {
        "held": await read(db, party.id, past=True),
        "roles": [(role, reader.text(party_words.ROLES[role])) for role in ROLES],
        "role_words": {role: reader.text(word) for role, word in party_words.ROLES.items()},
        "relations": relations,
        "things": await _things(db, [one.subject for one in relations if one.subject], reader.language),
        "relation_word": lambda one: reader.text(party_words.RELATIONS[one.kind][0 if one.outgoing else 1]),
        "source_word": lambda one: party_words.source_name(one.source, reader),
        "link": referral_link(settings.secret, settings.base_url, party.id, party.language),
        "kinds": [(kind, reader.text(party_words.RELATIONS[kind][0])) for kind in _TOLD],
    }


async def _things(db: Connection, subjects: list[str], language: str) -> dict[str, str]:
    """Products by their subjects ("product:0193…"), by name."""
    ids = {subject: _uuid(subject.partition(":")[2]) for subject in subjects if subject.startswith("product:")}
    rows = await db.fetch(
        "select distinct on (product_id) product_id, name from product_text where product_id = any($1::uuid[]) "
        "order by product_id, language <> $2, language",
        [one for one in ids.values() if one],
        language,
    )
    names = {row["product_id"]: row["name"] for row in rows}
    return {subject: names[one] for subject, one in ids.items() if one in names}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""What this room holds about a customer: what was written to them. That it was written stays, without the words."""

from kupec.kit.personal import Held, PrivacyPart

_ADDRESSES = "(select value from contact_point where kind = 'email' and party_id = any($1::uuid[]))"
# Reminders to our own people name the customer too, and stand in the customer's history.
_ABOUT_THEM = "history in (select 'customer:' || id from unnest($1::uuid[]) as id)"
_THEIRS = f"customer_id = any($1::uuid[]) or lower(to_address) in {_ADDRESSES} or {_ABOUT_THEM}"

_TABLES = (
    Held(table="rule_due", where="customer_id = any($1::uuid[])", told=False),
    Held(
        table="mail_bounce",
        where=f"lower(address) in {_ADDRESSES} or mail_id in (select id from mail where {_THEIRS})",  # noqa: S608
    ),
    Held(
        table="mail",
        where=_THEIRS,
        erase="blank",
        blank={
            "to_address": "''",
            "title": "''",
            "html": "''",
            "text": "''",
            "error": "null",
            "why": "case when state in ('queued', 'held') then 'no_longer' else why end",
            "state": "case when state in ('queued', 'held') then 'withheld' else state end",
        },
    ),
)

privacy_part = PrivacyPart(name="outreach", tables=_TABLES)

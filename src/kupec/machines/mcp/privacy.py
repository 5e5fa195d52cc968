"""What this room holds about a customer: which agents they have let in."""

from kupec.kit.personal import Held, PrivacyPart

_THEIRS = "select id from mcp_grant where party_id = any($1::uuid[]) or granted_by = any($1::uuid[])"

privacy_part = PrivacyPart(
    name="agents",
    tables=(
        Held(table="mcp_code", where=f"grant_id in ({_THEIRS})", told=False),
        Held(table="mcp_refresh", where=f"grant_id in ({_THEIRS})", told=False),
        Held(table="mcp_grant", where="party_id = any($1::uuid[]) or granted_by = any($1::uuid[])"),
    ),
)

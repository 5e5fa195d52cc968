"""A link that brings a cart into whichever browser it is opened in."""

from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from kupec.kit.signing import sign, unsign

_PURPOSE = "cart"


def cart_link(secret: str, cart_id: UUID, language: str) -> str:
    """The path that opens this cart in whichever browser the mail is read."""
    return f"/{language}/cart/{quote(sign(secret, _PURPOSE, str(cart_id)))}"


def cart_from_token(secret: str, token: str, *, now: datetime) -> UUID | None:
    """The cart of such a link; None for one that is not ours."""
    value = unsign(secret, _PURPOSE, token, now=now)
    return UUID(value) if value else None

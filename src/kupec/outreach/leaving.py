"""The way out of messages: signed links that one click, of a person or of a mail program, is enough for."""

from urllib.parse import quote
from uuid import UUID

from kupec.kit.signing import sign
from kupec.outreach.letters import Sender
from kupec.outreach.message_letter import Leaving


def leaving_links(sender: Sender, mail_id: UUID, party_id: UUID, language: str) -> Leaving:
    """Where the reader of this mail stops its like, and where they choose."""
    unsubscribe = quote(sign(sender.secret, "unsubscribe", str(mail_id)))
    preferences = quote(sign(sender.secret, "preferences", str(party_id)))
    return Leaving(
        unsubscribe=f"{sender.base_url}/{language}/unsubscribe/{unsubscribe}",
        preferences=f"{sender.base_url}/{language}/preferences/{preferences}",
    )

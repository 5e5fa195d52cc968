"""E-mail as a channel: how a mail is read, and how an answer leaves. What fetches mails is in mailboxes.py."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kupec.conversations.channel import Capabilities, Outgoing, Read, SendFailed, Sent
from kupec.conversations.errors import Refused
from kupec.conversations.mail_config import MailConfig, MailCredentials, read_config, read_credentials
from kupec.conversations.mail_letter import Writer, write_mail
from kupec.conversations.mail_parts import parse_head
from kupec.conversations.mail_reading import message_id_of, read_mail, source_of
from kupec.conversations.mail_text import language_of_words
from kupec.conversations.mail_threading import plus_address, thread_token
from kupec.conversations.models import Inbox
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.mail import Attachment, MailNotSent, MailRefused, OutgoingMail, SmtpTransport, Transport

_MOST_REFERENCES = 10


class MailChannel:
    """One way to talk with customers: letters that arrive in seconds.

    What `transport` is: how mails leave that have no server of their inbox's own (the shop's, or the outbox).
    """

    code = "email"
    credentials_type = MailCredentials
    capabilities = Capabilities(
        cards=10,
        pictures=True,
        markup="html",
        length=100_000,
        files=True,
        file_size=10_000_000,
        burst=timedelta(seconds=5),
        # Sent again, it has the same Message-ID, and is one mail to who reads it.
        once=False,
    )

    def __init__(self, secret: str, transport: Transport, *, shop: str, base_url: str) -> None:
        self._secret = secret
        self._transport = transport
        self._shop = shop
        self._base_url = base_url

    def verify(self, inbox: Inbox, credentials: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        """Mails are fetched, never brought: raises Refused, always."""
        raise Refused

    def external_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Raises InvalidValue for what is no mail."""
        if not body.strip():
            raise InvalidValue(field="body", expected="a mail")
        return source_of(parse_head(body), body)

    def read(self, inbox: Inbox, body: bytes, now: datetime) -> Read:
        return read_mail(inbox, read_config(inbox.config), self._secret, body, now)

    def config(self, raw: Mapping[str, Any]) -> MailConfig:
        """Raises InvalidValue naming the field."""
        return read_config(raw)

    def credentials(self, raw: Mapping[str, str]) -> MailCredentials:
        """Raises InvalidValue naming the field."""
        return read_credentials(raw)

    async def send(self, outgoing: Outgoing, credentials: Mapping[str, str]) -> Sequence[Sent]:
        """One mail with all that the message holds. Raises SendFailed."""
        try:
            config = read_config(outgoing.inbox.config)
            smtp_url = read_credentials(credentials).smtp_url
            mail = self.compose(outgoing, config)
            await (SmtpTransport(smtp_url) if smtp_url else self._transport).send(mail)
        except MailNotSent as error:
            raise SendFailed(error.message, again=True) from error
        except (MailRefused, InvalidValue) as error:
            raise SendFailed(error.message, again=False) from error
        assert mail.message_id is not None, "composed with one"
        return [Sent(source_id=mail.message_id)]

    def compose(self, outgoing: Outgoing, config: MailConfig) -> OutgoingMail:
        """The mail as it leaves: the same message is the same mail, however often it is sent."""
        message, leg = outgoing.message, outgoing.leg
        # The frame speaks as its words do: who is new may have been taken for somebody of another language.
        language = language_of_words(message.text) or message.language or "en"
        title = outgoing.subject.strip() or translate(language, _("Your question to %(shop)s")) % {"shop": self._shop}
        by_bot = message.author == "bot"
        writer = Writer(shop=config.name or self._shop, address=config.address, base_url=self._base_url, by_bot=by_bot)
        letter = write_mail(title, message.content, writer, language)
        return OutgoingMail(
            to=leg.address,
            sender=config.address,
            sender_name=writer.shop,
            subject=f"Re: {title}" if outgoing.references else title,
            html=letter.html,
            text=letter.text,
            message_id=message_name(message.id, config.address),
            written_at=message.created_at,
            headers=self._headers(outgoing, config, by_bot=by_bot),
            attachments=[
                Attachment(name=file.name, media_type=file.media_type, content=file.content)
                for file in outgoing.attachments
            ],
        )

    def _headers(self, outgoing: Outgoing, config: MailConfig, *, by_bot: bool) -> dict[str, str]:
        token = thread_token(self._secret, outgoing.leg.id, outgoing.leg.address)
        known = [name for source in outgoing.references if (name := message_id_of(source)) and name.isascii()]
        # The token comes last: mail programs keep the end of a long thread, and Gmail gives mails names of its own.
        names = [*known[-_MOST_REFERENCES:], f"{token}@{config.address.rpartition('@')[2]}"]
        headers = {"References": " ".join(f"<{name}>" for name in names)}
        if known:
            headers["In-Reply-To"] = f"<{known[-1]}>"
        if by_bot:
            headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
        if config.plus_address:
            headers["Reply-To"] = plus_address(config.address, token)
        return headers


def message_name(message_id: UUID, address: str) -> str:
    """The Message-ID of a conversation's message."""
    return f"kupec-{message_id.hex}@{address.rpartition('@')[2]}"

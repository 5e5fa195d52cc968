"""Tools about consent: what the customer agrees to, and changing it, with proof of who said it where."""

from uuid import UUID

from kupec.customers.asking import asker_of
from kupec.customers.consent import consents_of, give_consent, withdraw_consent
from kupec.customers.consent_models import ConsentStanding, Proof
from kupec.customers.tool_shapes import ChangedConsent, NoArguments, SetConsent, ShownConsent, ShownConsents
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, listed, words
from kupec.kit.tools import Tool, ToolContext


async def _consent_status(context: ToolContext, arguments: NoArguments) -> ShownConsents:
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    found = [one for one in await consents_of(db, asker.known()) if one.purpose.basis == "consent"]
    shown = [_shown(context, one) for one in found]
    agreed = [one.title for one in shown if one.given]
    if agreed:
        text = words(language, _("You agree to: {purposes}."), purposes=listed(agreed, language))
    else:
        text = translate(language, _("You have agreed to nothing beyond orders and their service."))
    return ShownConsents(count=len(agreed), consents=shown, url=context.link("/my/privacy"), text=text)


def _shown(context: ToolContext, standing: ConsentStanding) -> ShownConsent:
    language, purpose = context.language, standing.purpose
    since = standing.since.astimezone(context.zone).date() if standing.since and standing.allowed else None
    state = translate(language, _("agreed") if standing.allowed else _("not agreed"))
    return ShownConsent(
        title=purpose.name(language),
        lines=[line for line in (state, purpose.text(language)) if line],
        value=purpose.code,
        purpose=purpose.code,
        given=standing.allowed,
        since_text=day_said(since, language, today=context.today) if since else "",
    )


async def _set_consent(context: ToolContext, arguments: SetConsent) -> ChangedConsent:
    """Said by a customer who has proved who they are; saying it again changes nothing."""
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    party_id = asker.known()
    proof = _proof(context, asker.is_staff)
    if arguments.given:
        await give_consent(db, party_id, arguments.purpose, proof=proof, actor=asker.actor, now=context.now)
    else:
        await withdraw_consent(db, party_id, arguments.purpose, proof=proof, actor=asker.actor, now=context.now)
    title = await _title(context, party_id, arguments.purpose)
    message = _("Noted: you agree to “{purpose}”.") if arguments.given else _("Noted: “{purpose}” is over for you.")
    return ChangedConsent(
        purpose=arguments.purpose,
        title=title,
        given=arguments.given,
        by_mail=False,
        text=words(language, message, purpose=title),
    )


def _proof(context: ToolContext, by_desk: bool) -> Proof:
    where = f"conversation {context.conversation_id}" if context.conversation_id else "a conversation"
    return Proof(how="desk" if by_desk else "chat", reason=where)


async def _title(context: ToolContext, party_id: UUID, purpose: str) -> str:
    for one in await consents_of(context.db, party_id):
        if one.purpose.code == purpose:
            return one.purpose.name(context.language)
    raise InvalidValue(field="purpose", expected="a purpose of the shop's")


TOOLS = (
    Tool(
        name="consent_status",
        description="What the customer has agreed to, purpose by purpose.",
        arguments=NoArguments,
        result=ShownConsents,
        run=_consent_status,
        audience="customer",
    ),
    Tool(
        name="set_consent",
        description="The customer agrees to a purpose, or does not any more.",
        arguments=SetConsent,
        result=ChangedConsent,
        run=_set_consent,
        audience="customer",
        changes=True,
    ),
)

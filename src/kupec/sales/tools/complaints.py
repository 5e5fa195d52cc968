"""Tools about complaints: opened as a person's task that marks the conversation, and made up for once it is solved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kupec.conversations import SERVICE_HOURS, after_minutes, mark_conversation
from kupec.customers import Asker, asker_of, open_task
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.spoken import moment_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.kit.versions import published
from kupec.sales.goodwill import COMPLAINT, give_goodwill
from kupec.sales.models import Order
from kupec.sales.orders import find_order
from kupec.sales.tools.one_order import order_here
from kupec.sales.tools.shapes_orders import GiveGoodwill, GivenGoodwill, OpenComplaint, OpenedComplaint

TITLE = _("Complaint: {text}")
_WITHIN_MINUTES = 8 * 60
_SKILL = "complaint"
_SHOWN = 120


async def _open_complaint(context: ToolContext, arguments: OpenComplaint) -> OpenedComplaint:
    """A person's task, about the order where one is named; the conversation is marked for those who know complaints."""
    said = arguments.text.strip()
    if not said:
        raise InvalidValue(field="text", expected="a few words")
    async with _about(context, arguments) as (db, asker, order):
        hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
        task = await open_task(
            db,
            key=f"{COMPLAINT}:{context.key}",
            title=TITLE,
            details={"text": said[:_SHOWN], "whole": said, "conversation": str(context.conversation_id or "")},
            subject=_subject(context, asker, order),
            customer_id=order.customer_id if order else asker.root,
            due_at=after_minutes(hours, context.now, _WITHIN_MINUTES),
            priority="high",
            actor=context.actor if asker.root is None else asker.actor,
            now=context.now,
        )
        if context.conversation_id is not None:
            await mark_conversation(
                db,
                context.conversation_id,
                skills=[_SKILL],
                subject=words(context.language, TITLE, text=said[:_SHOWN]),
                actor=context.actor,
                now=context.now,
            )
    due = moment_said(task.due_at, context.language, zone=context.zone, today=context.today)
    sorry = _("We are sorry for that. Your complaint is with a person, who answers by {when}.")
    text = words(context.language, sorry, when=due)
    return OpenedComplaint(
        task_id=str(task.id), order_number=(order.number or "") if order else "", due_text=due, text=text
    )


def _subject(context: ToolContext, asker: Asker, order: Order | None) -> str:
    if order is not None:
        return f"order:{order.id}"
    if asker.root is not None:
        return f"customer:{asker.root}"
    return f"conversation:{context.conversation_id}"


@asynccontextmanager
async def _about(
    context: ToolContext, arguments: OpenComplaint
) -> AsyncIterator[tuple[Connection, Asker, Order | None]]:
    if arguments.number.strip():
        async with order_here(context, arguments.number, arguments.email) as here:
            yield here.db, here.asker, here.order
        return
    async with context.outside.database.transaction() as db:
        yield db, await asker_of(db, context), None


async def _goodwill_coupon(context: ToolContext, arguments: GiveGoodwill) -> GivenGoodwill:
    """Within the merchant's limits; for the customer of this conversation, whoever that is. Once for a step."""
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    root = asker.known()
    order = await find_order(db, arguments.number) if arguments.number.strip() else None
    given = await give_goodwill(
        db,
        root,
        amount=arguments.amount or None,
        currency=context.currency,
        order_id=order.id if order else None,
        reason=arguments.reason,
        key=f"{root}:{context.key}",
        actor=asker.actor,
        now=context.now,
    )
    amount = money_said(given.amount, given.currency, language)
    text = words(
        language,
        _("To make up for it we give you {amount} off your next purchase. Type the code {code} in the cart."),
        amount=amount,
        code=given.code,
    )
    return GivenGoodwill(code=given.code, amount=given.amount, amount_text=amount, valid_text="", text=text)


COMPLAINT_TOOLS = (
    Tool(
        name="open_complaint",
        description="Open a complaint: a person gets it, about an order where one is named.",
        arguments=OpenComplaint,
        result=OpenedComplaint,
        run=_open_complaint,
        changes=True,
        outside=True,
    ),
    Tool(
        name="goodwill_coupon",
        description="A small credit to make up for a complaint that was solved, within the merchant's limits.",
        arguments=GiveGoodwill,
        result=GivenGoodwill,
        run=_goodwill_coupon,
        audience="customer",
        changes=True,
    ),
)

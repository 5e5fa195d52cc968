"""The tool that shows a customer's invoices, and what is still to be paid."""

from kupec.billing.documents import Document
from kupec.billing.party_documents import documents_for
from kupec.billing.receivables import awaited
from kupec.billing.tool_shapes import ListInvoices, ShownInvoice, ShownInvoices
from kupec.customers import Asker, asker_of, members_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, listed, money_said, words
from kupec.kit.tools import Tool, ToolContext


async def _list_invoices(context: ToolContext, arguments: ListInvoices) -> ShownInvoices:
    """Of the customer themself and of the organisations whose accountant they are; each opens for who is signed in."""
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    asker.known()
    found = await _documents(db, asker, arguments.limit)
    shown = [_shown(context, document) for document in found]
    owed = await _owed(db, asker)
    sums = [money_said(amount, currency, language) for currency, amount in sorted(owed.items()) if amount]
    if not shown:
        text = translate(language, _("There is no invoice for you yet."))
    else:
        text = listed([f"{one.title} ({one.date_text}, {one.total_text})" for one in shown], language)
    if sums:
        text += " " + words(language, _("Still to be paid: {amounts}."), amounts=listed(sums, language))
    return ShownInvoices(
        count=len(shown),
        invoices=shown,
        owed=next(iter(owed.values()), 0) if len(owed) == 1 else 0,
        owed_text=listed(sums, language),
        url=context.link("/my/money"),
        text=text.strip(),
    )


async def _documents(db: Connection, asker: Asker, limit: int) -> list[Document]:
    found = []
    for account in asker.accounts("money"):
        ids = asker.own if account == asker.root else await members_of(db, account)
        found += await documents_for(db, ids, actor=asker.actor, limit=limit)
    return sorted(found, key=lambda document: document.issued_at or document.requested_at, reverse=True)[:limit]


async def _owed(db: Connection, asker: Asker) -> dict[str, int]:
    """By currency, minor units."""
    sums: dict[str, int] = {}
    for one in await awaited(db, party_ids=await asker.ids(db, "money")):
        sums[one.currency] = sums.get(one.currency, 0) + one.rest
    return sums


def _shown(context: ToolContext, document: Document) -> ShownInvoice:
    language = context.language
    number = document.number or ""
    total = money_said(document.total, document.currency, language)
    message = _("Invoice {number}") if document.kind == "invoice" else _("Credit note {number}")
    issued = document.issued_at.astimezone(context.zone).date() if document.issued_at else None
    due = document.content.due_on
    return ShownInvoice(
        title=words(language, message, number=number),
        lines=[],
        url=context.link(f"/my/documents/{document.id}"),
        price_text=total,
        value=number,
        number=number,
        kind=document.kind,
        total=document.total,
        total_text=total,
        issued_on=issued.isoformat() if issued else "",
        date_text=day_said(issued, language, today=context.today) if issued else "",
        due_text=day_said(due, language, today=context.today) if due else "",
    )


TOOLS = (
    Tool(
        name="list_invoices",
        description="The customer's latest invoices and credit notes, and what is still to be paid.",
        arguments=ListInvoices,
        result=ShownInvoices,
        run=_list_invoices,
        audience="customer",
    ),
)

"""What a message says until the merchant says it otherwise: its subject, its body, its purpose, what it may name."""

import msgspec

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate

COMMON = ("name", "shop", "link:shop")
"""What every message may name: the recipient, the shop, its home page."""


class OurWords(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it comes. `title` is how the desk calls it."""

    title: str
    subject: str
    body: str
    purpose: str = "service"
    variables: tuple[str, ...] = ()
    at_once: bool = False
    """Somebody waits for it at this moment: it is sent at any hour."""
    footer: bool = True
    """Whether it ends with how to answer: a code does not."""


_OVERDUE = ("number", "amount", "due_on", "days", "link:pay")

OURS = {
    "standing_reminder": OurWords(
        title=_("Standing order: reminder"),
        subject=_("Your regular delivery comes on {day}"),
        body=_(
            "Hello,\n\non {day} we send what you have ordered regularly:\n\n{lines}\n\nTotal: {total}\n\n"
            "You need not do anything. If you do not need it this time, one click is enough:\n\n"
            "{link:skip Skip this delivery}\n\n{link:standing Change the standing order}"
        ),
        variables=("day", "lines", "total", "link:skip", "link:standing"),
    ),
    "standing_placed": OurWords(
        title=_("Standing order: placed"),
        subject=_("Your regular order {number} is on its way to you"),
        body=_(
            "Hello,\n\nwe have placed your regular order {number}:\n\n{lines}\n\nTotal: {total}\n\n"
            "{link:order Follow the order}"
        ),
        variables=("number", "day", "lines", "total", "link:order", "link:standing"),
    ),
    "standing_short": OurWords(
        title=_("Standing order: not enough goods"),
        subject=_("A part of your regular delivery is missing"),
        body=_(
            "Hello,\n\nwe do not have all the goods of your regular delivery. This is what is missing:\n\n{lines}\n\n"
            "We send the rest as agreed and you pay only for what we send.\n\n"
            "{link:standing Change the standing order}"
        ),
        variables=("number", "day", "lines", "link:order", "link:standing"),
    ),
    "standing_failed": OurWords(
        title=_("Standing order: payment failed"),
        subject=_("We could not charge your regular delivery"),
        body=_(
            "Hello,\n\nthe payment of {amount} for your regular delivery did not go through. Nothing was charged.\n\n"
            "We try again on {day}. Please check your card, or choose another way to pay.\n\n"
            "{link:standing Check the payment}"
        ),
        variables=("amount", "day", "link:standing"),
    ),
    "standing_paused": OurWords(
        title=_("Standing order: paused"),
        subject=_("Your standing order is paused"),
        body=_(
            "Hello,\n\nyour standing order is paused. Nothing is sent and nothing is charged until you resume it.\n\n"
            "Reason: {reason}\n\n{link:standing Open the standing order}"
        ),
        variables=("reason", "amount", "link:standing"),
    ),
    "invoice_overdue_1": OurWords(
        title=_("Overdue invoice: first reminder"),
        subject=_("Invoice {number} is past its due date"),
        body=_(
            "Hello,\n\nthe invoice {number} for {amount} was due on {due_on} and we do not see its payment yet. "
            "If you have sent it in the meantime, please take this mail as unneeded.\n\n{link:pay Show how to pay}"
        ),
        variables=_OVERDUE,
    ),
    "invoice_overdue_2": OurWords(
        title=_("Overdue invoice: second reminder"),
        subject=_("Second reminder: invoice {number}"),
        body=_(
            "Hello,\n\nthe invoice {number} for {amount} was due on {due_on}. It is still not paid.\n\n"
            "Please send the money, or write to us if something stands in the way; we will find a solution.\n\n"
            "{link:pay Show how to pay}"
        ),
        variables=_OVERDUE,
    ),
    "invoice_overdue_3": OurWords(
        title=_("Overdue invoice: last reminder"),
        subject=_("Last reminder: invoice {number}"),
        body=_(
            "Hello,\n\nthe invoice {number} for {amount} was due on {due_on} and we have reminded you of it twice. "
            "Until it is paid we deliver only against payment in advance.\n\n"
            "If you cannot pay it at once, please get in touch with us.\n\n{link:pay Show how to pay}"
        ),
        variables=_OVERDUE,
    ),
    "approval_requested": OurWords(
        title=_("Approval asked for"),
        subject=_("An order for {total} waits for your approval"),
        body=_(
            "Hello,\n\n{who} would like to order for {total}:\n\n{lines}\n\nNote: {note}\n\n"
            "{link:approval Approve or decline}"
        ),
        variables=("who", "total", "lines", "note", "link:approval"),
    ),
    "approval_decided": OurWords(
        title=_("Approval decided"),
        subject=_("Your order for {total}: {decision}"),
        body=_("Hello,\n\nyour request for {total}: {decision}.\n\nNote: {note}\n\n{link:approval Show the request}"),
        variables=("total", "decision", "note", "number", "link:approval"),
    ),
    "machine_asks": OurWords(
        title=_("A machine asks before it buys"),
        subject=_("One of your machines asks to buy for {total}"),
        body=_(
            "Hello,\n\none of your machines wants to buy for {total}. That is more than you let it buy without asking, "
            "so nothing is ordered before you say yes.\n\n{link:answer See what it wants, and answer}"
        ),
        variables=("total", "link:answer"),
    ),
    "sign_in_code": OurWords(
        title=_("Sign-in code"),
        subject=_("{code} is your code to sign in"),
        body=_(
            "Hello,\n\nyour code to sign in is\n\n{code}\n\n{link:sign_in Sign in without typing it}\n\n"
            "It holds for {minutes} minutes and works once. If it was not you who asked for it, do nothing: "
            "nobody gets in without the code."
        ),
        variables=("code", "minutes", "link:sign_in"),
        at_once=True,
        footer=False,
    ),
    "role_invitation": OurWords(
        title=_("Invitation to act for an organisation"),
        subject=_("{organisation} invites you to buy for them"),
        body=_(
            "Hello,\n\n{organisation} invites you to act for them in our shop. Sign in with this address, and "
            "accept.\n\n{link:account Open my account}\n\nThe invitation holds for two weeks. "
            "If you do not know them, do nothing."
        ),
        variables=("organisation", "link:account"),
        at_once=True,
        footer=False,
    ),
    "task_reminder": OurWords(
        title=_("Reminder of a task (to staff)"),
        subject=_("{title}, due {due}"),
        body=_("Hello,\n\n{title}\n\nDue: {due}\nCustomer: {customer}\n\n{link:task Open the task}"),
        variables=("title", "due", "customer", "link:task"),
        at_once=True,
        footer=False,
    ),
    "task_asked": OurWords(
        title=_("Task asked of the customer"),
        subject=_("We need something from you: {title}"),
        body=_("Hello,\n\nwe would like to ask you for this:\n\n{title}\n\nUntil: {due}\n\n{link:task Show the task}"),
        variables=("title", "due", "link:task"),
    ),
    "service_due": OurWords(
        title=_("Service due"),
        subject=_("{product}: time for service"),
        body=_(
            "Hello,\n\n{product} should have its service by {due_on}.\nSerial number: {serial}\n\n"
            "We have these days free, choose one that suits you:\n\n{days}\n\n{link:book Book a day}"
        ),
        variables=("product", "serial", "due_on", "days", "link:book"),
    ),
    "service_booked": OurWords(
        title=_("Service booked"),
        subject=_("Service booked for {day}: {product}"),
        body=_(
            "Hello,\n\nthe service of {product} is booked for {day}.\nTime: {hours}\n\n"
            "If the day does not suit you, you can move or cancel it.\n\n{link:book Move or cancel}"
        ),
        variables=("product", "serial", "day", "hours", "link:book"),
    ),
    "service_cancelled": OurWords(
        title=_("Service cancelled"),
        subject=_("Service on {day} cancelled: {product}"),
        body=_(
            "Hello,\n\nthe service of {product} on {day} is cancelled. "
            "You can book another day at any time.\n\n{link:book Book a day}"
        ),
        variables=("product", "serial", "day", "link:book"),
    ),
    "abandoned_cart": OurWords(
        title=_("Abandoned cart"),
        subject=_("Your cart is still here"),
        body=_(
            "Hello,\n\nyou have put these goods into your cart and not ordered them yet:\n\n{lines}\n\n"
            "Total: {total}\n\n{link:cart Open the cart}\n\nIf something was unclear, just reply to this mail."
        ),
        purpose="marketing.email",
        variables=("lines", "total", "link:cart"),
    ),
    "dormant": OurWords(
        title=_("Customer who has not ordered for long"),
        subject=_("Are you running out of anything?"),
        body=_(
            "Hello,\n\nyou ordered with us last on {last_day}. These goods were in your order:\n\n{lines}\n\n"
            "If you need them again, they are a click away.\n\n{link:shop Go to the shop}"
        ),
        purpose="marketing.email",
        variables=("last_day", "lines", "number"),
    ),
    "consent_confirm": OurWords(
        title=_("Confirmation of a consent"),
        subject=_("Please confirm your consent"),
        body=_(
            "Hello,\n\nsomebody has given us this address with the consent below. If it was you, please confirm it; "
            "if not, do nothing and we will not write to you.\n\n{purpose}\n\n{link:confirm Confirm the consent}"
        ),
        variables=("purpose", "link:confirm"),
        at_once=True,
    ),
    "privacy_export_ready": OurWords(
        title=_("Export of personal data"),
        subject=_("Your data is ready"),
        body=_(
            "Hello,\n\nthe export of everything we know about you is ready. You can download it until {until}.\n\n"
            "{link:download Download your data}"
        ),
        variables=("until", "link:download"),
        at_once=True,
    ),
    "follow_up": OurWords(
        title=_("How are you satisfied"),
        subject=_("Is everything as it should be?"),
        body=_(
            "Hello,\n\nyou have had our delivery for some time. Is everything as it should be? If anything is missing "
            "or does not work, just reply to this mail; a person reads it.\n\n{link:shop Go to the shop}"
        ),
        purpose="marketing.email",
        variables=("number",),
    ),
}
"""By code."""


def our_words(code: str, language: str) -> tuple[str, str]:
    """(subject, body) in our own words; empty ones for a message that the merchant has added."""
    known = OURS.get(code)
    return ("", "") if known is None else (translate(language, known.subject), translate(language, known.body))


def variables_of(code: str) -> tuple[str, ...]:
    """What may stand in its curly brackets."""
    known = OURS.get(code)
    return (*(known.variables if known else ()), *COMMON)

"""What the settings of the bot's tools are called."""

from typing import Final

from kupec.kit.i18n import mark as _

BOT_FIELDS: Final = {
    "goodwill.most": _("At most at once, by currency"),
    "goodwill.percent": _("At most so many percent of the order"),
    "goodwill.times": _("At most so many times to one customer"),
    "goodwill.days": _("Within so many days"),
    "order_days": _("The order is at most so many days old"),
    "solved_days": _("The assistant gives for a complaint solved at most so many days ago"),
    "by_itself": _("The assistant may give by itself"),
    "facts.phone": _("Phone that customers are told (empty: the seller's)"),
    "complaint_days": _("A complaint is decided within (days)"),
    "warranty_months": _("Warranty (months)"),
    "first_word_seconds": _("The model begins to answer within (seconds)"),
    "language_model.seconds": _("The whole answer takes at most (seconds)"),
    "answer_tokens": _("An answer has at most (tokens)"),
    "daily_requests": _("Questions a day"),
    "daily_tokens": _("Tokens a day"),
    "prompt_price": _("Price of a million tokens asked (smallest unit of money)"),
    "answer_price": _("Price of a million tokens answered (smallest unit of money)"),
    "daily_cost": _("At most spent a day (smallest unit of money; 0: no limit)"),
}

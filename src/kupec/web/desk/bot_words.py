"""What the settings of the bot's tools are called."""

from typing import Final

from kupec.kit.i18n import mark as _

BOT_FIELDS: Final = {
    "autonomy": _("Who answers what"),
    "intent": _("Question"),
    "mode": _("Who answers"),
    "bot.audience": _("How customers are addressed"),
    "greets": _("Greets with what it knows (an order on its way, a full cart)"),
    "order_alone": _("Flow for an order's number that is said alone"),
    "goods_named": _("Flow for goods that are named in other words than were learnt"),
    "offers": _("Flows offered by a button at the beginning"),
    "hand_over_when_angry": _("Who is upset goes to a person"),
    "hand_over_when_sensitive": _("Matters of health and law go to a person"),
    "does": _("Articles whose question begins a flow"),
    "sensitive_words": _("Words that are for people, or their beginnings"),
    "value_at_stake": _("A cart from this on goes to a person when something is not understood"),
    "knows_from": _("An article answers when it fits at least so well (0 to 1)"),
    "uses_model": _("A language model may phrase answers that stand in articles"),
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

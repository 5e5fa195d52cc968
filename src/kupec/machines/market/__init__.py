"""The market of machines: requests, sealed quotes, awards: the door."""

from kupec.machines.market.answering import set_quoting_policy, submit_quote
from kupec.machines.market.asking import open_rfq
from kupec.machines.market.awarding import choose_quote, decide_due, decide_rfq, waiting_to_be_decided
from kupec.machines.market.bounds import MARKET, MarketRules, forget_rfqs
from kupec.machines.market.deciding import decide, name_winner
from kupec.machines.market.errors import NotChoosing, OwnRequest, QuoteLate, Sealed
from kupec.machines.market.models import (
    OWN,
    Ask,
    Award,
    Bid,
    Cheapest,
    Fastest,
    Named,
    NewQuote,
    NewRfq,
    Quote,
    Rfq,
    Rule,
    Score,
    Verdict,
)
from kupec.machines.market.ordering import Buyer, note_order, order_job
from kupec.machines.market.past import PastQuote, PastRfq, import_rfqs, market_story
from kupec.machines.market.privacy import privacy_part
from kupec.machines.market.quoting import (
    QUOTING,
    Declined,
    GoodsPolicy,
    Offer,
    OwnQuoting,
    SellerPolicy,
    Step,
    floor_of,
    own_policy,
    quote_of,
)
from kupec.machines.market.replaying import Replayed, replay
from kupec.machines.market.routes import routes
from kupec.machines.market.rows import award_of, get_rfq, list_rfqs, open_rfqs, quotes_of

__all__ = [
    "MARKET",
    "OWN",
    "QUOTING",
    "Ask",
    "Award",
    "Bid",
    "Buyer",
    "Cheapest",
    "Declined",
    "Fastest",
    "GoodsPolicy",
    "MarketRules",
    "Named",
    "NewQuote",
    "NewRfq",
    "NotChoosing",
    "Offer",
    "OwnQuoting",
    "OwnRequest",
    "PastQuote",
    "PastRfq",
    "Quote",
    "QuoteLate",
    "Replayed",
    "Rfq",
    "Rule",
    "Score",
    "Sealed",
    "SellerPolicy",
    "Step",
    "Verdict",
    "award_of",
    "choose_quote",
    "decide",
    "decide_due",
    "decide_rfq",
    "floor_of",
    "forget_rfqs",
    "get_rfq",
    "import_rfqs",
    "list_rfqs",
    "market_story",
    "name_winner",
    "note_order",
    "open_rfq",
    "open_rfqs",
    "order_job",
    "own_policy",
    "privacy_part",
    "quote_of",
    "quotes_of",
    "replay",
    "routes",
    "set_quoting_policy",
    "submit_quote",
    "waiting_to_be_decided",
]

"""How machines choose: what each buyer weighs or follows, the chance of winning, the price that earns most: the door.

The arithmetic (`logit`, `hierarchy`, `sampling`, `mixing`) runs in a process of its own: it is not imported here.
"""

from kupec.machines.choice.fitting import (
    FittingFailed,
    buyer_model,
    buyer_models,
    fit_buyers,
    fit_due,
    fit_job,
    is_fitting,
    last_fit,
    order_fit,
)
from kupec.machines.choice.models import (
    NAMES,
    BuyerModel,
    Chance,
    ChoiceSeen,
    Fit,
    LexRule,
    Limit,
    OfferSeen,
    Point,
    Proposal,
    RuleFound,
    Weight,
)
from kupec.machines.choice.pricing import chance_against, even_odds, propose_price, win_chance
from kupec.machines.choice.seen import Alternative, NewObservation, choices_seen, observe_choice
from kupec.machines.choice.supposing import WhatIf, what_if

__all__ = [
    "NAMES",
    "Alternative",
    "BuyerModel",
    "Chance",
    "ChoiceSeen",
    "Fit",
    "FittingFailed",
    "LexRule",
    "Limit",
    "NewObservation",
    "OfferSeen",
    "Point",
    "Proposal",
    "RuleFound",
    "Weight",
    "WhatIf",
    "buyer_model",
    "buyer_models",
    "chance_against",
    "choices_seen",
    "even_odds",
    "fit_buyers",
    "fit_due",
    "fit_job",
    "is_fitting",
    "last_fit",
    "observe_choice",
    "order_fit",
    "propose_price",
    "what_if",
    "win_chance",
]

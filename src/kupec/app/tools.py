"""The tools of all rooms in one box: what the bot, flows, agents and protocols may take."""

from kupec import assistant, billing, conversations, customers, sales
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.settings import Settings
from kupec.kit.tools import Services, Toolbox


def toolbox() -> Toolbox:
    """Every tool there is, by name."""
    return Toolbox([*sales.TOOLS, *billing.TOOLS, *customers.TOOLS, *conversations.TOOLS])


def services(settings: Settings, database: Database, checkout: sales.Checkout) -> Services:
    """What those tools need that act outside a transaction, or make links."""
    return Services(database=database, values={Settings: settings, sales.Checkout: checkout})


def language_model(settings: Settings, database: Database, clock: Clock) -> assistant.LeashedModel | None:
    """The language model on its budget; None where none is configured, which is how most shops run.

    Raises InvalidSetting.
    """
    model = assistant.open_model(settings)
    return assistant.LeashedModel(model, database, clock, zone=settings.shop_timezone) if model else None

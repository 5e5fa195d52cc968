"""Product feeds: Google, Meta, Pinterest, and agents by ACP's feed schema, as addresses to be fetched."""

from kupec.machines.feeds.models import Goods, Shop
from kupec.machines.feeds.routes import routes
from kupec.machines.feeds.writing import FORMATS, agent_product

__all__ = ["FORMATS", "Goods", "Shop", "agent_product", "routes"]

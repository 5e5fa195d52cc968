"""The buying API: the Universal Commerce Protocol's REST shape, on the same verbs as the storefront."""

from kupec.machines.ucp.order_news import order_news_subscriber
from kupec.machines.ucp.routes import routes
from kupec.machines.ucp.sessions import Sessions

__all__ = ["Sessions", "order_news_subscriber", "routes"]

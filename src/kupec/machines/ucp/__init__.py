"""The buying API: the Universal Commerce Protocol's REST shape, on the same verbs as the storefront."""

from kupec.machines.ucp.consents import consent_subscriber
from kupec.machines.ucp.keyed import forget_requests
from kupec.machines.ucp.order_news import order_news_subscriber
from kupec.machines.ucp.privacy import privacy_part
from kupec.machines.ucp.profiles import Profiles
from kupec.machines.ucp.routes import routes
from kupec.machines.ucp.sessions import Sessions

__all__ = [
    "Profiles",
    "Sessions",
    "consent_subscriber",
    "forget_requests",
    "order_news_subscriber",
    "privacy_part",
    "routes",
]

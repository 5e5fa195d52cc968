"""Product feeds: Google, Meta, Pinterest, and agents by ACP's feed schema, to be fetched or pushed."""

from kupec.machines.feeds.models import Goods, Shop
from kupec.machines.feeds.pushing import FeedPush, add_push, list_pushes, push_feed, push_job, queue_pushes, remove_push
from kupec.machines.feeds.routes import routes
from kupec.machines.feeds.writing import FORMATS, agent_product

__all__ = [
    "FORMATS",
    "FeedPush",
    "Goods",
    "Shop",
    "add_push",
    "agent_product",
    "list_pushes",
    "push_feed",
    "push_job",
    "queue_pushes",
    "remove_push",
    "routes",
]

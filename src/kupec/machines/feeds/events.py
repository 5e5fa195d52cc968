"""What the log says about feeds that are pushed. Never a key, never an address with a secret in it."""

from kupec.kit.events import Payload


class FeedPushAdded(Payload, frozen=True, kw_only=True):
    """A market's goods are pushed to this host from now on. Subject "feed_push:<id>"."""

    name = "feed_push.added"

    market: str
    host: str


class FeedPushRemoved(Payload, frozen=True, kw_only=True):
    """They are pushed there no more."""

    name = "feed_push.removed"

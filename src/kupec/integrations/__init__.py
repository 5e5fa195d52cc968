"""Other systems: keys they call the shop with, webhooks the shop calls them with, what they may read: the door."""

from kupec.integrations.addresses import Reach, reach_of
from kupec.integrations.changes import KINDS, LATEST, MOST_CHANGES, Change, Changes, read_changes
from kupec.integrations.courier import Courier
from kupec.integrations.deliveries import (
    forget_deliveries,
    get_delivery,
    list_deliveries,
    replay_delivery,
    replay_failed,
    send_test,
    subscriber,
)
from kupec.integrations.endpoints import (
    add_endpoint,
    change_endpoint,
    get_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_secret,
)
from kupec.integrations.errors import (
    CursorUnknown,
    ForbiddenAddress,
    KeyMissing,
    KeyNeeded,
    RateLimited,
    ScopeMissing,
    UnknownKey,
)
from kupec.integrations.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    DeliveriesReplayed,
    EndpointFailing,
    EndpointRemoved,
    EndpointSaved,
    EndpointStopped,
    SecretRotated,
)
from kupec.integrations.keys import admit, create_key, list_keys, revoke_key
from kupec.integrations.models import RATE_LIMIT, SCOPES, ApiKey, Endpoint, NewKey, WebhookCall
from kupec.integrations.once import Answered, begin_request, finish_request, forget_requests
from kupec.integrations.sending import ATTEMPTS, sending_job

__all__ = [
    "ATTEMPTS",
    "KINDS",
    "LATEST",
    "MOST_CHANGES",
    "RATE_LIMIT",
    "SCOPES",
    "Answered",
    "ApiKey",
    "ApiKeyCreated",
    "ApiKeyRevoked",
    "Change",
    "Changes",
    "Courier",
    "CursorUnknown",
    "DeliveriesReplayed",
    "Endpoint",
    "EndpointFailing",
    "EndpointRemoved",
    "EndpointSaved",
    "EndpointStopped",
    "ForbiddenAddress",
    "KeyMissing",
    "KeyNeeded",
    "NewKey",
    "RateLimited",
    "Reach",
    "ScopeMissing",
    "SecretRotated",
    "UnknownKey",
    "WebhookCall",
    "add_endpoint",
    "admit",
    "begin_request",
    "change_endpoint",
    "create_key",
    "finish_request",
    "forget_deliveries",
    "forget_requests",
    "get_delivery",
    "get_endpoint",
    "list_deliveries",
    "list_endpoints",
    "list_keys",
    "reach_of",
    "read_changes",
    "remove_endpoint",
    "replay_delivery",
    "replay_failed",
    "revoke_key",
    "rotate_secret",
    "send_test",
    "sending_job",
    "subscriber",
]

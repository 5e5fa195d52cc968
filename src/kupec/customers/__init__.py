"""Customers: people and organisations, how they are reached, their timeline, tasks about them."""

from kupec.customers.company_ids import normalise_company_id, normalise_vat_id
from kupec.customers.consent import (
    allowed,
    consent_history,
    consents_of,
    give_consent,
    require_consent,
    withdraw_all,
    withdraw_consent,
)
from kupec.customers.consent_errors import ConsentMissing, LinkExpired
from kupec.customers.consent_events import ConsentAsked, ConsentGiven, ConsentWithdrawn
from kupec.customers.consent_models import (
    CONSENTS,
    Benefit,
    Consent,
    Consents,
    ConsentStanding,
    Proof,
    Purpose,
)
from kupec.customers.contacts import normalise_email, normalise_phone, valid_postcode
from kupec.customers.events import CustomerChanged, CustomerCreated, TaskDone, TaskOpened
from kupec.customers.exporting import EXPORT_COLUMNS, export_customers
from kupec.customers.groups import set_price_group, set_segments, tag_segment
from kupec.customers.history import timeline
from kupec.customers.identity import identify
from kupec.customers.importing import PartyRow, import_parties
from kupec.customers.interaction_importing import InteractionRow, import_interactions, record_interactions
from kupec.customers.interaction_models import (
    INTERACTION_KINDS,
    LONGEST_INTERACTION,
    LONGEST_OUTCOME,
    Interaction,
    InteractionAssigned,
    InteractionChanged,
    InteractionKind,
    InteractionLogged,
    InteractionRemoved,
    NewInteraction,
)
from kupec.customers.interactions import (
    change_interaction,
    claim_interactions,
    get_interaction,
    interactions_by_ids,
    list_interactions,
    log_interaction,
    log_interactions,
    party_of_contact,
    remove_interaction,
)
from kupec.customers.membership import add_alias, members_of, roots
from kupec.customers.models import Contact, ContactPoint, Party, PartyPage, Task
from kupec.customers.parties import get_party, list_parties, parties_by_ids, party_page
from kupec.customers.points import (
    expire_points,
    grant_points,
    points_balance,
    points_history,
    points_subscriber,
    spend_points,
)
from kupec.customers.points_models import (
    POINTS,
    NotEnoughPoints,
    Points,
    PointsEntry,
    PointsGranted,
    PointsSpent,
)
from kupec.customers.tasks import count_open, finish_task, get_task, list_tasks, open_task, tasks_of
from kupec.customers.upsert import put_parties

__all__ = [
    "CONSENTS",
    "EXPORT_COLUMNS",
    "INTERACTION_KINDS",
    "LONGEST_INTERACTION",
    "LONGEST_OUTCOME",
    "POINTS",
    "Benefit",
    "Consent",
    "ConsentAsked",
    "ConsentGiven",
    "ConsentMissing",
    "ConsentStanding",
    "ConsentWithdrawn",
    "Consents",
    "Contact",
    "ContactPoint",
    "CustomerChanged",
    "CustomerCreated",
    "Interaction",
    "InteractionAssigned",
    "InteractionChanged",
    "InteractionKind",
    "InteractionLogged",
    "InteractionRemoved",
    "InteractionRow",
    "LinkExpired",
    "NewInteraction",
    "NotEnoughPoints",
    "Party",
    "PartyPage",
    "PartyRow",
    "Points",
    "PointsEntry",
    "PointsGranted",
    "PointsSpent",
    "Proof",
    "Purpose",
    "Task",
    "TaskDone",
    "TaskOpened",
    "add_alias",
    "allowed",
    "change_interaction",
    "claim_interactions",
    "consent_history",
    "consents_of",
    "count_open",
    "expire_points",
    "export_customers",
    "finish_task",
    "get_interaction",
    "get_party",
    "get_task",
    "give_consent",
    "grant_points",
    "identify",
    "import_interactions",
    "import_parties",
    "interactions_by_ids",
    "list_interactions",
    "list_parties",
    "list_tasks",
    "log_interaction",
    "log_interactions",
    "members_of",
    "normalise_company_id",
    "normalise_email",
    "normalise_phone",
    "normalise_vat_id",
    "open_task",
    "parties_by_ids",
    "party_of_contact",
    "party_page",
    "points_balance",
    "points_history",
    "points_subscriber",
    "put_parties",
    "record_interactions",
    "remove_interaction",
    "require_consent",
    "roots",
    "set_price_group",
    "set_segments",
    "spend_points",
    "tag_segment",
    "tasks_of",
    "timeline",
    "valid_postcode",
    "withdraw_all",
    "withdraw_consent",
]

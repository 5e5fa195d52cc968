"""Customers: people and organisations, how they are reached, their timeline, tasks about them."""

from kupec.customers.company_ids import normalise_company_id, normalise_vat_id
from kupec.customers.contacts import normalise_email, normalise_phone, valid_postcode
from kupec.customers.events import CustomerChanged, CustomerCreated, TaskDone, TaskOpened
from kupec.customers.exporting import EXPORT_COLUMNS, export_customers
from kupec.customers.groups import set_price_group, set_segments, tag_segment
from kupec.customers.history import timeline
from kupec.customers.identity import identify
from kupec.customers.importing import PartyRow, import_parties
from kupec.customers.membership import add_alias, members_of, roots
from kupec.customers.models import Contact, ContactPoint, Party, PartyPage, Task
from kupec.customers.parties import get_party, list_parties, parties_by_ids, party_page
from kupec.customers.tasks import count_open, finish_task, get_task, list_tasks, open_task, tasks_of
from kupec.customers.upsert import put_parties

__all__ = [
    "EXPORT_COLUMNS",
    "Contact",
    "ContactPoint",
    "CustomerChanged",
    "CustomerCreated",
    "Party",
    "PartyPage",
    "PartyRow",
    "Task",
    "TaskDone",
    "TaskOpened",
    "add_alias",
    "count_open",
    "export_customers",
    "finish_task",
    "get_party",
    "get_task",
    "identify",
    "import_parties",
    "list_parties",
    "list_tasks",
    "members_of",
    "normalise_company_id",
    "normalise_email",
    "normalise_phone",
    "normalise_vat_id",
    "open_task",
    "parties_by_ids",
    "party_page",
    "put_parties",
    "roots",
    "set_price_group",
    "set_segments",
    "tag_segment",
    "tasks_of",
    "timeline",
    "valid_postcode",
]

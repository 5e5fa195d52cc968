"""Customers: people and organisations, how they are reached, their timeline, tasks about them."""

from kupec.customers.contacts import normalise_email, normalise_phone, valid_postcode
from kupec.customers.events import CustomerChanged, CustomerCreated, TaskDone, TaskOpened
from kupec.customers.identity import identify
from kupec.customers.models import Contact, ContactPoint, Party, PartyCursor, PartyPage, Task

__all__ = [
    "Contact",
    "ContactPoint",
    "CustomerChanged",
    "CustomerCreated",
    "Party",
    "PartyCursor",
    "PartyPage",
    "Task",
    "TaskDone",
    "TaskOpened",
    "identify",
    "normalise_email",
    "normalise_phone",
    "valid_postcode",
]

"""What stands in a customer's record, in words. The keys are what the database says, the values are msgids."""

from kupec.kit.i18n import mark as _
from kupec.web.desk.reader import Reader, ngettext

ROLES = {"buyer": _("buys"), "approver": _("approves"), "accountant": _("keeps the accounts")}
"""What somebody is in an organisation."""

RELATIONS = {
    "refers": (_("brought"), _("brought by")),
    "works_with": (_("works with"), _("works with")),
    "follows": (_("follows"), _("followed by")),
    "likes": (_("likes"), _("liked by")),
    "shares": (_("passed on"), _("passed on by")),
    "family": (_("family of"), _("family of")),
    "supplier_of": (_("supplies"), _("supplied by")),
}
"""From this customer, and towards them."""

SOURCES = {
    "desk": _("told at the desk"),
    "shop": _("from the shop"),
    "order": _("from an order"),
    "api": _("from the API"),
}

FIELDS = {
    "name": _("Name"),
    "language": _("Language"),
    "company_id": _("Company ID"),
    "vat_id": _("VAT ID"),
    "price_group": _("Price group"),
    "segments": _("Segment"),
}

REASONS = {
    "shared": _("both have proved the same address or number"),
    "company": _("the same company ID"),
    "phone": _("the same phone number"),
    "email": _("nearly the same e-mail address"),
    "name_postcode": _("the same name at the same postcode"),
}
"""Why two records may be one customer."""

PROOFS = {
    "contact_point": _("both have shown the same address or number"),
    "identity": _("both have shown the same identity"),
    "staff": _("stated by the staff"),
}

COUNTS = {
    "contact_points": ngettext("{n} address or number", "{n} addresses and numbers"),
    "identities": ngettext("{n} identity in a channel", "{n} identities in channels"),
    "addresses": ngettext("{n} postal address", "{n} postal addresses"),
    "notes": ngettext("{n} note", "{n} notes"),
    "files": ngettext("{n} file", "{n} files"),
    "tasks": ngettext("{n} open task", "{n} open tasks"),
    "roles": ngettext("{n} role", "{n} roles"),
    "events": ngettext("{n} entry of the story", "{n} entries of the story"),
}

EXPECTED = (
    _("a name of at most 200 characters"),
    _("a registration number, such as 26168685"),
    _("a VAT id with its country, such as CZ26168685"),
    _("an e-mail address such as name@example.com"),
    _("a phone number such as +420 601 234 567"),
    _("a postcode of that country"),
    _("a two-letter country code, such as CZ"),
    _("a value"),
    _("at most 200 characters"),
    _("at most 50 addresses and numbers"),
    _("at most 50 addresses"),
    _("a name of at most 60 characters"),
    _("a channel's code, such as whatsapp"),
    _("a note of at most 5,000 characters"),
    _("what proves it, in a few words"),
    _("another customer"),
    _("another customer, or a thing"),
    _("an organisation"),
    _("a person"),
    _("a number"),
    _("yes or no"),
    _("a date such as 2026-11-22"),
    _("text of at most 500 characters"),
    _("a field of the settings"),
    _("one customer: their e-mail, their phone, or their whole name"),
    _("at most 50 fields"),
    _("small letters, digits and _, a letter first"),
    _("a code that no other has"),
    _("names of at most 100 characters"),
    _("choices for a choice, and for nothing else"),
)
"""What the verbs of a customer's record say they expect of a field, marked for the catalogues."""


def field_name(field: str, reader: Reader) -> str:
    """A field as a merge names it ("segments.loyal")."""
    table, _dot, key = field.partition(".")
    if table == "custom":
        return key
    name = reader.text(FIELDS.get(table, field))
    return f"{name} {key}" if key else name


def source_name(source: str, reader: Reader) -> str:
    kind = source.partition(":")[0]
    return reader.text(SOURCES[kind]) if kind in SOURCES else source

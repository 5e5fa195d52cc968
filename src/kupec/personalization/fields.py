"""What segments may ask about a customer, and how each question is put to the database."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.personalization.models import Operator

ValueKind = Literal["choice", "code", "number", "money", "days", "none"]
Place = Callable[[Any], str]
"""Takes a value and returns the placeholder under which the statement knows it."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to ask. `sql(operator, value, argument, place)` is a condition on `p` (party) and `s` (its sums).

    `choices` are (code, msgid) where the value is one of a few. `argument` names what else is asked for.
    """

    code: str
    label: str
    operators: tuple[Operator, ...]
    value: ValueKind
    sql: Callable[[Operator, Any, str, Place], str]
    choices: tuple[tuple[str, str], ...] = ()
    argument: Literal["", "currency"] = ""


_EQUAL: tuple[Operator, ...] = ("is", "is_not")
_COMPARED: tuple[Operator, ...] = ("at_least", "at_most")
_AGO: tuple[Operator, ...] = ("within_days", "not_within_days")
_HAVING: tuple[Operator, ...] = ("has", "has_not")


def _equal(column: str) -> Callable[[Operator, Any, str, Place], str]:
    def sql(operator: Operator, value: Any, _argument: str, place: Place) -> str:
        return f"{column} is {'not ' if operator == 'is' else ''}distinct from {place(value)}"

    return sql


def _compared(expression: str) -> Callable[[Operator, Any, str, Place], str]:
    def sql(operator: Operator, value: Any, _argument: str, place: Place) -> str:
        return f"{expression} {'>=' if operator == 'at_least' else '<='} {place(value)}::bigint"

    return sql


def _ago(column: str) -> Callable[[Operator, Any, str, Place], str]:
    """What never happened did not happen within any number of days."""

    def sql(operator: Operator, value: Any, _argument: str, place: Place) -> str:
        recent = f"coalesce({column} > $1::timestamptz - make_interval(days => {place(value)}::int), false)"
        return recent if operator == "within_days" else f"not {recent}"

    return sql


def _having(exists: str) -> Callable[[Operator, Any, str, Place], str]:
    """`exists` is a condition with {value} where the value goes."""

    def sql(operator: Operator, value: Any, _argument: str, place: Place) -> str:
        condition = exists.format(value=place(value)) if "{value}" in exists else exists
        return condition if operator == "has" else f"not {condition}"

    return sql


def _spent(operator: Operator, value: Any, argument: str, place: Place) -> str:
    amount = f"coalesce((s.spent ->> {place(argument)}::text)::bigint, 0)"
    return f"{amount} {'>=' if operator == 'at_least' else '<='} {place(value)}::bigint"


def _overdue(operator: Operator, value: Any, _argument: str, place: Place) -> str:
    rhythm = f"make_interval(secs => s.rhythm_days * {place(value)}::int * 864)"
    late = f"coalesce(s.last_order_at <= $1::timestamptz - {rhythm}, false)"
    return late if operator == "at_least" else f"not {late}"


# A set that is worked out once, not a question put once for each customer.
_BOUGHT = """p.id in (
    select b.party_id from customer_bought b join product on product.id = b.product_id
     where product.external_id = {value}::text)"""
_BOUGHT_IN = """p.id in (
    with recursive below (id) as (
        select id from category where code = {value}::text
        union all select category.id from category join below on category.parent_id = below.id
    )
    select b.party_id from below join product_category c on c.category_id = below.id
           join customer_bought b on b.product_id = c.product_id)"""
_COUNTRY = """p.id in (select a.party_id from party_address a where a.address ->> 'country' = {value}::text)"""
_TAGGED = "p.segments @> array[{value}::text]"
_REACHED = "p.id in (select c.party_id from contact_point c where c.kind = {value}::text)"

# The latest word counts, under whichever of a customer's ids it was said; on a tie the withdrawal wins.
_CONSENTS = """p.id in (
    select coalesce(a.party_id, w.member_id)
      from (select distinct on (coalesce(alias.party_id, c.member_id)) c.member_id, c.given
              from consent c left join party_alias alias on alias.member_id = c.member_id
             where c.purpose = {value}::text
             order by coalesce(alias.party_id, c.member_id), c.at desc, c.given) w
           left join party_alias a on a.member_id = w.member_id
     where w.given)"""
_OWNS = """p.id in (
    select coalesce(a.party_id, o.party_id)
      from owned_product o join variant v on v.id = o.variant_id join product on product.id = v.product_id
           left join party_alias a on a.member_id = o.party_id
     where o.removed_at is null and product.external_id = {value}::text)"""
_STANDING = """p.id in (
    select coalesce(a.party_id, t.customer_id)
      from standing_order t left join party_alias a on a.member_id = t.customer_id
     where t.state = {value}::text)"""

FIELDS: Sequence[Field] = (
    Field(
        code="kind",
        label=_("Person or organisation"),
        operators=_EQUAL,
        value="choice",
        sql=_equal("p.kind"),
        choices=(("person", _("person")), ("organisation", _("organisation"))),
    ),
    Field(
        code="language",
        label=_("Language"),
        operators=_EQUAL,
        value="choice",
        sql=_equal("p.language"),
        choices=tuple((code, code) for code in LANGUAGES),
    ),
    Field(code="country", label=_("Country of an address"), operators=_HAVING, value="code", sql=_having(_COUNTRY)),
    Field(code="price_group", label=_("Price group"), operators=_EQUAL, value="code", sql=_equal("p.price_group")),
    Field(code="segment", label=_("Segment given by hand"), operators=_HAVING, value="code", sql=_having(_TAGGED)),
    Field(
        code="reached_by",
        label=_("Contact"),
        operators=_HAVING,
        value="choice",
        sql=_having(_REACHED),
        choices=(("email", _("e-mail")), ("phone", _("phone"))),
    ),
    Field(code="known", label=_("Customer since"), operators=_AGO, value="days", sql=_ago("p.created_at")),
    Field(
        code="orders",
        label=_("Number of orders"),
        operators=_COMPARED,
        value="number",
        sql=_compared("coalesce(s.orders, 0)"),
    ),
    Field(
        code="spent",
        label=_("Spent in all"),
        operators=_COMPARED,
        value="money",
        sql=_spent,
        argument="currency",
    ),
    Field(code="first_order", label=_("First order"), operators=_AGO, value="days", sql=_ago("s.first_order_at")),
    Field(code="last_order", label=_("Last order"), operators=_AGO, value="days", sql=_ago("s.last_order_at")),
    Field(
        code="overdue",
        label=_("Time since the last order, in percent of their usual rhythm"),
        operators=_COMPARED,
        value="number",
        sql=_overdue,
    ),
    Field(code="bought", label=_("Bought a product"), operators=_HAVING, value="code", sql=_having(_BOUGHT)),
    Field(
        code="bought_in", label=_("Bought from a category"), operators=_HAVING, value="code", sql=_having(_BOUGHT_IN)
    ),
    Field(code="owns", label=_("Has a product"), operators=_HAVING, value="code", sql=_having(_OWNS)),
    Field(
        code="standing",
        label=_("Has a standing order"),
        operators=_HAVING,
        value="choice",
        sql=_having(_STANDING),
        choices=(
            ("active", _("one that runs")),
            ("paused", _("one that is paused")),
            ("ended", _("one that has ended")),
        ),
    ),
    Field(code="consents", label=_("Agrees to"), operators=_HAVING, value="code", sql=_having(_CONSENTS)),
)
BY_CODE = {field.code: field for field in FIELDS}

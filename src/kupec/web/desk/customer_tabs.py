"""The tabs of a customer's page, in their order. A tab is a template, a file with what fills it, and a line here.

What a tab's forms do stands in a file of its own, which may use `customer.customer_page` to show a refusal.
"""

from kupec.kit.i18n import mark as _
from kupec.web.desk.customer_consents import consents
from kupec.web.desk.customer_details import details
from kupec.web.desk.customer_machines import machines
from kupec.web.desk.customer_money import money
from kupec.web.desk.customer_notes import notes
from kupec.web.desk.customer_orders import orders
from kupec.web.desk.customer_owned import owned
from kupec.web.desk.customer_people import people
from kupec.web.desk.customer_standing import standing
from kupec.web.desk.customer_story import story
from kupec.web.desk.customer_view import Tab

TABS = (
    Tab(key="story", label=_("Story"), template="desk/customer/story.html", load=story),
    Tab(key="details", label=_("Details"), template="desk/customer/details.html", load=details),
    Tab(
        key="orders",
        label=_("Orders"),
        template="desk/customer/orders.html",
        load=orders,
        permission="orders.read",
    ),
    Tab(
        key="standing",
        label=_("Standing orders"),
        template="desk/customer/standing.html",
        load=standing,
        permission="orders.read",
    ),
    Tab(key="owned", label=_("Products and services"), template="desk/customer/owned.html", load=owned),
    Tab(key="machines", label=_("Machines"), template="desk/customer/machines.html", load=machines),
    Tab(key="people", label=_("People and relations"), template="desk/customer/people.html", load=people),
    Tab(key="notes", label=_("Notes and files"), template="desk/customer/notes.html", load=notes),
    Tab(key="consents", label=_("Consents"), template="desk/customer/consents.html", load=consents),
    Tab(
        key="money",
        label=_("Money"),
        template="desk/customer/money.html",
        load=money,
        permission="billing.read",
    ),
)

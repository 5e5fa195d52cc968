"""Speaking to who has fallen silent: left carts, and customers who have not ordered for long. Under their consent."""

from datetime import datetime, timedelta

from kupec.kit.db import Connection
from kupec.kit.money import Money
from kupec.kit.versions import published
from kupec.outreach.letters import Sender
from kupec.outreach.messages import Message, send_messages
from kupec.outreach.policy import POLICY
from kupec.sales import cart_link, price_carts

_LONGEST = timedelta(days=7)
"""A cart that was left longer ago is nobody's intention any more."""

# Whoever has said yes under any of their ids; whether it still holds is asked when the message is written.
_AGREEING = """
agreeing as (
    select distinct coalesce(alias.party_id, consent.member_id) as root
      from consent left join party_alias alias on alias.member_id = consent.member_id
     where consent.purpose = 'marketing.email' and consent.given
), member as (
    select root, root as member_id from agreeing
    union all
    select agreeing.root, alias.member_id from agreeing join party_alias alias on alias.party_id = agreeing.root
)
"""
_CARTS = f"""
with {_AGREEING}
select cart.id, cart.language, member.root, cart.email,
       array(select line.quantity || ' × ' || coalesce(
                        (select name from product_text where product_id = variant.product_id
                          order by language = cart.language desc, language limit 1), variant.sku)
               from cart_line line join variant on variant.id = line.variant_id
              where line.cart_id = cart.id order by line.position) as lines
  from cart
  left join contact_point point on cart.customer_id is null and point.kind = 'email' and point.value = lower(cart.email)
  join member on member.member_id = coalesce(cart.customer_id, point.party_id)
 where cart.state = 'open' and cart.channel not in ('standing', 'machine')
   and cart.updated_at <= $1 and cart.updated_at > $2
   and exists (select from cart_line where cart_id = cart.id)
   and not exists (select from mail where kind = 'abandoned_cart' and subject_ref = 'cart:' || cart.id)
   and not exists (select from sales_order placed join member bought on bought.member_id = placed.customer_id
                    where bought.root = member.root and placed.placed_at >= cart.updated_at)
 order by cart.updated_at, cart.id limit $3
"""  # noqa: S608
_DORMANT = f"""
with {_AGREEING}, told as (
    select member.root, count(*) as orders, min(placed.placed_at) as first_at, max(placed.placed_at) as last_at
      from member join sales_order placed on placed.customer_id = member.member_id
     where placed.placed_at is not null and placed.state <> 'cancelled'
     group by member.root
), silent as (
    select root, last_at from told
     where last_at > $1::timestamptz - $6::interval
       and last_at < $1::timestamptz - case when orders >= $2
                               then greatest($3::interval, (last_at - first_at) / (orders - 1) * $4 / 100.0)
                               else $5::interval end
)
select silent.root, latest.id as order_id, latest.number, latest.placed_at,
       array(select line.quantity || ' × ' || line.name from order_line line
              where line.order_id = latest.id order by line.position) as lines
  from silent
  join lateral (
       select placed.id, placed.number, placed.placed_at from member
         join sales_order placed on placed.customer_id = member.member_id
        where member.root = silent.root and placed.placed_at = silent.last_at and placed.state <> 'cancelled'
        order by placed.id desc limit 1) latest on true
 where not exists (select from mail where kind = 'dormant' and subject_ref = 'order:' || latest.id)
   and not exists (select from standing_order regular join member on member.member_id = regular.customer_id
                    where member.root = silent.root and regular.state = 'active')
 order by silent.last_at desc, silent.root limit $7
"""  # noqa: S608


async def write_left_carts(db: Connection, now: datetime, limit: int, *, sender: Sender) -> int:
    """Write at most `limit` customers of the goods in their cart, once a cart; how many those were.

    A cart is left when nothing was changed in it for the hours that the policy says and nothing was bought since. When
    it is ordered before the message is sent, that is not sent.
    """
    rules = (await published(db, POLICY))[POLICY].abandoned_cart
    if rules.off:
        return 0
    latest = now - timedelta(hours=rules.after_hours)
    rows = await db.fetch(_CARTS, latest, latest - _LONGEST, limit)
    seen = await price_carts(db, [row["id"] for row in rows], now=now) if rows else {}
    messages = [
        Message(
            template="abandoned_cart",
            party_id=row["root"],
            about=f"cart:{row['id']}",
            reason="sweep:abandoned_cart",
            values={
                "lines": row["lines"],
                "total": Money(seen[row["id"]].total, seen[row["id"]].currency),
                "link:cart": cart_link(sender.secret, row["id"], row["language"]),
            },
            language=row["language"],
        )
        for row in rows
    ]
    await send_messages(db, messages, now=now, sender=sender)
    return len(rows)


async def write_dormant(db: Connection, now: datetime, limit: int, *, sender: Sender) -> int:
    """Write at most `limit` customers who have not ordered for long, once a silence; how many those were.

    Long is measured by their own rhythm where they have one. Whose standing order goes on is not silent.
    """
    rules = (await published(db, POLICY))[POLICY].dormant
    if rules.off:
        return 0
    rows = await db.fetch(
        _DORMANT,
        now,
        rules.orders,
        timedelta(days=rules.days),
        rules.rhythm_percent,
        timedelta(days=rules.days_without_rhythm),
        timedelta(days=rules.most_days),
        limit,
    )
    messages = [
        Message(
            template="dormant",
            party_id=row["root"],
            about=f"order:{row['order_id']}",
            reason="sweep:dormant",
            values={"lines": row["lines"], "number": row["number"], "last_day": row["placed_at"].date()},
            history=f"customer:{row['root']}",
        )
        for row in rows
    ]
    await send_messages(db, messages, now=now, sender=sender)
    return len(rows)

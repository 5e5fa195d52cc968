"""Buckets of what is owed: pure, whole, and on the right day."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.billing import BUCKETS, OpenItem, added_up, by_customer
from kupec.billing.aging import aged

TODAY = date(2027, 1, 20)


def item(amount: int = 100, due: date | None = TODAY, *, party: int = 1, currency: str = "CZK") -> OpenItem:
    return OpenItem(
        order_id=None,
        payment_id=None,
        party_id=UUID(int=party),
        currency=currency,
        amount=amount,
        due_on=due,
    )


@pytest.mark.parametrize(
    ("late", "bucket"),
    [
        (-5, "not_due"),
        (0, "not_due"),
        (1, "days_30"),
        (30, "days_30"),
        (31, "days_60"),
        (60, "days_60"),
        (61, "days_90"),
        (90, "days_90"),
        (91, "older"),
        (4000, "older"),
    ],
)
def test_the_day_decides_the_bucket(late: int, bucket: str) -> None:
    found = aged(item(due=TODAY - timedelta(days=late)), TODAY)
    assert (found.bucket, found.days) == (bucket, max(late, 0))
    assert aged(item(-100, TODAY - timedelta(days=late)), TODAY).bucket == "prepaid"
    assert aged(item(due=None), TODAY).bucket == "not_due"


ITEMS = st.lists(
    st.builds(
        item,
        st.integers(-(10**12), 10**12).filter(bool),
        st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        party=st.integers(1, 4),
        currency=st.sampled_from(["CZK", "PLN"]),
    ),
    max_size=40,
)


@given(ITEMS)
def test_nothing_is_lost_or_counted_twice(items: list[OpenItem]) -> None:
    found = [aged(each, TODAY) for each in items]
    rows = by_customer(found)
    totals = added_up(rows)
    for currency in ("CZK", "PLN"):
        whole = sum(each.amount for each in items if each.currency == currency)
        assert sum(row.total for row in rows if row.currency == currency) == whole
        if currency in totals:
            assert totals[currency].total == whole
            assert all(getattr(totals[currency], bucket) >= 0 for bucket in BUCKETS if bucket != "prepaid")
            assert totals[currency].prepaid <= 0
    assert len({(row.party_id, row.currency) for row in rows}) == len(rows)

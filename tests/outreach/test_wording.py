"""The merchant's own words in a letter."""

import pytest

from kupec.kit.errors import InvalidValue
from kupec.kit.mail import OutboxTransport
from kupec.kit.versions import publish_new
from kupec.outreach import LETTERS, Letters, Wording
from tests.outreach.test_mails import office, shipped
from tests.sales.conftest import Shop
from tests.shop import NOON, SETUP


async def publish(shop: Shop, letters: Letters) -> None:
    async with shop.database.transaction() as db:
        await publish_new(db, LETTERS, letters, actor=SETUP, now=NOON)


async def test_a_letter_begins_as_the_merchant_says(shop: Shop) -> None:
    own = Wording(
        subject={"cs": "{shop}: objednávka {number}", "pl": "Zamówienie"},
        intro={"cs": "Dobrý den,\nděkujeme za {number}, {name}.\n\n<b>Hned</b> balíme."},
    )
    await publish(shop, Letters(order_confirmation=own))
    desk = await office(shop, OutboxTransport())
    order = await shop.placed([(shop.variant, 1)])
    (mail,) = await desk.work()
    assert mail.title == f"Zrnko: objednávka {order.number}"
    assert f"<p>Dobrý den,<br>děkujeme za {order.number}, Jana Nová.</p>" in mail.html
    assert "&lt;b&gt;Hned&lt;/b&gt; balíme." in mail.html
    assert f"děkujeme za {order.number}, Jana Nová.\n\n<b>Hned</b> balíme." in mail.text
    assert "Děkujeme. Přijali" not in mail.text


async def test_what_is_not_said_stays_in_our_words(shop: Shop) -> None:
    await publish(shop, Letters(order_confirmation=Wording(intro={"pl": "Dziękujemy."})))
    desk = await office(shop, OutboxTransport())
    order = await shop.placed([(shop.variant, 1)])
    (mail,) = await desk.work()
    assert mail.title == f"Vaše objednávka {order.number}"
    assert "Dziękujemy" not in mail.html


async def test_a_parcel_names_its_carrier(shop: Shop) -> None:
    await publish(shop, Letters(parcel_shipped=Wording(subject={"cs": "Veze {carrier}"}, intro={"cs": "Už jede."})))
    desk = await office(shop, OutboxTransport())
    order = await shop.placed([(shop.variant, 1)])
    await shipped(shop, order)
    mails = {mail.kind: mail for mail in await desk.work()}
    assert mails["parcel_shipped"].title == "Veze Courier"
    assert "Už jede." in mails["parcel_shipped"].text


async def test_everything_wrong_is_said_at_once(shop: Shop) -> None:
    wrong = Letters(
        order_confirmation=Wording(subject={"cs": "a\nb", "en": "{carrier}", "de": "x"}, intro={"cs": "{number"}),
        parcel_shipped=Wording(intro={"en": "x" * 2001, "pl": "a\x00b"}),
    )
    with pytest.raises(InvalidValue) as refused:
        await publish(shop, wrong)
    assert set(refused.value.details["faults"]) == {
        "order_confirmation.subject.cs",
        "order_confirmation.subject.en",
        "order_confirmation.subject.de",
        "order_confirmation.intro.cs",
        "parcel_shipped.intro.en",
        "parcel_shipped.intro.pl",
    }

"""Labels and tracking over the wire: a parcel is ordered once, whatever is lost, and its state only moves forward."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from kupec.kit.errors import Forbidden, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner, failed_jobs
from kupec.sales import (
    CannotAsk,
    Carrier,
    CarrierRefused,
    CarrierUnreachable,
    Consignment,
    Order,
    OwnLabels,
    Packeta,
    Shipment,
    Step,
    call_late,
    get_order,
    label_job,
    label_pdf,
    labels_of,
    late_parcels,
    mark_delivered,
    order_labels,
    parcel_steps,
    record_steps,
    save_shipping_method,
    ship,
    start_picking,
    take_notice,
    tariff,
    tracking_round,
)
from kupec.sales.carriers.packeta import _street
from tests.sales.conftest import Shop
from tests.sales.packeta_fake import PASSWORD, PDF, FakePacketa, fake_packeta
from tests.sales.test_fulfilment import DESK
from tests.shop import EXAMPLE_ADDRESS, NOON

PARCEL = Consignment(
    parcel_id=uuid7(),
    number="Z10001-1",
    recipient=EXAMPLE_ADDRESS,
    phone="+420777123456",
    email="jana@example.com",
    language="cs",
    weight_g=1250,
    value=129_050,
    cod=0,
    currency="CZK",
    point_id="95",
    service="",
    sender="Zrnko",
)


@pytest.fixture
async def packeta() -> AsyncIterator[FakePacketa]:
    async with fake_packeta() as fake:
        yield fake


def connection(fake: FakePacketa, password: str = PASSWORD) -> Packeta:
    return Packeta(fake.url, password=password, sender="Zrnko", patience=60)


async def test_a_packet_is_told_in_the_documented_fields(packeta: FakePacketa) -> None:
    carrier = connection(packeta)
    try:
        shipment = await carrier.create_shipment(PARCEL)
        assert shipment == Shipment(number="Z1000000001", reference="1000000001")
        told = packeta.packets[PARCEL.parcel_id.hex]
        assert told == {
            "number": PARCEL.parcel_id.hex,
            "name": "Jana",
            "surname": "Nová",
            "email": "jana@example.com",
            "phone": "+420777123456",
            "addressId": "95",
            "value": "1290.50",
            "currency": "CZK",
            "weight": "1.250",
            "eshop": "Zrnko",
            "id": "1000000001",
        }
        home = replace(PARCEL, parcel_id=uuid7(), point_id=None, service="106", cod=129_050)
        await carrier.create_shipment(home)
        told = packeta.packets[home.parcel_id.hex]
        assert (told["addressId"], told["cod"]) == ("106", "1290.50")
        assert (told["street"], told["houseNumber"], told["city"], told["zip"]) == ("Dlouhá", "1", "Praha", "110 00")
        assert await carrier.label_pdf(shipment, PARCEL) == PDF
        await carrier.cancel(shipment.reference)
        assert packeta.calls == ["createPacket", "createPacket", "packetLabelPdf", "cancelPacket"]
    finally:
        await carrier.close()


async def test_a_refusal_names_the_field(packeta: FakePacketa) -> None:
    carrier, stranger = connection(packeta), connection(packeta, "wrong")
    try:
        with pytest.raises(CarrierRefused, match="addressId: is required") as refused:
            await carrier.create_shipment(replace(PARCEL, point_id=None))
        assert refused.value.field == "addressId"
        with pytest.raises(CarrierRefused, match="Incorrect API password"):
            await stranger.create_shipment(PARCEL)
        with pytest.raises(CarrierRefused, match="Invalid packet id"):
            await carrier.label_pdf(Shipment(number="Z9", reference="9"), PARCEL)
        with pytest.raises(CannotAsk):
            await carrier.find(PARCEL)
    finally:
        await carrier.close()
        await stranger.close()


@pytest.mark.parametrize("failure", ["lost", "refuse", "document"])
async def test_an_answer_that_is_lost_or_senseless_may_have_happened(packeta: FakePacketa, failure: str) -> None:
    carrier = connection(packeta)
    packeta.failures = [failure]
    try:
        with pytest.raises(CarrierUnreachable) as lost:
            await carrier.create_shipment(PARCEL)
        assert lost.value.may_have_happened
    finally:
        await carrier.close()


async def test_who_cannot_be_reached_was_not_asked() -> None:
    carrier = Packeta("http://127.0.0.1:9/api/rest", password="x", sender="Zrnko", patience=60)
    try:
        with pytest.raises(CarrierUnreachable) as unreached:
            await carrier.create_shipment(PARCEL)
        assert not unreached.value.may_have_happened
    finally:
        await carrier.close()


def test_a_street_and_its_number() -> None:
    assert _street("Dlouhá 12/3a") == ("Dlouhá", "12/3a")
    assert _street("17. listopadu 5") == ("17. listopadu", "5")
    assert _street("Lhota") == ("Lhota", "")
    assert _street("Na Příkopě") == ("Na Příkopě", "")


async def test_our_own_label_is_a_pdf_with_every_letter() -> None:
    own = OwnLabels()
    shipment = await own.create_shipment(PARCEL)
    assert await own.find(PARCEL) == shipment
    absurd = replace(
        PARCEL,
        recipient=replace(EXAMPLE_ADDRESS, name="#eval(1) *Příliš* žluťoučký Łódź " * 3),
        cod=129_000,
        note="Z-BOX Praha 1",
    )
    pdf = await own.label_pdf(shipment, absurd)
    assert pdf.startswith(b"%PDF")
    assert shipment.number == "Z10001-1"


async def packed(shop: Shop, *, labels: str = "own", point: bool = False) -> Order:
    async with shop.database.transaction() as db:
        courier = (await tariff(db)).document.method("courier")
        assert courier is not None
        await save_shipping_method(db, replace(courier, labels=labels, service="106"), now=NOON)
    order = await shop.placed([(shop.variant, 2)])
    async with shop.database.transaction() as db:
        if point:
            await db.execute(
                "update sales_order set pickup_point = $2 where id = $1", order.id, {"id": "95", "label": "Z-BOX"}
            )
        return await start_picking(db, order.id, actor=DESK, now=NOON)


async def make_label(shop: Shop, order: Order, *carriers: Carrier, tries: int = 1) -> str:
    """What has become of the label after so many attempts of the job."""
    parcel = order.fulfilments[0].id
    async with shop.database.transaction() as db:
        await order_labels(db, [parcel], actor=DESK, now=NOON)
    job = label_job({carrier.name: carrier for carrier in carriers}, sender="Zrnko")
    for _ in range(tries):
        await Runner(shop.database, [job], clock=shop.clock).run_until_idle()
        shop.clock.move(timedelta(hours=2))
        async with shop.database.transaction() as db:
            await db.execute("update job set due_at = to_timestamp(0)")
    async with shop.database.reading() as db:
        return (await labels_of(db, [parcel]))[parcel].state


async def test_a_label_is_made_once_and_its_number_goes_with_the_parcel(shop: Shop) -> None:
    order = await packed(shop)
    assert await make_label(shop, order, OwnLabels()) == "made"
    parcel = order.fulfilments[0].id
    async with shop.database.transaction() as db:
        assert await order_labels(db, [parcel, uuid7()], actor=DESK, now=NOON) == 0
        assert (await label_pdf(db, parcel)).startswith(b"%PDF")
        with pytest.raises(NotFound):
            await label_pdf(db, uuid7())
        shipped = await ship(db, parcel, tracking_number=None, actor=DESK, now=NOON)
    assert shipped.fulfilments[0].tracking_number == f"{order.number}-1"
    assert await shop.fetchval("select count(*) from event where name = 'parcel.labelled'") == 1
    with pytest.raises(Forbidden):
        async with shop.database.transaction() as db:
            await order_labels(db, [parcel], actor=replace(DESK, permissions=frozenset()), now=NOON)


async def test_a_lost_answer_never_orders_twice(shop: Shop, packeta: FakePacketa) -> None:
    order = await packed(shop, labels="packeta", point=True)
    packeta.failures = ["lost"]
    carrier = connection(packeta)
    try:
        assert await make_label(shop, order, carrier, tries=3) == "unknown"
        assert packeta.created == 1
        assert await shop.fetchval("select count(*) from task where key like 'parcel.label:%'") == 1
        # A person has looked, and says: again.
        assert await make_label(shop, order, carrier) == "made"
        assert packeta.created == 2
    finally:
        await carrier.close()


async def test_a_label_that_fails_to_print_is_asked_for_again_and_not_ordered_again(
    shop: Shop, packeta: FakePacketa
) -> None:
    order = await packed(shop, labels="packeta", point=True)
    packeta.failures = ["", "refuse"]
    carrier = connection(packeta)
    try:
        assert await make_label(shop, order, carrier, tries=2) == "made"
        assert packeta.calls == ["createPacket", "packetLabelPdf", "packetLabelPdf"]
    finally:
        await carrier.close()


async def test_a_refusal_is_shown_with_its_field_and_can_be_mended(shop: Shop, packeta: FakePacketa) -> None:
    order = await packed(shop, labels="packeta", point=True)
    stranger, carrier = connection(packeta, "wrong"), connection(packeta)
    try:
        assert await make_label(shop, order, stranger) == "failed"
        async with shop.database.reading() as db:
            [label] = (await labels_of(db, [order.fulfilments[0].id])).values()
            assert not await failed_jobs(db)
        assert label.field == "IncorrectApiPasswordFault"
        assert await make_label(shop, order, carrier) == "made"
    finally:
        await stranger.close()
        await carrier.close()


async def test_a_connection_that_does_not_exist_says_so(shop: Shop) -> None:
    order = await packed(shop, labels="pigeon")
    assert await make_label(shop, order, OwnLabels()) == "failed"


async def test_tracking_asks_in_time_and_only_moves_forward(shop: Shop, packeta: FakePacketa) -> None:
    order = await packed(shop, labels="packeta", point=True)
    parcel = order.fulfilments[0].id
    carrier = connection(packeta)
    try:
        assert await make_label(shop, order, carrier) == "made"
        async with shop.database.transaction() as db:
            await ship(db, parcel, tracking_number=None, actor=DESK, now=NOON)
        reference = "1000000001"
        assert await tracking_round(shop.database, {"packeta": carrier}, now=NOON) == 0
        packeta.history[reference] = [
            ("2026-03-10T18:00:00", "2", "accepted"),
            ("2026-03-11T09:00:00", "5", "ready for pickup"),
            ("2026-03-11T05:00:00", "4", "departed"),
            ("2026-03-11T09:00:01", "999", "unknown"),
            ("yesterday", "4", "no date"),
        ]
        later = NOON + timedelta(hours=26)
        assert await tracking_round(shop.database, {"packeta": carrier}, now=later) == 1
        assert await tracking_round(shop.database, {"packeta": carrier}, now=later) == 0
        async with shop.database.reading() as db:
            after = await get_order(db, order.id)
            steps = await parcel_steps(db, order.id)
        assert after.fulfilments[0].tracking_state == "at_point"
        assert [step.state for step in steps] == ["accepted", "in_transit", "at_point"]
        assert steps[0].at == datetime(2026, 3, 10, 17, tzinfo=UTC)
        packeta.history[reference].append(("2026-03-12T15:30:00+01:00", "7", "delivered"))
        assert await tracking_round(shop.database, {"packeta": carrier}, now=later + timedelta(hours=30)) == 1
        assert await tracking_round(shop.database, {"packeta": carrier}, now=later + timedelta(days=9)) == 0
    finally:
        await carrier.close()
    async with shop.database.reading() as db:
        done = await get_order(db, order.id)
        names = [
            row["name"] for row in await db.fetch("select name from event where name like 'parcel.t%' order by id")
        ]
    assert (done.state, done.fulfilments[0].delivered_at) == ("delivered", datetime(2026, 3, 12, 14, 30, tzinfo=UTC))
    assert names == ["parcel.tracked"]


async def test_a_carrier_that_is_away_is_asked_later(shop: Shop) -> None:
    order = await packed(shop, labels="packeta", point=True)
    parcel = order.fulfilments[0].id
    away = Packeta("http://127.0.0.1:9/", password="x", sender="x", patience=60)
    async with shop.database.transaction() as db:
        await db.execute(
            "insert into parcel_label (fulfilment_id, carrier, state, number, reference, asked_at, pdf)"
            " values ($1, 'packeta', 'made', 'Z1', '1', $2, '')",
            parcel,
            NOON,
        )
        await ship(db, parcel, tracking_number=None, actor=DESK, now=NOON)
    later = NOON + timedelta(hours=3)
    assert await tracking_round(shop.database, {"packeta": away}, now=later) == 1
    assert await tracking_round(shop.database, {"packeta": away}, now=later + timedelta(hours=3)) == 1
    await away.close()


async def test_news_come_in_any_order_and_any_number_of_times(shop: Shop) -> None:
    order = await packed(shop)
    assert await make_label(shop, order, OwnLabels()) == "made"
    parcel = order.fulfilments[0].id
    number = f"{order.number}-1"

    async def said(state: str, hour: int) -> bool:
        body = f'{{"number": "{number}", "state": "{state}", "at": "2026-03-11T{hour:02}:00:00Z"}}'.encode()
        async with shop.database.transaction() as db:
            return await take_notice(db, "own", body, now=NOON + timedelta(days=1))

    assert await said("accepted", 5), "kept, though the parcel has not left yet"
    async with shop.database.transaction() as db:
        assert (await get_order(db, order.id)).fulfilments[0].tracking_state is None
        await ship(db, parcel, tracking_number=None, actor=DESK, now=NOON)
    for state, hour in (("out_for_delivery", 8), ("out_for_delivery", 8), ("accepted", 6)):
        assert await said(state, hour)
    async with shop.database.reading() as db:
        assert (await get_order(db, order.id)).fulfilments[0].tracking_state == "out_for_delivery"
        assert len(await parcel_steps(db, order.id)) == 3
    assert not await said("eaten", 9)
    async with shop.database.transaction() as db:
        assert not await take_notice(
            db,
            "other",
            f'{{"number": "{number}", "state": "accepted", "at": "2026-03-11T05:00:00Z"}}'.encode(),
            now=NOON,
        )
        await mark_delivered(db, parcel, actor=DESK, now=NOON)
    assert await said("attempted", 10)
    async with shop.database.reading() as db:
        assert (await get_order(db, order.id)).state == "delivered"


async def test_what_comes_back_calls_a_person_once(shop: Shop) -> None:
    order = await packed(shop)
    parcel = order.fulfilments[0].id
    async with shop.database.transaction() as db:
        await ship(db, parcel, tracking_number="ABCD", actor=DESK, now=NOON)
        back = [Step(at=NOON, state="returned")]
        assert await record_steps(db, parcel, back, now=NOON)
        assert not await record_steps(db, parcel, back, now=NOON)
        assert not await record_steps(db, uuid7(), back, now=NOON)
        assert await db.fetchval("select count(*) from task where key like 'parcel.returned:%'") == 1
        assert (await get_order(db, order.id)).fulfilments[0].state == "returned"


async def test_a_late_parcel_is_a_task_once(shop: Shop) -> None:
    order = await packed(shop)
    parcel = order.fulfilments[0]
    assert parcel.promised_on == order.promised_on
    assert order.promised_on is not None
    evening = datetime.combine(order.promised_on, datetime.max.time(), UTC)
    async with shop.database.transaction() as db:
        assert await call_late(db, evening, 100) == 0
        assert await late_parcels(db, now=evening) == []
        assert await call_late(db, evening + timedelta(hours=1), 100) == 1
        assert await call_late(db, evening + timedelta(hours=1), 100) == 0
        assert [row["id"] for row in await late_parcels(db, now=evening + timedelta(hours=1))] == [parcel.id]
        assert await db.fetchval("select count(*) from task where key like 'parcel.late:%'") == 1
        await ship(db, parcel.id, tracking_number=None, actor=DESK, now=evening)
        await mark_delivered(db, parcel.id, actor=DESK, now=evening)
        assert await late_parcels(db, now=evening + timedelta(hours=1)) == []

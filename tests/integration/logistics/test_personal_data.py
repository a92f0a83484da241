"""Addresses stand in one table and at the carrier, nowhere else, and are forgotten with the customer (R-SEC-02, R-SEC-04, R-SEC-05)."""

import pytest

from contracts.shipment_v1 import ReshipmentDelivered, ReturnLabelCreated
from contracts.storefront_v1 import Contact
from services.kit.sealing import Sealer, generate_sealing_key
from tests.integration.logistics.world import Story, World, until

pytestmark = pytest.mark.engines

CONTACT = Contact(
    name="Zebediah Quux",
    phone="+44 113 496 0777",
    email="zeb@quux.example",
    address_lines=("77 Zygote Street", "Leeds"),
    postcode="LS7 7ZZ",
    country="GB",
)
SECRETS = ("Zebediah", "496 0777", "4960777", "quux", "Zygote", "LS7 7ZZ")


async def deliver(world: World, story: Story) -> None:
    await world.tell(story.contact(world.sealer, CONTACT))
    await world.tell(story.authorised())
    await world.tell(story.reshipment())
    await world.heard(story, ReturnLabelCreated)
    booked = await world.shipment_in(story.reship_id, "booked")
    world.scan(booked["waybill"], "handed_in", "delivered")
    await world.heard(story, ReshipmentDelivered)


async def test_only_the_contact_table_and_the_carrier_know_where_the_customer_lives(world: World) -> None:
    story = Story()
    await deliver(world, story)
    assert world.bookings(story.reship_id)[0]["to"]["name"] == CONTACT.name
    shown = [
        (await world.staff["warehouse_supervisor"].get(path)).text
        for path in (f"/v1/returns/{story.rma_id}", f"/v1/shipments/{story.reship_id}", "/v1/tasks", "/v1/returns", "/v1/shipments")
    ]
    places = {"events": b"".join(world.events.raw).decode(), "log": world.service.log_file.read_text(), "answers": "".join(shown)}
    tables = await world.database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'logistics' AND tablename <> 'contacts'")
    for (table,) in tables:
        rows = await world.database.fetch(f'SELECT t::text FROM "{table}" t')  # noqa: S608 (names of our own tables)
        places[table] = "\n".join(row[0] for row in rows)
    found = [(place, secret) for place, text in places.items() for secret in SECRETS if secret in text]
    assert found == []
    # The mail address is not needed for a delivery, so it is not even kept here.
    kept = await world.database.fetchval("SELECT c::text FROM contacts c WHERE customer_ref = $1", story.customer_ref)
    assert "Zygote" in kept
    assert "quux.example" not in kept


async def test_each_use_of_an_address_is_on_record(world: World) -> None:
    story = Story()
    await deliver(world, story)
    used = [line for line in world.log_lines() if line["event"] == "contact.used" and line["customer_ref"] == str(story.customer_ref)]
    assert [line["shipment_id"] for line in used] == [str(story.reship_id)]


async def test_a_tombstone_erases_the_customer(world: World) -> None:
    story = Story()
    await deliver(world, story)
    await world.tell_erased(story)

    async def gone() -> bool:
        return not await world.database.fetchval("SELECT count(*) FROM contacts WHERE customer_ref = $1", story.customer_ref)

    await until(gone, "contact erased")
    later = story.again()
    await world.tell(later.reshipment())
    await world.shipment_in(later.reship_id, "waiting_for_address")


async def test_a_contact_sealed_with_an_unknown_key_is_quarantined_without_its_content(world: World) -> None:
    story = Story()
    await world.tell(story.contact(Sealer.parse(generate_sealing_key("k9")), CONTACT))

    async def quarantined() -> str | None:
        value: str | None = await world.database.fetchval("SELECT reason FROM quarantine WHERE key = $1", str(story.customer_ref).encode())
        return value

    assert "AFTERSALES_CONTACT_KEY" in await until(quarantined, "quarantine row")

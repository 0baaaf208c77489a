"""Every type, product, validity and change a broker's manifest claims goes out and comes back as it was meant."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from server.core.errors import Invalid, NotFound
from server.orders.ports import Change, NotAccepted
from tests.contract.brokers.harness import FakeHarness
from tests.trading import order

D = Decimal
TERMS: dict[str, tuple[str | None, str | None]] = {
    "MARKET": (None, None),
    "LIMIT": ("799.00", None),
    "SL": ("811.00", "805.00"),
    "SL-M": (None, "805.00"),
}


@pytest.mark.parametrize("kind", sorted(TERMS))
@pytest.mark.parametrize("product", ["MIS", "NRML", "CNC"])
async def test_place_when_the_manifest_claims_it_then_the_broker_has_these_terms(
    faked: FakeHarness, kind: Any, product: Any
) -> None:
    facts = faked.made.adapter.manifest
    price, trigger = TERMS[kind]
    sent = order(faked.instrument, "BUY", 50, kind, price, trigger, product=product)
    offered = kind in facts.types and (product in facts.products or facts.products == ("NONE",))
    if not offered or not faked.fake.takes(product):
        with pytest.raises(NotAccepted):
            await faked.execution.place(sent)
        assert faked.fake.exchange.submits == 0
        return
    ack = await faked.execution.place(sent)
    await faked.settle()
    there = faked.fake.exchange.orders[ack.broker_id]
    arrives = faked.fake.arrives(kind)
    assert (there.side, there.quantity, there.type) == ("BUY", 50, arrives)
    assert there.trigger == (D(trigger) if trigger else None)
    if arrives == kind:
        assert there.price == (D(price) if price else None)
    else:  # at market, at a protected price: beyond the touch, not far beyond it
        assert there.price is not None and D("800.10") < there.price < D("840")
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert (found.key, found.side, found.quantity) == (sent.key, "BUY", 50)
    assert (found.type, found.product) == (kind, faked.fake.read_product(product))
    assert (found.price, found.trigger) == (there.price if arrives == kind else None, there.trigger)


async def test_place_when_ioc_is_claimed_then_it_goes_out(faked: FakeHarness) -> None:
    sent = order(faked.instrument, "BUY", 50, "LIMIT", "799.00", validity="IOC")
    if "IOC" not in faked.made.adapter.manifest.validities:
        with pytest.raises(NotAccepted):
            await faked.execution.place(sent)
        return
    ack = await faked.execution.place(sent)
    assert faked.fake.exchange.orders[ack.broker_id].validity == "IOC"


async def test_place_when_the_instrument_is_not_listed_then_refused_with_nothing_sent(faked: FakeHarness) -> None:
    unknown = msgspec.structs.replace(faked.instrument, symbol="NOSUCHTHING")
    with pytest.raises(NotAccepted, match="NOSUCHTHING"):
        await faked.execution.place(order(unknown, "BUY", 50))
    assert faked.fake.calls["place"] == 0


async def test_place_when_money_is_short_then_refused_in_the_brokers_words(faked: FakeHarness) -> None:
    with pytest.raises(NotAccepted) as caught:
        await faked.execution.place(order(faked.instrument, "BUY", 100_000, "LIMIT", "799.00"))
    assert "nsufficient" in caught.value.reason


@pytest.mark.parametrize(
    ("change", "there"),
    [
        (Change(price=D("798.50")), (50, D("798.50"))),
        (Change(quantity=80), (80, D("799.00"))),
        (Change(quantity=20), (20, D("799.00"))),
        (Change(quantity=60, price=D("798.00")), (60, D("798.00"))),
    ],
)
async def test_modify_when_open_then_the_broker_has_the_new_terms(
    faked: FakeHarness, change: Change, there: tuple[int, Decimal]
) -> None:
    sent = order(faked.instrument, "BUY", 50, "LIMIT", "799.00")
    ack = await faked.execution.place(sent)
    sent = msgspec.structs.replace(sent, broker_id=ack.broker_id)
    changed = await faked.execution.modify(sent, change)
    await faked.settle()
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert (found.quantity, found.price, found.state) == (*there, "OPEN")
    working = [o for o in faked.fake.exchange.orders.values() if o.live]
    assert [(o.id, o.quantity, o.price) for o in working] == [(changed.broker_id, *there)]


async def test_modify_when_partly_filled_then_quantity_means_the_new_total(faked: FakeHarness) -> None:
    sent = order(faked.instrument, "BUY", 150, "LIMIT", "800.10")
    ack = await faked.execution.place(sent)
    await faked.settle()
    sent = msgspec.structs.replace(sent, broker_id=ack.broker_id, filled=100, state="PARTIAL")
    await faked.execution.modify(sent, Change(quantity=180))
    await faked.settle()
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert (found.quantity, found.filled) == (180, 100)


async def test_quantity_when_sent_then_in_the_brokers_units(faked: FakeHarness) -> None:
    ack = await faked.execution.place(order(faked.instrument, "BUY", 7, "LIMIT", "799.00"))
    assert faked.fake.exchange.orders[ack.broker_id].quantity == 7


async def test_margin_when_claimed_then_of_one_order_and_of_a_basket(faked: FakeHarness) -> None:
    data = faked.made.connection.data
    one = order(faked.instrument, "BUY", 50, "LIMIT", "799.00")
    if not faked.made.adapter.manifest.margin:
        with pytest.raises(NotFound):
            await data.margin([one])
        return
    (alone,) = await data.margin([one])
    assert alone.total > 0
    both = await data.margin([one, order(faked.instrument, "SELL", 50, "LIMIT", "801.00", product="MIS")])
    assert both[0].total > 0


async def test_history_when_the_interval_is_not_served_then_refused_in_words(faked: FakeHarness) -> None:
    now = faked.made.clock.now()
    with pytest.raises((Invalid, NotFound)):
        await faked.made.connection.data.history(faked.instrument.key, "7s", now - timedelta(days=1), now)

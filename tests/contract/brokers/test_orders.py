"""What every broker must do with orders."""

from decimal import Decimal

import msgspec
import pytest

from server.domain.orders import Fill, Order
from server.orders.ports import Change, NotAccepted, OrderReport, Update
from tests.contract.brokers.harness import Harness
from tests.trading import order

D = Decimal


async def send(broker: Harness, sent: Order) -> Order:
    """Place an order; returns it as the books hold it after the acknowledgement."""
    ack = await broker.execution.place(sent)
    assert ack.broker_id
    await broker.settle()
    return msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")


async def report(broker: Harness, sent: Order) -> OrderReport:
    """The broker's view of an order."""
    found = await broker.execution.find(sent.id)
    assert found is not None
    assert found.client_id == sent.id
    return found


async def test_buy_at_market_when_book_suffices_then_filled_at_the_offer(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50))
    seen = await report(broker, sent)
    assert (seen.state, seen.filled, seen.average) == ("FILLED", 50, D("800.10"))


async def test_sell_short_at_market_when_flat_then_filled_at_the_bid(broker: Harness) -> None:
    sent = order(broker.instrument, "SELL", 50, product="MIS")
    if not broker.shorts:
        with pytest.raises(NotAccepted):
            await broker.execution.place(sent)
        return
    sent = await send(broker, sent)
    assert (await report(broker, sent)).average == D("800.00")


async def test_place_limit_when_away_from_the_market_then_open_and_fills_when_the_market_comes(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50, "LIMIT", "799.00"))
    assert (await report(broker, sent)).state == "OPEN"
    await broker.market("798.00", "798.50")
    await broker.settle()
    seen = await report(broker, sent)
    assert (seen.state, seen.filled) == ("FILLED", 50)
    assert seen.average is not None and seen.average <= D("799.00")


async def test_place_limit_when_book_is_short_then_partly_filled(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 150, "LIMIT", "800.10"))
    seen = await report(broker, sent)
    assert (seen.state, seen.filled, seen.quantity) == ("PARTIAL", 100, 150)


async def test_place_ioc_when_book_is_short_then_the_rest_is_cancelled(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 150, "LIMIT", "800.10", validity="IOC"))
    seen = await report(broker, sent)
    assert (seen.state, seen.filled) == ("CANCELLED", 100)


@pytest.mark.parametrize(("kind", "price"), [("SL", "811.00"), ("SL-M", None)])
async def test_place_stop_when_price_reaches_it_then_triggered_and_filled(
    broker: Harness, kind: str, price: str | None
) -> None:
    sent = order(broker.instrument, "BUY", 50, kind, price, "805.00", product="MIS")  # type: ignore[arg-type]
    sent = await send(broker, sent)
    assert (await report(broker, sent)).state == "OPEN"
    await broker.market("805.00", "805.10", ltp="805.00")
    await broker.settle()
    seen = await report(broker, sent)
    assert (seen.state, seen.triggered) == ("FILLED", True)


async def test_cancel_when_open_then_cancelled_and_never_fills(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50, "LIMIT", "799.00"))
    await broker.execution.cancel(sent)
    await broker.settle()
    await broker.market("790.00", "791.00")
    await broker.settle()
    seen = await report(broker, sent)
    assert (seen.state, seen.filled) == ("CANCELLED", 0)


async def test_cancel_when_filled_then_refused_with_a_reason(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50))
    with pytest.raises(NotAccepted) as caught:
        await broker.execution.cancel(sent)
    assert caught.value.reason


async def test_modify_price_when_open_then_works_at_the_new_price(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50, "LIMIT", "799.00"))
    await broker.execution.modify(sent, Change(price=D("800.10")))
    await broker.settle()
    seen = await report(broker, sent)
    assert (seen.state, seen.price) == ("FILLED", D("800.10"))


async def test_cancel_when_changed_before_then_the_changed_order_ends(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50, "LIMIT", "799.00"))
    for price in ("798.00", "798.50"):
        ack = await broker.execution.modify(sent, Change(price=D(price)))
        await broker.settle()
        sent = msgspec.structs.replace(sent, broker_id=ack.broker_id, price=D(price), revision=sent.revision + 1)
    await broker.execution.cancel(sent)
    await broker.settle()
    await broker.market("790.00", "791.00")
    await broker.settle()
    seen = await report(broker, sent)
    assert (seen.state, seen.filled) == ("CANCELLED", 0)


async def test_modify_when_refused_then_the_order_is_as_it_was(broker: Harness) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50, "LIMIT", "799.00"))
    with pytest.raises(NotAccepted):
        await broker.execution.modify(sent, Change(price=D("799.003")))
    seen = await report(broker, sent)
    assert (seen.state, seen.price) == ("OPEN", D("799.00"))


@pytest.mark.parametrize(
    "terms",
    [
        {"type": "LIMIT", "price": "799.003"},
        {"type": "LIMIT", "price": "8.00"},
        {"type": "SL", "price": "790.00", "trigger": "795.00"},
        {"quantity": 0},
    ],
)
async def test_place_when_the_exchange_refuses_then_refused_with_a_reason(
    broker: Harness, terms: dict[str, object]
) -> None:
    """At once as NotAccepted, or, where the exchange decides later, as a rejected order: never as one that works."""
    sent = order(broker.instrument, "BUY", **terms)  # type: ignore[arg-type]
    try:
        await broker.execution.place(sent)
    except NotAccepted as error:
        assert error.reason
    else:
        await broker.settle()
        seen = await report(broker, sent)
        assert (seen.state, seen.filled) == ("REJECTED", 0)
        assert seen.reason


async def test_push_when_filled_then_each_execution_once_with_our_id(broker: Harness, updates: list[Update]) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 150, "LIMIT", "800.10"))
    await broker.market("800.05", "800.10", 80)
    await broker.settle()
    fills = [u for u in updates if isinstance(u, Fill)]
    assert {f.order for f in fills} == {sent.id}
    assert sum(f.quantity for f in fills) == 150
    assert len({f.execution for f in fills}) == len(fills)
    assert await broker.execution.trades() == fills


async def test_push_when_cancelled_then_the_order_is_reported_ended(broker: Harness, updates: list[Update]) -> None:
    sent = await send(broker, order(broker.instrument, "BUY", 50, "LIMIT", "799.00"))
    await broker.execution.cancel(sent)
    await broker.settle()
    reports = [u for u in updates if isinstance(u, OrderReport)]
    assert reports[-1].state == "CANCELLED"
    assert reports[-1].client_id == sent.id

"""Orders through the port: answers, latency by the market's clock, a market that stands still, pushes."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from server.orders.ports import Change, NotAccepted
from tests.instruments import index, option, share
from tests.trading import DAY, FakeMarket, ist, order
from tests.unit.brokers.paper.conftest import Make

D = Decimal
SBIN = share("SBIN")
NIFTY = option("NIFTY", DAY.replace(day=30), 24500, "CE")


def market() -> FakeMarket:
    """SBIN at 800.00 / 800.10, 100 each."""
    made = FakeMarket(SBIN, NIFTY, index("NIFTY"))
    made.tick(SBIN.key, [("800.00", 100)], [("800.10", 100)])
    return made


async def test_place_market_order_when_latency_is_zero_then_filled_when_place_returns(make: Make) -> None:
    desk = make(market())
    sent = order(SBIN, "BUY", 50)
    ack = await desk.paper.place(sent)
    assert ack.broker_id == sent.id
    [fill] = await desk.fills()
    assert (fill.order, fill.quantity, fill.price, fill.execution) == (sent.id, 50, D("800.10"), f"{sent.id}-50")
    assert [(p.key, p.quantity) for p in await desk.paper.positions()] == [(SBIN.key, 50)]
    assert desk.market.watchers == [], "nothing works, so nothing is watched"


async def test_place_when_refused_then_not_accepted_with_the_exchanges_words_and_found_as_rejected(make: Make) -> None:
    desk = make(market())
    sent = order(SBIN, "BUY", 50, "LIMIT", "800.03")
    with pytest.raises(NotAccepted, match="not a multiple of the tick") as caught:
        await desk.paper.place(sent)
    assert caught.value.code == "exchange.tick"
    report = await desk.paper.find(sent.id)
    assert report is not None and report.state == "REJECTED"
    assert await desk.fills() == []


async def test_place_when_latency_is_set_then_answer_comes_after_it_by_the_markets_clock(make: Make) -> None:
    desk = make(market(), latency=0.05)
    sent = order(SBIN, "BUY", 50)
    task = asyncio.create_task(desk.paper.place(sent))
    await desk.clock.advance(0.02)
    assert not task.done()
    desk.market.time += timedelta(seconds=0.05)
    await desk.clock.advance(0.05)
    assert (await task).broker_id == sent.id
    [fill] = await desk.fills()
    assert fill.at_market == ist("10:00") + timedelta(seconds=0.05)


async def test_place_when_market_stands_still_then_acknowledged_and_filled_when_it_moves_on(make: Make) -> None:
    desk = make(market(), latency=0.05)
    sent = order(SBIN, "BUY", 50)
    task = asyncio.create_task(desk.paper.place(sent))
    await desk.clock.advance(1.2)
    assert (await task).broker_id == sent.id
    assert await desk.fills() == []
    found = await desk.paper.find(sent.id)
    assert found is not None and found.state == "OPEN"
    desk.at(ist("10:00:01"))
    assert [f.quantity for f in await desk.fills()] == [50]
    assert [r.state for r in await desk.reports()] == ["OPEN"]


async def test_place_when_market_stands_still_and_is_refused_later_then_the_rejection_is_pushed(
    make: Make,
) -> None:
    desk = make(market(), latency=0.05)
    sent = order(SBIN, "BUY", 50, "LIMIT", "800.03")
    task = asyncio.create_task(desk.paper.place(sent))
    await desk.clock.advance(1.2)
    await task
    desk.at(ist("10:00:01"))
    [report] = await desk.reports()
    assert (report.client_id, report.state) == (sent.id, "REJECTED")
    assert "tick" in report.reason


async def test_place_the_same_order_twice_then_the_second_is_refused(make: Make) -> None:
    desk = make(market())
    sent = order(SBIN, "BUY", 50)
    await desk.paper.place(sent)
    with pytest.raises(NotAccepted):
        await desk.paper.place(sent)
    assert len(await desk.fills()) == 1


async def test_rest_when_price_comes_then_filled_and_pushed_without_being_asked(make: Make) -> None:
    desk = make(market())
    sent = order(SBIN, "BUY", 50, "LIMIT", "799.00")
    await desk.paper.place(sent)
    assert len(desk.market.watchers) == 1
    desk.market.tick(SBIN.key, [("798.00", 100)], [("798.50", 100)], ltp="798.50")
    [fill] = await desk.fills()
    assert (fill.price, fill.liquidity) == (D("799.00"), "maker")
    assert desk.market.watchers == []


async def test_modify_and_cancel_when_resting_then_reported(make: Make) -> None:
    desk = make(market())
    sent = order(SBIN, "BUY", 50, "LIMIT", "799.00")
    ack = await desk.paper.place(sent)
    kept = msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")
    await desk.paper.modify(kept, Change(price=D("799.50"), quantity=40))
    await desk.paper.cancel(kept)
    with pytest.raises(NotAccepted):
        await desk.paper.cancel(kept)
    assert [(r.state, r.price, r.quantity) for r in await desk.reports()] == [
        ("OPEN", D("799.50"), 40),
        ("CANCELLED", D("799.50"), 40),
    ]


async def test_modify_to_nonsense_when_resting_then_refused_and_unchanged(make: Make) -> None:
    desk = make(market())
    sent = order(SBIN, "BUY", 50, "LIMIT", "799.00")
    await desk.paper.place(sent)
    for change in (Change(price=D("799.01")), Change(type="ICEBERG"), Change(quantity=0)):
        with pytest.raises(NotAccepted):
            await desk.paper.modify(sent, change)
    report = await desk.paper.find(sent.id)
    assert report is not None and (report.price, report.quantity) == (D("799.00"), 50)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (order(SBIN, "BUY", 1, product="NRML"), "broker.product"),
        (order(NIFTY, "BUY", 65, product="CNC"), "broker.product"),
        (order(SBIN, "SELL", 1, product="CNC"), "broker.holdings"),
        (order(share("UNLISTED"), "BUY", 1), "exchange.unknown_symbol"),
        (order(index("NIFTY"), "BUY", 1, product="MIS"), "exchange.not_tradable"),
    ],
)
async def test_place_when_product_does_not_fit_then_refused(make: Make, sent: object, code: str) -> None:
    desk = make(market())
    with pytest.raises(NotAccepted) as caught:
        await desk.paper.place(sent)  # type: ignore[arg-type]
    assert caught.value.code == code


async def test_sell_delivery_shares_when_all_are_promised_already_then_refused(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(SBIN, "BUY", 50))
    await desk.paper.place(order(SBIN, "SELL", 30, "LIMIT", "810.00"))
    with pytest.raises(NotAccepted, match="20 are held and free to sell, not 21"):
        await desk.paper.place(order(SBIN, "SELL", 21))
    await desk.paper.place(order(SBIN, "SELL", 20))


async def test_listen_when_connection_ends_then_the_updates_end(make: Make) -> None:
    desk = make(market())
    seen = []

    async def listen() -> None:
        async for update in desk.paper.updates():
            seen.append(update)  # noqa: PERF401 - a comprehension would keep nothing if it were cancelled

    task = asyncio.create_task(listen())
    await desk.clock.advance(0)
    await desk.paper.connect()
    await desk.paper.place(order(SBIN, "BUY", 50))
    await desk.clock.advance(1)
    await desk.paper.close()
    await task
    assert len(seen) == 1


async def test_ask_for_funds_then_the_ledgers_answer(make: Make) -> None:
    desk = make(market())
    assert (await desk.paper.funds()).available_minor == 50_000_000

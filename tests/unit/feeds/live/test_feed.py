"""The live market's feed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from server.core.clock import ManualClock
from server.core.errors import Invalid
from server.domain.brokerage import DepthEvent, DepthLevel, QuoteLine, TickEvent
from server.domain.instruments import Instrument
from server.feeds.live.feed import LiveFeed
from server.market.ports import TickBatch
from tests.instruments import share
from tests.trading import ist

COIN = Instrument(
    symbol="BTCUSDT",
    exchange="CRYPTO",
    kind="CRYPTO",
    name="BTC",
    segment="CRYPTO",
    unit=Decimal("0.001"),
    currency="USDT",
)


class _Master:
    def __init__(self, *instruments: Instrument) -> None:
        self.all = {i.key: i for i in instruments}

    def find(self, key: str) -> Instrument | None:
        return self.all.get(key)

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        return [i for i in self.all.values() if query in i.symbol][:limit]

    def expiries(self, name: str) -> list[date]:
        return [date(2026, 11, 1), date(2026, 12, 1)]

    def chain(self, name: str, expiry: date) -> list[str]:
        return []


def tick(last: str, **fields: object) -> TickEvent:
    return TickEvent(quote=QuoteLine(last=Decimal(last), **fields))  # type: ignore[arg-type]


def level(price: str, quantity: str) -> DepthLevel:
    return DepthLevel(price=Decimal(price), quantity=Decimal(quantity))


@asynccontextmanager
async def running(feed: LiveFeed, clock: ManualClock) -> AsyncIterator[list[TickBatch]]:
    seen: list[TickBatch] = []
    task = asyncio.create_task(feed.run(seen.append, lambda day: None))
    await asyncio.sleep(0)
    yield seen
    task.cancel()
    await asyncio.wait({task})


def a_feed(*instruments: Instrument) -> tuple[LiveFeed, ManualClock, list[list[str]]]:
    clock = ManualClock(ist("10:00"))
    rows: list[list[str]] = []
    return LiveFeed(clock, _Master(*instruments), rows.append), clock, rows


def test_instrument_when_first_asked_for_then_it_gets_a_row_and_the_streams_are_told() -> None:
    feed, _, rows = a_feed(share("SBIN"))
    assert feed.admit("NSE:SBIN")
    assert feed.admit("NSE:SBIN")
    assert [i.symbol for i in feed.instruments()] == ["SBIN"]
    assert rows == [["NSE:SBIN"]]
    assert not feed.admit("NSE:NOTHING")


async def test_tick_when_pushed_then_a_batch_carries_price_source_and_its_own_time() -> None:
    feed, clock, _ = a_feed(share("SBIN"))
    feed.admit("NSE:SBIN")
    number = feed.join("zerodha-1")
    at = datetime(2026, 11, 20, 4, 30, 1, tzinfo=UTC)
    async with running(feed, clock) as seen:
        feed.push(number, "NSE:SBIN", tick("800.05", bids=(level("800.00", "5"),), at=at, volume=Decimal(120)), 1)
        await clock.advance(0.05)
    (batch,) = seen
    assert (batch.source, batch.ltp[0], batch.bid[0], batch.bid_qty[0], batch.volume[0]) == (
        "zerodha-1",
        800.05,
        800.0,
        5,
        120,
    )
    assert batch.time_ns[0] == int(at.timestamp()) * 10**9
    assert batch.depth is not None
    assert batch.depth.bid_qty[0, 0] == 5


async def test_delta_when_it_says_little_then_the_rest_is_kept() -> None:
    feed, clock, _ = a_feed(share("SBIN"))
    feed.admit("NSE:SBIN")
    number = feed.join("flattrade-1")
    async with running(feed, clock) as seen:
        feed.push(number, "NSE:SBIN", tick("800.05", bid=Decimal(800), ask=Decimal("800.10")), 1)
        feed.push(number, "NSE:SBIN", TickEvent(quote=QuoteLine(bid=Decimal("799.95")), snapshot=False), 2)
        await clock.advance(0.05)
    assert list(seen[0].ltp) == [800.05, 800.05]
    assert list(seen[0].bid) == [800.0, 799.95]
    assert list(seen[0].ask) == [800.10, 800.10]


async def test_coin_when_it_trades_in_fractions_then_quantities_are_whole_units() -> None:
    feed, clock, _ = a_feed(COIN)
    feed.admit("CRYPTO:BTCUSDT")
    number = feed.join("binance-1")
    async with running(feed, clock) as seen:
        feed.push(number, "CRYPTO:BTCUSDT", tick("90000.5", bid=Decimal(90000), bid_quantity=Decimal("0.5")), 1)
        await clock.advance(0.05)
    assert seen[0].bid_qty[0] == 500


async def test_price_when_missing_or_of_a_stranger_then_dropped_and_counted() -> None:
    feed, clock, _ = a_feed(share("SBIN"))
    feed.admit("NSE:SBIN")
    number = feed.join("zerodha-1")
    async with running(feed, clock) as seen:
        feed.push(number, "NSE:OTHER", tick("5"), 1)
        feed.push(number, "NSE:SBIN", DepthEvent(bids=(level("1", "1"),)), 1)
        feed.push(number, "NSE:SBIN", TickEvent(quote=QuoteLine()), 1)
        await clock.advance(0.05)
    assert seen == []
    assert feed.dropped == {"unknown": 1, "no_price": 2}


def test_state_when_no_stream_is_up_then_halted() -> None:
    feed, _, _ = a_feed()
    assert feed.state().state == "halted"
    feed.join("zerodha-1")
    feed.join("upstox-1")
    feed.leave("upstox-1")
    assert (feed.state().state, feed.state().detail) == ("running", "1 of 2 streams")


def test_live_market_when_told_to_pause_then_refused() -> None:
    feed, _, _ = a_feed()
    with pytest.raises(Invalid, match="cannot pause"):
        feed.control("pause")

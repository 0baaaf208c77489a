"""A market runs its feed, knows its phase, and answers what the order path asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from server.core.bus import Bus
from server.core.clock import ManualClock
from server.core.errors import Invalid
from server.domain.events import MarketChanged
from server.market.market import Market
from server.market.sessions import Sessions
from tests.instruments import share
from tests.unit.market.kit import DAY, INSTRUMENTS, OPEN, MemoryStore, ToldFeed, rules, ticks

SHARE = "NSE:RELIANCE"


def make(start: datetime = OPEN, store: MemoryStore | None = None) -> tuple[Market, ToldFeed, ManualClock, Bus]:
    feed, clock, bus = ToldFeed(start=start), ManualClock(datetime(2026, 11, 20, 20, 0, tzinfo=UTC)), Bus()
    feed.closes = {SHARE: 98.0}
    return Market("sim", 3, "simulated", "Simulated market", feed, rules(), clock, bus, store), feed, clock, bus


@asynccontextmanager
async def running(market: Market, clock: ManualClock) -> AsyncIterator[asyncio.Task[None]]:
    ready: list[bool] = []
    task = asyncio.create_task(market.run(lambda: ready.append(True)))
    await clock.advance(0)
    assert ready == [True]
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_run_when_the_feed_ticks_then_prices_stand_and_bars_are_kept() -> None:
    store = MemoryStore()
    market, feed, clock, _ = make(store=store)
    async with running(market, clock):
        assert feed.sink is not None
        feed.sink(ticks((1, 1, 100.0), volume=10))
        quote = market.quote(SHARE)
        assert quote is not None and (str(quote.ltp), str(quote.close)) == ("100.0", "98.0")
        assert market.fresh(SHARE)
        assert market.day == DAY
        await feed.clock.advance(61)
        await clock.advance(1)
        assert ("sim", SHARE, "1m") in store.kept


async def test_run_when_the_feed_ends_then_the_market_stands_as_ended() -> None:
    market, feed, clock, bus = make()
    heard: list[str] = []
    bus.subscribe(MarketChanged, lambda e: heard.append(e.body["state"]))
    async with running(market, clock) as task:
        feed.end.set()
        await clock.advance(1)
        assert market.state().state == "ended"
        assert heard[-1] == "ended"
        assert not task.done()


async def test_run_when_the_feed_fails_then_its_own_error_reaches_the_supervisor_and_it_can_start_again() -> None:
    market, feed, clock, _ = make()
    feed.failure = OSError("cable")
    feed.end.set()
    with pytest.raises(OSError, match="cable"):
        await market.run(lambda: None)
    feed.failure, feed.end = None, asyncio.Event()
    async with running(market, clock):
        assert feed.sink is not None
        feed.sink(ticks((1, 1, 100.0)))
        assert market.last(SHARE) == 100.0


@pytest.mark.parametrize(
    ("at", "phase", "until"),
    [
        ((3, 0), "closed", (3, 30)),
        ((3, 40), "preopen", (3, 45)),
        ((3, 45), "continuous", (10, 10)),
        ((9, 50), "continuous", (10, 10)),
        ((10, 25), "post_close", (10, 30)),
    ],
)
def test_phase_when_segments_differ_then_the_liveliest_counts(
    at: tuple[int, int], phase: str, until: tuple[int, int]
) -> None:
    market, _, _, _ = make(datetime(2026, 11, 20, *at, tzinfo=UTC))
    found = market.phase()
    assert (found.name, found.until) == (phase, datetime(2026, 11, 20, *until, tzinfo=UTC))


def test_phase_when_the_day_is_over_then_the_next_trading_day_is_named() -> None:
    market, _, _, _ = make(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    assert market.phase().name == "closed"
    assert market.phase().until == datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
    assert market.phase("CASH_FNO_STOCK").name == "closed"


async def test_tell_when_the_phase_changes_then_one_event_says_so() -> None:
    market, feed, clock, bus = make(OPEN - timedelta(seconds=2))
    heard: list[str] = []
    bus.subscribe(MarketChanged, lambda e: heard.append(e.body["phase"]))
    async with running(market, clock):
        await clock.advance(2)
        await feed.clock.advance(3)
        await clock.advance(2)
    assert heard == ["preopen", "continuous"]


async def test_control_when_the_feed_can_then_state_and_event_follow_and_else_invalid() -> None:
    market, feed, clock, bus = make()
    heard: list[str] = []
    bus.subscribe(MarketChanged, lambda e: heard.append(e.body["state"]))
    async with running(market, clock):
        assert market.control("pause").state == "paused"
        assert heard == ["paused"]
        with pytest.raises(Invalid):
            market.control("fly")
        assert feed.sink is not None
        feed.clock.jump(OPEN + timedelta(hours=1))
        feed.sink(ticks((1, 3_000, 100.0)))
        market.control("seek", to=OPEN + timedelta(minutes=10))
        feed.sink(ticks((1, 600, 101.0)))
        assert market.last(SHARE) == 101.0


async def test_watch_when_prices_change_then_calls_once_a_batch_and_ends() -> None:
    market, feed, clock, _ = make()
    seen: list[str] = []
    async with running(market, clock):
        assert feed.sink is not None
        end = market.watch([SHARE, "NSE:NOBODY"], seen.append)
        feed.sink(ticks((1, 1, 100.0), (1, 2, 101.0), (2, 1, 50.0)))
        end()
        feed.sink(ticks((1, 3, 102.0)))
    assert seen == [SHARE]


async def test_close_when_a_day_is_over_then_its_price_is_known_and_before_that_not() -> None:
    market, feed, clock, _ = make()
    async with running(market, clock):
        assert feed.sink is not None
        feed.sink(ticks((1, 1, 100.0)))
        assert market.close(SHARE, DAY) is None
        assert market.close(SHARE, DAY - timedelta(days=1)) == Decimal("98.0")
        assert market.close(SHARE, DAY - timedelta(days=2)) is None
        feed.clock.jump(datetime(2026, 11, 20, 10, 5, tzinfo=UTC))
        assert market.close(SHARE, DAY) == Decimal("100.0")
        assert market.close("NSE:NOBODY", DAY) is None


async def test_on_day_when_new_contracts_are_listed_then_they_join_at_the_end() -> None:
    market, feed, clock, _ = make()
    async with running(market, clock):
        assert feed.on_day is not None
        feed.listed.append(share("NEWCO"))
        feed.clock.jump(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))
        feed.on_day(date(2026, 11, 23))
        assert market.instrument("NSE:NEWCO") is not None
        assert market.catalogue.row("NSE:NEWCO") == len(INSTRUMENTS)
        assert market.day == date(2026, 11, 23)


def test_unknown_key_when_the_order_path_asks_then_none_and_not_fresh() -> None:
    market, _, _, _ = make()
    assert market.instrument("NSE:NOBODY") is None
    assert market.quote("NSE:NOBODY") is None
    assert market.depth("NSE:NOBODY") is None
    assert not market.fresh("NSE:NOBODY")
    assert market.last("NSE:NOBODY") != market.last("NSE:NOBODY")


def test_spot_when_the_name_has_an_index_then_its_price_else_nan() -> None:
    market, _, _, _ = make()
    market.hub.start_day(DAY, {})
    market.hub.on_backlog = None
    market.hub.intake(ticks((0, 1, 24_000.0), (1, 1, 100.0)))
    assert market.spot("NIFTY") == 24_000.0
    assert market.spot("RELIANCE") == 100.0
    assert market.spot("GOLD") != market.spot("GOLD")


def test_anchors_when_phases_follow_each_other_then_each_bar_counts_from_its_own() -> None:
    sessions = Sessions(rules())
    hours = sessions.hours("CASH_FNO_STOCK", DAY)
    assert hours.names == ("preopen", "continuous", "closing_auction", "post_close")
    inside = hours.starts + 1
    assert sessions.anchors("CASH_FNO_STOCK", inside).tolist() == hours.starts.tolist()
    assert sessions.in_trading("CASH_FNO_STOCK", inside).tolist() == [False, True, True, False]

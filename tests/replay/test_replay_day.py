"""Real days through a market: its bars are the file's, seeks land rightly, orders fill at prices of the file."""

import csv
import gzip
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from server.core.clock import IST, to_ns
from server.domain.orders import Order, OrderType, Side
from server.market.ports import BarColumns
from server.orders.ports import NotAccepted
from tests.instruments import option
from tests.replay.kit import BANKNIFTY_OPTIONS, Stage, take
from tests.shared import shared
from tests.trading import order
from tests.unit.feeds.replay.kit import Bench
from tests.unit.market.kit import MemoryStore

MINUTES = "index_minute/BANKNIFTY_1min_2024-01-01_2024-04-30.csv.gz"
INDEX, CALL = "NSE_INDEX:BANKNIFTY", "NFO:BANKNIFTY10JAN2447400CE"
DAY = date(2024, 1, 5)
Bar = tuple[float, float, float, float, float]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-01-05 {text}").replace(tzinfo=IST)


@cache
def option_rows() -> dict[int, Bar]:
    """(open, high, low, close, volume) of the call on the day by minute, read apart from the import; a high or low that
    does not hold its bar is widened, as the report of the import says."""
    rows = {}
    with gzip.open(shared(f"data/{BANKNIFTY_OPTIONS[1]}"), "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["date"].startswith("2024-01-05"):
                o, h, low, c, v = (float(row[name]) for name in ("open", "high", "low", "close", "volume"))
                stamp = to_ns(datetime.fromisoformat(row["date"]).replace(tzinfo=IST))
                rows[stamp] = (o, max(o, h, low, c), min(o, h, low, c), c, v)
    return rows


def by_minute(bars: BarColumns) -> dict[int, Bar]:
    columns = (bars.start_ns, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return {
        int(s): (float(o), float(h), float(low), float(c), float(v))
        for s, o, h, low, c, v in zip(*columns, strict=True)
    }


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The joint day: BANKNIFTY's minutes and four of its options."""
    made, jobs = take(tmp_path_factory.mktemp("joint"), MINUTES, *BANKNIFTY_OPTIONS)
    assert all(job.state == "done" for job in jobs)
    yield made


@pytest.mark.parametrize("speed", [0, 600])
async def test_replay_when_a_day_of_minutes_runs_then_the_bars_made_are_the_files(bench: Bench, speed: float) -> None:
    store = MemoryStore()
    stage = Stage(bench, "2024-01-05", speed=speed, store=store)
    async with stage.running():
        if speed:
            stage.feed.control("play")
            await stage.clock.advance(377 * 60 / speed)
        else:
            await stage.play_out()
        assert stage.feed.state().state == "ended"
    assert len(option_rows()) == 375
    assert by_minute(store.kept["replay-1", CALL, "1m"]) == option_rows()
    assert stage.market.hub.intake_stats().drops == {}


async def test_replay_when_real_ticks_run_then_every_tick_reaches_the_market_in_order(tmp_path: Path) -> None:
    made, (job,) = take(tmp_path, "ticks/aliceblue/2021-06-03/RELIANCE.csv.gz")
    store = MemoryStore()
    stage = Stage(made, "2021-06-03", store=store)
    async with stage.running():
        await stage.play_out()
    stats = stage.market.hub.intake_stats()
    assert (stats.kept, stats.drops, stats.repaired) == (job.taken + job.repaired, {}, 0)
    bars = store.kept["replay-1", "NSE:RELIANCE", "1m"]
    recorded = made.recorded(date(2021, 6, 3), "NSE:RELIANCE")
    assert bars.volume.sum() == recorded.columns["volume"][-1]
    assert bars.high.max() == recorded.columns["price"].max()


async def test_history_when_day_is_replayed_twice_then_charts_never_show_what_lies_ahead(bench: Bench) -> None:
    opening, present = to_ns(at("09:15:00")), to_ns(at("11:00:00"))
    today = {start: bar for start, bar in option_rows().items() if start < present}
    for _ in range(2):
        stage = Stage(bench, "2024-01-05")
        async with stage.running():
            await stage.reach(at("11:00:30"))
            found = by_minute(await stage.market.hub.bars(CALL, "1m", None, 200))
        assert {start: bar for start, bar in found.items() if opening <= start < present} == today
        assert max(found) == present
        assert min(found) < opening  # the day before is there as well


@pytest.mark.parametrize(("to", "tick"), [("14:30:30", "14:30:20"), ("09:45:10", "09:45:00")])
async def test_seek_when_forward_or_back_then_quote_and_bars_are_those_of_playing_there(
    bench: Bench, to: str, tick: str
) -> None:
    straight, sought = Stage(bench, "2024-01-05"), Stage(bench, "2024-01-05")
    async with straight.running():
        await straight.reach(at(tick))
        expected = straight.market.quote(CALL)
    async with sought.running():
        await sought.reach(at("12:00:00"))
        sought.market.control("seek", to=at(to))
        await sought.clock.advance(0.5)
        quote = sought.market.quote(CALL)
        bars = by_minute(await sought.market.hub.bars(CALL, "1m", None, 500))
    assert quote is not None
    assert expected is not None
    for name in ("open", "high", "low", "volume", "ltp"):
        assert getattr(quote, name) == getattr(expected, name), name
    assert max(bars) <= to_ns(at(to))
    done = {s: b for s, b in option_rows().items() if s < to_ns(at(to)) - 60_000_000_000}
    assert {s: bars[s] for s in done} == done


def mine(quantity: int, side: Side = "BUY", price: str | None = None) -> Order:
    """An order of ours in the call: at the market, or at a price."""
    call = option("BANKNIFTY", date(2024, 1, 10), 47400, "CE", lot=15)
    kind: OrderType = "MARKET" if price is None else "LIMIT"
    return order(call, side, quantity, kind, price, account="paper-replay-1", created=at("10:00:00"))


async def test_trade_when_sent_in_a_replay_then_filled_at_prices_of_the_file(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05", slippage="0")
    async with stage.running():
        await stage.paper.connect()
        await stage.reach(at("10:00:00"))
        await stage.paper.place(mine(30))
        await stage.reach(at("13:00:00"))
        await stage.paper.place(mine(30, "SELL"))
        bought, sold = await stage.paper.trades()
        await stage.paper.close()
    rows = option_rows()
    for fill in (bought, sold):
        o, h, low, c, _ = rows[to_ns(fill.at_market) // 60_000_000_000 * 60_000_000_000]
        assert float(fill.price) in (o, h, low, c)
        assert fill.quantity == 30
    assert bought.at_market.astimezone(IST).hour == 10
    assert sold.at_market.astimezone(IST).hour == 13


async def test_trade_when_limit_rests_then_fills_in_the_first_minute_that_reaches_it(bench: Bench) -> None:
    rows = option_rows()
    after = {s: b for s, b in rows.items() if s > to_ns(at("10:01:00"))}
    price = 700.0
    first = min(s for s, bar in after.items() if bar[2] <= price)
    stage = Stage(bench, "2024-01-05", slippage="0")
    async with stage.running():
        await stage.paper.connect()
        await stage.reach(at("10:00:00"))
        await stage.paper.place(mine(15, price="700"))
        assert await stage.paper.trades() == []
        await stage.play_out()
        (fill,) = await stage.paper.trades()
        await stage.paper.close()
    assert to_ns(fill.at_market) // 60_000_000_000 * 60_000_000_000 == first
    assert fill.price <= Decimal(700)


async def test_trade_when_sought_back_then_resting_orders_cancel_and_new_ones_fill_there(
    bench: Bench,
) -> None:
    stage = Stage(bench, "2024-01-05", slippage="0")
    async with stage.running():
        await stage.paper.connect()
        await stage.reach(at("10:00:00"))
        resting = mine(15, price="700")
        await stage.paper.place(resting)
        await stage.reach(at("10:30:00"))
        stage.market.control("seek", to=at("09:30:10"))
        await stage.clock.advance(0.3)
        await stage.paper.cancel(resting)
        await stage.paper.place(mine(15))
        (fill,) = await stage.paper.trades()
        reports = {report.client_id: report.state for report in await stage.paper.orders()}
        await stage.paper.close()
    assert reports[resting.id] == "CANCELLED"
    assert fill.order != resting.id
    assert to_ns(at("09:30:00")) <= to_ns(fill.at_market) < to_ns(at("09:31:00"))
    assert float(fill.price) in option_rows()[to_ns(at("09:30:00"))]


async def test_trade_when_instrument_is_an_index_or_barred_then_refused(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05")
    index = stage.market.instrument(INDEX)
    assert index is not None
    async with stage.running():
        await stage.paper.connect()
        await stage.reach(at("10:00:00"))
        with pytest.raises(NotAccepted, match="index"):
            await stage.paper.place(order(index, "BUY", 1, product="MIS", account="paper-replay-1"))
        await stage.paper.close()


async def test_replay_when_chain_snapshots_run_then_books_are_shown_between_them(tmp_path: Path) -> None:
    made, _ = take(tmp_path, "option_chain/nse_api_2025/NIFTY_2025-12-03.csv.gz")
    stage = Stage(made, "2025-12-03")
    key = "NFO:NIFTY09DEC2526000CE"
    recorded = made.recorded(date(2025, 12, 3), key)
    async with stage.running():
        await stage.reach(datetime(2025, 12, 3, 12, 0, tzinfo=IST))
        quote = stage.market.quote(key)
        instrument = stage.market.instrument(key)
    assert quote is not None
    assert instrument is not None
    at_noon = int(np.searchsorted(recorded.time, to_ns(quote.market_time)))
    assert float(quote.ltp) == recorded.columns["price"][at_noon]
    assert quote.bid is not None
    assert float(quote.bid) == recorded.columns["bid"][at_noon]
    assert quote.oi % instrument.lot == 0
    assert instrument.tradable

"""Frames as batches for the hub say what the events say."""

import asyncio
from datetime import UTC, datetime

import numpy as np

from server.brokers.kit.master import MergedMaster
from server.brokers.kit.ports import BatchStream
from server.brokers.zerodha.batches import Rows, batch_of
from server.brokers.zerodha.packets import decode_columns
from server.brokers.zerodha.stream import KiteStream
from server.core.clock import ManualClock
from server.feeds.live.feed import LiveFeed
from server.market.ports import TickBatch
from tests.brokers.frames import kite_frame, kite_full, kite_ltp
from tests.brokers.joined import eventually, joined
from tests.instruments import share

TOKENS = {f"{(1000 + n) << 8 | 1}": f"NSE:S{n}" for n in range(6)}


def test_batch_when_a_frame_came_then_rows_prices_and_books() -> None:
    rows = Rows(TOKENS.items(), {f"NSE:S{n}": 10 + n for n in range(5)}.get)
    packets = [
        kite_full(
            (1000 + n) << 8 | 1,
            80005 + n,
            at=1_780_000_000 + n,
            volume=n,
            bids=[(7, 80000 + n, 1)],
            asks=[] if n == 2 else [(8, 80010 + n, 1)],
        )
        for n in range(6)
    ]
    (columns,) = decode_columns(kite_frame([*packets, kite_full(77 << 8 | 1, 5, at=1)]))
    batch = batch_of(columns, rows, 5, "kite")
    assert batch is not None and batch.depth is not None
    assert batch.rows.tolist() == [10, 11, 12, 13, 14], "what has no row is left out"
    assert batch.ltp.tolist() == [800.05, 800.06, 800.07, 800.08, 800.09]
    assert batch.time_ns.tolist() == [(1_780_000_000 + n) * 10**9 for n in range(5)]
    assert batch.bid.tolist()[0] == 800.0 and batch.bid_qty.tolist() == [7] * 5
    assert np.isnan(batch.ask[2]) and batch.ask_qty[2] == 0
    assert batch.depth.bid_px.shape == (5, 5) and np.isnan(batch.depth.bid_px[0, 1])


def test_batch_when_packets_carry_no_time_then_the_time_of_receipt() -> None:
    rows = Rows(TOKENS.items(), lambda key: 3 if key == "NSE:S0" else None)
    (columns,) = decode_columns(kite_frame([kite_ltp(1000 << 8 | 1, 12345), kite_ltp(1001 << 8 | 1, 5)]))
    batch = batch_of(columns, rows, 99, "kite")
    assert batch is not None and batch.depth is None
    assert (batch.rows.tolist(), batch.ltp.tolist(), batch.time_ns.tolist()) == ([3], [123.45], [99])
    assert batch_of(columns, Rows((), lambda _: None), 99, "kite") is None


async def test_ticker_when_told_to_batch_then_the_live_feed_gets_rows_and_books() -> None:
    async with joined("zerodha") as made:
        ticker = made.connection.stream
        assert isinstance(ticker, KiteStream)
        assert isinstance(ticker, BatchStream), "the port the composition root asks for"
        seen: list[TickBatch] = []
        keys = ["NSE:SBIN", "NSE:INFY", "NSE_INDEX:NIFTY"]
        ticker.into({key: 40 + n for n, key in enumerate(keys)}.get, seen.append)
        task = asyncio.create_task(ticker.run(lambda *_: None))
        await ticker.watch(keys, "full")
        await eventually(lambda: made.fake.watching() == 3)
        made.fake.exchange.market("NSE:INFY", "1601.05", "1601.10", 70)
        await eventually(lambda: any(b.rows.tolist() == [41] and b.ltp[0] == 1601.05 for b in seen))
        await eventually(lambda: {int(row) for b in seen for row in b.rows} == {40, 41, 42})
        last = next(b for b in reversed(seen) if b.rows.tolist() == [41])
        assert (last.bid[0], last.ask[0], last.bid_qty[0]) == (1601.05, 1601.10, 70)
        task.cancel()
        await asyncio.wait({task})


def test_live_feed_when_a_batch_comes_then_only_the_active_source_counts() -> None:
    clock = ManualClock(datetime(2026, 11, 20, 5, 0, tzinfo=UTC))
    master = MergedMaster()
    master.merge("a", [share("SBIN"), share("INFY")])
    feed = LiveFeed(clock, master, lambda _: None)
    assert feed.admit("NSE:SBIN") and feed.admit("NSE:INFY")
    first, second = feed.join("a"), feed.join("b")
    rows = Rows((("257", "NSE:SBIN"), ("513", "NSE:INFY")), feed.row)
    full = [kite_full(257, 80000, at=1_780_000_000, bids=[(7, 79995, 1)], asks=[]), kite_full(513, 160000, at=1)]
    (columns,) = decode_columns(kite_frame(full))
    batch = batch_of(columns, rows, 5, "x")
    assert batch is not None
    feed.push_batch(first, batch)
    feed.push_batch(second, batch)
    assert feed.dropped["not_active"] == 2, "the first source is not silent: the second stands by"
    assert [b.source for b in feed._batches] == ["a"]

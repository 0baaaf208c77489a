"""Law 12: a burst of market data cannot delay a command."""

import asyncio
from datetime import timedelta
from typing import Any

import numpy as np

from server.core.bus import Bus
from server.core.clock import ManualClock, to_ns
from server.market.hub import CHUNK, Hub
from server.market.market import Market
from server.market.ports import TickBatch
from tests.unit.market.kit import OPEN, ToldFeed, rules


def burst(count: int) -> TickBatch:
    """Distinct good ticks of one second over four instruments."""
    at = np.linspace(0, 999_000_000, count).astype(np.int64) + to_ns(OPEN)
    ltp = (100 + np.arange(count) % 9).astype(np.float64)
    ones = np.ones(count, dtype=np.int64)
    return TickBatch(
        source="told",
        rows=(np.arange(count) % 4).astype(np.int32),
        time_ns=at,
        ltp=ltp,
        bid=ltp - 0.05,
        ask=ltp + 0.05,
        bid_qty=ones,
        ask_qty=ones,
        volume=np.arange(count),
        oi=ones,
    )


async def test_law_12_when_a_burst_of_a_million_ticks_arrives_then_a_command_waits_for_one_chunk_a_hop(
    monkeypatch: Any,
) -> None:
    taken: list[int] = []
    take = Hub._take

    def counted(hub: Hub, batch: TickBatch) -> None:
        taken.append(len(batch.rows))
        take(hub, batch)

    monkeypatch.setattr(Hub, "_take", counted)
    feed = ToldFeed(start=OPEN + timedelta(seconds=30))
    market = Market("sim", 1, "simulated", "Simulated market", feed, rules(), ManualClock(OPEN), Bus())
    running = asyncio.create_task(market.run(lambda: None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert feed.sink is not None
    size = 400 * CHUNK
    for part in range(4):
        feed.sink(_slice(burst(size), part))
    hops = 25  # a cancel passes the event loop about this often between the socket and the book
    before = len(taken)

    async def cancel_order() -> int:
        for _ in range(hops):
            await asyncio.sleep(0)
        return len(taken) - before

    waited = await asyncio.create_task(cancel_order())
    assert 0 < waited <= hops + 1
    assert max(taken) <= CHUNK
    assert market.hub.intake_stats().backlog > size // 2, "the burst must still be under way for this to mean anything"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert market.hub.intake_stats().backlog == 0, "nothing of the burst is lost at the end"
    assert market.hub.intake_stats().kept == size


async def test_law_12_when_a_feed_floods_in_small_batches_then_only_one_chunk_is_taken_in_a_turn() -> None:
    feed = ToldFeed(start=OPEN + timedelta(seconds=30))
    market = Market("sim", 1, "simulated", "Simulated market", feed, rules(), ManualClock(OPEN), Bus())
    running = asyncio.create_task(market.run(lambda: None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert feed.sink is not None
    whole = burst(40 * 500)
    for part in range(40):
        feed.sink(_slice(whole, part, 40))
    assert market.hub.intake_stats().kept == CHUNK // 500 * 500
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert market.hub.intake_stats().kept == 40 * 500


def _slice(batch: TickBatch, part: int, parts: int = 4) -> TickBatch:
    size = len(batch.rows) // parts
    pick = slice(part * size, (part + 1) * size)
    names = ("rows", "time_ns", "ltp", "bid", "ask", "bid_qty", "ask_qty", "volume", "oi")
    return TickBatch(source=batch.source, **{name: getattr(batch, name)[pick] for name in names})

"""The table of last prices, the day's figures, watches and chunks."""

import math
from datetime import timedelta

import numpy as np
import pytest

from server.core.clock import to_ns
from server.core.errors import Fault, NotFound
from server.market.hub import CHUNK
from server.market.ports import TickBatch
from tests.instruments import share
from tests.unit.market.kit import DAY, INSTRUMENTS, OPEN, MemoryStore, book, make_hub, ticks

SHARE = "NSE:RELIANCE"


def test_quote_when_no_tick_came_then_none_and_an_unknown_key_is_an_error() -> None:
    hub, _, _ = make_hub()
    assert hub.quote(SHARE) is None
    assert hub.depth(SHARE) is None
    assert hub.age(SHARE) == math.inf
    assert math.isnan(hub.last(SHARE))
    with pytest.raises(NotFound):
        hub.quote("NSE:NOBODY")


async def test_quote_when_ticks_came_then_it_is_exact_with_source_time_and_age() -> None:
    hub, wall, _ = make_hub(closes={SHARE: 98.65})
    hub.intake(ticks((1, 1, 100.05), (1, 2, 99.1), volume=[10, 25], oi=7))
    await wall.advance(1.5)
    quote = hub.quote(SHARE)
    assert quote is not None
    assert [str(v) for v in (quote.ltp, quote.bid, quote.ask)] == ["99.1", "99.05", "99.15"]
    assert [str(v) for v in (quote.open, quote.high, quote.low, quote.close)] == ["100.05", "100.05", "99.1", "98.65"]
    assert (quote.volume, quote.oi, quote.source) == (25, 7, "told")
    assert quote.market_time == OPEN + timedelta(seconds=2)
    assert quote.age == pytest.approx(1.5)


def test_depth_when_given_then_levels_are_exact_best_first() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 1, 100.0), depth=book(1, 99.95, 100.05)))
    depth = hub.depth(SHARE)
    assert depth is not None
    assert [str(level.price) for level in depth.bids] == ["99.95", "99.9", "99.85", "99.8", "99.75"]
    assert [str(level.price) for level in depth.asks] == ["100.05", "100.1", "100.15", "100.2", "100.25"]


def test_start_day_when_a_new_day_begins_then_figures_start_anew_and_the_last_price_stays() -> None:
    hub, _, market = make_hub()
    hub.intake(ticks((1, 1, 100.0), volume=500))
    next_day = DAY + timedelta(days=3)
    market.jump(OPEN + timedelta(days=3))
    hub.start_day(next_day, {SHARE: 100.0})
    quote = hub.quote(SHARE)
    assert quote is not None
    assert (quote.open, quote.high, quote.volume, str(quote.ltp), str(quote.close)) == (None, None, 0, "100.0", "100.0")
    hub.intake(ticks((1, 3 * 86_400 + 1, 101.0), volume=30))
    quote = hub.quote(SHARE)
    assert quote is not None and (str(quote.open), quote.volume) == ("101.0", 30)


def test_refresh_when_new_listings_append_then_rows_stay_and_old_prices_too() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 1, 100.0)))
    added = [share(f"NEW{i}") for i in range(40)]
    assert hub.refresh([*INSTRUMENTS, *added]) == range(4, 44)
    hub.start_day(DAY, {})
    hub.intake(ticks((43, 2, 55.0)))
    assert hub.last("NSE:NEW39") == 55.0
    assert hub.last(SHARE) == 100.0
    assert hub.row(SHARE) == 1
    with pytest.raises(Fault):
        hub.refresh([*INSTRUMENTS[::-1], *added])
    with pytest.raises(Fault):
        hub.refresh(list(INSTRUMENTS))


def test_intake_when_no_day_was_begun_then_the_first_tick_begins_it() -> None:
    hub, _, _ = make_hub(day=False)
    hub.intake(ticks((1, 1, 100.0)))
    assert hub.day == DAY
    assert hub.last(SHARE) == 100.0


def test_watch_when_watched_rows_tick_then_gets_their_ticks_in_arrival_order() -> None:
    hub, _, _ = make_hub()
    seen: list[tuple[list[int], list[float]]] = []
    watch = hub.watch([2, 1], lambda b: seen.append((b.rows.tolist(), b.ltp.tolist())))
    hub.intake(ticks((2, 1, 50.0), (0, 1, 24_000.0), (1, 1, 100.0), (2, 2, 51.0), (1, 2, -1.0)))
    assert seen == [([2, 1, 2], [50.0, 100.0, 51.0])]
    hub.intake(ticks((0, 3, 24_001.0)))
    watch.remove([2])
    hub.intake(ticks((2, 4, 52.0), (1, 4, 101.0)))
    watch.close()
    hub.intake(ticks((1, 5, 102.0)))
    assert seen[1:] == [([1], [101.0])]
    assert hub.watches.wanted == 0


def test_watch_when_two_engines_watch_then_each_sees_its_own() -> None:
    hub, _, _ = make_hub()
    first: list[int] = []
    second: list[int] = []
    hub.watch([1], lambda b: first.extend(b.rows.tolist()))
    hub.watch([2], lambda b: second.extend(b.rows.tolist()))
    hub.intake(ticks((1, 1, 100.0), (2, 1, 50.0)))
    assert (first, second) == ([1], [2])


def test_watch_when_a_callback_fails_then_prices_and_other_watches_go_on() -> None:
    hub, _, _ = make_hub()
    seen: list[float] = []

    def fails(_: TickBatch) -> None:
        raise ValueError("broken engine")

    hub.watch([1], fails)
    hub.watch([1], lambda b: seen.extend(b.ltp.tolist()))
    hub.intake(ticks((1, 1, 100.0)))
    assert seen == [100.0]
    assert hub.watches.failures == 1


def test_ticks_when_watched_by_a_screen_then_they_are_stored() -> None:
    store = MemoryStore()
    hub, _, _ = make_hub(store=store)
    view = hub.subscribe(1)
    view.set_quotes([2])
    hub.intake(ticks((1, 1, 100.0), (2, 1, 50.0)))
    hub.housekeep()
    assert list(store.tick_rows) == [("sim", "NFO:NIFTY01DEC2624500CE")]
    view.close()
    hub.intake(ticks((2, 2, 51.0)))
    hub.housekeep()
    assert len(store.tick_rows[("sim", "NFO:NIFTY01DEC2624500CE")]) == 1


def test_intake_when_a_batch_is_large_then_it_waits_in_chunks_and_order_holds() -> None:
    hub, _, _ = make_hub()
    size = 3 * CHUNK + 5
    big = ticks(*((1, i / size, 100.0 + i % 7) for i in range(size)), volume=list(range(size)))
    hub.intake(big)
    assert hub.quote(SHARE) is None
    hub.intake(ticks((1, 2, 123.0), volume=size))
    hub.start_day(DAY, {SHARE: 55.5})
    assert hub.intake_stats().backlog == size + 1
    turns = 1
    while hub.drain():
        turns += 1
    assert turns == 6
    quote = hub.quote(SHARE)
    assert quote is not None and (str(quote.ltp), quote.open, str(quote.close)) == ("123.0", None, "55.5")
    assert hub.intake_stats().backlog == 0
    assert hub.intake_stats().kept == size + 1


def test_intake_when_more_waits_than_memory_may_hold_then_it_is_dropped_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.market.hub.MAX_BACKLOG", 3 * CHUNK)
    hub, _, _ = make_hub()
    big = ticks(*((1, i / 10_000, 100.0) for i in range(2 * CHUNK)), volume=list(range(2 * CHUNK)))
    hub.intake(big)
    hub.intake(big)
    assert hub.intake_stats().drops == {"overload": 2 * CHUNK}


async def test_stats_when_ticks_flow_then_the_rate_is_of_the_last_seconds() -> None:
    hub, wall, _ = make_hub()
    hub.housekeep()
    for second in range(20):
        hub.intake(ticks((1, second, 100.0), (2, second, 50.0)))
        await wall.advance(1)
        hub.housekeep()
    stats = hub.intake_stats()
    assert stats.rate == pytest.approx(2.0)
    assert (stats.ticks, stats.kept, stats.instruments, stats.last_tick_age) == (40, 40, 4, 1.0)


def test_wire_record_when_written_then_it_says_what_the_quote_says() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 1, 100.0), volume=10))
    record = hub.slots.quotes[1]
    assert record["row"] == 1
    assert record["market_ms"] == to_ns(OPEN + timedelta(seconds=1)) / 1e6
    assert record["received_ms"] == hub.wall_ms()
    assert np.isnan(record["close"])

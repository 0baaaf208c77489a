"""A screen gets what changed of what it shows: whole at first, conflated later, never behind at the end."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.market.intervals import INTERVALS
from server.market.subscription import KIND_BARS, KIND_DEPTH, KIND_QUOTES
from server.market.table import BAR_RECORD, DEPTH_RECORD, FRAME_HEADER, QUOTE_RECORD
from tests.unit.market.kit import MemoryStore, book, make_hub, ticks

RECORDS = {KIND_QUOTES: QUOTE_RECORD, KIND_DEPTH: DEPTH_RECORD, KIND_BARS: BAR_RECORD}


def read(frame: bytes) -> tuple[Any, npt.NDArray[Any]]:
    head = np.frombuffer(frame, FRAME_HEADER, 1)[0]
    records = np.frombuffer(frame, RECORDS[int(head["kind"])], offset=FRAME_HEADER.itemsize)
    assert len(records) == head["count"]
    return head, records


def test_collect_when_rows_are_new_then_sends_them_whole_even_without_a_price() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 1, 100.0)))
    view = hub.subscribe(7)
    view.set_quotes([2, 1, 1])
    head, records = read(view.collect(41)[0])
    assert (head["kind"], head["version"], head["market"], head["frame"]) == (1, 1, 7, 41)
    assert head["server_ms"] == hub.wall_ms()
    assert records["row"].tolist() == [1, 2]
    assert records["ltp"][0] == 100.0 and np.isnan(records["ltp"][1])
    assert view.collect() == []


def test_collect_when_prices_move_between_looks_then_only_the_last_is_sent() -> None:
    hub, _, _ = make_hub()
    view = hub.subscribe(1)
    view.set_quotes([1, 2])
    view.collect()
    for i in range(50):
        hub.intake(ticks((1, i, 100.0 + i), (0, i, 24_000.0 + i)))
    frames = view.collect()
    assert len(frames) == 1
    _, records = read(frames[0])
    assert (records["row"].tolist(), records["ltp"].tolist()) == ([1], [149.0])


def test_collect_when_nothing_shown_changes_then_nothing_is_sent() -> None:
    hub, _, _ = make_hub()
    view = hub.subscribe(1)
    view.set_quotes([2])
    view.collect()
    hub.intake(ticks((1, 1, 100.0)))
    assert view.pending
    assert view.collect() == []
    assert not view.pending


def test_set_quotes_when_the_set_is_replaced_then_only_new_rows_are_sent_whole() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 1, 100.0), (2, 1, 50.0)))
    view = hub.subscribe(1)
    view.set_quotes([1])
    view.collect()
    view.set_quotes([1, 2])
    _, records = read(view.collect()[0])
    assert records["row"].tolist() == [2]
    view.set_quotes([])
    hub.intake(ticks((1, 2, 101.0)))
    assert view.collect() == []


def test_collect_when_two_screens_look_at_their_own_pace_then_neither_disturbs_the_other() -> None:
    hub, _, _ = make_hub()
    fast, slow = hub.subscribe(1), hub.subscribe(1)
    for view in (fast, slow):
        view.set_quotes([1])
    seen = []
    for i in range(5):
        hub.intake(ticks((1, i, 100.0 + i)))
        seen.append(read(fast.collect()[0])[1]["ltp"][0])
    assert seen == [100.0, 101.0, 102.0, 103.0, 104.0]
    assert read(slow.collect()[0])[1]["ltp"].tolist() == [104.0]


def test_collect_when_depth_changes_then_sends_the_book() -> None:
    hub, _, _ = make_hub()
    view = hub.subscribe(1)
    view.set_depth([1])
    hub.intake(ticks((1, 1, 100.0), depth=book(1, 99.95, 100.05)))
    head, records = read(view.collect()[0])
    assert head["kind"] == KIND_DEPTH
    assert records["bid_px"][0].tolist() == [99.95, 99.9, 99.85, 99.8, 99.75]
    assert records["market_ms"][0] == hub.slots.quotes["market_ms"][1]


def test_collect_when_many_rows_changed_then_frames_stay_small_and_are_numbered_on() -> None:
    from tests.instruments import share

    hub, _, _ = make_hub([share(f"S{i}") for i in range(1_200)])
    view = hub.subscribe(1)
    view.set_quotes(range(1_200))
    heads = [read(f)[0] for f in view.collect(5)]
    assert [int(h["count"]) for h in heads] == [512, 512, 176]
    assert [int(h["frame"]) for h in heads] == [5, 6, 7]


async def test_bars_when_followed_then_sends_the_ended_and_the_current_bar() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(300)
    view = hub.subscribe(1)
    hub.intake(ticks((1, 1, 100.0), volume=5))
    view.set_bars([(1, INTERVALS["1m"])])
    _, records = read(view.collect()[0])
    assert records[["row", "interval_s"]].tolist() == [(1, 60)]
    hub.intake(ticks((1, 30, 101.0), (1, 61, 99.0), (1, 125, 98.0), volume=[10, 20, 30]))
    _, records = read(view.collect()[0])
    assert records["close"].tolist() == [101.0, 99.0, 98.0]
    assert records["volume"].tolist() == [10.0, 10.0, 10.0]
    assert (np.diff(records["start_ms"]) == 60_000).all()
    assert view.collect() == []


async def test_bars_when_a_coarse_series_is_followed_mid_bar_then_its_beginning_comes_from_the_store() -> None:
    hub, wall, market = make_hub(store=MemoryStore())
    await market.advance(600)
    hub.intake(ticks((1, 1, 100.0), (1, 70, 110.0), (1, 130, 90.0), volume=[5, 10, 20]))
    hub.housekeep()
    await wall.advance(100)
    view = hub.subscribe(1)
    view.set_bars([(1, INTERVALS["15m"]), (1, INTERVALS["5s"])])
    hub.intake(ticks((1, 200, 95.0), volume=50))
    await wall.advance(0)
    records = np.concatenate([read(f)[1] for f in view.collect()])
    whole = records[records["interval_s"] == 900]
    assert whole[["open", "high", "low", "close", "volume"]].tolist() == [(100.0, 110.0, 90.0, 95.0, 50.0)]
    fine = records[records["interval_s"] == 5]
    assert fine[["open", "volume"]].tolist() == [(95.0, 30.0)]
    view.close()
    assert hub.watches.wanted == 0


async def test_bars_when_two_screens_follow_one_series_then_it_ends_with_the_last() -> None:
    hub, _, market = make_hub()
    await market.advance(60)
    first, second = hub.subscribe(1), hub.subscribe(1)
    for view in (first, second):
        view.set_bars([(1, INTERVALS["5s"])])
    first.close()
    hub.intake(ticks((1, 1, 100.0)))
    assert len(second.collect()) == 1
    second.close()
    assert not hub.book.folder(INTERVALS["5s"]).watched.any()

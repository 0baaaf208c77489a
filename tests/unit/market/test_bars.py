"""Bars fold from the ticks, know the session, and survive in the store."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from server.core.clock import to_ns
from server.core.errors import Invalid
from server.market.hub import Hub
from server.market.ports import BarColumns
from tests.unit.market.kit import DAY, OPEN, MemoryStore, make_hub, ticks

SHARE = "NSE:RELIANCE"
CALL = "NFO:NIFTY01DEC2624500CE"
MINUTE = 60_000_000_000
OPEN_NS = to_ns(OPEN)


def rows(bars: BarColumns) -> list[tuple[float, ...]]:
    """(seconds after the opening, o, h, l, c, volume)."""
    return [
        ((int(s) - OPEN_NS) / 1e9, o, h, low, c, v)
        for s, o, h, low, c, v in zip(
            bars.start_ns.tolist(),
            bars.open.tolist(),
            bars.high.tolist(),
            bars.low.tolist(),
            bars.close.tolist(),
            bars.volume.tolist(),
            strict=True,
        )
    ]


async def read(hub: Hub, key: str, interval: str, limit: int = 100) -> list[tuple[float, ...]]:
    return rows(await hub.bars(key, interval, None, limit))


async def test_bars_when_ticks_cross_minutes_in_one_batch_then_each_minute_has_its_bar() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(300)
    hub.intake(
        ticks(
            (1, 1, 100.0),
            (1, 30, 102.0),
            (1, 59.9, 99.0),
            (1, 60, 99.5),
            (1, 130, 101.0),
            volume=[10, 20, 30, 35, 75],
        )
    )
    assert await read(hub, SHARE, "1m") == [
        (0, 100.0, 102.0, 99.0, 99.0, 30),
        (60, 99.5, 99.5, 99.5, 99.5, 5),
        (120, 101.0, 101.0, 101.0, 101.0, 40),
    ]


async def test_bars_when_batches_split_a_minute_then_the_bar_is_the_same() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(60)
    hub.intake(ticks((1, 1, 100.0), volume=10))
    hub.intake(ticks((1, 2, 103.0), volume=15))
    hub.intake(ticks((1, 3, 98.0), (1, 4, 101.0), volume=[15, 40]))
    assert await read(hub, SHARE, "1m") == [(0, 100.0, 103.0, 98.0, 101.0, 40)]


async def test_bars_when_a_minute_is_over_then_quiet_instruments_bars_are_stored_too() -> None:
    store = MemoryStore()
    hub, _, market = make_hub(store=store)
    hub.intake(ticks((1, 1, 100.0), (2, 2, 50.0)))
    hub.housekeep()
    assert store.kept == {}
    await market.advance(60)
    hub.housekeep()
    assert {key for _, key, _ in store.kept} == {SHARE, CALL}
    assert hub.intake_stats().bars_finished == 2


async def test_bars_when_a_late_tick_joins_a_stored_minute_then_the_whole_bar_is_stored_again() -> None:
    store = MemoryStore()
    hub, _, market = make_hub(store=store)
    hub.intake(ticks((1, 1, 100.0), volume=10))
    await market.advance(61)
    hub.housekeep()
    hub.intake(ticks((1, 59, 105.0), volume=25))
    hub.housekeep()
    assert rows(store.kept[("sim", SHARE, "1m")]) == [(0, 100.0, 105.0, 100.0, 105.0, 25)]


async def test_bars_when_watching_started_after_the_opening_then_the_first_volume_is_not_all_in_one_bar() -> None:
    hub, _, market = make_hub(at=OPEN + timedelta(hours=2), store=MemoryStore())
    await market.advance(10)
    hub.intake(ticks((1, 7_201, 100.0), (1, 7_202, 100.0), volume=[1_000_000, 1_000_040]))
    assert [r[5] for r in await read(hub, SHARE, "1m")] == [40]


async def test_bars_when_the_first_trade_of_the_day_is_late_then_all_its_volume_counts() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(3_600)
    hub.intake(ticks((2, 3_590, 50.0), volume=75))
    assert [r[5] for r in await read(hub, CALL, "1m")] == [75]


async def test_bars_when_ticks_come_before_the_opening_then_only_their_volume_counts() -> None:
    hub, _, market = make_hub(at=OPEN - timedelta(minutes=15), store=MemoryStore())
    hub.start_day(DAY, {})
    hub.intake(ticks((1, -400, 90.0), volume=500))
    await market.advance(1_000)
    hub.intake(ticks((1, 5, 100.0), volume=600))
    assert await read(hub, SHARE, "1m") == [(0, 100.0, 100.0, 100.0, 100.0, 600)]
    quote = hub.quote(SHARE)
    assert quote is not None and str(quote.low) == "100.0"


async def test_bars_when_the_session_ends_then_the_last_hour_bar_is_short_and_nothing_straddles() -> None:
    # cash trades to 15:15 and closes by auction to 15:35 on this date; hours count from each phase's start
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(7 * 3_600)
    hub.intake(
        ticks(
            (1, 5 * 3_600 + 10, 100.0),
            (1, 6 * 3_600 - 1, 101.0),
            (1, 6 * 3_600 + 1, 105.0),
            (1, 6 * 3_600 + 1_199, 106.0),
            (1, 6 * 3_600 + 1_200.5, 107.0),
            (1, 6 * 3_600 + 1_210, 150.0),
        )
    )
    found = await read(hub, SHARE, "1h")
    assert [(r[0] / 3_600, r[1], r[4]) for r in found] == [(5.0, 100.0, 101.0), (6.0, 105.0, 107.0)]


async def test_bars_when_folded_from_minutes_then_they_count_from_the_opening() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(7_200)
    hub.intake(ticks(*((1, 60.0 * m, 100.0 + m) for m in range(100)), volume=[10 * m for m in range(100)]))
    found = await read(hub, SHARE, "30m")
    assert [r[0] / 60 for r in found] == [0, 30, 60, 90]
    assert found[1:2] == [(1_800, 130.0, 159.0, 130.0, 159.0, 300)]
    assert [r[0] / 60 for r in await read(hub, SHARE, "1h", limit=1)] == [60]


async def test_bars_when_a_day_ends_then_its_day_bar_is_stored_and_week_and_month_fold() -> None:
    store = MemoryStore()
    hub, _, market = make_hub(store=store)
    await market.advance(30)
    hub.intake(ticks((1, 1, 100.0), (1, 2, 110.0), (1, 3, 95.0), (1, 4, 99.0), volume=[1, 2, 3, 40]))
    market.jump(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))
    hub.start_day(date(2026, 11, 23), {SHARE: 99.0})
    days = 3 * 86_400
    hub.intake(ticks((1, days + 1, 97.0), volume=7))
    friday, monday = (to_ns(datetime(2026, 11, d, 18, 30, tzinfo=UTC)) for d in (19, 22))
    found = await hub.bars(SHARE, "1d", None, 10)
    assert found.start_ns.tolist() == [friday, monday]
    assert found.high.tolist() == [110.0, 97.0]
    assert found.volume.tolist() == [40, 7]
    week = await hub.bars(SHARE, "1w", None, 10)
    assert week.start_ns.tolist() == [to_ns(datetime(2026, 11, 15, 18, 30, tzinfo=UTC)), monday]
    month = await hub.bars(SHARE, "1M", None, 10)
    assert month.start_ns.tolist() == [to_ns(datetime(2026, 10, 31, 18, 30, tzinfo=UTC))]
    assert (month.open[0], month.high[0], month.low[0], month.close[0], month.volume[0]) == (
        100.0,
        110.0,
        95.0,
        97.0,
        47,
    )


async def test_bars_when_series_is_watched_then_seconds_are_folded_and_stored_ticks_read_back() -> None:
    store = MemoryStore()
    hub, _, market = make_hub(store=store)
    await market.advance(60)
    watch = hub.watch([1], lambda _: None)
    hub.intake(ticks((1, 0.2, 100.0), (1, 0.8, 101.0), (1, 5.1, 99.0), volume=[5, 6, 9]))
    assert await read(hub, SHARE, "1s") == [(0, 100.0, 101.0, 100.0, 101.0, 1), (5, 99.0, 99.0, 99.0, 99.0, 3)]
    watch.close()
    hub.intake(ticks((1, 6, 98.0), volume=10))
    assert len(store.tick_rows[("sim", SHARE)]) == 3


async def test_bars_when_end_and_limit_are_given_then_the_newest_before_end() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    await market.advance(3_600)
    hub.intake(ticks(*((1, 60.0 * m, 100.0 + m) for m in range(10))))
    found = await hub.bars(SHARE, "1m", OPEN_NS + 5 * MINUTE, 3)
    assert ((found.start_ns - OPEN_NS) // MINUTE).tolist() == [2, 3, 4]


async def test_bars_when_the_interval_is_unknown_then_says_which_there_are() -> None:
    hub, _, _ = make_hub()
    try:
        await hub.bars(SHARE, "7m", None, 1)
    except Invalid as error:
        assert error.code == "bars.interval" and "15m" in error.remedy
    else:
        raise AssertionError("7m was accepted")


async def test_bars_when_the_hub_closes_then_unfinished_minutes_are_stored() -> None:
    store = MemoryStore()
    hub, _, _ = make_hub(store=store)
    hub.intake(ticks((1, 1, 100.0), volume=10))
    await hub.close()
    assert rows(store.kept[("sim", SHARE, "1m")]) == [(0, 100.0, 100.0, 100.0, 100.0, 10)]


async def test_bars_when_an_earlier_day_is_unknown_to_the_rulebook_then_bars_lie_on_the_clock() -> None:
    old = datetime(1990, 1, 2, 4, 0, tzinfo=UTC)
    hub, _, market = make_hub(at=old, day=False)
    hub.start_day(date(1990, 1, 2), {})
    await market.advance(7_200)
    at = np.array([to_ns(old), to_ns(old + timedelta(minutes=50))])
    hub.intake(ticks((1, 0, 100.0), (1, 1, 101.0), time_ns=at))
    found = await hub.bars(SHARE, "1h", None, 5)
    # 09:30 and 10:20 IST lie in the hours from 09:00 and 10:00
    assert ((found.start_ns - to_ns(old)) // MINUTE).tolist() == [-30, 30]

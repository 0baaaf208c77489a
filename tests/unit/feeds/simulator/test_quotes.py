"""Quotes: on the tick, around the fair price, wide where the market is wide."""

from datetime import date

import numpy as np
import pytest

from server.feeds.simulator.fair import CARRY
from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.smile import RATE
from server.market.ports import TickBatch


@pytest.fixture(scope="module")
def noon(calm: Simulator) -> TickBatch:
    batch = calm.tape().everything(40_000)
    assert batch is not None
    return batch


def test_quote_when_two_sided_then_bid_below_ask_and_last_between(noon: TickBatch) -> None:
    both = ~np.isnan(noon.bid) & ~np.isnan(noon.ask)
    assert both.mean() > 0.8
    assert np.all(noon.bid[both] < noon.ask[both])
    assert np.all((noon.ltp[both] >= noon.bid[both]) & (noon.ltp[both] <= noon.ask[both]))
    assert np.all(noon.ltp > 0)


def test_quote_when_priced_then_on_tick_and_exact(calm: Simulator, noon: TickBatch) -> None:
    instruments = calm.instruments()
    tick = np.array([float(instruments[r].tick) for r in noon.rows])
    for column in (noon.ltp, noon.bid, noon.ask):
        steps = column / tick
        known = ~np.isnan(column)
        assert np.all(np.abs(steps[known] - np.rint(steps[known])) < 1e-6)
        assert all(len(repr(float(p)).partition(".")[2]) <= 4 for p in column[known][:500])


def test_quote_when_pair_of_one_strike_then_parity_within_the_spread(calm: Simulator, noon: TickBatch) -> None:
    instruments = calm.instruments()
    at = {instruments[r].key: n for n, r in enumerate(noon.rows.tolist())}
    future = {i.expiry: at[i.key] for i in instruments if i.kind == "FUTURE" and i.name == "NIFTY"}
    checked = 0
    for call in (i for i in instruments if i.name == "NIFTY" and i.right == "CE" and i.expiry in future):
        c, p = at[call.key], at[call.key[:-2] + "PE"]
        f = future[call.expiry]
        days = (call.expiry - date(2026, 11, 20)).days if call.expiry else 0
        discount = np.exp(-RATE * days / 365.0)
        strike = float(call.strike or 0)
        high, low = noon.ask[c] - noon.bid[p], noon.bid[c] - noon.ask[p]
        if np.isnan(high) or np.isnan(low):
            continue
        slack = 1.0 + 0.0005 * strike  # the day's fraction in the discount, and the future's own spread
        assert low - slack <= discount * (noon.ltp[f] - strike) <= high + slack
        checked += 1
    assert checked > 100


def test_quote_when_future_then_spot_grown_at_the_carry(calm: Simulator, noon: TickBatch) -> None:
    instruments = calm.instruments()
    at = {instruments[r].key: n for n, r in enumerate(noon.rows.tolist())}
    spot = noon.ltp[at["NSE_INDEX:NIFTY"]]
    far = noon.ltp[at["NFO:NIFTY25JAN27FUT"]]
    assert far / spot == pytest.approx(np.exp(CARRY * 66 / 365), rel=2e-3)


def test_quote_when_weekly_near_then_tight_at_the_money_and_wide_in_the_money(calm: Simulator, noon: TickBatch) -> None:
    instruments = calm.instruments()
    spot = float(noon.ltp[np.flatnonzero(noon.rows == 0)[0]])
    width: dict[str, list[float]] = {"at": [], "in": [], "out": [], "far": []}
    for number, row in enumerate(noon.rows.tolist()):
        i = instruments[row]
        if i.name != "NIFTY" or i.kind != "OPTION" or i.strike is None:
            continue
        out = np.log(float(i.strike) / spot) * (1 if i.right == "CE" else -1)
        ticks = (noon.ask[number] - noon.bid[number]) / 0.05
        if i.expiry == date(2026, 11, 23):
            where = "at" if abs(out) < 0.005 else "in" if -0.03 < out < -0.015 else "out" if 0.01 < out < 0.03 else ""
            if where:
                width[where].append(ticks)
        elif i.expiry == date(2026, 12, 15) and abs(out) < 0.005:
            width["far"].append(ticks)
    median = {k: float(np.nanmedian(v)) for k, v in width.items()}
    assert median["out"] <= 2 <= median["at"] <= 8
    assert 15 <= median["in"] <= 90
    assert median["far"] > 3 * median["at"]


def test_quote_when_far_series_then_some_sides_are_empty(calm: Simulator, noon: TickBatch) -> None:
    instruments = calm.instruments()
    options = np.array([instruments[r].kind == "OPTION" for r in noon.rows])
    empty = np.isnan(noon.bid[options]) | np.isnan(noon.ask[options])
    assert 0.01 < empty.mean() < 0.4
    assert np.all(noon.bid_qty[np.isnan(noon.bid)] == 0)
    assert np.all(noon.ask_qty[np.isnan(noon.ask)] == 0)


def test_depth_when_five_levels_then_ordered_and_starting_at_the_touch(noon: TickBatch) -> None:
    depth = noon.depth
    assert depth is not None
    at = {row: n for n, row in enumerate(noon.rows.tolist())}
    touch = np.array([at[row] for row in depth.rows.tolist()])
    assert np.array_equal(depth.bid_px[:, 0], noon.bid[touch], equal_nan=True)
    assert np.array_equal(depth.ask_qty[:, 0], noon.ask_qty[touch])
    assert depth.bid_px.shape == depth.ask_qty.shape == (len(depth.rows), 5)
    for prices, sign in ((depth.bid_px, -1), (depth.ask_px, 1)):
        step = np.diff(prices, axis=1) * sign
        assert np.all(step[~np.isnan(step)] > 0)
    assert np.all((depth.bid_qty > 0) == ~np.isnan(depth.bid_px))


def test_size_when_derivative_then_whole_lots_everywhere(calm: Simulator, noon: TickBatch) -> None:
    lot = np.array([calm.instruments()[r].lot for r in noon.rows])
    for column in (noon.bid_qty, noon.ask_qty, noon.volume, noon.oi):
        assert np.all(column % lot == 0)


def test_volume_when_day_goes_on_then_only_grows(calm: Simulator) -> None:
    last = np.zeros(len(calm.instruments()), dtype=np.int64)
    for step in range(0, 92_000, 3_001):
        batch = calm.tape().everything(step)
        assert batch is not None
        assert np.all(batch.volume >= last[batch.rows])
        last[batch.rows] = batch.volume
    assert last.max() > 10_000_000


def test_quote_when_the_market_moved_then_none_is_left_far_behind(calm: Simulator) -> None:
    """Quotes of quiet strikes follow the fair price within seconds: no stale one waits to be picked off."""
    tape, stop, seconds = calm.tape(), 12_000, 5
    shown: dict[int, tuple[float, float]] = {}
    when: dict[int, int] = {}
    for step in range(stop - 2_400, stop):
        batch = tape.batch(step, 1, 1.0)
        assert batch is not None
        shown |= dict(zip(batch.rows.tolist(), zip(batch.bid.tolist(), batch.ask.tolist(), strict=True), strict=True))
        when |= dict.fromkeys(batch.rows.tolist(), step)
    fresh = tape.everything(stop - 1)
    assert fresh is not None
    instruments = calm.instruments()
    behind, count = 0, 0
    for row, bid, ask in zip(fresh.rows.tolist(), fresh.bid.tolist(), fresh.ask.tolist(), strict=True):
        if instruments[row].kind != "OPTION" or np.isnan([bid, ask, *shown.get(row, (np.nan, np.nan))]).any():
            continue
        count += 1
        # crossed with what a maker would quote now
        crossed = shown[row][0] > ask or shown[row][1] < bid
        behind += crossed and when[row] < stop - 4 * seconds
    assert count > 3_000
    assert behind / count < 0.002

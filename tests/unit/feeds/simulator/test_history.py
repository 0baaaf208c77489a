"""Charts have a past at once, and it is the past of this very market."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pytest

from server.core.clock import IST, from_ns
from server.feeds.simulator.feed import Simulator
from server.market.ports import BarColumns

Bars = dict[str, list[tuple[int, float, float, float, float, int]]]


def gather(stream: Iterable[tuple[list[str], BarColumns]]) -> Bars:
    """Bars by key, in time order."""
    out: Bars = defaultdict(list)
    for keys, bars in stream:
        columns = zip(
            bars.start_ns.tolist(),
            bars.open.tolist(),
            bars.high.tolist(),
            bars.low.tolist(),
            bars.close.tolist(),
            bars.volume.tolist(),
            strict=True,
        )
        for key, bar in zip(keys, columns, strict=True):
            out[key].append(bar)
    return {key: sorted(bars) for key, bars in out.items()}


def pieces(simulator: Simulator, interval: str, days: int, daily: int = 0) -> Bars:
    return gather((p.keys, p.bars) for p in simulator.past(days, daily) if p.interval == interval)


@pytest.fixture(scope="module")
def past(calm: Simulator) -> Bars:
    return pieces(calm, "1m", 2)


def test_history_when_asked_then_ends_at_the_previous_close(calm: Simulator, past: Bars) -> None:
    closes = calm.previous_closes()
    assert len(past) > 300
    for key, bars in past.items():
        assert bars[-1][4] == closes[key]


def test_history_when_asked_then_bars_are_sound_and_each_minute_once(past: Bars) -> None:
    for bars in past.values():
        starts = [b[0] for b in bars]
        assert starts == sorted(set(starts))
        assert all(b[3] > 0 for b in bars)
        assert all(low <= min(o, c) and max(o, c) <= high and v >= 0 for _, o, high, low, c, v in bars)
    days = {from_ns(b[0]).astimezone(IST).date() for b in past["NSE:RELIANCE"]}
    assert len(days) == 2
    assert len(past["NSE:RELIANCE"]) == 2 * 361
    assert sum(b[5] for b in past["NSE:RELIANCE"]) > 1_000_000
    assert sum(b[5] for b in past["NSE_INDEX:NIFTY"]) == 0


def test_history_when_longer_then_the_last_days_are_the_same(calm: Simulator, past: Bars) -> None:
    longer = pieces(calm, "1m", 3)
    for key in ("NSE:TCS", "NFO:NIFTY23NOV26FUT", "NFO:NIFTY23NOV2624400CE"):
        assert longer[key][-len(past[key]) :] == past[key]
    assert len(longer["NSE:TCS"]) == 3 * 361


def test_daily_when_a_year_then_joins_the_minutes(calm: Simulator, past: Bars) -> None:
    daily = pieces(calm, "1d", 2, 250)
    nifty = daily["NSE_INDEX:NIFTY"]
    assert len(nifty) == 250
    assert [b[0] for b in nifty] == sorted(b[0] for b in nifty)
    minutes = past["NSE_INDEX:NIFTY"]
    assert nifty[-1][1] == minutes[361][1]
    assert nifty[-1][2] == max(b[2] for b in minutes[361:])
    assert nifty[-1][4] == minutes[-1][4]
    closes = np.array([b[4] for b in nifty])
    moves = np.diff(np.log(closes))
    assert 0.09 < moves.std() * np.sqrt(252) < 0.25
    assert np.abs(moves).max() < 0.08
    assert all(low <= min(o, c) and max(o, c) <= high for _, o, high, low, c, _ in nifty)


def test_minutes_when_folded_from_live_ticks_then_the_same_bars(calm: Simulator) -> None:
    since, until = datetime(2026, 11, 20, 3, 45, tzinfo=UTC), datetime(2026, 11, 20, 3, 48, tzinfo=UTC)
    tape = calm.tape()
    calm.control("seek", to=datetime(2026, 11, 20, 3, 50, tzinfo=UTC))
    told = gather(calm.minute_bars(since, until))
    folded: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    last: dict[str, dict[int, int]] = defaultdict(dict)
    instruments = calm.instruments()
    for step in range(3 * 240):
        batch = tape.batch(step, 1, 1.0)
        assert batch is not None
        for n in np.flatnonzero(batch.rows < 55).tolist():
            key, minute = instruments[batch.rows[n]].key, int(batch.time_ns[n]) // 60_000_000_000
            folded[key][minute].append(float(batch.ltp[n]))
            last[key][minute] = int(batch.volume[n])
    for key, bars in told.items():
        assert len(bars) == 3
        done = 0
        for start, o, high, low, c, volume in bars:
            prices = folded[key][start // 60_000_000_000]
            assert (o, high, low, c) == (prices[0], max(prices), min(prices), prices[-1])
            done += volume
            assert done == last[key][start // 60_000_000_000]

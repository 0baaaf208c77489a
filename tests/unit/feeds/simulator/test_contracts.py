"""Futures and options have a past too, priced by the model the live tape uses, and options lose value as time goes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest

from server.core.clock import to_ns
from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.history import PastBars
from server.options import black76
from tests.unit.feeds.simulator.conftest import Make
from tests.unit.feeds.simulator.kit import table

MINUTE = 60_000_000_000
Columns = dict[str, npt.NDArray[np.float64]]


@pytest.fixture(scope="module")
def past(calm: Simulator) -> dict[str, Columns]:
    """Minute bars of two days by key, in time order."""
    found: dict[str, list[tuple[float, ...]]] = {}

    def minutes() -> Iterator[PastBars]:
        return (p for p in calm.past(2, 0) if p.interval == "1m")

    names = ("start_ns", "open", "high", "low", "close", "volume", "oi")
    for piece in minutes():
        for key, *bar in zip(piece.keys, *(getattr(piece.bars, n).tolist() for n in names), strict=True):
            found.setdefault(key, []).append(tuple(bar))
    return {key: dict(zip(names, np.array(sorted(bars)).T, strict=True)) for key, bars in found.items()}


def test_past_when_listed_then_futures_and_near_options_have_bars(past: dict[str, Columns]) -> None:
    futures = [key for key in past if key.endswith("FUT")]
    assert {f"NFO:NIFTY{m}FUT" for m in ("23NOV26", "29DEC26", "25JAN27")} <= set(futures)
    assert len(futures) == 4 * 3 + 50
    near = {key for key in past if key.startswith("NFO:NIFTY23NOV26") and key.endswith(("CE", "PE"))}
    assert len(near) == 50
    assert {"NFO:NIFTY23NOV2623800PE", "NFO:NIFTY23NOV2624400CE", "NFO:NIFTY01DEC2625000CE"} <= set(past)
    assert not any(key.startswith("NFO:NIFTY08DEC26") and not key.endswith("FUT") for key in past)


def test_past_when_priced_then_on_tick_and_bars_hold_together(calm: Simulator, past: dict[str, Columns]) -> None:
    for instrument in calm.instruments():
        bars = past.get(instrument.key)
        if bars is None or instrument.kind not in ("FUTURE", "OPTION"):
            continue
        ticks = np.stack([bars[n] for n in ("open", "high", "low", "close")]) / float(instrument.tick)
        assert np.abs(ticks - np.rint(ticks)).max() < 1e-6
        assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
        assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
        assert (np.diff(bars["start_ns"]) >= MINUTE).all()
        assert (bars["volume"] % instrument.lot == 0).all()
        assert (bars["oi"] > 0).all()


def test_past_when_call_and_put_then_parity_with_the_future(past: dict[str, Columns]) -> None:
    future, call, put = (past[f"NFO:NIFTY23NOV26{end}"]["close"] for end in ("FUT", "24400CE", "24400PE"))
    gap = call - put - (future - 24_400.0)
    assert abs(np.median(gap)) < 0.5
    assert np.quantile(np.abs(gap), 0.95) < 6.0


def test_past_when_the_spot_moves_then_the_call_moves_with_it(past: dict[str, Columns]) -> None:
    spot, call = past["NSE_INDEX:NIFTY"], past["NFO:NIFTY23NOV2624400CE"]
    _, here, there = np.intersect1d(spot["start_ns"], call["start_ns"], return_indices=True)
    move, answer = np.diff(spot["close"][here]), np.diff(call["close"][there])
    assert np.corrcoef(move, answer)[0, 1] > 0.9
    width = (spot["high"] - spot["low"])[here].mean()
    assert 0.2 * width < (call["high"] - call["low"])[there].mean() < 1.2 * width


def test_past_when_it_ends_then_open_interest_meets_the_first_day(calm: Simulator, past: dict[str, Columns]) -> None:
    first = table(calm, calm.tape().everything(0))
    for key in ("NFO:NIFTY23NOV26FUT", "NFO:NIFTY23NOV2624400CE", "NFO:BANKNIFTY29DEC2652000PE"):
        assert past[key]["oi"][-1] == pytest.approx(first[key]["oi"], rel=1e-3)


def test_price_when_the_day_of_expiry_passes_then_volatility_shown_stays_twice_the_usual(make: Make) -> None:
    """NSE's chains on expiry days: 20 % at the money from morning to afternoon where the week before shows 10.5 %."""
    late, _ = make(seed=7)
    late.next_day()
    keys = {i.key: row for row, i in enumerate(late.instruments())}
    shown = []
    for hours in (0.5, 3.0, 5.5):
        batch = late.tape().everything(int(hours * 3_600) * 4)
        assert batch is not None
        price = {int(row): n for n, row in enumerate(batch.rows)}
        spot = float(batch.ltp[price[keys["NSE_INDEX:NIFTY"]]])
        strike = round(spot / 50.0) * 50
        mids = [
            0.5 * float(batch.bid[n] + batch.ask[n])
            for n in (price[keys[f"NFO:NIFTY23NOV26{strike}{right}"]] for right in ("CE", "PE"))
        ]
        end = to_ns(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
        years = (end - late.plan().open - hours * 3_600e9) / (365 * 86_400e9)
        forward = strike + mids[0] - mids[1]
        shown.append(float(black76.implied_volatility(mids[0], forward, strike, years, 0.06, True)))
    assert all(0.15 < volatility < 0.30 for volatility in shown)

"""Volatility: the smile's measured points, and a VIX that the option quotes give back."""

from datetime import date

import numpy as np
import pytest

from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.smile import RATE, atm_over_vix, price, smile, term
from server.options import black76


def test_smile_when_in_standard_deviations_then_as_measured() -> None:
    """Medians of NSE's NIFTY chains, Oct-Dec 2025, one to eight sessions to go (decision 0004)."""
    measured = {-7.25: 2.97, -5.25: 2.31, -3.25: 1.67, -1.25: 1.13, 0.0: 1.0, 1.75: 1.05, 3.75: 1.56, 5.75: 2.23}
    fitted = smile(np.array(list(measured)))
    assert fitted == pytest.approx(list(measured.values()), abs=0.04)


def test_term_when_near_then_a_little_lower() -> None:
    curve = term(np.array([1.0, 7.0, 30.0, 90.0]) / 365.0)
    assert np.all(np.diff(curve) > 0)
    assert curve[2] == pytest.approx(1.0)
    assert curve[0] > 0.85


@pytest.mark.parametrize("days", [0.1, 1.0, 5.0, 20.0])
def test_price_when_strikes_follow_then_no_free_lunch(days: float) -> None:
    strikes = np.arange(22_500.0, 26_500.0, 50.0)
    ones = np.ones_like(strikes)
    years = ones * days / 365.0
    calls = price(ones * 24_400.0, strikes, years, ones * 0.115, ones > 0)
    puts = price(ones * 24_400.0, strikes, years, ones * 0.115, ones < 0)
    assert np.allclose(calls - puts, np.exp(-RATE * years) * (24_400.0 - strikes))
    half_tick = 0.025
    assert np.all(np.diff(calls) < half_tick)
    assert np.all(np.diff(puts) > -half_tick)
    assert np.all(np.diff(calls, 2) > -half_tick)


def test_vix_when_worked_out_from_live_quotes_then_near_the_print(calm: Simulator) -> None:
    """NSE's formula on the expiries either side of thirty days, out-of-the-money mids."""
    batch = calm.tape().everything(30_000)
    assert batch is not None
    instruments = calm.instruments()
    at = {instruments[r].key: n for n, r in enumerate(batch.rows.tolist())}
    printed = float(batch.ltp[at["NSE_INDEX:INDIAVIX"]])
    spot = float(batch.ltp[0])
    variances = {}
    for expiry, code in ((date(2026, 12, 15), "NIFTY15DEC26"), (date(2026, 12, 29), "NIFTY29DEC26")):
        years = ((expiry - date(2026, 11, 20)).days + 0.15) / 365.0
        chain = [i for i in instruments if i.symbol.startswith(code) and i.right == "CE"]
        strikes = np.array(sorted(float(i.strike or 0) for i in chain))
        call, put = (np.array([at[f"NFO:{code}{k:.0f}{right}"] for k in strikes]) for right in ("CE", "PE"))
        mid, width = 0.5 * (batch.bid + batch.ask), batch.ask - batch.bid
        near = int(np.abs(strikes - spot).argmin())
        forward = strikes[near] + np.exp(RATE * years) * (mid[call[near]] - mid[put[near]])
        side = np.where(strikes > forward, call, put)
        # quotes too wide to mean anything are bridged, as the index's makers do
        good = width[side] < 0.3 * mid[side]
        volatility = black76.implied_volatility(mid[side], forward, strikes, years, RATE, strikes > forward)
        volatility = np.interp(strikes, strikes[good], volatility[good])
        quotes = black76.price(forward, strikes, years, RATE, volatility, strikes > forward)
        gap = np.gradient(strikes)
        variances[years] = 2.0 / years * np.exp(RATE * years) * float(np.sum(quotes * gap / strikes**2))
    implied = 100.0 * np.sqrt(np.interp(30.0 / 365.0, list(variances), list(variances.values())))
    # two holidays lie within these thirty days, and the strikes listed end at 1.9 deviations
    assert implied == pytest.approx(printed, rel=0.08)
    assert 0.8 < atm_over_vix() < 1.0

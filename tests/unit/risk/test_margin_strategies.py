"""Four strategies whose margin is worked out here by plain arithmetic, scenario by scenario, and met by the engine.

The arithmetic is written anew: scalar Black 76 from the error function, the sixteen scenarios of the exchange as a
list, one sum after the other as NSE Clearing describes them. Golden SPAN values are in `test_margin_golden`.
"""

from datetime import date
from math import erf, exp, log, sqrt

import pytest

from server.core.paths import bundled
from server.domain.instruments import Instrument
from server.risk.margin import Margin, MarginLeg, portfolio_margin
from server.rulebook import Rulebook
from tests.instruments import future, option, share

RULES = Rulebook.load(bundled("config") / "rules")
DAY, NEAR, FAR = date(2026, 11, 20), date(2026, 12, 29), date(2027, 1, 25)
SPOT, RATE, SIGMA, LOT = 24_000.0, 0.065, 0.13, 65
SCAN, VOL, CALENDAR, EXPOSURE = 0.093 * SPOT, 0.04, 0.0175, 0.02
"""Index rules: price scan 9.3 % of spot, volatility scan 4 points, calendar charge 1.75 %, exposure 2 %."""
SCENARIOS = [(p / 3, v, 1.0) for p in (0, 1, -1, 2, -2, 3, -3) for v in (1, -1)] + [(2.0, 0, 0.35), (-2.0, 0, 0.35)]
"""(move in scan ranges, volatility move in scan ranges, share that counts)."""


def years(expiry: date) -> float:
    return (expiry - DAY).days / 365


def forward(expiry: date) -> float:
    return SPOT * exp(RATE * years(expiry))


def normal(x: float) -> float:
    return 0.5 * (1 + erf(x / sqrt(2)))


def d1(f: float, strike: int, t: float, sigma: float) -> float:
    return log(f / strike) / (sigma * sqrt(t)) + 0.5 * sigma * sqrt(t)


def premium(strike: int, right: str, expiry: date, move: float = 0.0, sigma: float = SIGMA) -> float:
    """Black 76 at a forward moved by `move` rupees."""
    f, t = forward(expiry) + move, years(expiry)
    upper = d1(f, strike, t, sigma)
    call = exp(-RATE * t) * (f * normal(upper) - strike * normal(upper - sigma * sqrt(t)))
    return call if right == "CE" else call - exp(-RATE * t) * (f - strike)


def worst(*legs: tuple[int, str, date, int]) -> float:
    """Largest loss of (strike, CE, PE or FUT, expiry, sign) legs over the sixteen scenarios, a lot each."""
    losses = []
    for price, vol, counted in SCENARIOS:
        gain = 0.0
        for strike, right, expiry, sign in legs:
            if right == "FUT":
                gain += sign * price * SCAN
            else:
                after = premium(strike, right, expiry, price * SCAN, SIGMA + vol * VOL)
                gain += sign * (after - premium(strike, right, expiry))
        losses.append(-gain * counted * LOT)
    return max(0.0, *losses)


def delta(strike: int, expiry: date, sign: int) -> float:
    """Composite delta of a call: weighted over seven price moves (CME's weights)."""
    moves = ((0, 0.270), (1, 0.217), (-1, 0.217), (2, 0.110), (-2, 0.110), (3, 0.037), (-3, 0.037))
    each = [w * normal(d1(forward(expiry) + m / 3 * SCAN, strike, years(expiry), SIGMA)) for m, w in moves]
    return sign * exp(-RATE * years(expiry)) * sum(each) / 0.998


def engine(*legs: tuple[Instrument, int]) -> Margin:
    def one(instrument: Instrument, quantity: int) -> MarginLeg:
        expiry, price = instrument.expiry, SPOT
        if expiry is not None:
            price = forward(expiry)
        if expiry is not None and instrument.strike is not None:
            price = premium(int(instrument.strike), instrument.right or "", expiry)
        return MarginLeg(
            instrument=instrument,
            quantity=quantity,
            price=price,
            underlying_price=SPOT,
            product="CNC" if expiry is None else "NRML",
            sigma=SIGMA,
            forward=None if expiry is None else forward(expiry),
        )

    return portfolio_margin([one(*leg) for leg in legs], RULES, DAY)


def nifty(strike: int, right: str, expiry: date = NEAR) -> Instrument:
    return option("NIFTY", expiry, strike, "CE" if right == "CE" else "PE")


def test_margin_of_an_iron_condor_then_the_worse_wing_and_twice_the_exposure() -> None:
    legs = [(24_500, "CE", NEAR, -1), (25_000, "CE", NEAR, 1), (23_500, "PE", NEAR, -1), (23_000, "PE", NEAR, 1)]
    found = engine(*((nifty(k, r), s * LOT) for k, r, _, s in legs))
    credit = -sum(s * premium(k, r, e) for k, r, e, s in legs) * LOT
    paid = (premium(25_000, "CE", NEAR) + premium(23_000, "PE", NEAR)) * LOT
    assert found.span_minor / 100 == pytest.approx(worst(*legs) + credit, abs=0.02)
    assert found.exposure_minor / 100 == pytest.approx(2 * EXPOSURE * SPOT * LOT, abs=0.02)
    assert found.premium_minor / 100 == pytest.approx(paid, abs=0.02)
    # a wing is 500 wide: what is lost there at most, and never both
    assert credit < found.span_minor / 100 <= 500 * LOT * 1.001
    assert found.benefit_minor > found.total_minor


def test_margin_of_a_short_strangle_then_one_side_of_the_scan_and_exposure_on_both() -> None:
    legs = [(24_500, "CE", NEAR, -1), (23_500, "PE", NEAR, -1)]
    found = engine(*((nifty(k, r), s * LOT) for k, r, _, s in legs))
    received = (premium(24_500, "CE", NEAR) + premium(23_500, "PE", NEAR)) * LOT
    assert found.span_minor / 100 == pytest.approx(worst(*legs) + received, abs=0.02)
    assert found.exposure_minor / 100 == pytest.approx(2 * EXPOSURE * SPOT * LOT, abs=0.02)
    assert found.premium_minor == 0
    call, put = engine((nifty(24_500, "CE"), -LOT)), engine((nifty(23_500, "PE"), -LOT))
    assert max(call.span_minor, put.span_minor) < found.span_minor < call.span_minor + put.span_minor


def test_margin_of_a_covered_call_on_a_future_then_little_more_than_the_futures_own() -> None:
    legs = [(0, "FUT", NEAR, 1), (24_500, "CE", NEAR, -1)]
    found = engine((future("NIFTY", NEAR), LOT), (nifty(24_500, "CE"), -LOT))
    received = premium(24_500, "CE", NEAR) * LOT
    assert found.span_minor / 100 == pytest.approx(worst(*legs) + received, abs=0.02)
    assert found.exposure_minor / 100 == pytest.approx(EXPOSURE * (forward(NEAR) + SPOT) * LOT, abs=0.02)
    # worst is the fall: the future loses the scan range, the call its value, which was received and is owed
    alone = engine((future("NIFTY", NEAR), LOT))
    left = max(premium(24_500, "CE", NEAR, -SCAN, SIGMA + v * VOL) for v in (1, -1)) * LOT
    assert found.span_minor / 100 == pytest.approx(alone.span_minor / 100 + left, abs=0.02)
    naked = engine((nifty(24_500, "CE"), -LOT))
    assert found.benefit_minor == pytest.approx(alone.total_minor + naked.total_minor - found.total_minor, abs=3)
    assert found.benefit_minor > 0.9 * naked.span_minor


def test_margin_of_a_covered_call_on_shares_then_the_shares_cover_nothing_at_the_exchange() -> None:
    # shares are paid for in full, and the call takes what it takes alone unless the shares are pledged
    call = option("RELIANCE", NEAR, 24_500, "CE", lot=LOT)
    both = engine((share("RELIANCE"), LOT), (call, -LOT))
    alone = engine((call, -LOT))
    assert both.held_minor == alone.held_minor
    assert both.premium_minor == round(LOT * SPOT * 100)


def test_margin_of_a_calendar_then_the_scan_of_both_with_a_charge_on_the_far_month() -> None:
    legs = [(24_000, "CE", NEAR, -1), (24_000, "CE", FAR, 1)]
    found = engine((nifty(24_000, "CE", NEAR), -LOT), (nifty(24_000, "CE", FAR), LOT))
    near, far = delta(24_000, NEAR, -1), delta(24_000, FAR, 1)
    charge = min(-near, far) * forward(FAR) * CALENDAR * LOT
    value = (premium(24_000, "CE", FAR) - premium(24_000, "CE", NEAR)) * LOT
    assert found.span_minor / 100 == pytest.approx(max(0.0, worst(*legs) + charge - value), abs=0.02)
    assert found.exposure_minor / 100 == pytest.approx(EXPOSURE * SPOT * LOT, abs=0.02)
    assert found.premium_minor / 100 == pytest.approx(premium(24_000, "CE", FAR) * LOT, abs=0.02)
    naked = engine((nifty(24_000, "CE", NEAR), -LOT))
    assert found.span_minor < 0.2 * naked.span_minor
    assert found.total_minor < naked.total_minor


def test_margin_of_a_calendar_when_the_near_month_expires_then_it_is_naked() -> None:
    legs = [
        MarginLeg(
            instrument=nifty(24_000, "CE", e),
            quantity=q,
            price=p,
            underlying_price=SPOT,
            product="NRML",
            sigma=SIGMA,
        )
        for e, q, p in ((NEAR, -LOT, 80.0), (FAR, LOT, 420.0))
    ]
    together, short = (portfolio_margin(held, RULES, NEAR) for held in (legs, legs[:1]))
    assert together.held_minor == short.held_minor
    assert together.benefit_minor == 0

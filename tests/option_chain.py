"""A made-up option chain for tests: one smile, prices by Black 76 rounded to the tick."""

from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from server.options import black76
from server.options.legs import Leg, Setting, Term
from server.options.listing import ListedExpiry, Listing
from server.options.surface import SmileQuotes

__all__ = (
    "FAR",
    "LOT",
    "NEAR",
    "NEXT",
    "RATE",
    "SETTING",
    "SPOT",
    "future",
    "listed",
    "listing",
    "option",
    "quotes",
    "share",
)

F8 = npt.NDArray[np.float64]
NEAR, NEXT, FAR = date(2026, 12, 1), date(2026, 12, 8), date(2026, 12, 29)
SPOT, RATE, LOT = 24_800.0, 0.065, 75
_YEARS = {NEAR: 7 / 365, NEXT: 14 / 365, FAR: 35 / 365}


def term(expiry: date) -> Term:
    """Spot carried at the rate."""
    return Term(_YEARS[expiry], SPOT * float(np.exp(RATE * _YEARS[expiry])), RATE)


SETTING = Setting(spot=SPOT, terms={e: term(e) for e in _YEARS}, sigma=0.13)


def smile(x: F8) -> F8:
    """Volatility by log-moneyness: puts dearer, both wings up."""
    return 0.13 - 0.15 * x + 1.5 * x * x


def listed(expiry: date, low: float = 22_000.0, high: float = 27_600.0, step: float = 50.0) -> ListedExpiry:
    """All strikes quoted."""
    at = term(expiry)
    k = np.arange(low, high + step / 2, step)
    sigma = smile(np.log(k / at.forward))

    def price(call: bool) -> F8:
        return np.round(black76.price(at.forward, k, at.years, RATE, sigma, call) / 0.05) * 0.05

    return ListedExpiry(
        expiry=expiry,
        term=at,
        strikes=k,
        call=price(True),
        put=price(False),
        sigma=sigma,
        call_delta=black76.delta(at.forward, k, at.years, 0.0, sigma, True),
    )


def listing(*, shares: bool = False, futures: bool = True) -> Listing:
    """Three expiries of NIFTY and a monthly future."""
    return Listing(
        name="NIFTY",
        spot=SPOT,
        lot=LOT,
        expiries=(listed(NEAR), listed(NEXT), listed(FAR)),
        futures={FAR: term(FAR).forward} if futures else {},
        shares=shares,
    )


def option(strike: int, right: str, quantity: int, price: str, expiry: date = NEAR, sigma: float | None = None) -> Leg:
    """One option leg."""
    return Leg(
        kind="OPTION",
        quantity=quantity,
        price=Decimal(price),
        strike=Decimal(strike),
        right="CE" if right == "CE" else "PE",
        expiry=expiry,
        lot=LOT,
        sigma=sigma,
    )


def future(quantity: int, price: str = "24960", expiry: date = FAR) -> Leg:
    """One future leg."""
    return Leg(kind="FUTURE", quantity=quantity, price=Decimal(price), expiry=expiry, lot=LOT)


def share(quantity: int, price: str = "24800") -> Leg:
    """Shares."""
    return Leg(kind="EQUITY", quantity=quantity, price=Decimal(price))


def quotes(expiry: date = NEAR, half: float = 0.0005, low: float = 22_500.0, high: float = 27_000.0) -> SmileQuotes:
    """Both sides of every strike about the smile's prices, no narrower than a tick; nothing below a tick is bid."""
    at = term(expiry)
    k = np.arange(low, high + 25.0, 50.0)
    sigma = smile(np.log(k / at.forward))
    sides = []
    for call in (True, False):
        fair = black76.price(at.forward, k, at.years, RATE, sigma, call)
        bid = np.floor((fair * (1.0 - half)) / 0.05) * 0.05
        ask = np.ceil((fair * (1.0 + half)) / 0.05) * 0.05
        sides += [np.where(bid > 0, bid, np.nan), np.maximum(ask, bid + 0.05)]
    return SmileQuotes(
        years=at.years,
        forward=at.forward,
        rate=RATE,
        strike=k,
        call_bid=sides[0],
        call_ask=sides[1],
        put_bid=sides[2],
        put_ask=sides[3],
    )

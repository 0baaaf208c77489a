"""The watchlists of a new installation: indices, liquid shares, banks, and the options around the money."""

from decimal import Decimal
from typing import Any

import numpy as np

from server.market.catalogue import KINDS
from server.market.market import Market

__all__ = ("first_watchlists",)

_SHARES = (
    "RELIANCE",
    "HDFCBANK",
    "INFY",
    "TCS",
    "ICICIBANK",
    "SBIN",
    "LT",
    "ITC",
    "BHARTIARTL",
    "MARUTI",
    "TITAN",
    "SUNPHARMA",
)
_BANKS = ("HDFCBANK", "ICICIBANK", "SBIN", "KOTAKBANK", "AXISBANK", "INDUSINDBK")
_STEPS = 2


def first_watchlists(market: Market) -> list[dict[str, Any]]:
    """Lists of what this market has; never a key it does not know."""
    catalogue = market.catalogue
    indices = [str(catalogue.keys[row]) for row in np.flatnonzero(catalogue.kind == KINDS.index("INDEX"))]
    lists = [
        ("index", "Index", indices + _futures(market, "NIFTY")[:1] + _around(market, "NIFTY")),
        ("shares", "Shares", [f"NSE:{name}" for name in _SHARES]),
        ("banks", "Banks", ["NSE_INDEX:BANKNIFTY", *_futures(market, "BANKNIFTY")[:1], *(f"NSE:{n}" for n in _BANKS)]),
    ]
    return [
        {"id": ident, "name": name, "keys": [key for key in keys if key in catalogue]} for ident, name, keys in lists
    ]


def _futures(market: Market, name: str) -> list[str]:
    return [market.catalogue.key(row) for _, row in market.catalogue.futures(name)]


def _around(market: Market, name: str) -> list[str]:
    """Calls and puts of the nearest expiry around the money."""
    expiries = market.catalogue.expiries(name)
    spot = market.spot(name)
    if not expiries or np.isnan(spot):
        return []
    chain = market.catalogue.chain(name, expiries[0])
    nearest = min(range(len(chain)), key=lambda i: abs(chain[i].strike - Decimal(repr(spot))))
    rows = chain[max(0, nearest - _STEPS // 2) : nearest + _STEPS // 2 + 1]
    return [market.catalogue.key(row) for strike in rows for row in (strike.call, strike.put) if row is not None]

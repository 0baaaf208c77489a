"""What an open strategy is worth now: profit on its own prices, Greeks from the live chains, and the age of both."""

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite

import msgspec

from server.analytics.chains import Chains
from server.analytics.contracts import ChainId
from server.domain.money import exact, to_minor
from server.market.market import Market
from server.rulebook import Rulebook
from server.strategies.strategy import Strategy

__all__ = ("LegPrice", "Live", "live_of", "value_minor")

_DAYS = 365.0


class LegPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Last price of a contract with its age."""

    ltp: Decimal | None
    age: float | None
    stale: bool


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one moment; None = cannot be told."""

    open_minor: int | None
    """Open profit."""
    value_minor: int | None
    """Value of what is held: below zero where it would cost to close."""
    spot: float | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    iv: float | None
    """At the money of the nearest expiry."""
    days_left: float | None
    prices: Mapping[str, LegPrice]
    stale: bool
    """Whether a price of it is older than an order may be priced on."""


def live_of(strategy: Strategy, market: Market, chains: Chains, rulebook: Rulebook) -> Live:
    """Figures of a strategy now."""
    prices = {leg.key: _price(market, leg.key) for leg in strategy.held}
    value = value_minor(strategy, market)
    cost = sum(leg.cost_minor for leg in strategy.held)
    totals: dict[str, float | None] = dict.fromkeys(("delta", "gamma", "theta", "vega"), 0.0)
    expiries = []
    for leg in strategy.held:
        item = market.instrument(leg.key)
        if item is None:
            continue
        if item.expiry is not None:
            expiries.append(item.expiry)
        for name, one in _greeks(market, chains, leg.key).items():
            before = totals[name]
            totals[name] = None if one is None or before is None else before + one * leg.quantity
    nearest = min(expiries, default=None)
    iv = None
    if nearest is not None:
        view = chains.latest(market.id, ChainId(_name(market, strategy), nearest))
        iv = view.summary.atm_iv if view is not None else None
    spot = market.last(strategy.underlying)
    return Live(
        open_minor=None if value is None else value - cost,
        value_minor=value,
        spot=spot if isfinite(spot) else None,
        iv=iv,
        days_left=None if nearest is None else round(rulebook.year_fraction(market.now(), nearest) * _DAYS, 4),
        prices=prices,
        stale=any(price.stale for price in prices.values()),
        **totals,
    )


def value_minor(strategy: Strategy, market: Market) -> int | None:
    """Value of all units held at last prices, in paise; None while a price is missing."""
    total = 0
    for leg in strategy.held:
        last = market.last(leg.key)
        if not isfinite(last):
            return None
        total += to_minor(exact(last) * leg.quantity)
    return total


def _price(market: Market, key: str) -> LegPrice:
    quote = market.quote(key)
    if quote is None:
        return LegPrice(ltp=None, age=None, stale=True)
    return LegPrice(ltp=quote.ltp, age=round(quote.age, 3), stale=not market.fresh(key))


def _greeks(market: Market, chains: Chains, key: str) -> dict[str, float | None]:
    """Of one unit."""
    item = market.instrument(key)
    none: dict[str, float | None] = dict.fromkeys(("delta", "gamma", "theta", "vega"))
    if item is None:
        return none
    if item.kind != "OPTION" or item.expiry is None or item.strike is None:
        return {"delta": 1.0, "gamma": 0.0, "theta": 0.0, "vega": 0.0}
    view = chains.latest(market.id, ChainId(item.name, item.expiry))
    at = view.place(float(item.strike)) if view is not None else None
    if view is None or at is None:
        return none
    side = view.call if item.right == "CE" else view.put
    found = {name: float(getattr(side, name)[at]) for name in none}
    return {name: value if isfinite(value) else None for name, value in found.items()}


def _name(market: Market, strategy: Strategy) -> str:
    item = market.instrument(strategy.underlying)
    return item.name if item is not None else strategy.underlying.partition(":")[2]

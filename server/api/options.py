"""Option chains: what is listed, and one chain with implied volatility, Greeks and the figures of the whole."""

from datetime import date, datetime
from typing import Annotated

import msgspec
import numpy as np
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.analytics.cache import CacheKind
from server.analytics.contracts import ChainId
from server.analytics.underlyings import lot_of, underlyings
from server.analytics.view import BUILD_UP, ChainView, Fit, Side, Summary, finite
from server.api.context import Context
from server.api.wire import Page, price
from server.market.market import Market
from server.options.codes import SENTENCES

__all__ = ("ROUTES", "ChainWire", "strike_text")

_DAYS = 365.0


class UnderlyingWire(msgspec.Struct, frozen=True, kw_only=True):
    """An index or share with listed options."""

    key: str
    name: str
    title: str
    kind: str
    lot: int
    """Units in one lot of the nearest expiry."""
    expiries: list[date]


class ExpiryWire(msgspec.Struct, frozen=True, kw_only=True):
    """An expiry of an underlying; volatility and move are null until its chain was computed."""

    date: date
    days: float
    """Calendar days left, to the minute."""
    atm_iv: float | None
    expected_move: float | None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One contract. Prices are strings; figures are numbers or null."""

    key: str
    ltp: str | None
    bid: str | None
    ask: str | None
    bid_qty: int
    ask_qty: int
    close: str | None
    """Previous session's close."""
    volume: int
    oi: int
    """Units."""
    oi_change: float | None
    """Since the session before."""
    build_up: str
    """long, short, covering, unwinding or none."""
    iv: float | None
    iv_reason: str
    """Why there is no implied volatility; empty when there is one."""
    delta: float | None
    gamma: float | None
    theta: float | None
    """Rupees a unit and calendar day."""
    vega: float | None
    """Rupees a unit and point of volatility."""
    rho: float | None
    age: float | None
    """Seconds since its price reached us."""
    stale: bool


class StrikeLine(msgspec.Struct, frozen=True):
    """A strike with its call and put; null where not listed."""

    strike: str
    ce: Cell | None
    pe: Cell | None


class ChainWire(msgspec.Struct, frozen=True, kw_only=True):
    """A chain about the money."""

    market: str
    underlying: str
    name: str
    title: str
    expiry: date
    source: str
    at: datetime
    """Market time of the figures."""
    age: float
    """Seconds since they were computed."""
    lot: int
    expiries: list[ExpiryWire]
    summary: Summary
    fit: Fit
    rows: list[StrikeLine]
    oi_first: int
    """Contracts whose change of open interest and build-up count from the first seen today, because the session before
    is not known of them."""
    notes: list[str]
    """What could not be told and why, in sentences."""


class CacheWire(msgspec.Struct, frozen=True):
    """How the cache of answers is doing."""

    items: list[CacheKind]


@get("/api/v1/options", tags=["Options"], summary="What options are listed on", sync_to_thread=False)
def listed(context: NamedDependency[Context], market: FromQuery[str] = "sim") -> Page[UnderlyingWire]:
    """Indices first, then shares, each with its expiries."""
    where = context.market(market)
    return Page(
        [
            UnderlyingWire(
                key=u.key,
                name=u.name,
                title=u.title,
                kind=u.kind,
                lot=lot_of(where, u, u.expiries[0]),
                expiries=list(u.expiries),
            )
            for u in underlyings(where)
        ]
    )


@get("/api/v1/options/{index:str}", tags=["Options"], summary="One option chain")
async def chain(
    context: NamedDependency[Context],
    index: FromPath[str],
    expiry: FromQuery[date | None] = None,
    strikes: Annotated[int, QueryParameter(description="on each side of the money; 0 = all", ge=0, le=200)] = 20,
    market: FromQuery[str] = "sim",
) -> ChainWire:
    """Prices of this moment; figures at most 15 seconds old, with their age. Live figures come over the stream."""
    found, asked = context.chains.find(market, index, expiry)
    view = await context.chains.view(market, asked)
    where = context.market(market)
    return ChainWire(
        market=market,
        underlying=view.underlying,
        name=found.name,
        title=view.title,
        expiry=view.expiry,
        source=view.source,
        at=view.at,
        age=round(context.chains.age(view), 3),
        lot=view.lot,
        expiries=[_expiry(context, where, found.name, day) for day in found.expiries],
        summary=view.summary,
        fit=view.fit,
        rows=_lines(context, where, view, view.around(strikes)),
        oi_first=view.oi_first,
        notes=list(view.notes),
    )


@get("/api/v1/analytics/cache", tags=["Options"], summary="Hits and misses of kept answers", sync_to_thread=False)
def cached(context: NamedDependency[Context]) -> CacheWire:
    """By kind, since the start."""
    return CacheWire(context.chains.cache.stats())


def strike_text(strike: float) -> str:
    """A strike as the API writes it: `24500`, `292.5`."""
    return format(strike, ".2f").rstrip("0").rstrip(".")


def _expiry(context: Context, market: Market, name: str, day: date) -> ExpiryWire:
    view = context.chains.latest(market.id, ChainId(name, day))
    years = context.rulebook.year_fraction(market.now(), day)
    return ExpiryWire(
        date=day,
        days=round(years * _DAYS, 4),
        atm_iv=view.summary.atm_iv if view is not None else None,
        expected_move=view.summary.expected_move if view is not None else None,
    )


def _lines(context: Context, market: Market, view: ChainView, part: slice) -> list[StrikeLine]:
    calls, puts = _cells(context, market, view.call, part), _cells(context, market, view.put, part)
    return [
        StrikeLine(strike_text(strike), call, put)
        for strike, call, put in zip(view.strikes[part].tolist(), calls, puts, strict=True)
    ]


def _cells(context: Context, market: Market, side: Side, part: slice) -> list[Cell | None]:
    rows = side.rows[part]
    places = np.maximum(rows, 0)
    slots = market.hub.slots
    quotes = slots.quotes.take(places)
    ages = context.clock.monotonic() - slots.received[places]
    out: list[Cell | None] = []
    for n, (at, row) in enumerate(zip(range(part.start, part.start + len(rows)), rows.tolist(), strict=True)):
        if row < 0:
            out.append(None)
            continue
        quote = quotes[n]
        key = market.catalogue.key(row)
        iv = finite(side.iv[at])
        out.append(
            Cell(
                key=key,
                ltp=price(float(quote["ltp"])),
                bid=price(float(quote["bid"])),
                ask=price(float(quote["ask"])),
                bid_qty=int(quote["bid_qty"]),
                ask_qty=int(quote["ask_qty"]),
                close=price(float(quote["close"])),
                volume=int(quote["volume"]),
                oi=int(quote["oi"]),
                oi_change=finite(side.oi_change[at]),
                build_up=BUILD_UP[int(side.build_up[at])],
                iv=iv,
                iv_reason="" if iv is not None else SENTENCES.get(int(side.iv_reason[at]), ""),
                delta=finite(side.delta[at]),
                gamma=finite(side.gamma[at]),
                theta=finite(side.theta[at]),
                vega=finite(side.vega[at]),
                rho=finite(side.rho[at]),
                age=None if np.isnan(quote["ltp"]) else round(float(ages[n]), 3),
                stale=not market.fresh(key),
            )
        )
    return out


ROUTES = (listed, chain, cached)

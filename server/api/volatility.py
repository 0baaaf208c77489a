"""Volatility: smiles, surface, term structure, the straddle's day, what the underlying did and what is asked for it."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
import numpy as np
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.analytics.contracts import ChainId
from server.analytics.course import straddle_course
from server.analytics.smiles import fit_of
from server.analytics.terms import slope
from server.analytics.underlyings import Underlying, expiry_of, underlying
from server.analytics.view import ChainView, Fit, finite
from server.analytics.volatility import Picture
from server.api.context import Context
from server.api.options import strike_text
from server.core.errors import Invalid

__all__ = ("ROUTES",)

_DAYS = 365.0
_MS = 1_000_000
_SMILES = 4
_CURVE = 121
_WIDE = np.linspace(0.85, 1.15, 31)


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """The out-of-the-money side of each quoted strike; volatilities or null."""

    strike: list[float]
    iv: list[float | None]
    bid_iv: list[float | None]
    ask_iv: list[float | None]
    right: list[str]


class CurveOf(msgspec.Struct, frozen=True, kw_only=True):
    """The fitted smile; empty when there is none."""

    strike: list[float]
    iv: list[float | None]


class SmileWire(msgspec.Struct, frozen=True, kw_only=True):
    """The smile of one expiry."""

    expiry: date
    days: float
    forward: float | None
    atm_iv: float | None
    fit: Fit
    skew: float | None
    risk_reversal: float | None
    butterfly: float | None
    put_25: float | None
    call_25: float | None
    points: Points
    curve: CurveOf
    notes: list[str]


class Smiles(msgspec.Struct, frozen=True, kw_only=True):
    """Smiles by expiry."""

    underlying: str
    name: str
    market: str
    source: str
    at: datetime
    age: float
    spot: float | None
    smiles: list[SmileWire]


class SurfaceWire(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility by expiry (rows) and strike over forward (columns)."""

    underlying: str
    name: str
    market: str
    source: str
    at: datetime
    age: float
    spot: float | None
    moneyness: list[float]
    expiries: list[date]
    days: list[float]
    iv: list[list[float | None]]
    fits: list[Fit]


class TermPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry."""

    expiry: date
    days: float
    forward: float | None
    atm_iv: float | None
    straddle: float | None
    expected_move: float | None


class TermStructure(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility at the money by expiry."""

    underlying: str
    name: str
    market: str
    source: str
    at: datetime
    age: float
    spot: float | None
    points: list[TermPoint]
    shape: str
    """contango, backwardation, flat or unknown."""


class StraddleWire(msgspec.Struct, frozen=True, kw_only=True):
    """Columns by minute of the present market day."""

    underlying: str
    market: str
    expiry: date
    strike: str | None
    """null: the strike at the money in each minute."""
    at: datetime
    t: list[int]
    straddle: list[float | None]
    iv: list[float | None]
    spot: list[float | None]
    strikes: list[float]


class Realised(msgspec.Struct, frozen=True, kw_only=True):
    """Annualised volatility of the last days, by estimator."""

    window: int
    close: float | None
    parkinson: float | None
    garman_klass: float | None
    rogers_satchell: float | None
    yang_zhang: float | None


class ConeLine(msgspec.Struct, frozen=True, kw_only=True):
    """The range volatility kept to over one horizon."""

    window: int
    min: float
    p25: float
    median: float
    p75: float
    max: float
    now: float


class RankWire(msgspec.Struct, frozen=True, kw_only=True):
    """Where implied volatility stands in its year, 0..1."""

    iv: float | None
    rank: float | None
    percentile: float | None
    days: int
    source: str
    """own: the app's record of 30-day volatility; vix: the volatility index; none."""
    low: float | None
    high: float | None


class HistoryWire(msgspec.Struct, frozen=True, kw_only=True):
    """By day: implied (see the rank's source) and realised over 20 days."""

    t: list[int]
    iv: list[float | None]
    realised: list[float | None]


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Annualised volatility expected over so many days."""

    days: int
    volatility: float


class GarchWire(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast, or why there is none."""

    available: bool
    model: str
    forecast: list[Forecast]
    persistence: float | None
    long_run: float | None
    reason: str


class RegimeWire(msgspec.Struct, frozen=True, kw_only=True):
    """In words."""

    level: str
    """low, normal, high, extreme or unknown."""
    slope: str
    realised: str
    """rising, falling, steady or unknown."""


class VolatilityWire(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility of one underlying."""

    underlying: str
    name: str
    market: str
    at: datetime
    age: float
    days: int
    """Daily bars used."""
    spot: float | None
    atm_iv: float | None
    """At the money, 30 days ahead."""
    realised: list[Realised]
    cone: list[ConeLine]
    rank: RankWire
    history: HistoryWire
    premium: float | None
    """Implied less realised over 30 days."""
    garch: GarchWire
    regime: RegimeWire


@get("/api/v1/options/{index:str}/smile", tags=["Volatility"], summary="Smiles with their fitted curves")
async def smile(
    context: NamedDependency[Context],
    index: FromPath[str],
    expiry: FromQuery[date | None] = None,
    market: FromQuery[str] = "sim",
) -> Smiles:
    """Of one expiry, or of the nearest four."""
    if expiry is None:
        found, views = await context.volatility.views(market, index, _SMILES)
    else:
        found, chain = context.chains.find(market, index, expiry)
        views = [await context.chains.view(market, chain)]
    return Smiles(**_head(context, market, found, views), smiles=[_smile(view) for view in views])


@get("/api/v1/options/{index:str}/surface", tags=["Volatility"], summary="The volatility surface")
async def surface(
    context: NamedDependency[Context], index: FromPath[str], market: FromQuery[str] = "sim"
) -> SurfaceWire:
    """The nearest expiries fitted together without arbitrage; at most two minutes old."""
    found, views, fitted = await context.volatility.surface(market, index)
    with np.errstate(all="ignore"):
        rows: list[list[float | None]] = [
            [None for _ in _WIDE] if one is None else _column(one.iv(one.forward * _WIDE)) for one in fitted.smiles
        ]
    return SurfaceWire(
        **_head(context, market, found, views),
        moneyness=np.round(_WIDE, 4).tolist(),
        expiries=[view.expiry for view in views],
        days=[round(view.term.years * _DAYS, 4) for view in views],
        iv=rows,
        fits=[fit_of(one) for one in fitted.fits],
    )


@get("/api/v1/options/{index:str}/term", tags=["Volatility"], summary="Volatility by expiry")
async def term(
    context: NamedDependency[Context], index: FromPath[str], market: FromQuery[str] = "sim"
) -> TermStructure:
    """At the money, with straddles and expected moves."""
    found = underlying(context.market(market), index)
    views = await context.chains.bare(market, [ChainId(found.name, day) for day in found.expiries])
    return TermStructure(
        **_head(context, market, found, views),
        points=[
            TermPoint(
                expiry=view.expiry,
                days=round(view.term.years * _DAYS, 4),
                forward=view.summary.forward,
                atm_iv=view.summary.atm_iv,
                straddle=view.summary.straddle,
                expected_move=view.summary.expected_move,
            )
            for view in views
        ],
        shape=slope([(view.term.years, view.summary.atm_iv) for view in views]),
    )


@get("/api/v1/options/{index:str}/straddle", tags=["Volatility"], summary="The straddle through the day")
async def straddle(
    context: NamedDependency[Context],
    index: FromPath[str],
    expiry: FromQuery[date | None] = None,
    strike: Annotated[float | None, QueryParameter(description="null: at the money in each minute", gt=0)] = None,
    market: FromQuery[str] = "sim",
) -> StraddleWire:
    """Call and put together, with their volatility and the spot, by the minute."""
    where = context.market(market)
    found = underlying(where, index)
    day = expiry_of(found, expiry, where.day)

    async def make() -> Any:
        return await straddle_course(context.chains, context.rulebook, where, found, day, strike)

    course = await context.chains.cache.get("option chain", (market, found.key, day, strike, "straddle"), make)
    return StraddleWire(
        underlying=found.key,
        market=market,
        expiry=day,
        strike=None if strike is None else strike_text(strike),
        at=where.now(),
        t=(course.t_ns // _MS).tolist(),
        straddle=_column(course.straddle, 2),
        iv=_column(course.iv),
        spot=_column(course.spot, 2),
        strikes=course.strikes.tolist(),
    )


@get("/api/v1/analytics/volatility", tags=["Volatility"], summary="Volatility of one underlying")
async def volatility(
    context: NamedDependency[Context],
    underlying: Annotated[str, QueryParameter(description="by name or key, as `NIFTY`", max_length=60)],
    market: FromQuery[str] = "sim",
) -> VolatilityWire:
    """Realised by five estimators, cone, rank, forecast and regime; at most two minutes old."""
    if not underlying:
        raise Invalid(
            "No underlying was named.",
            code="underlying.unknown",
            field="underlying",
            remedy="Name one, as NIFTY or NSE:RELIANCE.",
        )
    found = await context.volatility.picture(market, underlying)
    return VolatilityWire(
        underlying=found.underlying.key,
        name=found.underlying.name,
        market=market,
        at=context.market(market).now(),
        age=round(context.chains.now() - found.computed, 3),
        days=len(found.bars.close),
        spot=found.spot,
        atm_iv=found.atm_iv,
        realised=[Realised(window=window, **line) for window, line in found.realised],
        cone=_cone(found),
        rank=_rank(found),
        history=_history(found),
        premium=found.premium,
        garch=GarchWire(
            available=found.garch.available,
            model=found.garch.model,
            forecast=[Forecast(days=days, volatility=value) for days, value in found.garch.forecast],
            persistence=found.garch.persistence,
            long_run=found.garch.long_run,
            reason=found.garch.reason,
        ),
        regime=RegimeWire(
            level=found.rank.regime if found.rank is not None else "unknown",
            slope=found.slope,
            realised=found.trend,
        ),
    )


def _head(context: Context, market: str, found: Underlying, views: list[ChainView]) -> dict[str, Any]:
    """What all answers begin with."""
    where = context.market(market)
    return {
        "underlying": found.key,
        "name": found.name,
        "market": market,
        "source": where.source,
        "at": views[0].at if views else where.now(),
        "age": round(max((context.chains.age(view) for view in views), default=0.0), 3),
        "spot": finite(where.last(found.key)),
    }


def _smile(view: ChainView) -> SmileWire:
    above = view.strikes >= view.term.forward
    iv, bid, ask = (
        np.where(above, getattr(view.call, name), getattr(view.put, name)) for name in ("iv", "bid_iv", "ask_iv")
    )
    quoted = np.isfinite(iv) | np.isfinite(bid) | np.isfinite(ask)
    strikes = view.strikes[quoted]
    curve = CurveOf(strike=[], iv=[])
    if view.smile is not None and len(strikes) > 1:
        grid = np.linspace(strikes[0], strikes[-1], _CURVE)
        curve = CurveOf(strike=np.round(grid, 2).tolist(), iv=_column(view.smile.curve.iv(grid)))
    return SmileWire(
        expiry=view.expiry,
        days=round(view.term.years * _DAYS, 4),
        forward=view.summary.forward,
        atm_iv=view.summary.atm_iv,
        fit=view.fit,
        skew=view.summary.skew,
        risk_reversal=view.summary.risk_reversal,
        butterfly=view.summary.butterfly,
        put_25=view.summary.put_25,
        call_25=view.summary.call_25,
        points=Points(
            strike=strikes.tolist(),
            iv=_column(iv[quoted]),
            bid_iv=_column(bid[quoted]),
            ask_iv=_column(ask[quoted]),
            right=["CE" if one else "PE" for one in above[quoted].tolist()],
        ),
        curve=curve,
        notes=list(view.notes),
    )


def _cone(found: Picture) -> list[ConeLine]:
    cone = found.cone
    if cone is None:
        return []
    return [
        ConeLine(window=window, min=low, p25=q1, median=middle, p75=q3, max=high, now=now)
        for window, low, q1, middle, q3, high, now in zip(
            cone.windows,
            cone.least,
            cone.quarter,
            cone.median,
            cone.three_quarters,
            cone.most,
            cone.now,
            strict=True,
        )
    ]


def _rank(found: Picture) -> RankWire:
    rank = found.rank
    return RankWire(
        iv=rank.now if rank is not None else found.atm_iv,
        rank=None if rank is None or rank.rank is None else rank.rank / 100,
        percentile=None if rank is None else rank.percentile / 100,
        days=0 if rank is None else rank.observations,
        source=found.rank_source,
        low=None if rank is None else rank.lowest,
        high=None if rank is None else rank.highest,
    )


def _history(found: Picture) -> HistoryWire:
    """Both series on the days of either."""
    implied = dict(zip(found.history_ns, found.history_iv, strict=True))
    realised = dict(zip(found.bars.start_ns.tolist(), found.rolling.tolist(), strict=True))
    days = sorted({*implied, *list(realised)[-len(implied) or -252 :]})
    nothing = float("nan")
    return HistoryWire(
        t=[day // _MS for day in days],
        iv=[finite(implied.get(day, nothing)) for day in days],
        realised=[finite(realised.get(day, nothing)) for day in days],
    )


def _column(values: Any, digits: int = 6) -> list[float | None]:
    return [finite(value) for value in np.round(values, digits).tolist()]


ROUTES = (smile, surface, term, straddle, volatility)

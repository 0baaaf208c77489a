"""Volatility of one underlying: what it did, what options ask for it, and how both stand in their year."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.analytics.chains import Chains
from server.analytics.contracts import ChainId
from server.analytics.forecast import Forecasts, GarchFound
from server.analytics.minutes import bracket
from server.analytics.ranks import Ranks
from server.analytics.smiles import quotes_of
from server.analytics.terms import constant_maturity, slope
from server.analytics.underlyings import Underlying, underlying
from server.analytics.view import ChainView, finite
from server.core.errors import SaudaError
from server.market.market import Market
from server.market.ports import BarColumns
from server.options.rank import Rank, rank
from server.options.realised import ESTIMATORS, Cone, cone, realised, rolling
from server.options.surface import Surface, fit_surface

__all__ = ("Picture", "Volatility")

F8 = npt.NDArray[np.float64]
_DAYS = 600
_WINDOWS = (10, 20, 30, 60, 90)
_CONE = (5, 10, 20, 40, 60, 120, 240)
_CHANGE = 0.15
"""Share by which ten days must differ from thirty to be called rising or falling."""
_EXPIRIES = 6
_SURFACE = 8


class Picture(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """See the module's text."""

    underlying: Underlying
    spot: float | None
    bars: BarColumns
    realised: Sequence[tuple[int, dict[str, float | None]]]
    """(days, by estimator)."""
    cone: Cone | None
    atm_iv: float | None
    rank: Rank | None
    rank_source: Literal["own", "vix", "none"]
    history_ns: Sequence[int]
    history_iv: Sequence[float]
    rolling: F8
    """20-day Yang-Zhang, one a bar."""
    premium: float | None
    garch: GarchFound
    slope: str
    trend: Literal["rising", "falling", "steady", "unknown"]
    computed: float


class Volatility:
    """Answers are kept for two minutes (`cache`); the mathematics runs on threads."""

    def __init__(self, chains: Chains, ranks: Ranks) -> None:
        self._chains = chains
        self._ranks = ranks
        self.forecasts = Forecasts()

    async def picture(self, market_id: str, asked: str) -> Picture:
        """Volatility of an underlying; raises NotFound."""
        found = underlying(self._chains.market(market_id), asked)

        async def make() -> Picture:
            return await self._picture(self._chains.market(market_id), found)

        picture = await self._chains.cache.get("volatility", (market_id, found.key, "picture"), make)
        bars = picture.bars
        last = int(bars.start_ns[-1]) if len(bars.start_ns) else 0
        # not kept with the picture: it comes a few seconds later
        forecast = self.forecasts.of((market_id, found.key, last), bars.close)
        return msgspec.structs.replace(picture, garch=forecast)

    async def views(self, market_id: str, asked: str, most: int) -> tuple[Underlying, list[ChainView]]:
        """The nearest chains of an underlying, at most 15 seconds old."""
        found = underlying(self._chains.market(market_id), asked)
        views = [await self._chains.view(market_id, ChainId(found.name, e)) for e in found.expiries[:most]]
        return found, views

    async def surface(self, market_id: str, asked: str) -> tuple[Underlying, list[ChainView], Surface]:
        """The nearest eight expiries fitted together, free of calendar arbitrage."""
        found = underlying(self._chains.market(market_id), asked)

        async def make() -> tuple[Underlying, list[ChainView], Surface]:
            views = await self._chains.bare(market_id, [ChainId(found.name, e) for e in found.expiries[:_SURFACE]])
            quotes = [quotes_of(v.strikes, v.bid, v.ask, v.term) for v in views]
            return found, views, await asyncio.to_thread(fit_surface, quotes)

        return await self._chains.cache.get("volatility", (market_id, found.key, "surface"), make)

    # ---------------------------------------------------------------- inside

    async def _picture(self, market: Market, found: Underlying) -> Picture:
        bars = await market.hub.bars(found.key, "1d", None, _DAYS)
        atm_iv, points = await self._implied(market, found)
        history = await self._ranks.history(market, found.key, found.kind)
        now = self._ranks.now(market, found.key, history.source, atm_iv)
        columns = (bars.open, bars.high, bars.low, bars.close)
        measured = await asyncio.to_thread(_measured, columns)
        spot = market.last(found.key)
        thirty = dict(measured[0]).get(30, {}).get("yang_zhang")
        return Picture(
            underlying=found,
            spot=finite(spot),
            bars=bars,
            realised=measured[0],
            cone=measured[1],
            atm_iv=atm_iv,
            rank=rank(history.values, now) if now is not None else None,
            rank_source=history.source,
            history_ns=history.start_ns.tolist(),
            history_iv=history.values.tolist(),
            rolling=measured[2],
            premium=None if atm_iv is None or thirty is None else atm_iv - thirty,
            garch=GarchFound(available=False),
            slope=slope(points),
            trend=_trend(dict(measured[0])),
            computed=self._chains.now(),
        )

    async def _implied(
        self, market: Market, found: Underlying
    ) -> tuple[float | None, list[tuple[float, float | None]]]:
        chosen = dict.fromkeys((*(ChainId(found.name, e) for e in found.expiries[:_EXPIRIES]), *bracket(found, market)))
        try:
            views = await self._chains.bare(market.id, list(chosen))
        except SaudaError:
            return None, []
        points = [(view.term.years, view.summary.atm_iv) for view in views]
        return constant_maturity(points), points


def _measured(columns: tuple[F8, F8, F8, F8]) -> tuple[list[tuple[int, dict[str, float | None]]], Cone | None, F8]:
    count = len(columns[3])
    found: list[tuple[int, dict[str, float | None]]] = []
    for window in _WINDOWS:
        line: dict[str, float | None] = dict.fromkeys(ESTIMATORS)
        if count > window:
            part: Any = [column[-window - 1 :] for column in columns]
            for kind in ESTIMATORS:
                line[kind] = finite(realised(kind, *part))
        found.append((window, line))
    width = cone("yang_zhang", *columns, windows=_CONE) if count > _CONE[0] else None
    twenty = rolling("yang_zhang", 20, *columns) if count else np.empty(0)
    return found, width, twenty


def _trend(found: dict[int, dict[str, float | None]]) -> Literal["rising", "falling", "steady", "unknown"]:
    short, long = (found.get(days, {}).get("yang_zhang") for days in (10, 30))
    if short is None or long is None:
        return "unknown"
    if short > long * (1 + _CHANGE):
        return "rising"
    return "falling" if short < long * (1 - _CHANGE) else "steady"

"""The past of the simulated market: minute bars of the last days and daily bars of about a year.

The last days come from the same paths and the same prints as the live market, drawn for ordinals below 0 and set
to end at the first day's previous closes. Before them a coarser chain makes daily bars only: India VIX as the same
AR(1) read backwards (a stationary Gaussian AR(1) is its own mirror image), NIFTY's return tied to VIX's change with
correlation -0.56 (FIDELITY), shares by their loadings, and the day's range from 25 points with what happens between.
"""

import math
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.clock import IST, to_ns
from server.core.errors import Invalid
from server.feeds.simulator import noise
from server.feeds.simulator.factors import DayPath, Opening, day_path, next_calm
from server.feeds.simulator.facts import SpotFacts, spot_facts
from server.feeds.simulator.schedule import SECOND, DaySchedule, schedule
from server.feeds.simulator.spots import SpotTape
from server.feeds.simulator.tuning import Tuning
from server.feeds.simulator.universe import Universe
from server.market.ports import BarColumns
from server.rulebook import Rulebook

__all__ = ("History", "day_bars")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_FIRST_ORDINAL: Final = -60
"""The day factor's chain starts here, at its mean."""
_STREAM_CHAIN: Final = 200
_STREAM_COARSE: Final = 201
_CHUNK: Final = 1_800
_POINTS: Final = 25
_CORRELATION: Final = -0.56
_GAP_SHARE: Final = 0.26
"""Part of a day's variance that is the overnight gap: 0.42 % against 0.71 % (FIDELITY)."""


class _PastDay(msgspec.Struct, frozen=True):
    """What it takes to draw one past day again; paths are large, so none is kept."""

    plan: DaySchedule
    opening: Opening
    vix: float
    """Log of India VIX at its end."""
    facts: SpotFacts


class History:
    """Days before the first simulated one; `levels` are the spots' latent prices at its eve."""

    def __init__(
        self,
        rulebook: Rulebook,
        universe: Universe,
        seed: int,
        first_day: date,
        levels: F8,
        vix: float,
        keys: tuple[str, ...],
        tick: F8,
        tuning: Tuning,
    ) -> None:
        """`vix`: log of India VIX at the eve; `keys` and `tick` of the spots and VIX, in listing order."""
        self._rulebook, self._universe, self._seed, self._tuning = rulebook, universe, seed, tuning
        self._first_day, self._keys, self._tick = first_day, keys, tick
        self._vix = [vix]
        """Log VIX at the close of ordinal -1, -2, ..."""
        self._days: list[_PastDay] = []
        self._levels = levels
        self._drawn: tuple[int, DayPath] | None = None

    def calm(self) -> float:
        """State of the day factor at the first day."""
        return self._calm()[0]

    def closes(self) -> F8:
        """Official closes of the day before the first one: spots, then VIX."""
        self._grow(1)
        return self._spots(self._days[0])[0].closes()

    def minutes(self, days: int) -> Iterator[tuple[list[str], BarColumns]]:
        """One-minute bars of the last `days` session days, oldest first: for each minute the keys that traded and
        one bar for each of them."""
        self._grow(days)
        for past in reversed(self._days[:days]):
            spots, path = self._spots(past)
            yield from day_bars(spots, past.plan, path, self._keys)

    def daily(self, days: int, fine: int) -> Iterator[tuple[list[str], BarColumns]]:
        """Daily bars of the `days` session days before the first one, oldest first; the last `fine` are folded from
        the minutes. A bar starts at midnight IST. Fewer where the calendar does not reach back so far."""
        self._grow(fine)
        yield from self._coarse(days - len(self._days[:fine]), fine)
        for past in reversed(self._days[:fine]):
            yield self._fold(past)

    def _dates(self, count: int) -> list[date]:
        """Session days before the first one, newest first."""
        out, day = [], self._first_day
        for _ in range(count):
            try:
                day = self._rulebook.previous_trading_day(day)
                schedule(self._rulebook, day)
            except Invalid:
                break
            out.append(day)
        return out

    def _log_vix(self, count: int) -> list[float]:
        while len(self._vix) < count:
            shock = float(noise.philox(self._seed, -len(self._vix), _STREAM_CHAIN).standard_normal())
            sd = 0.052
            mean = self._tuning.vix_mean
            self._vix.append(
                min(
                    math.log(45.0),
                    max(math.log(9.0), mean + self._tuning.vix_rho * (self._vix[-1] - mean) + sd * shock),
                )
            )
        return self._vix

    def _calm(self) -> dict[int, float]:
        calm = {_FIRST_ORDINAL: 0.0}
        for ordinal in range(_FIRST_ORDINAL, 0):
            opening = Opening(ordinal=ordinal, vix=0.0, calm=calm[ordinal])
            calm[ordinal + 1] = next_calm(self._seed, opening, self._tuning)
        return calm

    def _grow(self, count: int) -> None:
        """Draw fine days until there are `count`, backwards from the eve."""
        if len(self._days) >= count:
            return
        calm = self._calm()
        dates, vix = self._dates(count), self._log_vix(count + 1)
        for number in range(len(self._days), min(count, len(dates))):
            ordinal = -1 - number
            plan = schedule(self._rulebook, dates[number])
            opening = Opening(ordinal=ordinal, vix=vix[number + 1], calm=calm.get(ordinal, 0.0))
            move = self._path(plan, opening, vix[number]).log[-1]
            base = self._levels * np.exp(-move.astype(np.float64))
            facts = spot_facts(self._universe.names, self._keys, self._tick, base, dates[number], self._seed)
            self._days.append(_PastDay(plan, opening, vix[number], facts))
            self._levels = base

    def _path(self, plan: DaySchedule, opening: Opening, vix: float) -> DayPath:
        """Draw a past day; India VIX is led to the level the next day starts from."""
        if self._drawn is not None and self._drawn[0] == opening.ordinal:
            return self._drawn[1]
        path = day_path(self._universe, self._seed, opening, plan.seconds, plan.opening_minute, (), self._tuning)
        lead = (vix - float(path.vix[-1])) * np.linspace(0.0, 1.0, len(path.vix))
        path = msgspec.structs.replace(path, vix=path.vix + lead)
        self._drawn = (opening.ordinal, path)
        return path

    def _spots(self, past: _PastDay) -> tuple[SpotTape, DayPath]:
        path = self._path(past.plan, past.opening, past.vix)
        return SpotTape(past.plan, path, past.facts), path

    def _fold(self, past: _PastDay) -> tuple[list[str], BarColumns]:
        opened: F8 = np.full(len(self._keys), np.nan)
        high, low = np.full(len(self._keys), -np.inf), np.full(len(self._keys), np.inf)
        volume = np.zeros(len(self._keys), dtype=np.int64)
        number = {key: row for row, key in enumerate(self._keys)}
        spots, path = self._spots(past)
        for keys, bars in day_bars(spots, past.plan, path, self._keys):
            rows = np.array([number[key] for key in keys])
            opened[rows] = np.where(np.isnan(opened[rows]), bars.open, opened[rows])
            high[rows], low[rows] = np.maximum(high[rows], bars.high), np.minimum(low[rows], bars.low)
            volume[rows] += bars.volume
        return list(self._keys), _columns(_midnight(past.plan.day), opened, high, low, spots.closes(), volume)

    def _coarse(self, days: int, fine: int) -> Iterator[tuple[list[str], BarColumns]]:
        if days <= 0:
            return
        dates = self._dates(days + fine)[fine:]
        vix = np.array(self._log_vix(len(dates) + fine + 1)[fine:])
        level, n = self._levels.copy(), len(self._levels)
        out = []
        for number, day in enumerate(dates):
            draw = noise.philox(self._seed, -1 - fine - number, _STREAM_COARSE)
            change = (vix[number] - vix[number + 1]) / 0.052
            sd = 0.0083 * math.exp(self._tuning.vix_power * (vix[number + 1] - math.log(self._tuning.vix_reference)))
            market = sd * (_CORRELATION * change + math.sqrt(1.0 - _CORRELATION**2) * float(draw.standard_normal()))
            gap = _GAP_SHARE * market + math.sqrt(_GAP_SHARE * (1.0 - _GAP_SHARE)) * sd * float(draw.standard_normal())
            own = self._universe.own @ draw.standard_normal(self._universe.own.shape[1]) * math.sqrt(22_500.0)
            move = self._universe.beta * market + own
            jump = self._universe.beta * gap + 0.3 * own
            spread = np.sqrt((self._universe.beta * sd) ** 2 + self._universe.own_year**2 / 252.0) * 0.86
            previous = level * np.exp(-move)
            opened = previous * np.exp(jump)
            high, low = _range(draw, opened, level, spread)
            quoted = [self._on_tick(x) for x in (opened, high, low, level)]
            wander = np.exp(
                np.array(
                    [
                        vix[number + 1],
                        max(vix[number : number + 2]) + 0.02,
                        min(vix[number : number + 2]) - 0.02,
                        vix[number],
                    ]
                )
            )
            bars = [
                np.append(q, np.rint(w / self._tick[n]) * self._tick[n]) for q, w in zip(quoted, wander, strict=True)
            ]
            facts = spot_facts(self._universe.names, self._keys, self._tick, previous, day, self._seed)
            out.append(
                (
                    list(self._keys),
                    _columns(_midnight(day), bars[0], bars[1], bars[2], bars[3], facts.turnover.astype(np.int64)),
                )
            )
            level = previous
        yield from reversed(out)

    def _on_tick(self, level: F8) -> F8:
        tick = self._tick[: len(level)]
        price: F8 = np.round(np.rint(level / tick) * tick, 4)
        return price


def day_bars(
    spots: SpotTape, plan: DaySchedule, path: DayPath, keys: tuple[str, ...], first: int = 0, stop: int | None = None
) -> Iterator[tuple[list[str], BarColumns]]:
    """One-minute bars of minutes [first, stop) of a day, from the very prints that the live market sends.

    Yields for each minute (keys that traded, bars); after the shares' close only VIX, and in the auction's minute
    the auction. Volume is that of the minute."""
    n = len(keys)
    whole = max(spots.seconds, spots.vix_seconds)
    end = -(-whole // 60) if stop is None else stop
    before = spots.volumes(first * 60 - 1, first * 60)[0] if first else np.zeros(n, dtype=np.int64)
    auction = None if spots.auction is None else spots.auction // 60
    for chunk in range(first * 60, min(end * 60, whole), _CHUNK):
        upto = min(chunk + _CHUNK, end * 60, whole)
        price, volume = spots.prices(chunk, upto), spots.volumes(chunk, upto)
        for at in range(0, upto - chunk, 60):
            minute = (chunk + at) // 60
            block, done = price[at : at + 60], volume[min(at + 59, upto - chunk - 1)]
            live = np.arange(n) if minute * 60 < spots.seconds else np.arange(n - 1, n)
            picked = block[:, live]
            bars = _columns(
                np.full(len(live), plan.open + minute * 60 * SECOND, dtype=np.int64),
                picked[0],
                picked.max(axis=0),
                picked.min(axis=0),
                picked[-1],
                (done - before)[live],
            )
            before = done
            yield [keys[row] for row in live], bars
            if minute == auction:
                yield _auction_bar(spots, plan, keys)


def _auction_bar(spots: SpotTape, plan: DaySchedule, keys: tuple[str, ...]) -> tuple[list[str], BarColumns]:
    batch = spots.auction_batch("", np.arange(len(keys), dtype=np.int32), 0)
    begin = plan.open + (int(spots.auction or 0) // 60) * 60 * SECOND
    before = spots.volumes(spots.seconds - 1, spots.seconds)[0][:-1]
    price = batch.ltp
    return list(keys[:-1]), _columns(
        np.full(len(price), begin, dtype=np.int64), price, price, price, price, np.maximum(0, batch.volume - before)
    )


def _midnight(day: date) -> int:
    return to_ns(datetime.combine(day, time(), tzinfo=IST))


def _columns(start: int | I8, opened: F8, high: F8, low: F8, close: F8, volume: I8) -> BarColumns:
    begin = np.full(len(opened), start, dtype=np.int64) if isinstance(start, int) else start
    return BarColumns(
        start_ns=begin,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume.astype(np.int64),
        oi=np.zeros(len(opened), dtype=np.int64),
    )


def _range(draw: np.random.Generator, opened: F8, closed: F8, spread: F8) -> tuple[F8, F8]:
    """High and low of a day that goes from `opened` to `closed`: a bridge over 25 points and the reach between them."""
    n = len(opened)
    steps = draw.standard_normal((_POINTS, n)) * (spread / math.sqrt(_POINTS))
    walk = np.vstack([np.zeros(n), np.cumsum(steps, axis=0)])
    share = np.linspace(0.0, 1.0, _POINTS + 1)[:, None]
    path = np.log(opened) + walk + share * (np.log(closed / opened) - walk[-1])
    # expected overshoot of a walk between points (Broadie, Glasserman, Kou 1997): 0.5826 of a step
    beyond = 0.5826 * spread / math.sqrt(_POINTS)
    inside = np.exp(path.max(axis=0) + beyond * (path.argmax(axis=0) % _POINTS != 0))
    under = np.exp(path.min(axis=0) - beyond * (path.argmin(axis=0) % _POINTS != 0))
    return np.maximum(inside, np.maximum(opened, closed)), np.minimum(under, np.minimum(opened, closed))

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
from server.feeds.simulator.contracts import PastContracts
from server.feeds.simulator.factors import DayPath, Opening, day_path, next_calm
from server.feeds.simulator.facts import SpotFacts, spot_facts
from server.feeds.simulator.minutes import columns, day_bars
from server.feeds.simulator.schedule import DaySchedule, schedule
from server.feeds.simulator.spots import SpotTape
from server.feeds.simulator.tuning import Tuning
from server.feeds.simulator.universe import Universe
from server.market.ports import BarColumns
from server.rulebook import Rulebook

__all__ = ("History", "PastBars")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_FIRST_ORDINAL: Final = -60
"""The day factor's chain starts here, at its mean."""
_STREAM_CHAIN: Final = 200
_STREAM_COARSE: Final = 201
_POINTS: Final = 25
_CORRELATION: Final = -0.56
_GAP_SHARE: Final = 0.26
"""Part of a day's variance that is the overnight gap: 0.42 % against 0.71 % (FIDELITY)."""


class PastBars(msgspec.Struct, frozen=True):
    """Bars of one interval and the key of each, fit for `TickStore.put_bars`."""

    interval: str
    keys: list[str]
    bars: BarColumns


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
        past = self._days[0]
        return SpotTape(past.plan, self._path(past.plan, past.opening, past.vix), past.facts).closes()

    def eve(self) -> tuple[int, float]:
        """When derivatives stopped on the day before the first one (nanoseconds), and the wobble of the basis then."""
        self._grow(1)
        path = self._path(self._days[0].plan, self._days[0].opening, self._days[0].vix)
        return self._days[0].plan.fno_close, float(path.basis[-1])

    def bars(self, days: int, daily: int, contracts: PastContracts) -> Iterator[PastBars]:
        """One-minute bars of the last `days` session days, the newest day first, then daily bars of the last `daily`
        session days, oldest first; those of the fine days are folded from their minutes, and a daily bar starts at
        midnight IST. Fewer where the calendar does not reach back so far. Each day is drawn once."""
        folded: list[PastBars] = []
        for number in range(days):
            self._grow(number + 1)
            if number == len(self._days):
                break
            past = self._days[number]
            path = self._path(past.plan, past.opening, past.vix)
            spots = SpotTape(past.plan, path, past.facts)
            day = _Fold(len(self._keys))
            for rows, bars in day_bars(spots, past.plan):
                day.add(rows, bars)
                yield PastBars("1m", [self._keys[row] for row in rows.tolist()], bars)
            folded.append(PastBars("1d", list(self._keys), day.bar(_midnight(past.plan.day), spots.closes())))
            for keys, bars in contracts.day(past.plan, path, past.facts, past.opening.vix):
                yield PastBars("1m", keys, bars)
        yield from self._coarse(daily - len(folded), len(folded))
        yield from reversed(folded)

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

    def _coarse(self, days: int, fine: int) -> Iterator[PastBars]:
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
            whole = columns(_midnight(day), bars[0], bars[1], bars[2], bars[3], facts.turnover.astype(np.int64))
            out.append(PastBars("1d", list(self._keys), whole))
            level = previous
        yield from reversed(out)

    def _on_tick(self, level: F8) -> F8:
        tick = self._tick[: len(level)]
        price: F8 = np.round(np.rint(level / tick) * tick, 4)
        return price


class _Fold:
    """A day's bars put together from its minutes."""

    def __init__(self, count: int) -> None:
        self._open: F8 = np.full(count, np.nan)
        self._high, self._low = np.full(count, -np.inf), np.full(count, np.inf)
        self._volume = np.zeros(count, dtype=np.int64)

    def add(self, rows: I8, bars: BarColumns) -> None:
        """Bars in time order, of the rows."""
        new, at = np.unique(rows, return_index=True)
        self._open[new] = np.where(np.isnan(self._open[new]), bars.open[at], self._open[new])
        np.maximum.at(self._high, rows, bars.high)
        np.minimum.at(self._low, rows, bars.low)
        np.add.at(self._volume, rows, bars.volume)

    def bar(self, start: int, close: F8) -> BarColumns:
        """The day, with its official closes."""
        return columns(start, self._open, self._high, self._low, close, self._volume)


def _midnight(day: date) -> int:
    return to_ns(datetime.combine(day, time(), tzinfo=IST))


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

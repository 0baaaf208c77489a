"""One-minute bars of futures, and of index options near the money, for days before the first.

The contracts are those of the first day, priced at the past days' spots, VIX and time by the same model as the live
tape: the fair price at each minute's edges and at the spot's extremes within it, with trades around it. The last
bar closes at the fair price, which is the previous close that the first day starts from. Volume and open interest
follow the usual heights of `flow.py`; open interest ends where the first day begins.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.book import on_tick, reach
from server.feeds.simulator.catalogue import Listing
from server.feeds.simulator.derivatives import quoted_spread
from server.feeds.simulator.factors import DayPath
from server.feeds.simulator.facts import DerivativeFacts, SpotFacts, derivative_facts
from server.feeds.simulator.fair import Chains, Pricer, pricer
from server.feeds.simulator.flow import usual_open
from server.feeds.simulator.liquidity import place
from server.feeds.simulator.schedule import SECOND, DaySchedule
from server.feeds.simulator.shares import INDICES
from server.feeds.simulator.universe import Universe
from server.market.ports import BarColumns
from server.rulebook import Rulebook

__all__ = ("PastContracts", "near_money")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_CHUNK: Final = 30
"""Minutes handled at once."""
_NEAR: Final = {"NIFTY": (12, 2), "BANKNIFTY": (12, 2), "FINNIFTY": (6, 1), "MIDCPNIFTY": (6, 1)}
"""Strikes each side of the money and how many expiries have a past."""


def near_money(listing: Listing, levels: F8) -> Listing:
    """The part of a listing that has a past: all months of index futures, shares' futures of the nearest month, index
    options near the money. `levels` are the spots' prices."""
    of: dict[tuple[str, date], list[int]] = {}
    for row, chain in enumerate(listing.chain.tolist()):
        of.setdefault(listing.chains[chain], []).append(row)
    kept: list[int] = []
    months: dict[str, int] = {}
    used: dict[str, int] = {}
    for number, (name, expiry) in enumerate(listing.chains):
        spot = int(listing.chain_under[number])
        rows = np.array(of[name, expiry])
        option = listing.option[rows]
        futures, options = rows[~option], rows[option]
        if len(futures) and (spot < len(INDICES) or months.get(name, 0) == 0):
            kept += futures.tolist()
            months[name] = months.get(name, 0) + 1
        strikes, expiries = _NEAR.get(name, (0, 0))
        if len(options) and used.get(name, 0) < expiries:
            used[name] = used.get(name, 0) + 1
            listed = np.unique(listing.strike[options])
            near = listed[np.argsort(np.abs(listed - levels[spot]), kind="stable")[: 2 * strikes + 1]]
            kept += options[np.isin(listing.strike[options], near)].tolist()
    kept.sort()
    picked = [listing.instruments[listing.first + row] for row in kept]
    chains = [c for number, c in enumerate(listing.chains) if number in set(listing.chain[kept].tolist())]
    return Listing([*listing.instruments[: listing.first], *picked], listing.spots, chains, {})


class PastContracts:
    """Past days one after another, the newest first."""

    def __init__(
        self,
        rulebook: Rulebook,
        universe: Universe,
        seed: int,
        listing: Listing,
        plan: DaySchedule,
        facts: SpotFacts,
        vix: float,
    ) -> None:
        """`listing` as `near_money` gives it, for the first day, with that day's plan and facts; `vix`: log of India
        VIX at its eve."""
        self._rulebook, self._universe, self._seed, self._listing = rulebook, universe, seed, listing
        self._keys = [i.key for i in listing.instruments[listing.first :]]
        self._later = self._start(plan, facts, vix)[2]

    def day(
        self, plan: DaySchedule, path: DayPath, facts: SpotFacts, vix: float
    ) -> Iterator[tuple[list[str], BarColumns]]:
        """Bars of the day before the one given last, half an hour at a time: (key of each bar, bars). `vix`: log of
        India VIX at its eve."""
        price, fixed, opened = self._start(plan, facts, vix)
        closing, self._later = self._later, opened
        rows = self._listed(plan.day)
        if not len(rows):
            return
        keys = [self._keys[row] for row in rows.tolist()]
        minutes = (plan.fno_close - plan.open) // (60 * SECOND)
        for first in range(0, minutes, _CHUNK):
            stop = min(first + _CHUNK, minutes)
            bars = self._bars(plan, path, facts.levels, price, fixed, (opened, closing), (first, stop, minutes))
            whole = {name: getattr(bars, name)[:, rows].ravel() for name in BarColumns.__struct_fields__}
            yield keys * (stop - first), BarColumns(**whole)

    def _start(self, plan: DaySchedule, facts: SpotFacts, vix: float) -> tuple[Pricer, DerivativeFacts, F8]:
        """Pricer, facts and open interest (lots) at the start of a day."""
        price = pricer(self._rulebook, self._universe, self._seed, self._listing, plan)
        fixed = derivative_facts(self._rulebook, self._listing, plan.day, facts.levels, facts.turnover, self._seed)
        chains = price.chains(facts.levels, float(np.exp(vix)), plan.open, 0.0)
        return price, fixed, usual_open(fixed.flow, price.moneyness(chains))

    def _listed(self, day: date) -> I8:
        """Rows whose contract was listed on a past day."""
        known: dict[str, set[date]] = {}
        for name, _ in self._listing.chains:
            if name not in known:
                known[name] = set(self._rulebook.futures_expiries(name, day))
                known[name] |= {e.date for e in self._rulebook.expiries(name, day)}
        good = np.array([expiry in known[name] for name, expiry in self._listing.chains])
        return np.flatnonzero(good[self._listing.chain])

    def _bars(
        self,
        plan: DaySchedule,
        path: DayPath,
        levels: F8,
        price: Pricer,
        facts: DerivativeFacts,
        interest: tuple[F8, F8],
        span: tuple[int, int, int],
    ) -> BarColumns:
        """The minutes of `span` (first, stop, of the whole day), each column (minutes, rows)."""
        first, stop, whole = span
        count, n = stop - first, len(self._keys)
        minute = np.arange(first, stop)[:, None]
        edge = np.minimum(np.arange(first, stop + 1) * 60, path.last)
        if stop == whole:
            edge[-1] = path.last
        now = np.minimum(plan.open + edge * SECOND, plan.fno_close)[:, None]
        log = path.log[edge].astype(np.float64)
        basis = path.basis[edge].astype(np.float64)[:, None]
        chains = price.chains(levels * np.exp(log), np.exp(path.vix[edge])[:, None], now, basis)
        every = np.arange(n, dtype=np.int64)
        tick = facts.tick
        fair = price.values(every, chains) / tick
        block = path.log[first * 60 : stop * 60]
        if short := count * 60 - len(block):
            block = np.concatenate([block, np.repeat(block[-1:], short, axis=0)])
        block = block.reshape(count, 60, -1)
        under = self._listing.chain_under
        begin = _head(chains)
        reached = [
            price.values(every, _moved(begin, (extreme - log[:-1])[:, under])) / tick
            for extreme in (block.max(axis=1), block.min(axis=1))
        ]
        activity = np.diff(path.activity[edge])[:, None]
        moneyness = price.moneyness(begin)
        spread = quoted_spread(facts, self._listing.option, place(np.nan_to_num(moneyness)), minute, activity * 375.0)
        half = np.maximum(0.5, reach(spread, fair[:-1]))
        opened = np.rint(fair[:-1] + self._aside(facts, minute, 81) * half)
        aside = self._aside(facts, minute, 82) * half
        if stop == whole:
            aside[-1] = 0.0
        close = np.rint(fair[1:] + aside)
        high = np.rint(np.maximum(*reached) + np.abs(self._aside(facts, minute, 83)) * half)
        low = np.rint(np.minimum(*reached) - np.abs(self._aside(facts, minute, 84)) * half)
        done = (path.activity[edge[1:]] / max(float(path.activity[-1]), 1e-12))[:, None]
        lots = np.floor(interest[0] ** (1.0 - done) * interest[1] ** done)
        usual = np.maximum(usual_open(facts.flow, moneyness), 0.3 * lots)
        burst = np.exp(0.8 * noise.normal(facts.today, minute.astype(np.uint64), 32) - 0.32)
        traded = np.floor(usual * facts.flow.turnover * activity * burst)
        return BarColumns(
            start_ns=np.broadcast_to(plan.open + minute * 60 * SECOND, (count, n)),
            open=on_tick(np.maximum(1.0, opened), tick),
            high=on_tick(np.maximum(1.0, np.maximum(high, np.maximum(opened, close))), tick),
            low=on_tick(np.maximum(1.0, np.minimum(low, np.minimum(opened, close))), tick),
            close=on_tick(np.maximum(1.0, close), tick),
            volume=traded.astype(np.int64) * facts.lot,
            oi=lots.astype(np.int64) * facts.lot,
        )

    def _aside(self, facts: DerivativeFacts, minute: I8, stream: int) -> F8:
        """On which side of the fair price, and how far, a trade of each minute was: -1 to 1."""
        return 2.0 * noise.uniform(facts.today, minute.astype(np.uint64), stream) - 1.0


def _head(chains: Chains) -> Chains:
    """All moments but the last."""
    return Chains(chains.forward[:-1], chains.atm[:-1], chains.years[:-1], chains.stretch[:-1])


def _moved(chains: Chains, by: F8) -> Chains:
    """The same moments with the forwards elsewhere (logs)."""
    return msgspec.structs.replace(chains, forward=chains.forward * np.exp(by))

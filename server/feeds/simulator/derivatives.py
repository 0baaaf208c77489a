"""Futures and options of one day: which are quoted at a step, and what their quotes are.

Prices and quotes are pure functions of the path and the step. Volume and open interest are running totals by
minute; `reach` brings them to any minute, forward or back.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.book import depth, on_tick, touch
from server.feeds.simulator.catalogue import Listing
from server.feeds.simulator.factors import DayPath
from server.feeds.simulator.facts import DerivativeFacts
from server.feeds.simulator.fair import Chains, Pricer
from server.feeds.simulator.flow import Flow
from server.feeds.simulator.liquidity import DISTANT, look_up, place
from server.feeds.simulator.schedule import STEP, STEPS, DaySchedule
from server.market.ports import TickBatch

__all__ = ("DerivativeTape", "quoted_spread")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
I4 = npt.NDArray[np.int32]

_SLOW = 80
"""Steps for which a missing side or a leaning quote lasts: 20 s."""
_LOOK = 8
"""Every so many steps the maker of a quote looks at it: every 2 s."""
_LOOK_BACK = (8, 64)


class DerivativeTape:
    """Quotes of the listing's derivative rows, counted from the first derivative."""

    def __init__(
        self,
        listing: Listing,
        plan: DaySchedule,
        path: DayPath,
        facts: DerivativeFacts,
        pricer: Pricer,
        levels: F8,
        opened: F8,
        settled: F8 | None,
    ) -> None:
        """`levels`: the spots' prices the evening before; `opened`: open interest in lots at the start of the day;
        `settled`: the spots' closing auction prices, on which contracts that end today settle (None: no auction)."""
        self._listing, self._plan, self._path = listing, plan, path
        self._facts, self._pricer = facts, pricer
        self._levels, self._opened = levels, opened
        self._settled = settled
        self._auction = None if plan.auction is None else (plan.auction - plan.open) // STEP
        self._key, self._tick, self._lot = facts.today, facts.tick, facts.lot
        self._least = np.where(facts.flow.klass < DISTANT, 1.0, 0.0)
        self._flow = Flow(facts.flow, opened)
        n = len(self._key)
        self._spread, self._lots, self._missing, self._heat = np.ones(n), np.ones(n), np.zeros(n), np.zeros(n)

    def reach(self, minute: int) -> None:
        """Bring running totals and the minute's quoting to `minute` of the day."""
        if minute == self._flow.minute:
            return
        if minute < self._flow.minute:
            self._flow = Flow(self._facts.flow, self._opened)
        moneyness = np.zeros(0)
        while self._flow.minute < minute:
            begin = (self._flow.minute + 1) * 60
            moneyness = self._pricer.moneyness(self.chains(min(begin, self._path.last) * STEPS))
            self._flow.advance(moneyness, self._path.done(begin + 60) - self._path.done(begin))
        self._set_minute(moneyness)

    def trading(self, step: int) -> npt.NDArray[np.bool_]:
        """Which rows trade at a step: all until their own last moment."""
        return self._pricer.ends[self._listing.chain] > self._plan.open + step * STEP

    def chosen(self, step: int, boost: float) -> I8:
        """Rows quoted at a step: some by chance, which `boost` multiplies, and of those looked at by their makers the
        ones whose fair price has left the quote."""
        self.reach(step // (60 * STEPS))
        trading = self.trading(step)
        lively = trading & (noise.uniform(self._key, step, 71) < self._heat * boost)
        looked = np.flatnonzero(trading & ~lively & (noise.uniform(self._key, step, 72) < boost / _LOOK))
        lively[looked] = self._moved(looked, step)
        rows: I8 = np.flatnonzero(lively)
        return rows

    def batch(self, source: str, rows: I4, local: I8, step: int) -> TickBatch:
        """A trade and a fresh quote for the derivatives `local` (market rows `rows`)."""
        self.reach(step // (60 * STEPS))
        second = step // STEPS
        fair = self._pricer.values(local, self.chains(step))
        tick, lot, key = self._tick[local], self._lot[local], self._key[local]
        spread, lots = self._spread[local], self._lots[local]
        missing, least = self._missing[local], self._least[local]
        quote = touch(fair, tick, spread, lots, lot, missing, least, key, step, step // _SLOW)
        begin = second // 60 * 60
        low, high = self._path.done(begin), self._path.done(begin + 60)
        share = (self._path.done(second) - low) / (high - low) if high > low else 1.0
        return TickBatch(
            source=source,
            rows=rows,
            time_ns=np.full(len(local), self._plan.open + step * STEP, dtype=np.int64),
            ltp=on_tick(quote.last, tick),
            bid=np.where(quote.bid > 0, on_tick(quote.bid, tick), np.nan),
            ask=np.where(quote.ask > 0, on_tick(quote.ask, tick), np.nan),
            bid_qty=quote.bid_qty,
            ask_qty=quote.ask_qty,
            volume=self._flow.volume(local, share) * lot,
            oi=self._flow.open_interest(local) * lot,
            depth=depth(rows, quote, tick, spread, lots, lot, key, step),
        )

    def closing_open_interest(self) -> F8:
        """Lots open after the day's last minute."""
        self.reach(-(-self._path.last // 60) - 1)
        return self._flow.closing()

    def chains(self, step: int) -> Chains:
        """All chains at a step."""
        second, part = divmod(step, STEPS)
        here, after = min(second, self._path.last), min(second + 1, self._path.last)
        log = self._path.log[here].astype(np.float64)
        log += (self._path.log[after] - self._path.log[here]) * (part / STEPS)
        spot = self._levels * np.exp(log)
        vix, basis = float(np.exp(self._path.vix[here])), float(self._path.basis[here])
        chains = self._pricer.chains(spot, vix, self._plan.open + step * STEP, basis)
        if self._settled is not None and self._auction is not None and step >= self._auction:
            # what ends today settles on the auction's close, whatever the other contracts still do
            settled = np.where(self._facts.expiring, self._settled[self._listing.chain_under], chains.forward)
            chains = msgspec.structs.replace(chains, forward=settled)
        return chains

    def _moved(self, rows: I8, step: int) -> npt.NDArray[np.bool_]:
        """Whether the fair price has moved by half the spread, and a tick at least, within 2 s or 16 s."""
        here = self._pricer.values(rows, self.chains(step))
        there = [self._pricer.values(rows, self.chains(max(0, step - back))) for back in _LOOK_BACK]
        most = np.max([np.abs(here - before) for before in there], axis=0)
        moved: npt.NDArray[np.bool_] = most > np.maximum(1.0, 0.5 * self._spread[rows]) * self._tick[rows]
        return moved

    def _set_minute(self, moneyness: F8) -> None:
        """Spreads, sizes and liveliness for the present minute."""
        minute, facts, option = self._flow.minute, self._facts, self._listing.option
        table = facts.flow.klass
        at = place(np.nan_to_num(moneyness))
        pace = (self._path.done(minute * 60 + 60) - self._path.done(minute * 60)) * 375.0
        self._spread = quoted_spread(facts, option, at, minute, pace)
        self._lots = np.where(option, np.exp(look_up("touch", table, at)) * facts.size_scale, facts.future_lots)
        self._missing = np.where(option, look_up("missing", table, at), 0.0)
        heat = facts.heat * np.where(option, np.exp(0.62 * look_up("open", table, at)), 1.0)
        self._heat = np.clip(heat * min(3.0, max(0.4, pace)), 0.006, 1.0)


def quoted_spread(
    facts: DerivativeFacts, option: npt.NDArray[np.bool_], at: tuple[I8, F8], minute: int | I8, pace: float | F8
) -> F8:
    """Quoted spreads in ticks in a minute of the day; `at` as `place` gives it, `pace` the minute's activity over the
    usual. For many minutes: `at` of shape (minutes, rows), the others (minutes, 1)."""
    table = facts.flow.klass
    third = np.atleast_1d(np.asarray(minute) // 3).astype(np.uint64)
    lasting = 0.8 * noise.normal(facts.key, 0, 51) + 0.6 * noise.normal(facts.today, third, 52)
    spread = np.exp(look_up("spread", table, at) + look_up("spread_sd", table, at) * lasting) * facts.spread_scale
    # the first minutes are wide, and so is a market in a hurry
    nervous = 1.0 + 1.2 * np.exp(-minute / 4.0) + 0.25 * np.maximum(0.0, pace - 2.0)
    out: F8 = np.maximum(1.0, np.where(option, spread, facts.future_spread) * nervous)
    return out

"""Volume and open interest, minute by minute.

Volume follows the day's activity, by contract in proportion to its open interest and to how near it is to expiry.
Open interest drifts over about two trading hours towards what a contract of its moneyness and age usually has, so
it builds as expiry nears, follows the money, and carries over from day to day. Heights are those of NSE's NIFTY
chains, Oct-Dec 2025: about 115,000 lots at the money three days before a weekly expiry, 7,400 at ten days.
All counts are in lots here; units are made where ticks are.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.liquidity import MONTHLY, SHARE, look_up, place

__all__ = ("Flow", "FlowFacts", "usual_open")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint64]
B1 = npt.NDArray[np.bool_]

_DRIFT: Final = 3.0
"""Pull of open interest towards its usual height, per usual day of activity."""


class FlowFacts(msgspec.Struct, frozen=True):
    """What volume and open interest of each derivative row depend on besides the price."""

    key: U8
    """Of what lasts from day to day, and of what each day draws anew."""
    today: U8
    option: B1
    klass: I8
    """Row of the liquidity tables (options)."""
    days: F8
    """To expiry, from the opening of the day."""
    scale: F8
    """Size of the name's market: 1 = NIFTY options; for futures the usual total open interest in lots."""
    share: F8
    """Futures: this month's part of the name's open interest."""
    round_strike: F8
    """Options: how much a round strike draws."""
    turnover: F8
    """Volume of a usual day over open interest."""


def usual_open(facts: FlowFacts, moneyness: F8) -> F8:
    """Usual open interest in lots, given signed moneyness (of no account for futures)."""
    weekly = np.where(facts.days > 3.0, np.exp(-(facts.days - 3.0) / 3.0), 1.0) * 115_000.0
    monthly = 103_000.0 * np.exp(-np.maximum(0.0, facts.days - 3.8) / 3.7) + 3_500.0
    height = np.where(facts.klass >= MONTHLY, monthly, weekly)
    height = np.where(facts.klass == SHARE, 1.0 + 1.5 * np.exp(-np.maximum(0.0, facts.days - 4.0) / 10.0), height)
    taste = np.exp(0.5 * noise.normal(facts.key, 0, 31))
    shape = np.exp(look_up("open", facts.klass, place(np.nan_to_num(moneyness))))
    # even a strike deep in the money has a few
    lots: F8 = (height * facts.scale * shape * facts.round_strike + 2.0) * taste
    return np.where(facts.option, lots, facts.scale * facts.share)


class Flow:
    """Running totals of one day; `advance` takes one minute, `volume` and `open_interest` read within it."""

    def __init__(self, facts: FlowFacts, opened: F8) -> None:
        self._facts = facts
        self._opened = opened.copy()
        self._done = np.zeros(len(opened))
        self._rate = np.zeros(len(opened))
        self._change = np.zeros(len(opened))
        self.minute = -1

    def advance(self, moneyness: F8, activity: float) -> None:
        """Close the present minute and set up the next, which will do `activity` of a usual day."""
        self._done += self._rate
        self._opened = np.maximum(0.0, self._opened + self._change)
        self.minute += 1
        usual = usual_open(self._facts, moneyness)
        burst = np.exp(0.8 * noise.normal(self._facts.today, self.minute, 32) - 0.32)
        self._rate = np.maximum(usual, 0.3 * self._opened) * self._facts.turnover * activity * burst
        wander = 0.3 * noise.normal(self._facts.today, self.minute // 15, 33) * self._opened
        self._change = ((usual - self._opened) * _DRIFT + wander) * activity

    def volume(self, rows: I8, share: float) -> I8:
        """Lots traded today when `share` of the present minute's activity is done."""
        done: I8 = np.floor(self._done[rows] + self._rate[rows] * share).astype(np.int64)
        return done

    def open_interest(self, rows: I8) -> I8:
        """Open contracts, as published at the start of the present minute."""
        lots: I8 = np.floor(self._opened[rows]).astype(np.int64)
        return lots

    def closing(self) -> F8:
        """Open interest after the last minute, to carry into the next day."""
        return np.maximum(0.0, self._opened + self._change)

"""A simulated day put together, and what it hands to the next.

`DayState` is all that is carried from evening to morning; with it, the seed and the list of scenario changes, the
day repeats itself to the last tick.
"""

from datetime import date
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator.book import on_tick
from server.feeds.simulator.catalogue import Listing, Ranges, list_day
from server.feeds.simulator.derivatives import DerivativeTape
from server.feeds.simulator.factors import Opening, day_path, next_calm
from server.feeds.simulator.facts import derivative_facts, spot_facts
from server.feeds.simulator.fair import pricer
from server.feeds.simulator.flow import usual_open
from server.feeds.simulator.scenario import Change
from server.feeds.simulator.schedule import DaySchedule, schedule
from server.feeds.simulator.spots import SpotTape
from server.feeds.simulator.tape import Tape
from server.feeds.simulator.tuning import Tuning
from server.feeds.simulator.universe import Universe
from server.rulebook import Rulebook

__all__ = ("Day", "DayState")

F8 = npt.NDArray[np.float64]


class DayState(msgspec.Struct, frozen=True, kw_only=True):
    """The evening before a day. Arrays are bytes so that the whole packs small."""

    ordinal: int
    day: date
    vix: float
    """Log of India VIX."""
    calm: float
    gap: float | None = None
    """An opening gap that a scenario asked for (log)."""
    names: tuple[str, ...] = ()
    levels: bytes = b""
    """Latent prices of indices and shares, float64, in the order of `names`."""
    spot_closes: bytes = b""
    """Official closes of the same and of VIX at the end, float64."""
    ranges: Ranges = {}
    keys: tuple[str, ...] = ()
    """Derivatives that were listed, with their last price and open interest (lots); empty on the first day."""
    closes: bytes = b""
    opened: bytes = b""
    closed: int = 0
    """When derivatives stopped, nanoseconds UTC; 0 = not known, they count as closed at the next opening."""
    basis: float = 0.0
    """Wobble of the basis then."""


class Day:
    """One session day, ready to be read at any step."""

    def __init__(
        self,
        rulebook: Rulebook,
        universe: Universe,
        seed: int,
        state: DayState,
        tuning: Tuning,
        changes: tuple[Change, ...] = (),
    ) -> None:
        self.state = state
        self._universe, self._seed, self._tuning = universe, seed, tuning
        self.plan: DaySchedule = schedule(rulebook, state.day)
        levels = np.frombuffer(state.levels, dtype=np.float64)
        by_name = dict(zip(state.names, levels.tolist(), strict=True))
        self.listing: Listing = list_day(rulebook, state.day, by_name, state.ranges)
        instruments = self.listing.instruments
        count = self.listing.first
        self._spot_facts = spot_facts(
            universe.names, [i.key for i in instruments[:count]], self.listing.tick[:count], levels, state.day, seed
        )
        self._facts = derivative_facts(rulebook, self.listing, state.day, levels, self._spot_facts.turnover, seed)
        self._pricer = pricer(rulebook, universe, seed, self.listing, self.plan)
        self._opened, self.previous_closes = self._carried(levels)
        self.build(changes)

    @property
    def opening(self) -> Opening:
        """What the path starts from."""
        return Opening(ordinal=self.state.ordinal, vix=self.state.vix, calm=self.state.calm, gap=self.state.gap)

    def build(self, changes: tuple[Change, ...]) -> None:
        """Draw the day under these scenario changes; what lies before a new change comes out as it was."""
        self.changes = changes
        self.path = day_path(
            self._universe, self._seed, self.opening, self.plan.seconds, self.plan.opening_minute, changes, self._tuning
        )
        self.spots = SpotTape(self.plan, self.path, self._spot_facts)
        settled = None if self.spots.auction is None else self.spots.auction_prices()
        self.derivatives = DerivativeTape(
            self.listing,
            self.plan,
            self.path,
            self._facts,
            self._pricer,
            self._spot_facts.levels,
            self._opened,
            settled,
        )

    def previous_interest(self) -> dict[str, int]:
        """Units open when the day begins, by key."""
        contracts = self.listing.instruments[self.listing.first :]
        return {item.key: int(lots) * item.lot for item, lots in zip(contracts, self._opened.tolist(), strict=True)}

    def tape(self, rows: npt.NDArray[np.int32]) -> Tape:
        """The day's ticks; `rows` maps listing rows to the market's."""
        return Tape(self.plan, self.spots, self.derivatives, rows, self.listing.first)

    def evening(self, day: date, gap: float | None) -> DayState:
        """What the day leaves behind, for the session on `day`."""
        levels = self._spot_facts.levels * np.exp(self.path.log[-1].astype(np.float64))
        count = self.listing.first
        last = (self.plan.fno_close - self.plan.open) * 4 // 1_000_000_000 - 1
        local = np.arange(len(self.listing.instruments) - count, dtype=np.int64)
        closing = self.derivatives.batch("", local.astype(np.int32), local, last)
        keep = [row for row, i in enumerate(self.listing.instruments[count:]) if i.expiry and i.expiry >= day]
        opened = self.derivatives.closing_open_interest()
        ranges = {k: v for k, v in self.listing.ranges.items() if date.fromisoformat(k.partition("|")[2]) >= day}
        return DayState(
            ordinal=self.state.ordinal + 1,
            day=day,
            vix=float(self.path.vix[-1]),
            calm=next_calm(self._seed, self.opening, self._tuning),
            gap=gap,
            names=self._universe.names,
            levels=levels.tobytes(),
            spot_closes=self.spots.closes().tobytes(),
            ranges=ranges,
            keys=tuple(self.listing.instruments[count + row].key for row in keep),
            closes=closing.ltp[keep].tobytes(),
            opened=opened[keep].astype(np.float32).tobytes(),
            closed=self.plan.fno_close,
            basis=float(self.path.basis[-1]),
        )

    def _carried(self, levels: F8) -> tuple[F8, dict[str, float]]:
        """Open interest at the start of the day, and the closes of the day before; usual values for what is new."""
        listing, state = self.listing, self.state
        vix = float(np.exp(state.vix))
        opened = usual_open(
            self._facts.flow, self._pricer.moneyness(self._pricer.chains(levels, vix, self.plan.open, 0.0))
        )
        evening = self._pricer.chains(levels, vix, state.closed or self.plan.open, state.basis)
        local = np.arange(len(listing.chain), dtype=np.int64)
        fair = self._pricer.values(local, evening)
        close = on_tick(np.maximum(1.0, np.rint(fair / self._facts.tick)), self._facts.tick)
        spot_close = np.frombuffer(state.spot_closes, dtype=np.float64).tolist()
        closes: dict[str, Any] = {}
        for row, instrument in enumerate(listing.instruments[: listing.first]):
            closes[instrument.key] = spot_close[row]
        old_close = np.frombuffer(state.closes, dtype=np.float64).tolist()
        old_open = np.frombuffer(state.opened, dtype=np.float32).tolist()
        carried = {key: (c, o) for key, c, o in zip(state.keys, old_close, old_open, strict=True)}
        for row, instrument in enumerate(listing.instruments[listing.first :]):
            known = carried.get(instrument.key)
            closes[instrument.key] = known[0] if known else float(close[row])
            if state.keys:
                # a strike listed today starts with nothing open
                opened[row] = known[1] if known else 0.0
        return opened, closes

"""Which instruments the simulated market lists on a day, and their columns.

Order within a day is canonical (indices, shares, India VIX, futures, options by name, expiry, strike, right) and
depends only on the day, the levels and the strikes listed before; a strike once listed stays until its expiry.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from server.core.clock import IST, to_ns
from server.core.errors import Invalid
from server.domain.instruments import Instrument, Right, future_symbol, option_symbol
from server.feeds.simulator.shares import INDICES, SHARES, VIX
from server.rulebook import Rulebook

__all__ = ("Listing", "Ranges", "end_of", "known_levels", "list_cash", "list_day")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

Ranges = dict[str, tuple[int, int]]
"""Lowest and highest listed strike, in strike gaps, by `NAME|expiry`."""

_NEAR_SHARE: Final = 9
_FAR_DAYS: Final = 100
VIX_TICK: Final = Decimal("0.0025")


class Listing:
    """One day's instruments with the columns that quoting needs. Local rows: spots, VIX, futures, options."""

    def __init__(
        self, instruments: list[Instrument], spots: int, chains: list[tuple[str, date]], ranges: Ranges
    ) -> None:
        self.instruments = instruments
        self.ranges = ranges
        self.spots = spots
        """Indices and shares; row `spots` is India VIX, derivatives follow."""
        self.first = spots + 1
        derivatives = instruments[self.first :]
        names = {i.name: row for row, i in enumerate(instruments[:spots])}
        number = {chain: row for row, chain in enumerate(chains)}
        self.chains = chains
        self.chain_under = np.array([names[name] for name, _ in chains], dtype=np.int64)
        of_chain = {(i.name, i.expiry): i for i in reversed(derivatives)}
        self.contracts = [of_chain[name, expiry] for name, expiry in chains]
        """One contract of each chain."""
        self.chain: I8 = np.array([number[i.name, i.expiry] for i in derivatives if i.expiry], dtype=np.int64)
        self.under: I8 = self.chain_under[self.chain]
        self.lot: I8 = np.array([i.lot for i in instruments], dtype=np.int64)
        self.tick: F8 = np.array([float(i.tick) for i in instruments])
        self.strike: F8 = np.array([float(i.strike) if i.strike is not None else np.nan for i in derivatives])
        self.option: npt.NDArray[np.bool_] = ~np.isnan(self.strike)
        self.call: npt.NDArray[np.bool_] = np.array([i.right == "CE" for i in derivatives])


def known_levels(rulebook: Rulebook) -> dict[str, float]:
    """Price levels to start from, by name: the indices, and those NIFTY 50 shares the rulebook knows a price of."""
    known = {u.name: u.reference for u in rulebook.underlyings()}
    levels = {i.name: i.level for i in INDICES}
    levels |= {s.symbol: float(known[s.symbol] or 0) for s in SHARES if known.get(s.symbol)}
    return levels


def list_cash(rulebook: Rulebook, day: date, levels: Mapping[str, float]) -> list[Instrument]:
    """Indices, the shares that `levels` knows, India VIX at the end."""
    titles = {u.name: u.title for u in rulebook.underlyings()}
    cash = [
        Instrument(
            symbol=index.name,
            exchange="NSE_INDEX",
            kind="INDEX",
            name=index.name,
            segment="INDEX",
            title=index.title,
        )
        for index in INDICES
    ]
    cash += [
        Instrument(
            symbol=share.symbol,
            exchange="NSE",
            kind="EQUITY",
            name=share.symbol,
            segment="CASH_FNO_STOCK",
            tick=rulebook.tick("CASH_FNO_STOCK", _price(levels[share.symbol]), day),
            title=titles.get(share.symbol, share.symbol),
        )
        for share in SHARES
        if share.symbol in levels
    ]
    vix = Instrument(
        symbol=VIX,
        exchange="NSE_INDEX",
        kind="INDEX",
        name=VIX,
        segment="INDEX",
        tick=VIX_TICK,
        title="India VIX",
    )
    return [*cash, vix]


def list_day(rulebook: Rulebook, day: date, levels: Mapping[str, float], ranges: Ranges) -> Listing:
    """Instruments of `day` around `levels` (price by name); `ranges` are the strikes listed on earlier days."""
    cash = list_cash(rulebook, day, levels)
    spots = len(cash) - 1
    futures: list[Instrument] = []
    options: list[Instrument] = []
    chains: list[tuple[str, date]] = []
    grown: Ranges = {}
    for spot in cash[:-1]:
        listed = _futures(rulebook, day, spot, levels[spot.name])
        futures += listed
        chained = {i.expiry for i in listed}
        for order, expiry in enumerate(_expiries(rulebook, day, spot)):
            low, high = _reach(rulebook, day, spot, expiry, levels[spot.name])
            key = f"{spot.name}|{expiry.isoformat()}"
            before = ranges.get(key, (low, high))
            grown[key] = (min(low, before[0]), max(high, before[1]))
            options += _options(rulebook, day, spot, expiry, order, grown[key], levels[spot.name])
            chained.add(expiry)
        chains += [(spot.name, expiry) for expiry in sorted(e for e in chained if e)]
    return Listing([*cash, *futures, *options], spots, chains, grown)


def end_of(rulebook: Rulebook, instrument: Instrument) -> int:
    """Nanoseconds UTC when a contract stops trading for good."""
    assert instrument.expiry is not None
    try:
        return to_ns(rulebook.trading_end(instrument, instrument.expiry))
    except Invalid:
        # the holidays of that year are not known yet, so the expiry itself is provisional
        return to_ns(datetime.combine(instrument.expiry, time(15, 30), tzinfo=IST))


def _price(level: float) -> Decimal:
    return Decimal(str(round(level, 2)))


def _futures(rulebook: Rulebook, day: date, spot: Instrument, level: float) -> list[Instrument]:
    segment = "INDEX_FUT" if spot.kind == "INDEX" else "STOCK_FUT"
    tick = rulebook.tick(segment, _price(level), day)
    freeze = rulebook.freeze(spot.name, day)
    return [
        Instrument(
            symbol=future_symbol(spot.name, expiry),
            exchange="NFO",
            kind="FUTURE",
            name=spot.name,
            segment=segment,
            lot=rulebook.lot(spot.name, expiry),
            tick=tick,
            freeze=freeze,
            expiry=expiry,
            underlying=spot.key,
            title=spot.title,
        )
        for expiry in rulebook.futures_expiries(spot.name, day)
    ]


def _expiries(rulebook: Rulebook, day: date, spot: Instrument) -> list[date]:
    listed = [e.date for e in rulebook.expiries(spot.name, day)]
    return listed if spot.kind == "INDEX" else listed[:1]


def _reach(rulebook: Rulebook, day: date, spot: Instrument, expiry: date, level: float) -> tuple[int, int]:
    middle = round(level / float(rulebook.strike_gap(spot.name, day)))
    near = next((i.near for i in INDICES if i.name == spot.name), _NEAR_SHARE)
    if (expiry - day).days > _FAR_DAYS:
        near *= 3
    return middle - near, middle + near


def _options(
    rulebook: Rulebook, day: date, spot: Instrument, expiry: date, order: int, reach: tuple[int, int], level: float
) -> list[Instrument]:
    segment = "INDEX_OPT" if spot.kind == "INDEX" else "STOCK_OPT"
    gap = rulebook.strike_gap(spot.name, day)
    lot = rulebook.lot(spot.name, expiry)
    tick = rulebook.tick(segment, _price(level), day)
    freeze = rulebook.freeze(spot.name, day)
    # later expiries are listed at every second strike, distant ones at every tenth
    days = (expiry - day).days
    every = 1 if order < 5 and days <= _FAR_DAYS else 2 if days <= _FAR_DAYS else 10
    if spot.kind != "INDEX":
        every = 1
    out = []
    rights: tuple[Right, Right] = ("CE", "PE")
    for number in range(reach[0], reach[1] + 1):
        if number % every:
            continue
        strike = gap * number
        out += [
            Instrument(
                symbol=option_symbol(spot.name, expiry, strike, right),
                exchange="NFO",
                kind="OPTION",
                name=spot.name,
                segment=segment,
                lot=lot,
                tick=tick,
                freeze=freeze,
                expiry=expiry,
                strike=strike,
                right=right,
                underlying=spot.key,
                title=spot.title,
            )
            for right in rights
        ]
    return out

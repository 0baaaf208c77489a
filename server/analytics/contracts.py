"""The contracts of chains as arrays: which catalogue rows they are, and what the hub says of them at one moment."""

from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.market.market import Market
from server.rulebook import Rulebook

__all__ = ("ChainId", "ChainRows", "Snapshot", "chain_rows", "snapshot")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_USUAL_RATE = 0.065
"""Where the rulebook knows no rate for the day (old replays): a usual short rate in India."""


class ChainId(msgspec.Struct, frozen=True):
    """Which chain of a market."""

    name: str
    expiry: date


class ChainRows(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One chain: strikes ascending, and beside each the catalogue rows of call and put (-1 = not listed)."""

    id: ChainId
    underlying: str
    title: str
    strikes: F8
    call: I8
    put: I8
    lot: int
    spot: int
    """Row of the underlying."""
    future: int
    """Row of the future that expires on the same day, -1 when there is none."""

    @property
    def rows(self) -> I8:
        """Calls, then puts."""
        return np.concatenate((self.call, self.put))


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Quotes of several chains, joined in order; NaN = not known. All of one moment."""

    chains: tuple[ChainRows, ...]
    at_ns: int
    """Market time."""
    version: int
    """Of the hub."""
    source: str
    bid: F8
    ask: F8
    last: F8
    before: F8
    """Close of the session before."""
    oi: F8
    volume: F8
    spot: F8
    """One a chain, as the rest below."""
    future: F8
    years: F8
    rate: F8


def chain_rows(market: Market, chain: ChainId, underlying: str, title: str) -> ChainRows:
    """The rows of a chain; raises NotFound when it is not listed."""
    catalogue = market.catalogue
    listed = catalogue.chain(chain.name, chain.expiry)
    some = next(row for line in listed for row in (line.call, line.put) if row is not None)
    futures = dict(catalogue.futures(chain.name))
    return ChainRows(
        id=chain,
        underlying=underlying,
        title=title,
        strikes=np.array([float(line.strike) for line in listed]),
        call=np.array([-1 if line.call is None else line.call for line in listed], dtype=np.int64),
        put=np.array([-1 if line.put is None else line.put for line in listed], dtype=np.int64),
        lot=catalogue.instruments[some].lot,
        spot=catalogue.row(underlying),
        future=futures.get(chain.expiry, -1),
    )


def snapshot(market: Market, chains: Sequence[ChainRows], rulebook: Rulebook) -> Snapshot:
    """What the hub holds of these chains now: one gather, on the event loop."""
    slots = market.hub.slots
    rows = np.concatenate([chain.rows for chain in chains])
    quotes = slots.quotes.take(np.maximum(rows, 0))
    none = rows < 0
    now = market.now()

    def column(name: str) -> F8:
        found = np.array(quotes[name], dtype=np.float64)
        found[none] = np.nan
        return found

    last = column("ltp")
    unseen = np.isnan(last)
    oi, volume = column("oi"), column("volume")
    oi[unseen] = np.nan
    volume[unseen] = np.nan
    spots = slots.quotes["ltp"]
    return Snapshot(
        chains=tuple(chains),
        at_ns=int(now.timestamp() * 1e9),
        version=market.hub.version,
        source=market.source,
        bid=column("bid"),
        ask=column("ask"),
        last=last,
        before=column("close"),
        oi=oi,
        volume=volume,
        spot=np.array([spots[chain.spot] for chain in chains]),
        future=np.array([spots[chain.future] if chain.future >= 0 else np.nan for chain in chains]),
        years=np.array([rulebook.year_fraction(now, chain.id.expiry) for chain in chains]),
        rate=np.array([_rate(market, chain, rulebook) for chain in chains]),
    )


def _rate(market: Market, chain: ChainRows, rulebook: Rulebook) -> float:
    rows = chain.rows[chain.rows >= 0]
    try:
        return rulebook.margin_rules(market.catalogue.instruments[int(rows[0])], market.day).rate
    except Invalid:
        return _USUAL_RATE

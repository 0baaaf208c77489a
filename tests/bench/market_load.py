"""A market of any size with prepared batches of ticks, for the hub and fan-out benches."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np

from server.core.clock import SystemClock, from_ns, to_ns
from server.core.paths import bundled
from server.domain.instruments import Instrument, option_symbol
from server.market.catalogue import Catalogue
from server.market.hub import Hub
from server.market.ports import TickBatch
from server.market.sessions import Sessions
from server.rulebook import Rulebook

__all__ = ("DAY", "START", "Load", "options")

DAY = date(2026, 11, 20)
START = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
_EXPIRY = date(2026, 12, 1)


def options(count: int) -> list[Instrument]:
    """That many listed options."""
    return [
        Instrument(
            symbol=option_symbol("NIFTY", _EXPIRY, Decimal(1_000 + i), "CE"),
            exchange="NFO",
            kind="OPTION",
            name="NIFTY",
            segment="INDEX_OPT",
            lot=65,
            expiry=_EXPIRY,
            strike=Decimal(1_000 + i),
            right="CE",
        )
        for i in range(count)
    ]


class Load:
    """Random but good ticks; market time follows them."""

    def __init__(self, instruments: int, seed: int = 7) -> None:
        self.count = instruments
        self.now_ns = to_ns(START)
        self._random = np.random.default_rng(seed)
        self._volume = np.zeros(instruments, dtype=np.int64)
        self._ticked = np.zeros(instruments, dtype=np.int64)

    def hub(self) -> Hub:
        """A hub that knows the instruments, its day begun."""
        rules = Rulebook.load(bundled("config") / "rules")
        hub = Hub("sim", Catalogue(options(self.count)), SystemClock(), lambda: from_ns(self.now_ns), Sessions(rules))
        hub.start_day(DAY, {})
        hub.housekeep()
        return hub

    def batch(self, size: int, seconds: float, distinct: int | None = None) -> TickBatch:
        """`size` good ticks spread over the next `seconds` of market time, of rows drawn at random; with `distinct`, of
        exactly that many rows, each with as many ticks."""
        if distinct is None:
            rows = self._random.integers(0, self.count, size).astype(np.int32)
        else:
            chosen = self._random.choice(self.count, distinct, replace=False).astype(np.int32)
            rows = self._random.permutation(np.repeat(chosen, size // distinct))
        times = self.now_ns + (np.arange(size) * (seconds * 1e9 / size)).astype(np.int64)
        self.now_ns += int(seconds * 1e9)
        ltp = (100 + self._random.integers(-100, 100, size) * 0.05).astype(np.float64)
        order = np.argsort(rows, kind="stable")
        traded = np.empty(size, dtype=np.int64)
        # cumulative volume grows by a lot with each tick of a row, so that no tick is a copy
        ordered = rows[order]
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        rank = np.arange(size) - np.repeat(first, np.diff(np.append(first, size)))
        traded[order] = self._volume[ordered] + (rank + 1) * 65
        np.add.at(self._volume, rows, 65)
        quantity = np.full(size, 650, dtype=np.int64)
        return TickBatch(
            source="bench",
            rows=rows,
            time_ns=times,
            ltp=ltp,
            bid=ltp - 0.05,
            ask=ltp + 0.05,
            bid_qty=quantity,
            ask_qty=quantity,
            volume=traded,
            oi=quantity,
        )

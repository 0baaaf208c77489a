"""The instruments of one market: rows and keys, search, option chains. Rows never move; new days append."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Fault, NotFound
from server.domain.instruments import Instrument
from server.market.search import WordIndex, split_query

__all__ = ("KINDS", "Catalogue", "ChainRow")

KINDS = ("INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO")
"""Order of kinds: the code of a kind is its place, and search shows them in this order."""

_FAR = date.max.toordinal()


class ChainRow(msgspec.Struct, frozen=True):
    """One strike of a chain: catalogue rows of call and put, None where not listed."""

    strike: Decimal
    call: int | None
    put: int | None


class Catalogue:
    """Rows <-> keys of one market.

    Columns by row for vectorised use: `kind` (place in `KINDS`), `segment` (place in `segments`).
    """

    def __init__(self, instruments: Sequence[Instrument] = ()) -> None:
        self.instruments: list[Instrument] = []
        self.keys: npt.NDArray[np.object_] = np.empty(0, dtype=object)
        self.kind: npt.NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self.segment: npt.NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self.segments: list[str] = []
        self.day: date | None = None
        self._rows: dict[str, int] = {}
        self._words = WordIndex()
        self._names: dict[str, int] = {}
        self._symbols: dict[str, list[int]] = {}
        self._name: npt.NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self._expiry: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._rank: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._strike: npt.NDArray[np.float64] = np.empty(0, dtype=np.float64)
        self.on_missing: Callable[[str], bool] | None = None
        """Asked for a key that has no row; True when it has one now (a market that grows on demand)."""
        self._chains: dict[tuple[str, date], dict[Decimal, list[int | None]]] = {}
        self._futures: dict[str, dict[date, int]] = {}
        self.refresh(instruments)

    def __len__(self) -> int:
        return len(self.instruments)

    def __contains__(self, key: str) -> bool:
        return self.find(key) is not None

    def refresh(self, instruments: Sequence[Instrument], day: date | None = None) -> range:
        """Take a feed's list for a day; returns the new rows. Raises Fault when a row would move.

        Facts of known instruments (lot, freeze quantity) may change; their identity may not.
        """
        known = len(self.instruments)
        if len(instruments) < known:
            raise Fault(f"the feed lists {len(instruments)} instruments; {known} are known and rows never move")
        for row in range(known):
            if instruments[row] is not self.instruments[row]:
                if instruments[row].key != self.keys[row]:
                    raise Fault(f"row {row} was {self.keys[row]} and is now {instruments[row].key}; rows never move")
                self.instruments[row] = instruments[row]
        self._append(instruments[known:])
        self.day = day or self.day
        return range(known, len(self.instruments))

    def row(self, key: str) -> int:
        """Row of a key; raises NotFound."""
        row = self.find(key)
        if row is None:
            raise NotFound(
                f"{key} is not in this market.",
                code="instrument.unknown",
                field="key",
                value=key,
                remedy="Search for it; derivatives are written name, day, month, year, strike, kind.",
            )
        return row

    def find(self, key: str) -> int | None:
        """Row of a key, None when unknown."""
        row = self._rows.get(key)
        if row is None and self.on_missing is not None and self.on_missing(key):
            row = self._rows.get(key)
        return row

    def key(self, row: int) -> str:
        """Key of a row."""
        return str(self.keys[row])

    def get(self, key: str) -> Instrument:
        """The instrument of a key; raises NotFound."""
        return self.instruments[self.row(key)]

    def listed(self, row: int) -> bool:
        """Whether the row's contract has not expired by the catalogue's day."""
        return self.day is None or bool(self._expiry[row] >= self.day.toordinal())

    def expiries(self, name: str) -> list[date]:
        """Expiry days with options of `name` that are still listed, soonest first."""
        return sorted(e for n, e in self._chains if n == name and (self.day is None or e >= self.day))

    def futures(self, name: str) -> list[tuple[date, int]]:
        """(expiry, row) of the futures of `name` still listed, soonest first."""
        found = self._futures.get(name, {})
        return sorted((e, r) for e, r in found.items() if self.day is None or e >= self.day)

    def chain(self, name: str, expiry: date) -> list[ChainRow]:
        """All strikes of one expiry, lowest first; raises NotFound when there is no such chain."""
        strikes = self._chains.get((name, expiry))
        if strikes is None:
            raise NotFound(
                f"There are no {name} options expiring on {expiry:%d %b %Y}.",
                code="chain.unknown",
                field="expiry",
                remedy="Choose one of the listed expiries.",
            )
        return [ChainRow(strike, pair[0], pair[1]) for strike, pair in sorted(strikes.items())]

    def option(self, name: str, expiry: date, strike: Decimal, right: str) -> int | None:
        """Row of one option, None when it is not listed."""
        pair = self._chains.get((name, expiry), {}).get(strike)
        return pair[right != "CE"] if pair else None

    def search(
        self,
        query: str = "",
        *,
        kind: str | None = None,
        name: str | None = None,
        expiry: date | None = None,
        limit: int = 50,
        near: Callable[[str], float] | None = None,
    ) -> list[int]:
        """Rows that match every word of `query` and the filters, best first.

        An exact symbol or name comes first, then indices, shares, futures, options; options by expiry and then by
        distance of the strike from `near(name)` (a price; NaN = unknown), else by strike. Expired ones are left out.
        """
        tokens = split_query(query)
        if query.strip() and not tokens:
            return []
        mask = self._words.match(tokens)
        if kind is not None:
            mask &= self.kind == (KINDS.index(kind) if kind in KINDS else 255)
        if self.day is not None:
            mask &= self._expiry >= self.day.toordinal()
        if expiry is not None:
            mask &= self._expiry == expiry.toordinal()
        if name is not None:
            mask &= self._name == self._names.get(name.upper(), -1)
        rows = np.flatnonzero(mask)
        if len(rows) == 0:
            return []
        distance = np.abs(self._strike[rows] - self._reference(rows, near)) if near else self._strike[rows]
        order = np.lexsort(
            (self._rank[rows], distance, self._expiry[rows], self.kind[rows], self._looseness(rows, tokens))
        )
        return [int(r) for r in rows[order[:limit]]]

    def _looseness(self, rows: npt.NDArray[np.int64], tokens: list[str]) -> npt.NDArray[np.uint8]:
        """0 where a token is the whole symbol, 1 where it is the whole name, else 2."""
        loose = np.full(len(rows), 2, dtype=np.uint8)
        for token in tokens:
            loose[self._name[rows] == self._names.get(token.upper(), -1)] = 1
        for token in tokens:
            for row in self._symbols.get(token.upper(), ()):
                loose[rows == row] = 0
        return loose

    def _reference(self, rows: npt.NDArray[np.int64], near: Callable[[str], float]) -> npt.NDArray[np.float64]:
        """Price to measure strikes from, 0 where unknown."""
        codes = self._name[rows]
        prices = np.zeros(len(self._names), dtype=np.float64)
        names = list(self._names)
        for code in np.unique(codes):
            prices[code] = np.nan_to_num(near(names[code]), nan=0.0)
        found: npt.NDArray[np.float64] = prices[codes]
        return found

    def _append(self, new: Sequence[Instrument]) -> None:
        if not new:
            return
        start = len(self.instruments)
        for row, item in enumerate(new, start=start):
            if item.key in self._rows:
                raise Fault(f"{item.key} is listed twice")
            self._rows[item.key] = row
            self._symbols.setdefault(item.symbol.upper(), []).append(row)
            self._names.setdefault(item.name.upper(), len(self._names))
            if item.segment not in self.segments:
                self.segments.append(item.segment)
            if item.kind == "OPTION" and item.expiry is not None and item.strike is not None:
                pair = self._chains.setdefault((item.name, item.expiry), {}).setdefault(item.strike, [None, None])
                pair[item.right != "CE"] = row
            elif item.kind == "FUTURE" and item.expiry is not None:
                self._futures.setdefault(item.name, {})[item.expiry] = row
        self.instruments.extend(new)
        keys = np.empty(len(new), dtype=object)
        keys[:] = [i.key for i in new]
        self.keys = np.concatenate((self.keys, keys))
        self.kind = np.concatenate((self.kind, np.array([KINDS.index(i.kind) for i in new], dtype=np.uint8)))
        codes = np.array([self.segments.index(i.segment) for i in new], dtype=np.uint8)
        self.segment = np.concatenate((self.segment, codes))
        names = np.array([self._names[i.name.upper()] for i in new], dtype=np.int32)
        self._name = np.concatenate((self._name, names))
        expiry = np.array([i.expiry.toordinal() if i.expiry else _FAR for i in new], dtype=np.int64)
        self._expiry = np.concatenate((self._expiry, expiry))
        self._strike = np.concatenate((self._strike, np.array([float(i.strike or 0) for i in new])))
        rank = np.array([0 if i.right == "CE" else 1 for i in new], dtype=np.int64)
        self._rank = np.concatenate((self._rank, rank * 1_000_000 + np.arange(start, start + len(new))))
        self._words.add(new)

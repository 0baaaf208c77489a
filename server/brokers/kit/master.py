"""Everything the connected brokers list, merged by canonical key: found, searched, and never given rows by itself.

Made for 200,000 instruments in one process: beside the instruments themselves only columns of numbers are kept. Words
are looked up where there are few of them (names, titles, strikes, expiry days), and spread over the rows by number.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from server.core.errors import NotFound
from server.domain.instruments import Instrument

__all__ = ("MergedMaster",)

I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_KINDS = ("INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO")
_KIND_WORDS = {
    "INDEX": ("index",),
    "EQUITY": ("equity", "share"),
    "FUTURE": ("future", "fut"),
    "OPTION": ("option", "opt"),
    "CURRENCY": ("currency",),
    "CRYPTO": ("crypto",),
}
_RIGHT_WORDS = {"CE": ("ce", "call"), "PE": ("pe", "put")}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORD = re.compile(r"[a-z0-9.&-]+")
_MOST_TOKENS = 8
_MOST_CONFLICTS = 200
_COMPARED = ("lot", "tick", "expiry", "strike", "right", "unit")


class _Words:
    """Words of a few things, and which things each stands for."""

    def __init__(self) -> None:
        self._all: list[str] = []
        self._of: list[I4] = []
        self._count = 0

    def fill(self, words: Sequence[Iterable[str]]) -> None:
        """`words[n]` are those of thing n."""
        known: dict[str, list[int]] = {}
        for number, some in enumerate(words):
            for word in some:
                known.setdefault(word, []).append(number)
        self._all = sorted(known)
        self._of = [np.array(known[word], dtype=np.int32) for word in self._all]
        self._count = len(words)

    def begin(self, token: str) -> Mask | None:
        """Things with a word that begins so; None when there are none."""
        low, high = bisect_left(self._all, token), bisect_left(self._all, token + "\U0010ffff")
        if low == high:
            return None
        hit = np.zeros(self._count, dtype=np.bool_)
        for numbers in self._of[low:high]:
            hit[numbers] = True
        return hit


class MergedMaster:
    """Implements the live feed's `Master`. The first to list an instrument says what it is; others are compared."""

    def __init__(self) -> None:
        self.carriers: dict[str, int] = {}
        """Instruments by account, for the Instruments page."""
        self.conflicts: dict[str, str] = {}
        """Keys of which brokers say different things (lot, tick, expiry), with the sentence."""
        self.conflict_count: Counter[str] = Counter()
        self.other_units: dict[str, dict[str, Decimal]] = {}
        """By account: the units quantities are counted in here, of instruments which its broker counts in another."""
        self._all: list[Instrument] = []
        self._build()

    def __len__(self) -> int:
        return len(self._all)

    def merge(self, account: str, instruments: Iterable[Instrument]) -> int:
        """Add what is new; returns how many that were."""
        known = self._all
        rows = {one.key: row for row, one in enumerate(known)}
        before, count = len(known), 0
        others: dict[str, Decimal] = {}
        for instrument in instruments:
            count += 1
            key = instrument.key
            row = rows.get(key)
            if row is None:
                rows[key] = len(known)
                known.append(instrument)
            else:
                self._compare(account, key, known[row], instrument)
                if known[row].unit != instrument.unit:
                    others[key] = known[row].unit
        self.carriers[account] = count
        self.other_units[account] = others
        if len(known) > before:
            self._build()
        return len(known) - before

    def find(self, key: str) -> Instrument | None:
        """By canonical key."""
        exchange, _, symbol = key.partition(":")
        found = (self._all[row] for row in self._symbols_begin(symbol, whole=True))
        return next((one for one in found if one.exchange == exchange), None)

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        """Matches, best first: whole symbols, whole names, then indices, shares, futures, and options by expiry from
        the middle of the chain outwards."""
        tokens = _WORD.findall(query.lower())[:_MOST_TOKENS]
        if query.strip() and not tokens:
            return []
        mask: Mask | None = None
        for token in tokens:
            hit = self._match(token)
            mask = hit if mask is None else mask & hit
        if mask is None:
            mask = np.ones(len(self._all), dtype=np.bool_)
        if kind is not None:
            mask &= self._kind == (_KINDS.index(kind) if kind in _KINDS else 255)
        if name is not None:
            mask &= self._name == self._names.get(name.upper(), -1)
        if expiry is not None:
            mask &= self._expiry == expiry.toordinal()
        chosen: dict[int, None] = {}
        for token in tokens:
            whole = [row for row in self._symbols_begin(token.upper(), whole=True) if mask[row]]
            chosen.update(dict.fromkeys(sorted(whole, key=self._place.__getitem__)))
        for token in tokens:
            exact = self._names.get(token.upper(), -1)
            if exact >= 0 and len(chosen) < limit:
                chosen.update(dict.fromkeys(self._first(mask & (self._name == exact), limit)))
        if len(chosen) < limit:
            chosen.update(dict.fromkeys(self._first(mask, limit + len(chosen))))
        return [self._all[row] for row in list(chosen)[:limit]]

    def _first(self, mask: Mask, limit: int) -> list[int]:
        """The best rows of a mask."""
        best: list[int] = self._order[np.flatnonzero(mask[self._order])[:limit]].tolist()
        return best

    def expiries(self, name: str) -> list[date]:
        """Expiry days of options on a name, soonest first."""
        of_name = (self._name == self._names.get(name.upper(), -1)) & (self._kind == _KINDS.index("OPTION"))
        return [date.fromordinal(int(day)) for day in np.unique(self._expiry[of_name]) if day > 0]

    def chain(self, name: str, expiry: date) -> list[str]:
        """Keys of one chain, by strike, call before put; raises NotFound when there is none."""
        mask = (self._name == self._names.get(name.upper(), -1)) & (self._kind == _KINDS.index("OPTION"))
        found = np.flatnonzero(mask & (self._expiry == expiry.toordinal()))
        if len(found) == 0:
            raise NotFound(
                f"There are no {name} options expiring on {expiry:%d %b %Y}.",
                code="chain.unknown",
                field="expiry",
                remedy="Choose one of the listed expiries.",
            )
        order = np.lexsort((self._right[found], self._strike[found]))
        return [self._all[row].key for row in found[order]]

    # inside

    def _match(self, token: str) -> Mask:
        """Rows that one typed word may stand for."""
        mask = np.zeros(len(self._all), dtype=np.bool_)
        for words, numbers in (
            (self._name_words, self._name),
            (self._day_words, self._day),
            (self._strike_words, self._strike_number),
            (self._few_words, self._few),
        ):
            hit = words.begin(token)
            if hit is not None:
                mask |= hit[numbers]
        if token[0].isalpha():  # a pair's symbol is no name of anything: BTCUSDT, EURUSD
            mask[self._symbol_rows[slice(*self._symbol_span(token.upper()))]] = True
        return mask

    def _symbols_begin(self, text: str, *, whole: bool = False) -> list[int]:
        """Rows whose symbol begins so, or is so."""
        found: list[int] = self._symbol_rows[slice(*self._symbol_span(text, whole=whole))].tolist()
        return found

    def _symbol_span(self, text: str, *, whole: bool = False) -> tuple[int, int]:
        """From where to where they stand in the order of symbols."""
        rows = self._symbol_rows
        low = bisect_left(rows, text, key=self._symbol)
        return low, bisect_left(rows, text + ("\0" if whole else "\U0010ffff"), low, key=self._symbol)

    def _symbol(self, row: int) -> str:
        return self._all[row].symbol

    def _build(self) -> None:
        """Columns anew, over all instruments."""
        all_, size = self._all, len(self._all)
        self._names: dict[str, int] = {}
        titles: list[set[str]] = []
        names, names_known = np.empty(size, dtype=np.int32), self._names
        days: dict[Any, int] = {}
        strikes: dict[Any, int] = {}
        few: dict[tuple[str, str, str | None], int] = {}
        columns = np.empty((4, size), dtype=np.int32)
        strike = np.zeros(size)
        for row, one in enumerate(all_):
            number = names_known.get(one.name)
            if number is None:
                number = names_known[one.name] = len(titles)
                titles.append({one.name.lower()})
            if one.title:
                titles[number].update(_WORD.findall(one.title.lower()))
            names[row] = number
            columns[0, row] = days.setdefault(one.expiry, len(days))
            columns[1, row] = strikes.setdefault(one.strike, len(strikes))
            columns[2, row] = few.setdefault((one.kind, one.exchange, one.right), len(few))
        self._name, self._day, self._strike_number, self._few = names, columns[0], columns[1], columns[2]
        ordinals = np.array([d.toordinal() if d is not None else 0 for d in days] or [0], dtype=np.int32)
        figures = np.array([float(s) if s is not None else 0.0 for s in strikes] or [0.0])
        self._expiry = ordinals[self._day] if size else columns[3]
        strike = figures[self._strike_number] if size else strike
        self._strike = strike
        kinds = np.array([_KINDS.index(kind) for kind, _, _ in few] or [0], dtype=np.uint8)
        rights = np.array([("CE", "PE", None).index(right) for _, _, right in few] or [0], dtype=np.uint8)
        self._kind: npt.NDArray[np.uint8] = kinds[self._few] if size else np.empty(0, dtype=np.uint8)
        self._right: npt.NDArray[np.uint8] = rights[self._few] if size else np.empty(0, dtype=np.uint8)
        self._name_words, self._day_words, self._strike_words, self._few_words = (_Words() for _ in range(4))
        self._name_words.fill(titles)
        self._day_words.fill([_day_words(day) for day in days])
        self._strike_words.fill([_strike_words(s) for s in strikes])
        self._few_words.fill(
            [
                {exchange.lower(), *_KIND_WORDS[kind], *(_RIGHT_WORDS[right] if right else ())}
                for kind, exchange, right in few
            ]
        )
        by_symbol = sorted(range(size), key=[one.symbol for one in all_].__getitem__)
        self._symbol_rows: Any = np.array(by_symbol, dtype=np.int32)
        self._order: I8 = self._rank()
        self._place = np.empty(size, dtype=np.int32)
        self._place[self._order] = np.arange(size, dtype=np.int32)

    def _rank(self) -> I8:
        """Rows in the order of search results."""
        size = len(self._all)
        if not size:
            return np.empty(0, dtype=np.int64)
        chain = np.lexsort((self._strike, self._expiry, self._name, self._kind))
        edge = np.flatnonzero(
            np.diff(self._name[chain]) | np.diff(self._expiry[chain]) | np.diff(self._kind[chain].astype(np.int8))
        )
        first = np.concatenate(([0], edge + 1))
        length = np.diff(np.concatenate((first, [size])))
        inside = np.arange(size) - np.repeat(first, length)
        outwards = np.empty(size, dtype=np.int64)
        outwards[chain] = np.abs(2 * inside - np.repeat(length, length))
        alphabet = np.empty(len(self._names), dtype=np.int64)
        alphabet[np.array([self._names[name] for name in sorted(self._names)])] = np.arange(len(self._names))
        return np.lexsort((outwards, alphabet[self._name], self._expiry, self._kind))

    def _compare(self, account: str, key: str, ours: Instrument, theirs: Instrument) -> None:
        for field in _COMPARED:
            one, other = getattr(ours, field), getattr(theirs, field)
            if one is not other and one != other:
                self.conflict_count[field] += 1
                if len(self.conflicts) < _MOST_CONFLICTS:
                    self.conflicts[key] = f"{key}: {field} is {one}, and {other} according to {account}."


def _day_words(day: date | None) -> tuple[str, ...]:
    if day is None:
        return ()
    month = _MONTHS[day.month - 1]
    return month, f"{day.day}{month}", f"{day.day:02d}{month}{day.year % 100:02d}"


def _strike_words(strike: Any) -> tuple[str, ...]:
    if strike is None:
        return ()
    text = format(strike, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text,)

"""Validate -> normalise -> filter: what of a batch of ticks may reach the table, and why the rest may not.

All checks run on whole columns. Only rows where something is odd (time stepping back, a jump, volume falling) are
walked tick by tick, so that one bad tick is judged against the last good one and not against another bad one.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.market.ports import TickBatch
from server.market.slots import Slots

__all__ = ("REASONS", "Drops", "JumpRule", "Pipeline", "ScreenRules", "Screened")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Column = npt.NDArray[Any]

REASONS = (
    "unknown_row",
    "bad_price",
    "bad_quantity",
    "crossed",
    "future",
    "old_day",
    "backwards",
    "outlier",
    "duplicate",
    "bad_depth",
    "overload",
)
"""Why a tick (or, `bad_depth`, a book) was dropped."""

_FIELDS = ("rows", "time_ns", "ltp", "bid", "ask", "bid_qty", "ask_qty", "volume", "oi")


class JumpRule(msgspec.Struct, frozen=True):
    """A price is an outlier when it is over `factor` times the last one, or under the last one divided by it, and
    further away than `floor` (currency units)."""

    factor: float
    floor: float


_JUMPS = {
    "INDEX": JumpRule(1.05, 1.0),
    "EQUITY": JumpRule(1.25, 1.0),
    "FUTURE": JumpRule(1.25, 1.0),
    "OPTION": JumpRule(5.0, 25.0),
    "CURRENCY": JumpRule(1.05, 0.05),
    "CRYPTO": JumpRule(1.5, 0.0),
}


class ScreenRules(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the pipeline. The factors are ours, not an exchange's: wide enough for what FIDELITY's days show
    (shares move within 20 % bands, a far option multiplies within seconds), narrow enough for digits gone wrong."""

    jumps: dict[str, JumpRule] = msgspec.field(default_factory=lambda: dict(_JUMPS))
    confirm: int = 3
    """An outlier is believed when this many ticks in a row, itself included, agree with it."""
    ahead_seconds: float = 60.0
    """A tick stamped further than this after the market's own time is refused."""
    decimals: int = 4
    """Prices are rounded to this many decimals, so that a feed's float noise does not become a price."""


class Drops:
    """Ticks dropped, by reason, since the start."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(REASONS, 0)

    def add(self, reason: str, count: int) -> None:
        """Count more."""
        self._counts[reason] += int(count)

    def counts(self) -> dict[str, int]:
        """Reasons seen so far with their counts."""
        return {reason: count for reason, count in self._counts.items() if count}

    @property
    def total(self) -> int:
        """All dropped ticks (books not counted)."""
        return sum(self._counts.values()) - self._counts["bad_depth"]


class Screened(msgspec.Struct, frozen=True):
    """The ticks that passed, sorted by row and in arrival order within a row."""

    rows: npt.NDArray[np.int32]
    time_ns: I8
    ltp: F8
    bid: F8
    ask: F8
    bid_qty: I8
    ask_qty: I8
    volume: I8
    oi: I8
    place: I8
    """Where each tick stood in the batch."""
    first: I8
    """Index of the first tick of each row."""
    last: I8
    """Index of the last tick of each row; `rows[last]` are the distinct rows."""
    traded: I8
    """Units traded since the tick before (0 where that is not known)."""

    def __len__(self) -> int:
        return len(self.rows)


class Pipeline:
    """Screens batches against the slots of one hub.

    Args:
        slots: last good values, read only here.
        rules: limits.
        now_ns: the market's own time, for ticks from the future.
    """

    def __init__(self, slots: Slots, rules: ScreenRules, now_ns: Callable[[], int]) -> None:
        self._slots = slots
        self._rules = rules
        self._now_ns = now_ns
        self._kind: npt.NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self._factor: F8 = np.empty(0)
        self._floor: F8 = np.empty(0)
        self._held: dict[int, tuple[int, float]] = {}
        self.drops = Drops()
        self.repaired = 0
        """Cumulative volumes that fell and were held at their highest."""
        self.day_start_ns = 0
        """Ticks before this moment belong to an earlier session day."""

    def set_kinds(self, kinds: list[str]) -> None:
        """Give the kind of every row, in row order."""
        none = JumpRule(np.inf, 0.0)
        names = sorted(set(kinds))
        chosen = [self._rules.jumps.get(kind, none) for kind in names]
        self._kind = np.array([names.index(kind) for kind in kinds], dtype=np.uint8)
        self._factor = np.array([r.factor for r in chosen])
        self._floor = np.array([r.floor for r in chosen])

    def start_day(self, start_ns: int) -> None:
        """Forget what was held back; ticks before `start_ns` are of an old day from now on."""
        self.day_start_ns = start_ns
        self._held.clear()

    def screen(self, batch: TickBatch) -> Screened:
        """What of the batch is good; counts the rest."""
        columns = {name: getattr(batch, name) for name in _FIELDS}
        place = np.arange(len(batch.rows))
        keep = self._plain_faults(columns)
        if keep is not None:
            columns, place = {n: c[keep] for n, c in columns.items()}, place[keep]
        self._normalise(columns)
        rows = columns["rows"]
        # numpy sorts 16-bit keys by radix, several times faster than 32-bit ones
        keys = rows.astype(np.uint16) if self._slots.size <= 65_536 else rows
        order = np.argsort(keys, kind="stable")
        columns, place = {n: c[order] for n, c in columns.items()}, place[order]
        runs = _Runs(columns, self._slots)
        for check in (self._walk_odd_rows, self._duplicates):
            keep = check(columns, runs)
            if keep is not None:
                columns, place = {n: c[keep] for n, c in columns.items()}, place[keep]
                runs = _Runs(columns, self._slots)
        traded = columns["volume"] - runs.before_volume
        traded[runs.before_volume < 0] = 0
        return Screened(**columns, place=place, first=runs.first, last=runs.last, traded=traded)

    def _plain_faults(self, c: dict[str, Column]) -> Mask | None:
        """Faults that a tick shows by itself; None when there are none."""
        rows, ltp, bid, ask, time = c["rows"], c["ltp"], c["bid"], c["ask"], c["time_ns"]
        with np.errstate(invalid="ignore"):
            checks = (
                ("unknown_row", (rows < 0) | (rows >= self._slots.size)),
                ("bad_price", ~((ltp > 0) & (ltp < np.inf)) | (bid < 0) | (ask < 0) | np.isinf(bid) | np.isinf(ask)),
                ("bad_quantity", (c["bid_qty"] < 0) | (c["ask_qty"] < 0) | (c["volume"] < 0) | (c["oi"] < 0)),
                ("crossed", (bid > ask) & (ask > 0)),
                ("future", time > self._now_ns() + int(self._rules.ahead_seconds * 1e9)),
                ("old_day", time < self.day_start_ns),
            )
        bad: Mask | None = None
        for reason, found in checks:
            if found.any():
                fresh = found if bad is None else found & ~bad
                self.drops.add(reason, int(np.count_nonzero(fresh)))
                bad = found if bad is None else bad | found
        return None if bad is None else ~bad

    def _normalise(self, c: dict[str, Column]) -> None:
        """Zero means an empty side; an empty side has no quantity; float noise is rounded away."""
        for price, quantity in (("bid", "bid_qty"), ("ask", "ask_qty")):
            empty = ~(c[price] > 0)
            if empty.any():
                c[price] = np.where(empty, np.nan, c[price])
                c[quantity] = np.where(empty, 0, c[quantity])
        for price in ("ltp", "bid", "ask"):
            c[price] = np.round(c[price], self._rules.decimals)

    def _walk_odd_rows(self, c: dict[str, Column], runs: "_Runs") -> Mask | None:
        rows, ltp = c["rows"], c["ltp"]
        before = runs.shift(ltp, self._slots.quotes["ltp"][runs.rows])
        # the day before says nothing of today's first price: gaps are real
        before[runs.first[runs.kept["time_ns"] == 0]] = np.nan
        with np.errstate(invalid="ignore"):
            high, low = np.maximum(ltp, before), np.minimum(ltp, before)
            kind = self._kind.take(rows)
            odd = (high > low * self._factor.take(kind)) & (high - low > self._floor.take(kind))
        odd |= c["time_ns"] < runs.before_time
        odd |= c["volume"] < runs.before_volume
        if self._held:
            odd |= np.isin(rows, np.fromiter(self._held, np.int64))
        if not odd.any():
            return None
        keep = np.ones(len(rows), dtype=np.bool_)
        c["volume"] = c["volume"].copy()
        for row in np.unique(rows[odd]):
            low_at, high_at = np.searchsorted(rows, [row, row + 1])
            self._walk(int(row), c, keep, range(int(low_at), int(high_at)))
        runs.forget_volume(c)
        return None if keep.all() else keep

    def _walk(self, row: int, c: dict[str, Column], keep: Mask, span: range) -> None:
        """Judge the ticks of one row one after another against the last good one."""
        slots = self._slots
        time, volume = int(slots.time_ns[row]), int(slots.volume[row])
        last = float(slots.quotes["ltp"][row]) if time else np.nan
        for i in span:
            at, price, traded = int(c["time_ns"][i]), float(c["ltp"][i]), int(c["volume"][i])
            if at < time:
                keep[i] = False
                self.drops.add("backwards", 1)
                continue
            if self._jumps(row, last, price):
                count, held = self._held.get(row, (0, np.nan))
                count = 1 if count == 0 or self._jumps(row, held, price) else count + 1
                if count < self._rules.confirm:
                    self._held[row] = (count, price)
                    keep[i] = False
                    self.drops.add("outlier", 1)
                    continue
            self._held.pop(row, None)
            if traded < volume:
                c["volume"][i] = volume
                self.repaired += 1
            time, last, volume = at, price, max(volume, traded)

    def _jumps(self, row: int, last: float, price: float) -> bool:
        high, low = max(last, price), min(last, price)
        kind = self._kind[row]
        return bool(high > low * self._factor[kind] and high - low > self._floor[kind])

    def _duplicates(self, c: dict[str, Column], runs: "_Runs") -> Mask | None:
        """Ticks equal in everything to the one before them."""
        same = np.flatnonzero((c["time_ns"] == runs.before_time) & (c["volume"] == runs.before_volume))
        if len(same) == 0:
            return None
        rows = c["rows"][same]
        inner = same > 0
        inner[inner] = c["rows"][same[inner] - 1] == rows[inner]
        kept = self._slots.quotes.take(rows)
        equal = np.ones(len(same), dtype=np.bool_)
        for name in ("ltp", "bid", "ask", "bid_qty", "ask_qty", "oi"):
            now = c[name][same]
            before = np.where(inner, c[name][same - 1], kept[name])
            equal &= (now == before) | ((now != now) & (before != before))
        if not equal.any():
            return None
        self.drops.add("duplicate", int(np.count_nonzero(equal)))
        keep = np.ones(len(c["rows"]), dtype=np.bool_)
        keep[same[equal]] = False
        return keep


class _Runs:
    """Runs of one row in sorted ticks, and what came before each tick: the tick before, or the slot."""

    def __init__(self, columns: dict[str, Column], slots: Slots) -> None:
        rows = columns["rows"]
        self._slots = slots
        if len(rows):
            edge = np.flatnonzero(rows[1:] != rows[:-1])
            self.first: I8 = np.concatenate((_ZERO, edge + 1))
            self.last: I8 = np.concatenate((edge, np.array([len(rows) - 1])))
        else:
            self.first = self.last = np.empty(0, dtype=np.int64)
        self.rows = rows[self.first]
        self.kept = slots.meta.take(self.rows)
        self.before_time = self.shift(columns["time_ns"], self.kept["time_ns"])
        self.before_volume = self.shift(columns["volume"], self.kept["volume"])

    def shift(self, column: Column, kept: Column) -> Column:
        """The column one tick later, with the slot's value before the first tick of each row."""
        out = np.empty_like(column)
        out[1:] = column[:-1]
        out[self.first] = kept
        return out

    def forget_volume(self, columns: dict[str, Column]) -> None:
        """The volumes were repaired: what came before is read again."""
        self.before_volume = self.shift(columns["volume"], self.kept["volume"])


_ZERO = np.zeros(1, dtype=np.int64)

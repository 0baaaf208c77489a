"""Counts what is wrong with a file, with an example of each fault and what was done about it."""

from typing import Final

import msgspec

from server.domain.recordings import FaultFound, Outcome

__all__ = ("Tally",)

_LONGEST: Final = 160
_MOST_KINDS: Final = 60

ACTIONS: Final[dict[str, tuple[Outcome, str]]] = {
    "unreadable_row": ("refused", "Rows that cannot be read were left out."),
    "bad_price": ("refused", "Rows whose price is missing, zero or negative were left out."),
    "bad_ohlc": ("repaired", "Bars whose high or low does not hold their prices were widened to hold them."),
    "step_back": ("repaired", "Rows stamped earlier than the row before were put in order of time."),
    "duplicate": ("refused", "Rows that repeat another one exactly were left out."),
    "conflicting_duplicate": ("refused", "Of bars with the same start the one that comes last in the file was kept."),
    "volume_fell": ("repaired", "The day's volume cannot fall: it was held at its highest."),
    "after_close": ("refused", "Rows outside trading hours were left out; the last one gives the closing value."),
    "before_open": ("taken", "Rows before the opening are shown as pre-open and make no bars."),
    "old_snapshot": ("refused", "Snapshots before the opening show the session before: they were left out."),
    "wild_preopen": ("refused", "Indicative values before the opening, far from it, were left out."),
    "not_trading_day": ("refused", "The exchange was closed that day: all its rows were left out."),
    "stale_copy": ("refused", "The day repeats another day's prices exactly: all its rows were left out."),
    "mislabelled": ("repaired", "The rows name another instrument than the file holds: the right one was written."),
    "unnamed": ("repaired", "The file does not name its instrument: it was told by its prices."),
    "outage": ("taken", "The recording has a hole there; the replay stands still over it."),
    "late_start": ("taken", "The recording begins late; the replay begins with it."),
    "early_end": ("taken", "The recording stops early; the replay ends with it."),
    "short_day": ("taken", "The day is far from whole; it was taken as it is."),
    "price_jump": ("taken", "The price left the day before far behind; it was kept."),
    "not_checked": ("taken", "Taken without that check."),
    "expiry_unknown": ("refused", "Rows that do not say which expiry they belong to were left out."),
    "no_price": ("refused", "Rows without a last price were left out."),
    "no_spot": ("taken", "The value of the underlying is missing there; the options were taken without it."),
    "unknown_instrument": ("refused", "Rows of instruments nobody has named were left out."),
    "units_unknown": ("taken", "Open interest is counted in lots and the lot is not known: it was left out."),
    "not_a_share": ("refused", "Rows of bonds, funds and other series than shares were left out."),
}
"""Every fault the import knows: what becomes of its rows, and the sentence that says so."""


class Tally:
    """Faults of one file."""

    def __init__(self) -> None:
        self._found: dict[str, FaultFound] = {}

    def add(self, fault: str, example: str, count: int = 1, *, action: str = "") -> None:
        """Count `count` more of a fault; the first example stays. `action` replaces the usual sentence."""
        if count <= 0:
            return
        outcome, usual = ACTIONS[fault]
        seen = self._found.get(fault)
        if seen is not None:
            self._found[fault] = msgspec.structs.replace(seen, count=seen.count + count)
        else:
            self._found[fault] = FaultFound(
                fault=fault, count=count, example=_short(example), action=action or usual, outcome=outcome
            )

    def kinds(self) -> frozenset[str]:
        """Faults found so far."""
        return frozenset(self._found)

    def report(self) -> tuple[FaultFound, ...]:
        """All of them, those that cost rows first."""
        order = {"refused": 0, "repaired": 1, "taken": 2}
        return tuple(sorted(self._found.values(), key=lambda f: (order[f.outcome], -f.count)))[:_MOST_KINDS]


def _short(text: str) -> str:
    text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"

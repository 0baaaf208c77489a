"""Word search over instruments: `nif 24500 ce` finds every NIFTY 24500 call.

Words are kept sorted with their rows beside them in one array, so a typed prefix is one slice however many
words it stands for. New listings make a new segment; old segments are never rebuilt.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from server.domain.instruments import Instrument

__all__ = ("WordIndex", "split_query")

I4 = npt.NDArray[np.int32]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORD = re.compile(r"[a-z0-9.&-]+")
_KIND_WORDS = {
    "INDEX": ("index",),
    "FUTURE": ("future", "fut"),
    "OPTION": ("option", "opt"),
    "EQUITY": ("equity", "share"),
}
_RIGHT_WORDS = {"CE": ("ce", "call"), "PE": ("pe", "put")}
_MAX_TOKENS = 8


def split_query(query: str) -> list[str]:
    """Lower-case tokens of what was typed, at most eight."""
    return _WORD.findall(query.lower())[:_MAX_TOKENS]


class WordIndex:
    """Rows by word prefix."""

    def __init__(self) -> None:
        self._segments: list[tuple[list[str], npt.NDArray[np.int64], I4]] = []
        self.size = 0

    def add(self, instruments: Sequence[Instrument]) -> None:
        """Index instruments that take the next rows."""
        if not instruments:
            return
        rows: dict[str, list[int]] = {}
        for row, instrument in enumerate(instruments, start=self.size):
            for word in _words(instrument):
                rows.setdefault(word, []).append(row)
        words = sorted(rows)
        ends = np.cumsum([len(rows[w]) for w in words])
        flat = np.fromiter((r for w in words for r in rows[w]), np.int32, int(ends[-1]))
        self._segments.append((words, np.concatenate(([0], ends)), flat))
        self.size += len(instruments)

    def match(self, tokens: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Mask over rows whose words start with every token."""
        mask = np.ones(self.size, dtype=np.bool_)
        for token in tokens:
            hit = np.zeros(self.size, dtype=np.bool_)
            for words, ends, flat in self._segments:
                low = bisect_left(words, token)
                high = bisect_left(words, token + "\U0010ffff")
                hit[flat[ends[low] : ends[high]]] = True
            mask &= hit
        return mask


def _words(instrument: Instrument) -> set[str]:
    words = {instrument.symbol.lower(), instrument.name.lower(), instrument.exchange.lower()}
    words.update(_WORD.findall(instrument.title.lower()))
    words.update(_KIND_WORDS.get(instrument.kind, ()))
    if instrument.right is not None:
        words.update(_RIGHT_WORDS[instrument.right])
    if instrument.strike is not None:
        text = format(instrument.strike, "f")
        words.add(text.rstrip("0").rstrip(".") if "." in text else text)
    if instrument.expiry is not None:
        month = _MONTHS[instrument.expiry.month - 1]
        words.update((month, f"{instrument.expiry.day}{month}", f"{instrument.expiry.day:02d}{month}"))
        words.add(f"{instrument.expiry.day:02d}{month}{instrument.expiry.year % 100:02d}")
    return words

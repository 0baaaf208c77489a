"""Time-ordered ids that also fit every broker's tag: 20 characters of Crockford base 32.

Ten characters of milliseconds since the epoch, then ten random ones (50 bits). Within one
process ids strictly increase even when the wall clock steps back.
"""

import os
from collections.abc import Callable

from server.core.clock import Clock, to_ns

__all__ = ("ID_LENGTH", "Ids", "is_id")

ID_LENGTH = 20
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_SHIFTS = range(90, -1, -10)
_HALF = 50
_MASK = (1 << _HALF) - 1


class Ids:
    """Mints ids from a clock and a source of random bits (the system's by default)."""

    def __init__(self, clock: Clock, randbits: Callable[[int], int] | None = None) -> None:
        self._clock = clock
        self._randbits = randbits or _Pool().bits
        self._last = 0

    def next(self) -> str:
        """A new id, greater than every id this object gave before."""
        stamp = to_ns(self._clock.now()) // 1_000_000
        value = (stamp & _MASK) << _HALF | self._randbits(_HALF)
        self._last = value if value > self._last else self._last + 1
        return _encode(self._last)

    def after(self, last: str) -> None:
        """Go on after an id of an earlier run: a wall clock set back between two runs must not make ids go back."""
        if is_id(last):
            value = 0
            for letter in last:
                value = value << 5 | _ALPHABET.index(letter)
            self._last = max(self._last, value)


class _Pool:
    """The system's random bits, fetched a page at a time: a call to the system for each id costs more than the id."""

    def __init__(self) -> None:
        self._bytes, self._at = b"", 0

    def bits(self, count: int) -> int:
        """`count` random bits, 64 at most; each is given once."""
        if self._at + 8 > len(self._bytes):
            self._bytes, self._at = os.urandom(4096), 0
        self._at += 8
        return int.from_bytes(self._bytes[self._at - 8 : self._at], "big") >> (64 - count)


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return len(text) == ID_LENGTH and all(c in _ALPHABET for c in text)


def _encode(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])

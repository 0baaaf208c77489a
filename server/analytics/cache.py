"""Answers kept for a while, by kind, with how often they were of use (FEATURES M4)."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import msgspec

from server.core.clock import Clock

__all__ = ("KINDS", "Cache", "CacheKind")

T = TypeVar("T")

KINDS: dict[str, float] = {"option chain": 15.0, "volatility": 120.0}
"""Seconds an answer of a kind may be given again."""
_MOST = 256


class CacheKind(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of answer is doing."""

    kind: str
    ttl: float
    """Seconds an answer is given again."""
    hits: int
    misses: int
    entries: int


class Cache:
    """In-process answers with a time to live by kind, counted on the monotonic clock. For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, dict[Hashable, tuple[float, Any]]] = {kind: {} for kind in KINDS}
        self._hits = dict.fromkeys(KINDS, 0)
        self._misses = dict.fromkeys(KINDS, 0)

    async def get(self, kind: str, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The kept answer if it is young enough, else a new one; a failure is not kept."""
        now = self._clock.monotonic()
        found = self._kept[kind].get(key)
        if found is not None and now - found[0] <= KINDS[kind]:
            self._hits[kind] += 1
            answer: T = found[1]
            return answer
        self._misses[kind] += 1
        made = await make()
        self.put(kind, key, made)
        return made

    def put(self, kind: str, key: Hashable, answer: Any) -> None:
        """Keep an answer that came by itself."""
        kept = self._kept[kind]
        if len(kept) >= _MOST:
            now = self._clock.monotonic()
            for old in [k for k, (at, _) in kept.items() if now - at > KINDS[kind]] or list(kept)[:1]:
                del kept[old]
        kept[key] = (self._clock.monotonic(), answer)

    def stats(self) -> list[CacheKind]:
        """Counts since the start."""
        return [
            CacheKind(
                kind=kind, ttl=ttl, hits=self._hits[kind], misses=self._misses[kind], entries=len(self._kept[kind])
            )
            for kind, ttl in KINDS.items()
        ]

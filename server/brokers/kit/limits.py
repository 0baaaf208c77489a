"""How often a broker may be asked: per endpoint group, by second, minute and day, as its manifest says."""

import asyncio
from collections import deque
from datetime import date

from server.brokers.kit.manifest import EndpointLimit, Manifest
from server.core.clock import IST, Clock
from server.core.errors import RateLimited
from server.core.ratelimit import TokenBucket

__all__ = ("Limiter",)

_MINUTE = 60.0
_RATE, _BURST = 8.0, 10


class _Group:
    """One endpoint group of one account."""

    def __init__(self, clock: Clock, limit: EndpointLimit) -> None:
        rate = limit.per_second or _RATE
        self.bucket = TokenBucket(clock, rate, limit.burst or (_BURST if limit.per_second is None else max(1.0, rate)))
        self.limit = limit
        self.recent: deque[float] = deque()
        self.day: date | None = None
        self.today = 0
        self.held_until = 0.0
        self.turn = asyncio.Lock()


class Limiter:
    """Lets calls go in the order they came; one that would have to wait too long is refused before it is sent."""

    def __init__(self, clock: Clock, manifest: Manifest) -> None:
        self._clock = clock
        self._manifest = manifest
        self._groups: dict[str, _Group] = {}

    async def enter(self, name: str, patience: float) -> None:
        """Wait for a turn; raises RateLimited, with nothing sent, when it is further off than `patience` seconds."""
        group = self._group(name)
        async with group.turn:
            while (wait := self._wait(group)) > 0:
                if wait > patience:
                    raise RateLimited(
                        f"{self._manifest.title}: the limit for {name} is used up.",
                        retry_after=wait,
                        code="broker.limit",
                        remedy=f"Try again in {wait:.1f} s.",
                    )
                patience -= wait
                await self._clock.sleep(wait)
            group.bucket.take()
            group.recent.append(self._clock.monotonic())
            group.today += 1

    def hold(self, name: str, seconds: float) -> None:
        """The broker said that it was too often: nothing of this group goes out for a while."""
        group = self._group(name)
        group.held_until = max(group.held_until, self._clock.monotonic() + seconds)

    def left(self, name: str) -> int:
        """Calls that could go out now."""
        group = self._group(name)
        left = int(group.bucket.left) if self._wait(group) == 0 else 0
        if group.limit.per_minute is not None:
            left = min(left, group.limit.per_minute - len(group.recent))
        return max(0, left)

    def _group(self, name: str) -> _Group:
        found = self._groups.get(name)
        if found is None:
            found = self._groups[name] = _Group(self._clock, self._manifest.limit(name))
        return found

    def _wait(self, group: _Group) -> float:
        now = self._clock.monotonic()
        wait = max(group.bucket.wait_for(), group.held_until - now)
        while group.recent and group.recent[0] <= now - _MINUTE:
            group.recent.popleft()
        limit = group.limit
        if limit.per_minute is not None and len(group.recent) >= limit.per_minute:
            wait = max(wait, group.recent[0] + _MINUTE - now)
        if limit.per_day is not None:
            local = self._clock.now().astimezone(IST)
            if group.day != local.date():
                group.day, group.today = local.date(), 0
            if group.today >= limit.per_day:
                wait = max(wait, 86_400.0 - (local.hour * 3600 + local.minute * 60 + local.second))
        return wait if wait > 1e-9 else 0.0

"""The injected clock: the only place that reads the wall clock.

Three readings, never mixed (DESIGN §2): wall time (aware UTC) says when a thing
happened to us, monotonic seconds measure ages and leases, market time comes from a
market's own session clock, which is one of the classes below.
"""

import asyncio
import heapq
import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ("IST", "AcceleratedClock", "Clock", "ManualClock", "SystemClock", "from_ns", "india_day", "to_ns")

IST = ZoneInfo("Asia/Kolkata")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INDIA = timedelta(hours=5, minutes=30)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since the epoch of an aware datetime, exact to the microsecond."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000


def from_ns(ns: int) -> datetime:
    """Aware UTC datetime of nanoseconds since the epoch (rounded down to a microsecond)."""
    return _EPOCH + timedelta(microseconds=ns // 1_000)


def india_day(moment: datetime) -> date:
    """Calendar date in India of an aware datetime: half past five before UTC, the year round, since 1945."""
    return ((moment if moment.tzinfo is UTC else moment.astimezone(UTC)) + _INDIA).date()


class Clock(Protocol):
    """What the rest of Sauda may ask of time."""

    def now(self) -> datetime:
        """Wall time as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's own time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told: for tests, replay and backtests.

    Wall time may be set back (`jump`); monotonic time only advances.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("ManualClock needs an aware datetime")
        self._now = start.astimezone(UTC)
        self._mono = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._mono

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._mono + seconds, self._count, wake))
        await wake

    def jump(self, to: datetime) -> None:
        """Set wall time without letting monotonic time pass (an NTP step)."""
        self._now = to.astimezone(UTC)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking sleepers in order at their own moments."""
        end = self._mono + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, wake = heapq.heappop(self._sleepers)
            self._move_to(max(at, self._mono))
            if not wake.done():
                wake.set_result(None)
            await _settle()
        self._move_to(end)
        await _settle()

    def _move_to(self, mono: float) -> None:
        self._now += timedelta(seconds=mono - self._mono)
        self._mono = mono


class AcceleratedClock:
    """Another clock's time, stretched: `speed` market seconds pass per base second.

    `speed` 0 stands still. Changing speed or seeking keeps the present continuous.
    """

    def __init__(self, base: Clock, start: datetime, speed: float = 1.0) -> None:
        self._base = base
        self._anchor_base = base.monotonic()
        self._anchor = start.astimezone(UTC)
        self._passed = 0.0
        self.speed = speed

    def now(self) -> datetime:
        return self._anchor + timedelta(seconds=self._elapsed())

    def monotonic(self) -> float:
        return self._passed + self._elapsed()

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            # a paused or re-timed market is looked at again four times a second
            await self._base.sleep(min(left / self.speed, 0.25) if self.speed > 0 else 0.25)

    def set_speed(self, speed: float) -> None:
        """Change the speed from this moment on (0 pauses)."""
        self._rebase(self.now())
        self.speed = speed

    def seek(self, moment: datetime) -> None:
        """Jump market time to `moment`; the speed stays."""
        self._rebase(moment.astimezone(UTC))

    def _elapsed(self) -> float:
        return (self._base.monotonic() - self._anchor_base) * self.speed

    def _rebase(self, moment: datetime) -> None:
        self._passed += self._elapsed()
        self._anchor_base = self._base.monotonic()
        self._anchor = moment


async def _settle() -> None:
    """Give every woken task a few turns of the loop."""
    for _ in range(12):
        await asyncio.sleep(0)

"""Calls to brokers (FEATURES B5): each is written to disk, and what they say of an account's reads is its score.

Writing is done once a second in a thread: a call is never held up, and a disk that refuses loses the oldest calls that
wait and says so once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from server.api.live import CoursePoint, ScoreWire, UsageCall, UsageLine
from server.brokers.kit.ports import Usage
from server.core.clock import Clock
from server.core.errors import SaudaError
from server.storage.usage import CallRow, CallTimes, UsageFile

__all__ = ("UsageLog",)

_MOST_WAITING = 20_000
_SAMPLES = 500
"""Calls of an endpoint that its score rests on."""
_WRITE_EVERY = 1.0
_TIDY_EVERY = 3_600.0
_BUCKETS = 60
_FRESH = 2.0
"""Seconds for which it holds what was left of a limit: most windows are a second long."""
_HALF_SPEED = 0.3
"""Seconds of a median call at which speed counts half."""


class _Recent:
    """The last calls of one endpoint."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=_SAMPLES)
        self.failed: deque[bool] = deque(maxlen=_SAMPLES)
        self.left: int | None = None
        self.told = 0.0
        """Monotonic time at which `left` was true."""

    def add(self, seconds: float, failed: bool, left: int | None, now: float) -> None:
        self.times.append(seconds)
        self.failed.append(failed)
        self.left, self.told = left, now


class UsageLog:
    """Takes one `Usage` a call. Nothing in it is secret.

    Args:
        keep_days: how long calls are kept; asked anew each time.
        say: puts a sentence on the screen.
    """

    def __init__(self, file: UsageFile, clock: Clock, keep_days: Callable[[], int], say: Callable[[str], None]) -> None:
        self._file = file
        self._clock = clock
        self._keep_days = keep_days
        self._say = say
        self._recent: dict[tuple[str, str, str], _Recent] = {}
        self._waiting: deque[CallRow] = deque(maxlen=_MOST_WAITING)
        self._writing = asyncio.Lock()
        self._problem = ""

    def add(self, usage: Usage) -> None:
        """One call is over."""
        row = CallRow(
            round(usage.at.timestamp() * 1e3),
            usage.account,
            usage.broker,
            usage.endpoint,
            usage.call,
            usage.status,
            round(usage.seconds * 1e3, 2),
            usage.left,
            usage.problem,
        )
        self._waiting.append(row)
        self._of(usage.account, usage.broker, usage.endpoint).add(
            usage.seconds, row.failed, usage.left, self._clock.monotonic()
        )

    async def run(self, ready: Callable[[], None]) -> None:
        """Write what comes until cancelled, then the rest (a supervisor part)."""
        said = await asyncio.to_thread(self._file.open, self._clock.now())
        if said:
            self._say(said)
        await self._remember()
        ready()
        tidied = -_TIDY_EVERY
        try:
            while True:
                await asyncio.shield(self._write())  # the end waits for what is being written
                if self._clock.monotonic() - tidied >= _TIDY_EVERY:
                    tidied = self._clock.monotonic()
                    await self._prune()
                await self._clock.sleep(_WRITE_EVERY)
        finally:
            await asyncio.shield(self._write())

    async def lines(self, hours: float) -> list[UsageLine]:
        """By account and endpoint, over the last `hours`; raises Unavailable when the file cannot be read."""
        await self._write()
        now = self._clock.now()
        since = now - timedelta(hours=hours)
        return await asyncio.to_thread(self._lines, _ms(since), _ms(now))

    async def calls(self, limit: int) -> list[UsageCall]:
        """The last calls, newest first; raises Unavailable when the file cannot be read."""
        await self._write()
        rows = await asyncio.to_thread(self._file.last, limit)
        return [
            UsageCall(
                at=_moment(row.at_ms),
                account=row.account,
                endpoint=row.endpoint,
                call=row.call,
                status=row.status,
                ms=round(row.ms, 1),
                problem=row.problem,
            )
            for row in rows
        ]

    def score(self, account: str) -> ScoreWire:
        """How good an account is for reads, 0 to 1: success first, then latency, then what is left of the limit."""
        mine = [recent for (owner, _, _), recent in self._recent.items() if owner == account]
        times = [seconds for recent in mine for seconds in recent.times]
        if not times:
            return ScoreWire(score=0.5, success=None, median_ms=None, free=None)
        success = 1 - sum(sum(recent.failed) for recent in mine) / len(times)
        median = float(np.median(times))
        now = self._clock.monotonic()
        known = [recent.left for recent in mine if recent.left is not None and now - recent.told <= _FRESH]
        free = min(known) if known else None
        spare = 0.0 if free == 0 else 1.0
        score = 0.6 * success + 0.3 / (1 + median / _HALF_SPEED) + 0.1 * spare
        return ScoreWire(score=round(score, 4), success=round(success, 4), median_ms=round(median * 1e3, 1), free=free)

    def forget(self, account: str) -> None:
        """An account's keys are gone: its score is; the calls it made stay on disk until they are old."""
        for key in [k for k in self._recent if k[0] == account]:
            del self._recent[key]

    def _of(self, account: str, broker: str, endpoint: str) -> _Recent:
        return self._recent.setdefault((account, broker, endpoint), _Recent())

    async def _remember(self) -> None:
        """Scores go on where the last run of Sauda left them; what was left of a limit then says nothing now."""
        since = _ms(self._clock.now() - timedelta(days=1))
        for (account, broker, endpoint), told in (await asyncio.to_thread(self._file.times, since)).items():
            recent = self._of(account, broker, endpoint)
            for ms, failed in zip(told.ms[-_SAMPLES:].tolist(), told.failed[-_SAMPLES:].tolist(), strict=True):
                recent.add(ms / 1e3, failed, None, 0.0)

    async def _write(self) -> None:
        async with self._writing:
            if not self._waiting:
                return
            rows = list(self._waiting)
            self._waiting.clear()
            try:
                await asyncio.to_thread(self._file.add, rows)
            except SaudaError as error:
                self._waiting = deque([*rows, *self._waiting], maxlen=_MOST_WAITING)
                if error.detail != self._problem:
                    self._problem = error.detail
                    self._say(f"{error.detail} Calls to brokers go on and are not recorded.")
                return
            self._problem = ""

    async def _prune(self) -> None:
        before = _ms(self._clock.now() - timedelta(days=self._keep_days()))
        try:
            await asyncio.to_thread(self._file.prune, before)
        except SaudaError:
            return  # said when it is written to

    def _lines(self, since: int, until: int) -> list[UsageLine]:
        return [
            UsageLine(
                account=account,
                broker=broker,
                endpoint=endpoint,
                calls=len(told.ms),
                failures=int(told.failed.sum()),
                p50_ms=_quantile(told.ms, 50),
                p99_ms=_quantile(told.ms, 99),
                left=told.left,
                last_problem=told.problem,
                course=_course(told, since, until),
            )
            for (account, broker, endpoint), told in sorted(self._file.times(since).items())
        ]


def _course(told: CallTimes, since: int, until: int) -> list[CoursePoint]:
    """The span in equal stretches; one without a call is left out."""
    width = max(1, (until - since) // _BUCKETS)
    place = (told.at_ms - since) // width
    return [
        CoursePoint(
            at=_moment(since + int(number) * width + width // 2),
            calls=int(here.sum()),
            failures=int(told.failed[here].sum()),
            p50_ms=_quantile(told.ms[here], 50),
            p99_ms=_quantile(told.ms[here], 99),
        )
        for number in np.unique(place)
        for here in (place == number,)
    ]


def _quantile(values: npt.NDArray[np.float64], percent: float) -> float:
    return round(float(np.percentile(values, percent)), 1)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1e3)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1e3, UTC)

"""Calls to brokers: the last ones, and counts and latencies by broker and endpoint (FEATURES B5)."""

from collections import deque
from collections.abc import Callable

import numpy as np

from server.api.live import UsageLine
from server.brokers.kit.ports import Usage

__all__ = ("UsageLog",)

_KEPT = 2_000
_SAMPLES = 500


class _Sums:
    def __init__(self) -> None:
        self.calls = self.failures = 0
        self.times: deque[float] = deque(maxlen=_SAMPLES)
        self.left: int | None = None
        self.problem = ""


class UsageLog:
    """Takes one `Usage` a call. Nothing in it is secret; the log is in memory and starts anew with Sauda."""

    def __init__(self) -> None:
        self.last: deque[Usage] = deque(maxlen=_KEPT)
        self.on_call: Callable[[Usage], None] = lambda _: None
        self._sums: dict[tuple[str, str, str], _Sums] = {}

    def add(self, usage: Usage) -> None:
        """One call is over."""
        self.last.append(usage)
        sums = self._sums.setdefault((usage.account, usage.broker, usage.endpoint), _Sums())
        sums.calls += 1
        failed = bool(usage.problem) or not 200 <= usage.status < 400
        sums.failures += failed
        sums.times.append(usage.seconds)
        sums.left = usage.left
        if failed:
            sums.problem = usage.problem or f"HTTP {usage.status}"
        self.on_call(usage)

    def lines(self) -> list[UsageLine]:
        """By account and endpoint."""
        found = []
        for (account, broker, endpoint), sums in sorted(self._sums.items()):
            times = np.array(sums.times) * 1e3
            found.append(
                UsageLine(
                    account=account,
                    broker=broker,
                    endpoint=endpoint,
                    calls=sums.calls,
                    failures=sums.failures,
                    p50_ms=round(float(np.percentile(times, 50)), 1),
                    p99_ms=round(float(np.percentile(times, 99)), 1),
                    recent_ms=[round(float(t), 1) for t in times[-60:]],
                    left=sums.left,
                    last_problem=sums.problem,
                )
            )
        return found

    def score(self, account: str) -> float:
        """How good an account is for reads, 0 to 1: success first, then latency, then what is left of the limit."""
        mine = [s for (owner, _, _), s in self._sums.items() if owner == account]
        calls = sum(s.calls for s in mine)
        if not calls:
            return 0.5
        success = 1 - sum(s.failures for s in mine) / calls
        times = [t for s in mine for t in s.times]
        speed = 1 / (1 + float(np.median(times)) / 0.3) if times else 0.5
        spare = 0.0 if any(s.left == 0 for s in mine) else 1.0
        return round(0.6 * success + 0.3 * speed + 0.1 * spare, 4)

    def forget(self, account: str) -> None:
        """An account is gone; the calls it made stay in the list."""
        for key in [k for k in self._sums if k[0] == account]:
            del self._sums[key]

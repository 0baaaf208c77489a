"""The last durations of something, for latency figures on screen."""

from collections import deque

__all__ = ("Timings",)


class Timings:
    """Keeps the last `keep` durations, in seconds."""

    def __init__(self, keep: int = 1_000) -> None:
        self._kept: deque[float] = deque(maxlen=keep)

    def add(self, seconds: float) -> None:
        """Take one in."""
        self._kept.append(seconds)

    def figures(self) -> dict[str, float | int | None]:
        """p50 and p99 in milliseconds (None while there is nothing), and how many are counted."""
        ordered = sorted(self._kept)
        if not ordered:
            return {"p50": None, "p99": None, "n": 0}
        return {
            "p50": round(ordered[len(ordered) // 2] * 1e3, 3),
            "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e3, 3),
            "n": len(ordered),
        }

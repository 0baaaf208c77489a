"""Token bucket: `rate` a second on average, `burst` at once. Refuses rather than queues."""

from server.core.clock import Clock

__all__ = ("TokenBucket",)


class TokenBucket:
    """A bucket that fills by monotonic time."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = clock.monotonic()

    def take(self, tokens: float = 1.0) -> bool:
        """Take tokens if they are there."""
        self._fill()
        if self._tokens + 1e-9 < tokens:
            return False
        self._tokens -= tokens
        return True

    def wait_for(self, tokens: float = 1.0) -> float:
        """Seconds until `tokens` will be there."""
        self._fill()
        return max(0.0, (tokens - self._tokens) / self.rate)

    @property
    def left(self) -> float:
        """Tokens there now."""
        self._fill()
        return self._tokens

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now

"""A circuit breaker: after five failures within a minute a broker is left alone for a while, then tried once."""

from collections import deque
from typing import Literal

from server.core.clock import Clock

__all__ = ("Breaker",)


class Breaker:
    """closed -> open (nothing is asked) -> half-open (one call goes through and decides)."""

    def __init__(self, clock: Clock, failures: int = 5, window: float = 60.0, rest: float = 15.0) -> None:
        self._clock = clock
        self._most = failures
        self._window = window
        self._rest = rest
        self._failed: deque[float] = deque(maxlen=failures)
        self._opened: float | None = None
        self._probing = False

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """As it stands now."""
        if self._opened is None:
            return "closed"
        return "half-open" if self.wait_for() == 0 else "open"

    def wait_for(self) -> float:
        """Seconds until a call may go through; 0 = now."""
        if self._opened is None:
            return 0.0
        return max(0.0, self._opened + self._rest - self._clock.monotonic())

    def enter(self) -> bool:
        """Whether a call may go out now; in half-open only one at a time."""
        state = self.state
        if state == "closed":
            return True
        if state == "open" or self._probing:
            return False
        self._probing = True
        return True

    def succeed(self) -> None:
        """The broker answered (a refusal is an answer)."""
        self._opened, self._probing = None, False
        self._failed.clear()

    def fail(self) -> None:
        """No answer, or a broken one."""
        now = self._clock.monotonic()
        self._failed.append(now)
        if self._probing or (len(self._failed) == self._most and now - self._failed[0] <= self._window):
            self._opened = now
        self._probing = False

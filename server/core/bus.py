"""Typed, in-process event bus: handlers by event class, and the last events kept for the screen.

Publishing is synchronous and in order; a handler that fails is logged and counted and never
stops the others. Prices do not travel here (see `market.hub`): only facts that must not be lost.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import structlog

__all__ = ("Bus",)

E = TypeVar("E")
_log = structlog.get_logger("bus")


class Bus:
    """Publish and subscribe by event class (subclasses match too)."""

    def __init__(self, keep: int = 10_000) -> None:
        self._handlers: list[tuple[type, Callable[[Any], None]]] = []
        self._by_type: dict[type, tuple[Callable[[Any], None], ...]] = {}
        """Those that listen to a class of events, as long as nobody comes or goes."""
        self._kept: deque[tuple[int, object]] = deque(maxlen=keep)
        self.sequence = 0
        self.failures = 0

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> Callable[[], None]:
        """Call `handler` for each event of `kind`; returns the call that ends it."""
        entry = (kind, handler)
        self._handlers.append(entry)
        self._by_type.clear()

        def end() -> None:
            if entry in self._handlers:
                self._handlers.remove(entry)
                self._by_type.clear()

        return end

    def publish(self, event: object) -> int:
        """Hand `event` to its handlers; returns its sequence number, starting at 1."""
        self.sequence += 1
        self._kept.append((self.sequence, event))
        handlers = self._by_type.get(type(event))
        if handlers is None:
            found = tuple(handler for kind, handler in self._handlers if isinstance(event, kind))
            handlers = self._by_type[type(event)] = found
        for handler in handlers:
            try:
                handler(event)
            except Exception:  # noqa: BLE001 - one deaf listener must not silence the rest
                self.failures += 1
                _log.exception("handler_failed", event_kind=type(event).__name__)
        return self.sequence

    def since(self, sequence: int) -> list[tuple[int, object]] | None:
        """Kept events after `sequence`, or None when some of them are no longer kept."""
        if sequence >= self.sequence:
            return []
        if not self._kept or self._kept[0][0] > sequence + 1:
            return None
        # numbers have no gaps, so only the tail is walked, however much is kept
        tail = list(islice(reversed(self._kept), self.sequence - sequence))
        tail.reverse()
        return tail

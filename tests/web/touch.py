"""Fingers on a touch screen through the DevTools protocol; each keeps its id, as the browser wants."""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

__all__ = ("Fingers", "until")

Place = tuple[float, float]


class Fingers:
    """Put down, move and lift fingers by their number."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._page = page

    def _send(self, kind: str, fingers: dict[int, Place]) -> None:
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in fingers.items()]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def down(self, fingers: dict[int, Place]) -> None:
        self._send("touchStart", fingers)

    def move(self, fingers: dict[int, Place]) -> None:
        self._send("touchMove", fingers)

    def lift(self, fingers: dict[int, Place] | None = None) -> None:
        """The fingers named are released; without any, all are."""
        self._send("touchEnd", fingers or {})

    def drag(self, start: Place, end: Place, *, steps: int = 8, finger: int = 0, lift: bool = True) -> None:
        """One finger from start to end in equal steps, one a frame."""
        self.down({finger: start})
        for place in between(start, end, steps):
            self.move({finger: place})
            self.frame()
        if lift:
            self.lift()

    def pinch(self, start: Sequence[Place], end: Sequence[Place], *, steps: int = 10) -> None:
        """Two fingers, each from its start to its end."""
        self.down({0: start[0], 1: start[1]})
        for a, b in zip(between(start[0], end[0], steps), between(start[1], end[1], steps), strict=True):
            self.move({0: a, 1: b})
            self.frame()
        self.lift()

    def press(self, at: Place, ms: int) -> None:
        """Hold still for so long by the page's own timer, and stay down."""
        self.down({0: at})
        self._page.wait_for_timeout(ms)

    def frame(self) -> Any:
        return self._page.evaluate("new Promise(done => requestAnimationFrame(done))")


def between(start: Place, end: Place, steps: int) -> list[Place]:
    return [
        (start[0] + (end[0] - start[0]) * k / steps, start[1] + (end[1] - start[1]) * k / steps)
        for k in range(1, steps + 1)
    ]


def until(page: Page, expression: str, *, tries: int = 100) -> None:
    """Wait until an expression is true. Playwright's own wait needs eval, which the page's CSP forbids."""
    for _ in range(tries):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never true: {expression}")

"""Orders in doubt: looked up by our own id, with growing waits, until the broker's word settles them (laws 2 and 3).

Nothing is rejected by age. "The broker has never seen it" settles an order only where the broker's look-up proves
absence, and only some time after sending, because a slow request may still be on its way.
"""

import asyncio
import contextlib

from server.core.errors import Unavailable
from server.domain.orders import Order
from server.orders import machine
from server.orders.book import Working
from server.orders.desk import Desk
from server.orders.updates import Updates
from server.orders.waiting import within

__all__ = ("NEVER_ARRIVED", "Inflight")

NEVER_ARRIVED = "It never reached the exchange: the broker has no such order."
_LEAST_WAIT = 0.05


class Inflight:
    """Looks orders up."""

    def __init__(self, desk: Desk, updates: Updates) -> None:
        self._desk = desk
        self._updates = updates
        self._wake = asyncio.Event()
        desk.on_doubt = self._wake.set

    async def run(self) -> None:
        """Look up what is in doubt when its time has come, until cancelled."""
        while True:
            await self.once()
            self._wake.clear()
            doubtful = [self._desk.working(order.id).look_at for order in self._doubtful()]
            if not doubtful:
                await self._wake.wait()
                continue
            left = max(_LEAST_WAIT, min(doubtful) - self._desk.clock.monotonic())
            with contextlib.suppress(TimeoutError):
                await within(self._desk.clock, left, self._wake.wait())

    async def once(self) -> None:
        """One round over all orders in doubt."""
        now = self._desk.clock.monotonic()
        for order in self._doubtful():
            working = self._desk.book.get(order.id)
            if working is not None and working.look_at <= now:
                await self.look(order.id)

    async def look(self, order_id: str) -> None:
        """Ask the broker for one order and apply what it says."""
        desk = self._desk
        working = desk.book.get(order_id)
        if working is None:
            return
        order = working.order
        execution = desk.executions.get(order.account)
        working.looks += 1
        wait = min(desk.settings.lookup_most, desk.settings.lookup_first * 2 ** min(working.looks, 16))
        working.look_at = desk.clock.monotonic() + wait
        if execution is None:
            return
        asked = desk.clock.monotonic()
        try:
            report = await within(desk.clock, desk.settings.command_timeout, execution.find(order_id))
        except Exception:  # noqa: BLE001 - no answer is no news; it is asked again
            return
        if desk.halted:
            return
        try:
            if report is not None:
                await self._updates.report(order.account, report)
            elif execution.can_look_up and asked - working.in_doubt_since >= desk.settings.absence_after:
                self._absent(order_id)
        except Unavailable:
            return

    def _absent(self, order_id: str) -> None:
        working = self._desk.book.get(order_id)
        if working is None or working.sending is not None:
            return
        if working.order.state in ("SUBMITTING", "UNKNOWN"):
            self._desk.step(working, machine.Reject(NEVER_ARRIVED), "resolved", f"broker:{working.order.broker}")

    def _doubtful(self) -> list[Order]:
        return [w.order for w in self._desk.book.live() if w.sending is None and _in_doubt(w)]


def _in_doubt(working: Working) -> bool:
    """Whether its own fate, or that of a change, is unknown."""
    if working.order.state in ("SUBMITTING", "UNKNOWN"):
        return True
    return working.changed is not None and not working.modifying

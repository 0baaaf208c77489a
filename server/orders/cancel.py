"""Cancelling: sent at once, judged by the broker's own word. A cancel may be repeated; it can never do harm twice.

It is not held back by limits, rates or a broken journal: taking risk off must always be possible.
"""

import asyncio
from collections.abc import Callable, Iterable

from server.core.errors import Conflict, SaudaError, Unavailable, Unknown
from server.domain.orders import TERMINAL_STATES, Order
from server.orders.book import Working
from server.orders.desk import Desk
from server.orders.inflight import Inflight
from server.orders.ports import NotAccepted
from server.orders.waiting import within

__all__ = ("Canceller", "changed_within")


class Canceller:
    """Cancels orders."""

    def __init__(self, desk: Desk, inflight: Inflight) -> None:
        self._desk = desk
        self._inflight = inflight

    async def cancel(self, order_id: str, *, actor: str, correlation: str = "") -> Order:
        """Cancel what is left of an order; returns it as the broker then shows it.

        Raises:
            NotFound: no such working order.
            Conflict: it is finished already; a fill was quicker.
            Unknown: nobody can say whether the cancel (or the order itself) arrived. It may be tried again.
        """
        desk = self._desk
        working = desk.working(order_id)
        if working.sending is not None:
            await asyncio.wait({working.sending})  # its answer is on the way; a cancel now could overtake it
        working = desk.working(order_id)
        if working.order.state in ("SUBMITTING", "UNKNOWN"):
            await self._inflight.look(order_id)
            working = desk.working(order_id)
        order = working.order
        if order.state in TERMINAL_STATES:
            raise _finished(order)
        if order.state in ("SUBMITTING", "UNKNOWN"):
            raise Unknown(
                f"Not cancelled: nobody knows yet whether order {order_id} arrived at the broker.",
                code="order.unknown",
                field="id",
                remedy="Sauda is looking it up. Try again when it is resolved, or look at the broker.",
            )
        self._note(order, actor, correlation)
        try:
            await within(desk.clock, desk.settings.command_timeout, desk.execution(order.account).cancel(order))
        except NotAccepted as refusal:
            await self._inflight.look(order_id)
            now = desk.book.get(order_id)
            if now is not None and now.order.state in TERMINAL_STATES:
                raise _finished(now.order) from None
            raise Conflict(
                f"Not cancelled: the broker refused ({refusal.reason}).",
                code="order.cancel_refused",
                field="id",
                remedy="Look at the order; it may have been filled. If it still works, try again.",
            ) from None
        except Exception as error:
            await self._inflight.look(order_id)
            now = desk.book.get(order_id)
            if now is not None and now.order.state in TERMINAL_STATES:
                return now.order
            raise Unknown(
                f"Nobody can say whether the cancel of order {order_id} arrived ({type(error).__name__}).",
                code="order.cancel_unknown",
                field="id",
                remedy="Try again; cancelling twice does no harm.",
            ) from error
        return await self._settled(order_id)

    async def cancel_all(
        self, orders: Iterable[Working], *, actor: str, correlation: str = ""
    ) -> tuple[list[str], list[str]]:
        """Cancel many at once; returns (ids that are finished now, ids that are still open or in doubt)."""
        ids = [w.order.id for w in orders]
        answers = await asyncio.gather(*(self._try(order_id, actor, correlation) for order_id in ids))
        return [i for i, gone in zip(ids, answers, strict=True) if gone], [
            i for i, gone in zip(ids, answers, strict=True) if not gone
        ]

    async def _try(self, order_id: str, actor: str, correlation: str) -> bool:
        try:
            order = await self.cancel(order_id, actor=actor, correlation=correlation)
        except Conflict:
            found = self._desk.book.get(order_id)
            return found is None or found.order.state in TERMINAL_STATES
        except SaudaError:
            return False
        return order.state in TERMINAL_STATES

    def _note(self, order: Order, actor: str, correlation: str) -> None:
        """Who asked is on record; the cancel does not wait for the disk."""
        try:
            self._desk.note("order.cancel_asked", {"order": order.id}, actor, correlation or order.id, order.id)
        except Unavailable:
            return

    async def _settled(self, order_id: str) -> Order:
        """The order once the broker has said what became of it, or as it stands after a short wait."""
        desk = self._desk
        working = desk.working(order_id)
        if working.order.state not in TERMINAL_STATES:
            await changed_within(desk, working, desk.settings.settle, lambda o: o.state in TERMINAL_STATES)
        working = desk.book.get(order_id) or working
        order, written = working.order, working.written
        if written is not None:
            await asyncio.wait({written})
        return order


async def changed_within(desk: Desk, working: Working, seconds: float, good: Callable[[Order], bool]) -> bool:
    """Wait until the order is as wanted, at most `seconds`."""
    end = desk.clock.monotonic() + seconds
    while not good(working.order):
        left = end - desk.clock.monotonic()
        if left <= 0:
            return False
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        working.waiters.append(waiter)

        async def wake(waiter: asyncio.Future[None] = waiter) -> None:
            await waiter

        try:
            await within(desk.clock, left, wake())
        except TimeoutError:
            return good(working.order)
        working = desk.book.get(working.order.id) or working
    return True


def _finished(order: Order) -> Conflict:
    words = {
        "FILLED": "it is filled",
        "CANCELLED": "it is cancelled already",
        "REJECTED": "it was rejected",
        "EXPIRED": "it has expired",
        "DENIED": "it was never sent",
    }
    return Conflict(
        f"Too late: {words[order.state]}.",
        code="order.finished",
        field="id",
        value=order.state,
        remedy="Nothing is left to change. Read the order again.",
    )

"""Orders in memory: the live ones, and the last finished ones, each with what the order path must know about it."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from server.domain.orders import LIVE_STATES, Fill, Order
from server.orders.requests import Requests

__all__ = ("OrderBook", "Pending", "Place", "Working")

_ENDED = 50_000

Place = tuple[str, str, str]
"""(instrument key, product, side)."""


class Pending(NamedTuple):
    """What all live orders of one place may still fill."""

    quantity: int
    price: Decimal | None
    """A price one of them names: the only one there is, for an instrument that has not traded yet."""


class Working(msgspec.Struct):
    """An order and what is known about it beside its row."""

    order: Order
    correlation: str
    """Ties request, order and fills together; the order's own id when the request gave none."""
    value: Decimal = Decimal(0)
    """Sum of price x quantity over its fills, exact."""
    outlay: Decimal = Decimal(0)
    """Cash a unit of it takes when it fills, rupees (premium or delivery value; 0 for margined things and sales)."""
    charges_minor: int = 0
    """Estimated charges of the whole order."""
    held: int = 0
    """Paise of cash held for it by its own id."""
    written: asyncio.Future[None] | None = None
    """Its last journal write; when that is done, all before it is on disk too."""
    sending: asyncio.Future[None] | None = None
    """Done when its submit has an answer or none will come; None when it was sent by an earlier run."""
    in_doubt_since: float = 0.0
    """Monotonic seconds at which its submit ended without an answer."""
    look_at: float = 0.0
    """When to look it up next."""
    looks: int = 0
    changed: Order | None = None
    """What it will be if a modify under way goes through; counted for margin until that is known."""
    modifying: bool = False
    """Whether that modify still waits for its answer."""
    reported: datetime | None = None
    """Market time of the newest report applied; older ones no longer change its terms."""
    waiters: list[asyncio.Future[None]] = []
    """Woken at its next change."""
    counted: int = 0
    """Units with which it stands in the book's sums."""

    @property
    def pending(self) -> int:
        """Units that may still fill."""
        return self.order.pending


class OrderBook:
    """Index of orders by id, account and broker id."""

    def __init__(self, keep_done: int = 5_000) -> None:
        self._keep = keep_done
        self._by_id: dict[str, Working] = {}
        self._live: dict[str, dict[str, Working]] = {}
        self._by_broker: dict[tuple[str, str], str] = {}
        self._done: dict[str, None] = {}
        """Finished ones, oldest first."""
        self._ended: dict[tuple[str, str], tuple[str, int]] = {}
        """How the last ones that were let go of had ended (state, filled), by account and broker's id."""
        self._sums: dict[str, dict[Place, Pending]] = {}
        self._unknown: dict[str, set[str]] = {}
        self.requests = Requests()
        self.version = 0
        """Counts changes: whether something happened while a broker was asked."""

    def load(self, orders: Iterable[tuple[Order, Iterable[Fill]]], requests: Iterable[tuple[str, str]]) -> None:
        """Begin again with what is on disk."""
        waiting = [w for working in self._by_id.values() for w in working.waiters]
        sending = {key: w.sending for key, w in self._by_id.items() if w.sending is not None}
        self._by_id, self._live, self._by_broker, self._done = {}, {}, {}, {}
        self._sums, self._unknown, self._ended = {}, {}, {}
        self.requests.load(requests)
        for order, fills in orders:
            self.add(order, correlation=order.id, value=_value(fills)).sending = sending.get(order.id)
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def add(self, order: Order, correlation: str = "", value: Decimal = Decimal(0)) -> Working:
        """Take in an order that is not here yet."""
        working = Working(order=order, correlation=correlation or order.id, value=value)
        self._by_id[order.id] = working
        self.requests.add(order.account, order.request_id, order.id)
        self._index(working)
        return working

    def put(self, working: Working, order: Order) -> None:
        """The order is now as given."""
        working.order = order
        self._index(working)
        waiters, working.waiters = working.waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def drop(self, order: Order) -> None:
        """Forget an order whose intent never reached the disk."""
        working = self._by_id.pop(order.id, None)
        if working is not None:
            self._count(working, 0)
        self._live.get(order.account, {}).pop(order.id, None)
        self._unknown.get(order.account, set()).discard(order.id)
        self.requests.drop(order.account, order.request_id)
        self.version += 1

    def get(self, order_id: str) -> Working | None:
        """An order in memory."""
        return self._by_id.get(order_id)

    def by_broker(self, account: str, broker_id: str) -> Working | None:
        """The order the broker knows under this id."""
        return self._by_id.get(self._by_broker.get((account, broker_id), ""))

    def ended(self, account: str, broker_id: str) -> tuple[str, int] | None:
        """How an order that is no longer in memory had ended: (state, filled); None when that is not remembered."""
        return self._ended.get((account, broker_id)) if broker_id else None

    def live(self, account: str | None = None) -> list[Working]:
        """Orders that may still change, oldest first; of one account or all."""
        if account is not None:
            return list(self._live.get(account, {}).values())
        return [w for held in self._live.values() for w in held.values()]

    def live_count(self, account: str) -> int:
        """How many of them."""
        return len(self._live.get(account, ()))

    def pending(self, account: str) -> Mapping[Place, Pending]:
        """Units that live orders may still fill, by (instrument key, product, side)."""
        return self._sums.get(account, {})

    def unknown(self, account: str) -> list[Order]:
        """Orders whose fate nobody knows."""
        return [self._by_id[order_id].order for order_id in self._unknown.get(account, ())]

    def recount(self, working: Working) -> None:
        """Count the order anew, after a change of it went out, came through, or failed."""
        live = working.order.state in LIVE_STATES
        terms = working.changed or working.order
        self._count(working, max(working.order.pending, terms.quantity - working.order.filled) if live else 0)

    def _count(self, working: Working, units: int) -> None:
        if units == working.counted:
            return
        order = working.order
        sums = self._sums.setdefault(order.account, {})
        place = (order.key, order.product, order.side)
        before = sums.get(place)
        total = (before.quantity if before is not None else 0) + units - working.counted
        working.counted = units
        if total:
            sums[place] = Pending(total, order.price or order.trigger or order.reference)
        else:
            sums.pop(place, None)

    def _index(self, working: Working) -> None:
        order = working.order
        self.version += 1
        if order.broker_id:
            self._by_broker[order.account, order.broker_id] = order.id
        self.recount(working)
        unknown = self._unknown.setdefault(order.account, set())
        (unknown.add if order.state == "UNKNOWN" else unknown.discard)(order.id)
        live = self._live.setdefault(order.account, {})
        if order.state in LIVE_STATES:
            live[order.id] = working
            return
        if live.pop(order.id, None) is not None:
            self._done.pop(order.id, None)  # it lived again, and ends a second time
        if order.id not in self._done:
            self._done[order.id] = None
        while len(self._done) > self._keep:
            oldest = next(iter(self._done))
            del self._done[oldest]
            self._forget(oldest)

    def _forget(self, order_id: str) -> None:
        working = self._by_id.get(order_id)
        if working is not None and working.order.state not in LIVE_STATES:
            del self._by_id[order_id]
            known_as = (working.order.account, working.order.broker_id)
            self._by_broker.pop(known_as, None)
            self._ended[known_as] = (working.order.state, working.order.filled)
            if len(self._ended) > _ENDED:
                del self._ended[next(iter(self._ended))]


def _value(fills: Iterable[Fill]) -> Decimal:
    return sum((f.price * f.quantity for f in fills), Decimal(0))

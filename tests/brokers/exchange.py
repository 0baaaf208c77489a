"""The exchange behind every fake broker: a book of one level a side that the test moves, orders, trades, money.

It knows no wire. A fake broker turns requests into `submit`, `modify`, `cancel`, and says on its own stream what
`listen` tells it. Quantities are whole units, prices exact.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from server.core.clock import Clock, SystemClock
from server.domain.instruments import Instrument

__all__ = ("FakeExchange", "FakeOrder", "FakePosition", "FakeTrade", "Refused")

D = Decimal
_NONE = Decimal(0)
_LIVE = ("OPEN", "TRIGGER_PENDING")


class Refused(Exception):
    """The broker's no, before anything was taken. `kind` as in `domain.brokerage.RefusalKind`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass
class FakeTrade:
    """One execution."""

    id: str
    order: "FakeOrder"
    quantity: int
    price: Decimal
    at: datetime


@dataclass
class FakeOrder:
    """An order as the broker holds it."""

    id: str
    exchange_id: str
    key: str
    side: str
    quantity: int
    type: str
    product: str
    validity: str
    price: Decimal | None
    trigger: Decimal | None
    tag: str
    at: datetime
    updated: datetime
    parent: str = ""
    disclosed: int = 0
    after_market: bool = False
    state: str = "OPEN"
    """OPEN, TRIGGER_PENDING, FILLED, CANCELLED, REJECTED."""
    filled: int = 0
    value: Decimal = _NONE
    reason: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Units still to fill."""
        return self.quantity - self.filled

    @property
    def average(self) -> Decimal:
        """0 while nothing is filled."""
        return (self.value / self.filled).quantize(D("0.0001")) if self.filled else D(0)

    @property
    def live(self) -> bool:
        """Working."""
        return self.state in _LIVE

    def copy(self) -> "FakeOrder":
        """As it stands now: an update that goes out later must not see what came after."""
        return replace(self)


@dataclass
class FakePosition:
    """What was bought and sold of one instrument under one product."""

    bought: int = 0
    sold: int = 0
    bought_value: Decimal = _NONE
    sold_value: Decimal = _NONE
    last: Decimal = _NONE

    @property
    def net(self) -> int:
        """Units, short below zero."""
        return self.bought - self.sold

    @property
    def average(self) -> Decimal:
        """Of the side that is open."""
        units, value = (self.bought, self.bought_value) if self.net > 0 else (self.sold, self.sold_value)
        return (value / units).quantize(D("0.0001")) if units else D(0)


@dataclass
class _Book:
    bid: Decimal = _NONE
    ask: Decimal = _NONE
    bid_left: int = 0
    ask_left: int = 0
    ltp: Decimal = _NONE
    volume: int = 0
    open: Decimal = _NONE
    high: Decimal = _NONE
    low: Decimal = _NONE
    close: Decimal = _NONE


class FakeExchange:
    """Holds everything.

    Args:
        instruments: what it lists.
        cash: money of the one account, rupees or dollars.
        band: largest distance of a limit price from the last one, as a fraction; beyond it an order is REJECTED.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        clock: Clock | None = None,
        cash: str = "500000",
        band: str = "0.20",
        order_id: Callable[[int], str] = lambda n: f"2611200000{n:05d}",
    ) -> None:
        self.instruments = {i.key: i for i in instruments}
        self.clock = clock or SystemClock()
        self.cash = D(cash)
        self.band = D(band)
        self.orders: dict[str, FakeOrder] = {}
        self.trades: list[FakeTrade] = []
        self.books: dict[str, _Book] = {key: _Book() for key in self.instruments}
        self.submits = 0
        """Orders taken, so that a test can prove that none came twice."""
        self._order_id = order_id
        self._listeners: list[Callable[[FakeOrder, FakeTrade | None], None]] = []
        self._price_listeners: list[Callable[[str], None]] = []

    # listening

    def listen(self, heard: Callable[[FakeOrder, FakeTrade | None], None]) -> None:
        """Hear every change of an order, with the execution that made it where one did."""
        self._listeners.append(heard)

    def listen_prices(self, heard: Callable[[str], None]) -> None:
        """Hear every new price."""
        self._price_listeners.append(heard)

    # the market

    def market(self, key: str, bid: str, ask: str, quantity: int = 100, ltp: str | None = None) -> None:
        """Show a new book; what rests at the exchange acts on it."""
        book = self.books[key]
        book.bid, book.ask, book.bid_left, book.ask_left = D(bid), D(ask), quantity, quantity
        self._trade_at(book, D(ltp or bid), 0)
        if not book.close:
            book.close = book.ltp
        for order in [o for o in self.orders.values() if o.live and o.key == key]:
            self._work(order)
        for heard in self._price_listeners:
            heard(key)

    # orders

    def submit(
        self,
        key: str,
        side: str,
        quantity: int,
        type: str = "MARKET",  # noqa: A002
        *,
        product: str = "CNC",
        validity: str = "DAY",
        price: Decimal | None = None,
        trigger: Decimal | None = None,
        tag: str = "",
        disclosed: int = 0,
        after_market: bool = False,
        parent: str = "",
        extra: dict[str, Any] | None = None,
    ) -> FakeOrder:
        """Take an order. Raises Refused for bad input or too little money; outside the band it ends REJECTED."""
        instrument = self._instrument(key)
        self._check(instrument, quantity, type, price, trigger)
        self._afford(instrument, side, quantity, product, price)
        self.submits += 1
        number, now = self.submits, self.clock.now()
        order = FakeOrder(
            id=self._order_id(number),
            exchange_id=f"1100000000{number:06d}",
            key=key,
            side=side,
            quantity=quantity,
            type=type,
            product=product,
            validity=validity,
            price=price,
            trigger=trigger,
            tag=tag,
            at=now,
            updated=now,
            parent=parent,
            disclosed=disclosed,
            after_market=after_market,
            extra=extra or {},
        )
        self.orders[order.id] = order
        reason = self._outside(order)
        if reason:
            order.state, order.reason = "REJECTED", reason
            self._tell(order)
            return order
        order.state = "TRIGGER_PENDING" if type in ("SL", "SL-M") else "OPEN"
        self._tell(order)
        if not after_market:
            self._work(order)
        return order

    def modify(
        self,
        order_id: str,
        *,
        quantity: int | None = None,
        price: Decimal | None = None,
        trigger: Decimal | None = None,
        type: str | None = None,  # noqa: A002
    ) -> FakeOrder:
        """Change a working order; `quantity` is the new total. Raises Refused."""
        order = self._working(order_id)
        kind = type or order.type
        new = order.quantity if quantity is None else quantity
        limit = price if price is not None else (order.price if kind in ("LIMIT", "SL") else None)
        stop = trigger if trigger is not None else order.trigger
        self._check(self._instrument(order.key), new, kind, limit, stop)
        if new <= order.filled:
            raise Refused("order", f"{order.filled} are filled already")
        order.quantity, order.type, order.price, order.trigger = new, kind, limit, stop
        order.updated = self.clock.now()
        self._tell(order)
        self._work(order)
        return order

    def cancel(self, order_id: str) -> FakeOrder:
        """Cancel what is left. Raises Refused."""
        order = self._working(order_id)
        self._end(order, "CANCELLED", "")
        return order

    def by_tag(self, tag: str) -> list[FakeOrder]:
        """Orders with a tag."""
        return [o for o in self.orders.values() if o.tag == tag]

    # books

    def positions(self) -> dict[tuple[str, str], FakePosition]:
        """By (key, product)."""
        found: dict[tuple[str, str], FakePosition] = {}
        for trade in self.trades:
            order = trade.order
            row = found.setdefault((order.key, order.product), FakePosition())
            if order.side == "BUY":
                row.bought += trade.quantity
                row.bought_value += trade.quantity * trade.price
            else:
                row.sold += trade.quantity
                row.sold_value += trade.quantity * trade.price
        for (key, _), row in found.items():
            row.last = self.books[key].ltp
        return found

    @property
    def used(self) -> Decimal:
        """Money blocked by positions and working orders, a fifth of their value except for delivery buys."""
        held = D(0)
        for (key, product), row in self.positions().items():
            held += abs(row.net) * self.books[key].ltp * self._share(product)
        for order in self.orders.values():
            if order.live:
                held += order.left * (order.price or self.books[order.key].ask) * self._share(order.product)
        return held.quantize(D("0.01"))

    # inside

    def _share(self, product: str) -> Decimal:
        return D(1) if product in ("CNC", "NONE") else D("0.2")

    def _instrument(self, key: str) -> Instrument:
        found = self.instruments.get(key)
        if found is None or not found.tradable:
            raise Refused("input", "The instrument you are placing an order for has either expired or does not exist.")
        return found

    def _working(self, order_id: str) -> FakeOrder:
        order = self.orders.get(order_id)
        if order is None:
            raise Refused("order", f"Couldn't find that order {order_id}.")
        if not order.live:
            raise Refused("order", f"Order cannot be changed as it is being processed or is {order.state.lower()}.")
        return order

    def _check(
        self, instrument: Instrument, quantity: int, kind: str, price: Decimal | None, trigger: Decimal | None
    ) -> None:
        if quantity <= 0:
            raise Refused("input", "Quantity should be a positive number.")
        if quantity % instrument.lot:
            raise Refused("input", f"Quantity should be a multiple of {instrument.lot}.")
        if kind in ("LIMIT", "SL") and not price:
            raise Refused("input", "A price is needed.")
        if kind in ("SL", "SL-M") and not trigger:
            raise Refused("input", "Trigger price is needed.")
        for figure in (price, trigger):
            if figure is not None and figure % instrument.tick:
                raise Refused("input", f"Tick size for this script is {instrument.tick}.")

    def _outside(self, order: FakeOrder) -> str:
        last = self.books[order.key].ltp
        for figure in (order.price, order.trigger):
            if figure is not None and last and abs(figure - last) > self.band * last:
                return f"RMS: price {figure} is outside the circuit limits of {order.key}"
        if order.type in ("SL", "SL-M") and order.trigger is not None and last:
            wrong = order.trigger <= last if order.side == "BUY" else order.trigger >= last
            if wrong:
                return "Trigger price for stoploss order would execute at once"
        return ""

    def _afford(self, instrument: Instrument, side: str, quantity: int, product: str, price: Decimal | None) -> None:
        if side == "SELL" and product in ("CNC", "NONE"):
            return
        need = quantity * (price or self.books[instrument.key].ask) * self._share(product)
        free = self.cash - self.used
        if need > free:
            raise Refused(
                "funds", f"Insufficient funds. Required margin is {need:.2f} but available margin is {free:.2f}."
            )

    def _work(self, order: FakeOrder) -> None:
        """Trigger and match one order against the book as it is."""
        book = self.books[order.key]
        if order.state == "TRIGGER_PENDING":
            if not book.ltp or order.trigger is None:
                return
            if (book.ltp < order.trigger) if order.side == "BUY" else (book.ltp > order.trigger):
                return
            order.state, order.updated = "OPEN", self.clock.now()
            order.extra["triggered"] = True
            self._tell(order)
        buy = order.side == "BUY"
        rate, there = (book.ask, book.ask_left) if buy else (book.bid, book.bid_left)
        limit = order.price if order.type in ("LIMIT", "SL") else None
        fits = rate > 0 and (limit is None or (rate <= limit if buy else rate >= limit))
        quantity = min(order.left, there) if fits else 0
        if quantity:
            if buy:
                book.ask_left -= quantity
            else:
                book.bid_left -= quantity
            self._fill(order, quantity, rate)
        if order.live and order.validity in ("IOC", "FOK"):
            self._end(order, "CANCELLED", "IOC: the rest was cancelled")

    def _fill(self, order: FakeOrder, quantity: int, price: Decimal) -> None:
        now = self.clock.now()
        order.filled += quantity
        order.value += quantity * price
        order.updated = now
        if not order.left:
            order.state = "FILLED"
        trade = FakeTrade(f"{700000 + len(self.trades)}", order, quantity, price, now)
        self.trades.append(trade)
        self._trade_at(self.books[order.key], price, quantity)
        self._tell(order, trade)

    def _trade_at(self, book: _Book, price: Decimal, quantity: int) -> None:
        book.ltp = price
        book.volume += quantity
        book.open = book.open or price
        book.high = max(book.high, price)
        book.low = min(book.low or price, price)

    def _end(self, order: FakeOrder, state: str, reason: str) -> None:
        order.state, order.reason, order.updated = state, reason, self.clock.now()
        self._tell(order)

    def _tell(self, order: FakeOrder, trade: FakeTrade | None = None) -> None:
        for heard in self._listeners:
            heard(order.copy(), trade)

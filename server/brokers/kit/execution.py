"""The order side of a broker connection, shared: a broker says how its wire speaks, this says what it means to us.

Orders are told apart by our id, which goes out as tag or client id; where the answer to a submit is still under way,
what the stream tells of an unknown order waits for it. Executions are pushed once each, read from the trade book where
the stream does not carry them. Slices that a broker made of one order are shown as that one order.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from server.brokers.kit.events import Fanout
from server.brokers.kit.http import Http
from server.brokers.kit.ports import Context
from server.brokers.kit.slices import joined
from server.brokers.kit.symbols import Listing
from server.core.errors import NotFound, SaudaError, Unknown
from server.domain.brokerage import (
    Event,
    FundsLine,
    OrderEvent,
    OrderLine,
    PositionLine,
    Receipt,
    TradeEvent,
    TradeLine,
)
from server.domain.orders import Fill, Order, OrderState, Product
from server.orders.ports import Ack, BrokerFunds, BrokerPosition, Change, NotAccepted, OrderReport, Update

__all__ = ("BrokerExecution",)

_STATES: dict[str, OrderState] = {
    "PENDING": "OPEN",
    "OPEN": "OPEN",
    "TRIGGER_PENDING": "OPEN",
    "PARTIAL": "PARTIAL",
    "FILLED": "FILLED",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
    "EXPIRED": "EXPIRED",
    "UNKNOWN": "OPEN",  # it is in the broker's book: taken as working until a word we know comes
}
_PRODUCTS: dict[str, Product] = {"MIS": "MIS", "NRML": "NRML", "CNC": "CNC", "MTF": "CNC", "CO": "MIS", "BO": "MIS"}
_WAITS = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look into the trade book for executions that an update has announced."""
_KEPT = 500
"""Updates that wait for the answer to a submit."""


class BrokerExecution:
    """Implements `orders.ports.Execution` over the methods named `send_...` and `read_...`, which a broker writes.

    Those raise what `Http.order` and `Http.read` raise. A broker without its own `read_one` is looked up in its book.
    """

    def __init__(self, context: Context, http: Http) -> None:
        self.context = context
        self.http = http
        self.name = http.manifest.name
        self.can_look_up = http.manifest.look_up
        self._ours: dict[str, str] = {}
        """Broker's order id -> our id."""
        self._fills: dict[str, Fill] = {}
        self._pushed: set[str] = set()
        """Executions already pushed: the stream and a reading of the trade book may both bring one."""
        self._told: dict[str, Decimal] = {}
        """Broker's order id -> units it says are filled."""
        self._out: Fanout[Update | BaseException] = Fanout()
        self._sending = 0
        self._waiting: list[Event] = []
        self._chase: asyncio.Task[None] | None = None
        self._chase_again = False
        self._chase_book = False
        """Whether the order book was asked for while the trade book alone was being read."""
        self._stream: asyncio.Task[None] | None = None
        self.heard = 0
        """Order and trade events of the stream so far."""
        self.skipped: dict[str, int] = {}
        """Lines that could not be told in our words, by reason."""

    # what a broker writes

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """Send a new order."""
        raise NotImplementedError

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """Send a change."""
        raise NotImplementedError

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """Send a cancel."""
        raise NotImplementedError

    async def read_orders(self) -> list[OrderLine]:
        """Today's book."""
        raise NotImplementedError

    async def read_one(self, client_id: str) -> list[OrderLine]:
        """Every line that carries our id; empty proves absence."""
        return [line for line in await self.read_orders() if line.client_id == client_id]

    async def read_trades(self) -> list[TradeLine]:
        """Today's executions."""
        raise NotImplementedError

    async def read_positions(self) -> list[PositionLine]:
        """Positions."""
        raise NotImplementedError

    async def read_funds(self) -> list[FundsLine]:
        """Money."""
        raise NotImplementedError

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """Keep the order stream up until cancelled: `sink` each event, `up` after every (re)connect. Raises
        Unauthorised when the session is dead. A broker without a stream leaves this alone."""

    def execution_id(self, line: TradeLine) -> str:
        """An id no other execution of the account has: exchanges number trades anew each day, for both sides alike."""
        return f"{line.broker_id}-{line.execution}"

    def product(self, line: OrderLine | PositionLine | TradeLine, listing: Listing | None) -> Product:
        """Our product of a line."""
        derivative = listing is not None and listing.instrument.derivative
        return _PRODUCTS.get(line.product, "NRML" if derivative else "CNC")

    def money(self, lines: list[FundsLine]) -> BrokerFunds:
        """Free and used money of the account; the first line counts unless a broker says otherwise."""
        free = lines[0].available if lines and lines[0].available is not None else Decimal(0)
        used = lines[0].used if lines and lines[0].used is not None else Decimal(0)
        return BrokerFunds(available_minor=_minor(free), used_minor=_minor(used))

    def recall(self, orders: Iterable[Order]) -> None:
        """Told once, before connecting: the orders of the account that may still change. A broker whose look-up needs
        more than our id (Binance: the symbol) learns it here; absence is proved to such a one only afterwards."""

    # Execution

    async def connect(self) -> None:
        """Prove the session with one cheap read, then listen for order updates."""
        await self.http.open()
        await self.read_funds()
        if self._stream is None:
            self._stream = asyncio.create_task(
                self.run_updates(self.hear, self._after_connect), name=f"{self.name}:updates:{self.context.account}"
            )
            self._stream.add_done_callback(self._stream_ended)

    async def close(self) -> None:
        """Stop listening; listeners end."""
        for task in (self._stream, self._chase):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, SaudaError):
                    await task
        self._stream = self._chase = None
        self._out.close()

    async def place(self, order: Order) -> Ack:
        """Send once."""
        listing = self._listing(order)
        self._sending += 1
        try:
            receipt = await self.send_place(order, listing)
            return self._acknowledged(order, receipt)
        finally:
            self._sending -= 1
            if not self._sending:
                waiting, self._waiting = self._waiting, []
                for event in waiting:
                    self._hear(event)

    async def modify(self, order: Order, change: Change) -> Ack:
        """Ask for a change."""
        return self._acknowledged(order, await self.send_modify(order, change, self._listing(order)), order.broker_id)

    async def cancel(self, order: Order) -> Ack:
        """Ask to cancel."""
        return self._acknowledged(order, await self.send_cancel(order, self._listing(order)), order.broker_id)

    async def find(self, client_id: str) -> OrderReport | None:
        """Look up by our id; slices are one order."""
        lines = [line for line in await self.read_one(client_id) if line.client_id == client_id]
        reports = self._reports(lines)
        return reports[0] if reports else None

    async def orders(self) -> list[OrderReport]:
        """Today's order book."""
        return self._reports(await self.read_orders())

    async def trades(self) -> list[Fill]:
        """Today's executions."""
        lines = await self.read_trades()
        if any(not line.client_id and line.broker_id not in self._ours for line in lines):
            self._learn(await self.read_orders())
        return [fill for line in lines if (fill := self._fill(line)) is not None]

    async def positions(self) -> list[BrokerPosition]:
        """Open positions."""
        found = []
        for line in await self.read_positions():
            if line.kind != "net" or not line.quantity:
                continue
            listing = self._of(line.exchange, line.symbol, line.token)
            units = self._units(listing, line.quantity)
            if units is not None:
                key = listing.instrument.key if listing else f"{line.exchange}:{line.symbol}"
                found.append(BrokerPosition(key=key, product=self.product(line, listing), quantity=units))
        return found

    async def funds(self) -> BrokerFunds:
        """Money as the broker counts it."""
        return self.money(await self.read_funds())

    def updates(self) -> AsyncIterator[Update]:
        """From now until `close`; raises Unauthorised when the broker ends the session."""
        return _told(self._out.listen())

    # what the stream tells

    def hear(self, event: Event) -> None:
        """Take one event of the order stream."""
        self.heard += isinstance(event, OrderEvent | TradeEvent)
        if self._sending and isinstance(event, OrderEvent | TradeEvent) and not self._known(event):
            if len(self._waiting) < _KEPT:
                self._waiting.append(event)
            return
        self._hear(event)

    def _hear(self, event: Event) -> None:
        if isinstance(event, TradeEvent):
            self._push_fill(event.trade)
        elif isinstance(event, OrderEvent):
            if event.order.fetch_again:
                self.refresh()
                return
            if event.trade is not None:
                self._push_fill(event.trade)
            line = event.order
            for report in self._reports([line]):
                self._push(report)
            self._told[line.broker_id] = max(self._told.get(line.broker_id, Decimal(0)), line.filled)
            if self._missing():
                self.refresh(book=False)

    def refresh(self, *, book: bool = True) -> None:
        """Read the books and push what they say; one reading at a time, and once more when asked meanwhile."""
        if self._chase is not None and not self._chase.done():
            self._chase_again, self._chase_book = True, self._chase_book or book
            return
        self._chase = asyncio.create_task(self._run_chase(book), name=f"{self.name}:books:{self.context.account}")

    async def _run_chase(self, book: bool) -> None:
        """Reads fail silently here: reconciliation, which tells of failures, comes round anyway."""
        for wait in _WAITS:
            await self.context.clock.sleep(wait)
            book, self._chase_book = book or self._chase_book, False
            with contextlib.suppress(SaudaError):
                if book:
                    for report in await self.orders():
                        self._push(report)
                for fill in await self.trades():
                    self._push(fill)
                if not self._missing() and not self._chase_again:
                    return
            self._chase_again = False

    @property
    def busy(self) -> bool:
        """Whether a submit is under way or the books are being read."""
        return self._sending > 0 or (self._chase is not None and not self._chase.done())

    async def _after_connect(self) -> None:
        """What happened while the line was down is in the books (law 7)."""
        self.refresh()

    def _missing(self) -> bool:
        """Whether an order was told to be filled further than the executions we have."""
        have: dict[str, int] = {}
        for fill in self._fills.values():
            have[fill.order] = have.get(fill.order, 0) + fill.quantity
        told: dict[str, Decimal] = {}
        for broker_id, filled in self._told.items():
            order = self._ours.get(broker_id, broker_id)
            told[order] = told.get(order, Decimal(0)) + filled
        return any(have.get(order, 0) < filled for order, filled in told.items())

    def _known(self, event: OrderEvent | TradeEvent) -> bool:
        line = event.order if isinstance(event, OrderEvent) else event.trade
        return bool(line.client_id) or line.broker_id in self._ours

    def _push_fill(self, line: TradeLine) -> None:
        if (fill := self._fill(line)) is not None:
            self._push(fill)

    def _push(self, update: Update) -> None:
        if isinstance(update, Fill):
            if update.execution in self._pushed:
                return
            self._pushed.add(update.execution)
        self._out.put(update)

    def _stream_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._out.put(error)

    # the broker's words in ours

    def _acknowledged(self, order: Order, receipt: Receipt, known: str = "") -> Ack:
        if receipt.refusal is not None:
            raise self.http.proof(receipt.refusal)
        ids = [receipt.broker_id or known, *(part.broker_id for part in receipt.parts)]
        for broker_id in filter(None, ids):
            self._ours[broker_id] = order.id
        refused = [part.refusal for part in receipt.parts if part.refusal is not None]
        if receipt.parts and len(refused) == len(receipt.parts):
            raise self.http.proof(refused[0])
        found = next(filter(None, ids), "")
        if not found:
            raise Unknown(f"{self.http.manifest.title} gave no order id.", code="broker.no_id")
        return Ack(found)

    def _listing(self, order: Order) -> Listing:
        """The listing, after what this broker cannot do was refused with nothing sent."""
        manifest = self.http.manifest
        try:
            listing = self.context.symbols.of(order.key)
        except NotFound as error:
            raise NotAccepted(error.detail, error.code) from None
        for what, word, offered in (
            ("orders of type", order.type, manifest.types),
            ("validity", order.validity, manifest.validities),
        ):
            if word not in offered:
                raise NotAccepted(f"{manifest.title} has no {what} {word}; it has {', '.join(offered)}", "broker.type")
        if order.product not in manifest.products and manifest.products != ("NONE",):
            raise NotAccepted(
                f"{manifest.title} has no product {order.product}; it has {', '.join(manifest.products)}",
                "broker.product",
            )
        if listing.step is not None and self.wire_quantity(listing, order.quantity) % listing.step:
            raise NotAccepted(
                f"{manifest.title} takes {listing.instrument.symbol} in steps of {listing.step}", "broker.step"
            )
        if order.after_market and not manifest.after_market:
            raise NotAccepted(f"{manifest.title} takes no after-market orders here", "broker.after_market")
        return listing

    def wire_quantity(self, listing: Listing, units: int) -> Decimal:
        """Our units in the broker's quantity."""
        return units * listing.instrument.unit

    def _of(self, exchange: str, symbol: str, token: str) -> Listing | None:
        found = self.context.symbols.by_symbol(exchange, symbol)
        return found if found is not None or not token else self.context.symbols.by_token(token)

    def _units(self, listing: Listing | None, quantity: Decimal) -> int | None:
        units = quantity / listing.instrument.unit if listing is not None else quantity
        if units != units.to_integral_value():
            self._skip("quantity is no whole number of units")
            return None
        return int(units)

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def _learn(self, lines: Iterable[OrderLine]) -> None:
        for line in lines:
            if line.client_id and line.broker_id:
                self._ours[line.broker_id] = line.client_id

    def _reports(self, lines: list[OrderLine]) -> list[OrderReport]:
        self._learn(lines)
        reports = [self._report(line) for line in joined(lines, self._freeze)]
        return [report for report in reports if report is not None]

    def _freeze(self, line: OrderLine) -> int | None:
        listing = self._of(line.exchange, line.symbol, line.token)
        return listing.instrument.freeze if listing is not None else None

    def _report(self, line: OrderLine) -> OrderReport | None:
        listing = self._of(line.exchange, line.symbol, line.token)
        quantity, filled = self._units(listing, line.quantity), self._units(listing, line.filled)
        if quantity is None or filled is None or line.side == "UNKNOWN":
            self._skip("side is unknown" if line.side == "UNKNOWN" else "quantity")
            return None
        state = _STATES[line.state]
        if state == "OPEN" and 0 < filled < quantity:
            state = "PARTIAL"
        stop = line.type in ("SL", "SL-M")
        kind = line.type if line.type != "UNKNOWN" else ("LIMIT" if line.price is not None else "MARKET")
        return OrderReport(
            broker_id=line.broker_id,
            client_id=line.client_id or self._ours.get(line.broker_id, ""),
            key=listing.instrument.key if listing is not None else f"{line.exchange}:{line.symbol}",
            state=state,
            quantity=quantity,
            filled=filled,
            average=line.average,
            side=line.side,
            type=kind,
            product=self.product(line, listing),
            price=line.price,
            trigger=line.trigger,
            triggered=stop and (filled > 0 or line.state in ("OPEN", "PARTIAL", "FILLED")),
            reason=self.http.clean(line.reason),
            at_market=self._moment(line.updated or line.placed),
        )

    def _fill(self, line: TradeLine) -> Fill | None:
        execution = self.execution_id(line)
        known = self._fills.get(execution)
        if known is not None and (known.order != line.broker_id or line.broker_id not in self._ours):
            return known
        listing = self._of(line.exchange, line.symbol, line.token)
        units = self._units(listing, line.quantity)
        if units is None or line.side == "UNKNOWN":
            return None
        fill = Fill(
            execution=execution,
            account=self.context.account,
            order=line.client_id or self._ours.get(line.broker_id, line.broker_id),
            key=listing.instrument.key if listing is not None else f"{line.exchange}:{line.symbol}",
            side=line.side,
            quantity=units,
            price=line.price,
            at=known.at if known is not None else self.context.clock.now(),
            at_market=self._moment(line.at),
            liquidity="unknown" if line.maker is None else "maker" if line.maker else "taker",
        )
        self._fills[execution] = fill
        return fill

    def _moment(self, at: datetime | None) -> datetime:
        return at if at is not None else self.context.clock.now()


async def _told(source: AsyncIterator[Update | BaseException]) -> AsyncIterator[Update]:
    async for item in source:
        if isinstance(item, BaseException):
            raise item
        yield item


def _minor(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))

"""Orders at Binance, by our own calls: ccxt covers both services, but hides what an answer proves and which id it was
sent under, which is what the order path lives on.

Our id is the client order id, unique among open orders only: a lost answer is looked up, never sent again. Orders and
trades are numbered within their symbol, so here they are named with it, and a look-up needs the symbol: it is known of
every order sent or heard of, and of those that `recall` tells. Stops of USD-M go through a service of its own
(`conditional`).

An account of USD-M must be in one-way mode: in hedge mode every order names the position it is for, which ours do not.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from decimal import Decimal

import msgspec

from server.brokers.binance.conditional import Conditionals, named
from server.brokers.binance.data import held_as_positions
from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.parse import PARSERS, decode_orders
from server.brokers.binance.rows import ALGO
from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.ports import Context
from server.brokers.kit.reading import Reader
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.core.errors import NotFound, SaudaError, Unauthorised, Unavailable, Unknown
from server.domain.brokerage import (
    Event,
    FundsLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionLine,
    Receipt,
    TradeLine,
)
from server.domain.orders import Order
from server.orders.ports import BrokerFunds, Change, NotAccepted

__all__ = ("BinanceExecution",)

_SPOT = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "STOP_LOSS_LIMIT", "SL-M": "STOP_LOSS"}
_FUTURES = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "STOP", "SL-M": "STOP_MARKET"}
_STOPS = ("SL", "SL-M")
_CLOSING = ("kill", "squareoff")
"""Origins of orders that must not open the other way, whatever was filled meanwhile."""
_ALIVE = 30 * 60.0
"""Seconds between two signs of life of a listen key, which lasts for an hour."""
_MARK = "-"
"""Between our id and the number of a change."""
_LENGTH = 20
_BOOK = 500
_LOOK_BACK = timedelta(hours=24)
_ENDED = ("FILLED", "CANCELLED", "REJECTED", "EXPIRED")


class _Mode(msgspec.Struct, frozen=True):
    hedged: bool = msgspec.field(name="dualSidePosition")


_MODE: Reader[_Mode] = Reader("binance", "position_mode", _Mode)


class BinanceExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, side: BinanceHttp, events: Fanout[Event]) -> None:
        super().__init__(context, side.http)
        self._side = side
        self._events = events
        self._symbol_of: dict[str, str] = {}
        """Our id -> symbol."""
        self._symbols: dict[str, None] = {}
        """Symbols that orders were in."""
        self._recalled = False
        self._replacing: set[str] = set()
        """Orders that a change is to end."""
        self._before: dict[str, Decimal] = {}
        """Replacing order -> what the ones before it had filled."""
        self._up: asyncio.Future[None] | None = None
        self._stops = Conditionals(side)
        self._hedged = False

    def recall(self, orders: Iterable[Order]) -> None:
        """Learn the symbols of orders sent before this connection; from then on a look-up can prove absence."""
        self._recalled = True
        for order in orders:
            if self.context.symbols.has(order.key):
                self._know(order.id, self.context.symbols.of(order.key).symbol)

    async def connect(self) -> None:
        """As the base, with the clocks compared first."""
        await self.http.open()
        await self._side.ready()
        if self._side.futures:
            told = _MODE(await self._side.read("position_mode", "/fapi/v1/positionSide/dual"))
            self._hedged = told.hedged
        await super().connect()

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST order."""
        await self._ready()
        self._know(order.id, listing.symbol)
        return await self._send(order, listing, self.wire_quantity(listing, order.quantity), order.id)

    async def _send(self, order: Order, listing: Listing, size: Decimal, own: str) -> Receipt:
        values = self._values(order, listing, size, own)
        if self._side.futures and order.type in _STOPS:
            return _named(await self._stops.place(values, listing.symbol, own), listing.symbol)
        body = await self._side.command("place", "POST", self._side.path("order"), values)
        return _named(PARSERS["place"](body), listing.symbol)

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """USD-M changes in place (the quantity is the total), stops apart: those are cancelled and placed anew. Spot
        replaces, and only while nothing is filled; of an order partly filled the rest is cancelled and what the answer
        says is left is placed anew."""
        await self._ready()
        if change.type is not None and change.type != order.type:
            raise NotAccepted("Binance cannot change an order's type: cancel it and place another", "broker.modify")
        changed = msgspec.structs.replace(
            order,
            price=change.price if change.price is not None else order.price,
            trigger=change.trigger if change.trigger is not None else order.trigger,
        )
        total = self.wire_quantity(listing, change.quantity if change.quantity is not None else order.quantity)
        number = order.broker_id.rpartition(":")[2]
        if self._side.futures and order.type not in _STOPS:
            values = [("symbol", listing.symbol), ("orderId", number), ("side", order.side), ("quantity", _text(total))]
            values.append(("price", _text(changed.price or Decimal(0))))
            return _named(
                PARSERS["modify"](await self._side.command("modify", "PUT", self._side.path("order"), values)),
                listing.symbol,
            )
        own = f"{order.id}{_MARK}{order.revision + 1}"
        self._know(own, listing.symbol)
        self._replacing.add(order.broker_id)
        if not order.filled and not self._side.futures:
            values = [
                ("cancelReplaceMode", "STOP_ON_FAILURE"),
                ("cancelOrderId", number),
                ("cancelRestrictions", "ONLY_NEW"),
                *self._values(changed, listing, total, own),
            ]
            body = await self._side.command("modify", "POST", "/api/v3/order/cancelReplace", values)
            return _named(PARSERS["modify"](body), listing.symbol)
        return await self._place_rest(changed, listing, total, own)

    async def _place_rest(self, order: Order, listing: Listing, total: Decimal, own: str) -> Receipt:
        gone = await self._cancelled(order, listing)
        done = gone.order.filled if gone.order is not None else self.wire_quantity(listing, order.filled)
        if done >= total:
            raise Unknown(f"The rest was cancelled; {_text(done)} are filled already.", code="broker.modify")
        try:
            receipt = await self._send(order, listing, total - done, own)
        except NotAccepted as error:
            raise Unknown(
                f"The rest was cancelled, and the changed order was refused: {error.reason}", code="broker.modify"
            ) from None
        self._before[receipt.broker_id] = done
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """DELETE order."""
        await self._ready()
        return await self._cancelled(order, listing)

    async def _cancelled(self, order: Order, listing: Listing) -> Receipt:
        broker_id = order.broker_id
        if broker_id.rpartition(":")[2].startswith(ALGO):
            done = await self._stops.cancel(broker_id)
            if isinstance(done, Receipt):
                return done
            broker_id = done
        values = [("symbol", listing.symbol), ("orderId", broker_id.rpartition(":")[2])]
        body = await self._side.command("cancel", "DELETE", self._side.path("order"), values, always=True)
        receipt = _named(PARSERS["cancel"](body), listing.symbol)
        return receipt if broker_id == order.broker_id else msgspec.structs.replace(receipt, broker_id=order.broker_id)

    async def read_orders(self) -> list[OrderLine]:
        """Open orders of all symbols, and those of a day in symbols we know."""
        found: dict[str, OrderLine] = {}
        for line in PARSERS["orders"](await self._side.read("orders", self._side.path("openOrders"))):
            self._know(line.client_id, line.symbol)
            found[f"{line.symbol}:{line.broker_id}"] = line
        for symbol in list(self._symbols):
            query = [("symbol", symbol), ("startTime", self._since()), ("limit", str(_BOOK))]
            for line in PARSERS["orders"](await self._side.read("orders", self._side.path("allOrders"), query)):
                found[f"{line.symbol}:{line.broker_id}"] = line
        stops: list[OrderLine] = []
        if self._side.futures:
            told = await self._stops.read(self._symbols, self._since(), str(_BOOK))
            for line in told:
                self._know(line.client_id, line.symbol)
            stops = self._stops.joined(told, found)
            for line in stops:
                if (actual := self._stops.actual(line)) and (own := _line(line).client_id):
                    self._ours[actual] = own
        return self._collapsed([_line(line) for line in (*found.values(), *stops)])

    async def read_one(self, client_id: str) -> list[OrderLine]:
        """By client id within its symbol, then among the day's orders there."""
        symbol = self._symbol_of.get(client_id, "")
        if symbol:
            query = [("symbol", symbol), ("origClientOrderId", client_id)]
            try:
                await self._side.read("orders", self._side.path("order"), query)
            except NotFound:
                if self._side.futures:
                    await self._stops.find(client_id)  # a second proof beside the book, which is read in any case
                return [line for line in await self.read_orders() if line.client_id == client_id]
        found = [line for line in await self.read_orders() if line.client_id == client_id]
        if not found and not self._recalled:
            raise Unavailable(
                f"Binance cannot be asked for {client_id}: its symbol is not known since the start.",
                code="broker.no_symbol",
                remedy="Look it up at Binance.",
            )
        return found

    async def read_trades(self) -> list[TradeLine]:
        """Executions of a day in symbols we know."""
        if not self._symbols:
            await self.read_orders()  # open orders name the first symbols
        found: list[TradeLine] = []
        path = self._side.path("myTrades", "userTrades")
        for symbol in list(self._symbols):
            query = [("symbol", symbol), ("startTime", self._since()), ("limit", str(_BOOK))]
            lines: list[TradeLine] = PARSERS["trades"](await self._side.read("trades", path, query))
            found += [msgspec.structs.replace(line, broker_id=f"{line.symbol}:{line.broker_id}") for line in lines]
        return found

    async def read_positions(self) -> list[PositionLine]:
        """Positions of USD-M; of spot what is held."""
        if self._side.futures:
            lines: list[PositionLine] = PARSERS["positions"](
                await self._side.read("positions", "/fapi/v3/positionRisk")
            )
            return [msgspec.structs.replace(line, exchange="") for line in lines]
        held = PARSERS["holdings"](
            await self._side.read("positions", "/api/v3/account", [("omitZeroBalances", "true")])
        )
        return held_as_positions(held, self.http.manifest.currency)

    async def read_funds(self) -> list[FundsLine]:
        """Money by asset."""
        path = "/fapi/v3/balance" if self._side.futures else "/api/v3/account"
        found: list[FundsLine] = PARSERS["funds"](await self._side.read("funds", path))
        return found

    def money(self, lines: list[FundsLine]) -> BrokerFunds:
        """The quote currency's: other assets are held, not spent."""
        return super().money([line for line in lines if line.segment == self.http.manifest.currency])

    def execution_id(self, line: TradeLine) -> str:
        """Trades are numbered within their symbol."""
        return f"{line.symbol}:{line.execution}"

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """User events: over the WebSocket API (spot) or a stream named by a listen key (USD-M)."""

        async def opened(socket: Socket) -> None:
            if self._side.futures:
                await up()
                return
            now = str(int(self.context.clock.now().timestamp() * 1000))
            key = self.context.credentials.get("api_key", "")
            text = f"apiKey={key}&timestamp={now}"
            params = {"apiKey": key, "timestamp": int(now), "signature": self._side.sign(text)}
            asked = {"id": "user", "method": "userDataStream.subscribe.signature", "params": params}
            await socket.say(msgspec.json.encode(asked).decode())

        def heard(data: bytes | str, at: int) -> None:
            for event in decode_orders(data):
                if isinstance(event, NoticeEvent):
                    if event.refusal is not None and event.refusal.kind == "auth":
                        raise Unauthorised(
                            "Binance does not accept the keys for its user stream.",
                            code="broker.session",
                            remedy="Sign in again on the Connect page.",
                        )
                    if event.kind == "subscribed":
                        self._up = asyncio.ensure_future(up())
                    elif event.kind == "closing":
                        raise Unavailable("Binance ends the user stream.", code="broker.stream")
                self._events.put(event)
                if isinstance(event, OrderEvent):
                    sink(event)

        silence = self.http.manifest.stream.silence_s if self.http.manifest.stream else 60.0
        socket = Socket(
            self.http, "binance:user", self._user_address, opened, heard, silence=silence, beat=(15.0, None)
        )
        alive = asyncio.create_task(self._keep_alive(), name=f"binance:alive:{self.context.account}")
        try:
            await socket.run()
        finally:
            alive.cancel()
            await asyncio.wait({alive})

    async def _keep_alive(self) -> None:
        """A listen key ends after an hour without a sign of life; that it has ended is told on the stream itself."""
        while self._side.futures:
            await self.context.clock.sleep(_ALIVE)
            with contextlib.suppress(SaudaError):
                await self._side.listen_key("PUT")

    async def _user_address(self) -> Address:
        base = self.http.address(self._side.name("orders_stream"))
        if not self._side.futures:
            return Address(base)
        body = await self._side.listen_key("POST")
        return Address(f"{base}/{PARSERS['session'](body).feed_token}")

    def hear(self, event: Event) -> None:
        """As the base does, named with the symbol; the end of an order that a change replaces is read from the book."""
        if isinstance(event, OrderEvent):
            self._know(event.order.client_id, event.order.symbol)
            line = _line(event.order)
            if line.variety == "algo":
                self._stops.heard(event.order)
                if (actual := self._stops.actual(event.order)) and line.client_id:
                    self._ours[actual] = line.client_id
            elif not line.client_id and line.broker_id not in self._ours and self._stops.waiting(line.symbol):
                # it may be a stop of ours, triggered before anyone said what it has become: the book knows
                super().hear(OrderEvent(order=msgspec.structs.replace(line, fetch_again=True)))
                return
            before = self._before.get(line.broker_id, Decimal(0))
            if before:
                line = msgspec.structs.replace(line, quantity=line.quantity + before, filled=line.filled + before)
            if line.broker_id in self._replacing and line.state in _ENDED:
                line = msgspec.structs.replace(line, fetch_again=True)
            trade = event.trade
            if trade is not None:
                trade = msgspec.structs.replace(trade, broker_id=line.broker_id, client_id=line.client_id)
                if line.fetch_again:
                    self._push_fill(trade)
            event = OrderEvent(order=line, trade=trade)
        super().hear(event)

    def _missing(self) -> bool:
        """As the base, but changes of an order tell what was filled before again."""
        have: dict[str, int] = {}
        for fill in self._fills.values():
            have[fill.order] = have.get(fill.order, 0) + fill.quantity
        told: dict[str, Decimal] = {}
        for broker_id, filled in self._told.items():
            order = self._ours.get(broker_id, broker_id)
            told[order] = max(told.get(order, Decimal(0)), filled)
        listed = self.context.symbols
        for order, filled in told.items():
            symbol = self._symbol_of.get(order, "")
            listing = listed.by_token(symbol) if symbol else None
            if have.get(order, 0) < (filled / listing.instrument.unit if listing is not None else filled):
                return True
        return False

    async def _ready(self) -> None:
        """Before the first order; nothing is sent when the clocks cannot be compared."""
        try:
            await self._side.ready()
        except Unavailable as error:
            raise NotAccepted(f"Not sent: {error.detail}", error.code) from None
        if self._hedged:
            raise NotAccepted(
                "Not sent: this futures account is in hedge mode; set it to one-way mode at Binance",
                "broker.hedge_mode",
            )

    def _values(self, order: Order, listing: Listing, size: Decimal, own: str) -> list[tuple[str, str]]:
        futures, stop = self._side.futures, order.type in _STOPS
        values = [
            ("symbol", listing.symbol),
            ("side", order.side),
            ("type", (_FUTURES if futures else _SPOT)[order.type]),
            ("quantity", _text(size)),
        ]
        if futures and stop:
            values += [("algoType", "CONDITIONAL"), ("clientAlgoId", own)]
        else:
            values += [("newClientOrderId", own), ("newOrderRespType", "RESULT" if futures else "FULL")]
        if futures and order.origin in _CLOSING:
            values.append(("reduceOnly", "true"))
        if order.type in ("LIMIT", "SL"):
            values.append(("timeInForce", "IOC" if order.validity == "IOC" else "GTC"))
            values.append(("price", _text(order.price or Decimal(0))))
        if order.type in ("SL", "SL-M") and order.trigger is not None:
            values.append(("triggerPrice" if futures else "stopPrice", _text(order.trigger)))
        return values

    def _collapsed(self, lines: list[OrderLine]) -> list[OrderLine]:
        """One line for each row of changes: by our id, the last one, with what those before it filled."""
        rows: dict[str, list[OrderLine]] = {}
        for line in lines:
            rows.setdefault(f"{line.symbol}:{line.client_id}" if line.client_id else line.broker_id, []).append(line)
        found = []
        for row in rows.values():
            row.sort(key=lambda line: int(line.broker_id.rpartition(":")[2].removeprefix(ALGO) or 0))
            effective = [line for line in row if line.state != "REJECTED"] or row
            current, before = effective[-1], effective[:-1]
            done = sum((line.filled for line in before), Decimal(0))
            if done:
                self._before[current.broker_id] = done
            paid = sum((line.filled * line.average for line in effective if line.average is not None), Decimal(0))
            total = current.filled + done
            found.append(
                msgspec.structs.replace(
                    current,
                    quantity=current.quantity + done,
                    filled=total,
                    state="PARTIAL" if total and current.state == "OPEN" else current.state,
                    average=paid / total if total and paid else current.average,
                )
            )
        return found

    def _know(self, client_id: str, symbol: str) -> None:
        self._symbols[symbol] = None
        own = client_id.partition(_MARK)[0]
        if own:
            self._symbol_of[own] = symbol

    def _since(self) -> str:
        return str(int((self.context.clock.now() - _LOOK_BACK).timestamp() * 1000))


def _line(line: OrderLine) -> OrderLine:
    """Under our id without the mark of a change, and named with the symbol. Ids of other clients are not ours."""
    own, mark, change = line.client_id.partition(_MARK)
    ours = len(own) <= _LENGTH and own.isascii() and own.isalnum() and (not mark or change.isdigit())
    return msgspec.structs.replace(line, client_id=own if ours else "", broker_id=named(line), token=line.symbol)


def _named(receipt: Receipt, symbol: str) -> Receipt:
    return msgspec.structs.replace(receipt, broker_id=f"{symbol}:{receipt.broker_id}" if receipt.broker_id else "")


def _text(value: Decimal) -> str:
    return format(value, "f")

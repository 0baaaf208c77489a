"""A fake IB Gateway on loopback: it speaks the TWS socket protocol, server version 178, and holds orders and positions.

The peer is whatever client comes: our adapter through its library, or IB's own. As a gateway does, it numbers orders
by client, names each for ever by a permanent id, repeats itself, tells completed orders poorly, and says executions
before the order's state. What a client sends that is no message of the protocol is kept, and fails the test that stops
the gateway.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from aiohttp import web

from server.core.clock import Clock, SystemClock
from tests.brokers import tws_messages as told
from tests.brokers.abroad import quoted_abroad, us_share
from tests.brokers.base import FakeBroker
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused
from tests.brokers.tws_answers import Answers
from tests.brokers.tws_line import Line, refused
from tests.brokers.tws_requests import ContractAsked, OrderSent

__all__ = ("FakeGateway",)

_ACCOUNT = "DU1234567"
_SHARES = ("AAPL", "MSFT", "SPY")
_TYPES = {"MKT": "MARKET", "LMT": "LIMIT", "STP LMT": "SL", "STP": "SL-M"}
_WORDS = {ours: theirs for theirs, ours in _TYPES.items()}
_STATES = {"FILLED": "Filled", "CANCELLED": "Cancelled", "REJECTED": "Inactive", "TRIGGER_PENDING": "PreSubmitted"}
_NO_TICK = "The price does not conform to the minimum price variation for this contract."
_NO_CHANGE = "Order being modified does not match original order"
_READ_ONLY = "Error validating request.-'bW' : cause - The API interface is currently in Read-Only mode."
_LOST = "Connectivity between IB and Trader Workstation has been lost."
_BROKEN = "Connectivity between Trader Workstation and server is broken. It will be restored automatically."
_BACK = {
    1101: "Connectivity between IB and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IB and Trader Workstation has been restored - data maintained.",
}


class FakeGateway(FakeBroker):
    """Its state, and the lines of the clients connected to it. Over HTTP, on the port before, is the hand on it."""

    name = "interactive_brokers"
    share = "GLOBAL:AAPL"
    revokes = False
    sessions = False
    commission = Decimal("1.0")

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        self.accounts = [_ACCOUNT]
        self.currency = "USD"
        self.zone = "America/New_York"
        self.skew = timedelta(0)
        """How far the gateway's clock is ahead."""
        self.master = 11
        """The client that hears of the orders of all others."""
        self.read_only = False
        self.subscribed = True
        """Whether the account pays for prices."""
        self.listed_since = datetime(2000, 1, 1, tzinfo=UTC)
        self.late_books = False
        """Whether completed orders are not told yet."""
        self.down = False
        self.deaf = False
        """Whether it hears and says nothing, on lines that stand."""
        self.lost: Literal["", "once", "kept"] = ""
        """Whether it has lost IB's servers: until the next call that goes well, or until `restore`."""
        self.under_way = 0
        """Messages that have not arrived at their client."""
        self.unread: list[str] = []
        """What came and is no message of the protocol."""
        self.lines: list[Line] = []
        shares = [us_share(symbol) for symbol in _SHARES]
        made = exchange or quoted_abroad(shares, clock or SystemClock(), order_id=lambda n: str(1_500_000_000 + n))
        super().__init__(made, clock)
        self._contracts = {key: 265_598 + n for n, key in enumerate(made.instruments)}
        self._numbers: dict[tuple[int, int], str] = {}
        self._last: dict[int, int] = {}
        self._answers = Answers(self)
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.gateway_port = 0

    # for the suite

    def credentials(self) -> dict[str, str]:
        return {"symbols": ", ".join(i.symbol for i in self.exchange.instruments.values())}

    def base(self) -> Mapping[str, str]:
        return {"gateway": f"127.0.0.1:{self.gateway_port}"}

    def read_product(self, product: str) -> str:
        return "CNC"

    def watching(self) -> int:
        return sum(len(line.watched) for line in self.lines)

    @property
    def pushed(self) -> int:
        """Nothing is waited for unless messages are under way: the library tells fewer events than there are."""
        return 1 << 60 if self.under_way else 0

    @pushed.setter
    def pushed(self, value: int) -> None:
        """The base counts; here what is under way is known."""

    # serving

    async def start(self, port: int = 0) -> None:
        await super().start(port)
        await self._listen(port + 1 if port else 0)

    async def stop(self) -> None:
        await self._hang_up()
        self.order_sockets.clear()
        await super().stop()
        assert not self.unread, self.unread

    async def restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """As it does once a day: every line drops, nobody answers, and then it is there again with all it knew."""
        await self._hang_up()
        meanwhile()
        await self._listen(self.gateway_port)

    def expire(self) -> None:
        """Its user is signed out."""
        self.lose("kept")
        self.down = True
        self.cut()

    def lose(self, how: Literal["once", "kept"] = "kept") -> None:
        """It has lost IB's servers."""
        self.lost = how
        for line in self.lines:
            line.say(told.error(-1, 1100, _LOST), told.error(-1, 2110, _BROKEN))

    def restore(self, *, kept: bool = True) -> None:
        """It is with IB's servers again, with its subscriptions or without."""
        self.lost = ""
        code = 1102 if kept else 1101
        for line in self.lines:
            if not kept:
                line.watched.clear()
            line.say(told.error(-1, code, _BACK[code]))

    def cut(self) -> None:
        for line in list(self.lines):
            line.cut()

    def forget(self, line: Line) -> None:
        """A line is down."""
        self.order_sockets.discard(line)
        if line in self.lines:
            self.lines.remove(line)

    def listens(self, line: Line) -> None:
        """A client has read its open orders: from now on it hears what is pushed."""
        if line.open and line.client < 100:
            self.order_sockets.add(line)  # type: ignore[arg-type]

    def travels(self, turns: int) -> None:
        """Something was written: it has arrived some turns of the loop later."""
        self.under_way += 1
        self._turn(turns)

    def _turn(self, left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(self._turn, left - 1)
        else:
            self.under_way -= 1

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.gateway_port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        for task in list(self._serving):
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        line = Line(self, reader, writer, self._answers)
        if self.down or self.refuse_sockets:
            line.close()
            return
        self.lines.append(line)
        try:
            await line.run()
        except asyncio.CancelledError:  # the streams report a cancelled server task as an error
            line.close()

    async def _control(self, request: web.Request) -> web.Response:
        """Beside the base's: `/_fake/lose`, `/_fake/restore`, `/_fake/restart`, `/_fake/deaf`, `/_fake/hear`."""
        match request.match_info["what"]:
            case "lose":
                self.lose()
            case "restore":
                self.restore()
            case "restart":
                await self.restart()
            case "deaf" | "hear" as word:
                self.deaf = word == "deaf"
        return await super()._control(request)

    # orders

    def next_number(self, client: int) -> int:
        """The least order number a client may use."""
        return self._last.get(client, 0) + 1

    def known(self, client: int, number: int) -> bool:
        """Whether an order has that number."""
        return (client, number) in self._numbers

    def order(self, line: Line, sent: OrderSent) -> None:
        """Take a new order, or a change of one. Raises Refused with the gateway's number."""
        made = self.exchange.orders.get(self._numbers.get((line.client, sent.number), ""))
        if made is None and sent.number <= self._last.get(line.client, 0):
            raise refused(103, "Duplicate order id")
        self._check(sent)
        key = self._key(sent.contract)
        if made is None:
            self._last[line.client] = sent.number
            self._submit(line, sent, key)
        elif made.state == "FILLED":
            raise refused(104, "Cannot modify a filled order.")
        elif not made.live:
            raise refused(103, "Duplicate order id")
        elif (made.key, made.side, made.tag) != (key, sent.action, sent.ref):
            raise refused(105, _NO_CHANGE)
        else:
            self._change(made, sent)

    def cancel(self, line: Line, number: int) -> None:
        """Cancel an order of the client. Raises Refused."""
        made = self.exchange.orders.get(self._numbers.get((line.client, number), ""))
        if made is None:
            raise refused(10147, f"OrderId {number} that needs to be cancelled is not found.")
        if not made.live:
            word = _STATES[made.state]
            raise refused(10148, f"OrderId {number} that needs to be cancelled cannot be cancelled, state: {word}.")
        self.exchange.cancel(made.id)

    def what_if(self, line: Line, sent: OrderSent) -> told.OrderTold:
        """What an order would change, as one that is not made. Raises Refused."""
        self._check(sent)
        key = self._key(sent.contract)
        price = sent.limit or self.exchange.books[key].ask
        margin = (price * sent.quantity / 2).quantize(Decimal("0.01"))
        return told.OrderTold(
            contract=self.contract(key),
            account=self.accounts[0],
            number=sent.number,
            client=line.client,
            perm=0,
            side=sent.action,
            quantity=int(sent.quantity),
            type=sent.type,
            limit=sent.limit,
            stop=sent.stop,
            tif=sent.tif,
            ref=sent.ref,
            status="PreSubmitted",
            commission=self.commission,
            what_if=True,
            margin=margin if sent.action == "BUY" else -margin,
        )

    def _check(self, sent: OrderSent) -> None:
        if self.read_only:
            raise refused(321, _READ_ONLY)
        if sent.account and sent.account not in self.accounts:
            raise refused(321, "Error validating request.-'bW' : cause - The account code is invalid.")
        if not sent.account and len(self.accounts) > 1:
            raise refused(435, "You must specify an account.")
        if not sent.transmit or sent.type not in _TYPES or sent.action not in ("BUY", "SELL"):
            raise refused(321, "Error validating request.-'bW' : cause - Order type is invalid.")
        if sent.quantity <= 0:
            raise refused(434, "The order size cannot be zero.")

    def _key(self, asked: ContractAsked) -> str:
        key = self.key_of(asked)
        if key is None:
            raise refused(200, "No security definition has been found for the request")
        return key

    def _submit(self, line: Line, sent: OrderSent, key: str) -> None:
        extra = {"client": line.client, "number": sent.number}
        try:
            made = self.exchange.submit(
                key,
                sent.action,
                int(sent.quantity),
                _TYPES[sent.type],
                product="NONE",
                validity=sent.tif,
                price=sent.limit if "LMT" in sent.type else None,
                trigger=sent.stop if "STP" in sent.type else None,
                tag=sent.ref,
                extra=extra,
            )
        except Refused as no:
            raise self._worded(no) from None
        self._numbers[line.client, sent.number] = made.id

    def _change(self, made: FakeOrder, sent: OrderSent) -> None:
        try:
            self.exchange.modify(
                made.id,
                quantity=int(sent.quantity),
                price=sent.limit if "LMT" in sent.type else None,
                trigger=sent.stop if "STP" in sent.type else None,
                type=_TYPES[sent.type],
            )
        except Refused as no:
            raise self._worded(no) from None

    def _worded(self, no: Refused) -> Refused:
        if no.message.startswith("Tick size"):
            return refused(110, _NO_TICK)
        return refused(201, f"Order rejected - reason:{no.message}")

    # what is told

    def now(self) -> datetime:
        """By the gateway's clock."""
        return self.clock.now() + self.skew

    def stamp(self, at: datetime) -> str:
        """A moment as the gateway writes it."""
        return told.stamp(at + self.skew, self.zone)

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        owner = order.extra.get("client", 0)
        for line in [line for line in self.lines if line.client in (owner, self.master) and line.client >= 0]:
            line.push(*self._news(order, trade))
        if trade is not None:
            for line in [line for line in self.lines if line.positions]:
                line.push(*self.held(order.key))

    def on_price(self, key: str) -> None:
        for line in self.lines:
            for number, watched in list(line.watched.items()):
                if watched == key:
                    line.push(*self._answers.ticks(number, key))

    def as_told(self, order: FakeOrder, **changes: Any) -> told.OrderTold:
        """An order as the gateway tells it."""
        waits = order.type == "MARKET" and not order.filled and order.live
        facts: dict[str, Any] = {
            "contract": self.contract(order.key),
            "account": self.accounts[0],
            "number": order.extra.get("number", 0),
            "client": order.extra.get("client", 0),
            "perm": int(order.id),
            "side": order.side,
            "quantity": order.quantity,
            "type": _WORDS[order.type],
            "limit": order.price,
            "stop": order.trigger,
            "tif": order.validity,
            "ref": order.tag,
            "status": "PreSubmitted" if waits else _STATES.get(order.state, "Submitted"),
            "filled": order.filled,
            "average": order.average,
        }
        return told.OrderTold(**{**facts, **changes})

    def executed(self, trade: FakeTrade) -> told.ExecutionTold:
        """An execution as the gateway tells it."""
        order = trade.order
        before = [t for t in self.exchange.trades if t.order.id == order.id and int(t.id) <= int(trade.id)]
        filled = sum(t.quantity for t in before)
        worth = sum((t.quantity * t.price for t in before), Decimal(0))
        return told.ExecutionTold(
            contract=self.contract(order.key),
            id=f"00025b46.{trade.id}.01.01",
            at=self.stamp(trade.at),
            account=self.accounts[0],
            venue="ISLAND",
            side="BOT" if order.side == "BUY" else "SLD",
            quantity=trade.quantity,
            price=trade.price,
            perm=int(order.id),
            client=order.extra.get("client", 0),
            number=order.extra.get("number", 0),
            filled=filled,
            average=(worth / filled).quantize(Decimal("0.0001")),
            ref=order.tag,
        )

    def held(self, only: str = "") -> list[bytes]:
        """Positions: all that are not flat, or one that has changed."""
        return [
            told.position(self.contract(key), self.accounts[0], row.net, row.average)
            for (key, _), row in self.exchange.positions().items()
            if (key == only if only else row.net)
        ]

    def figures(self, tags: Sequence[str]) -> list[tuple[str, Decimal, str]]:
        """The account's money: tag, value, currency."""
        used, cash = self.exchange.used, self.exchange.cash
        known = {"AvailableFunds": cash - used, "InitMarginReq": used, "TotalCashValue": cash, "NetLiquidation": cash}
        found = [(tag, known[tag], self.currency) for tag in tags if tag in known]
        if "$LEDGER:ALL" in tags:
            for currency in (self.currency, "BASE"):
                found += [("RealizedPnL", Decimal(0), currency), ("UnrealizedPnL", Decimal(0), currency)]
        return found

    def contract(self, key: str) -> told.ContractTold:
        """As the gateway names it."""
        return told.ContractTold(self._contracts[key], self.exchange.instruments[key].symbol)

    def key_of(self, asked: ContractAsked) -> str | None:
        """The instrument of a contract."""
        for key, number in self._contracts.items():
            named = asked.sec_type in ("STK", "") and asked.symbol == self.exchange.instruments[key].symbol
            if asked.con_id == number or (not asked.con_id and named and asked.currency in ("USD", "")):
                return key
        return None

    def _news(self, order: FakeOrder, trade: FakeTrade | None) -> list[bytes]:
        """What a client hears of a change of an order, in the gateway's own order."""
        if trade is not None:
            run = self.executed(trade)
            state = self.as_told(order, last=trade.price)
            paid = self.as_told(order, last=trade.price, commission=self.commission)
            return [
                told.execution(-1, run),
                told.open_order(state),
                told.order_status(state),
                told.open_order(paid),
                told.order_status(paid),
                told.commission(run.id, self.commission),
            ]
        state = self.as_told(order)
        if order.state == "CANCELLED":
            return [told.order_status(state), told.error(state.number, 202, "Order Canceled - reason:")]
        shown = [told.open_order(state), told.order_status(state)]
        if order.state == "REJECTED":  # the error comes first
            return [told.error(state.number, 201, f"Order rejected - reason:{order.reason}"), *shown]
        return shown

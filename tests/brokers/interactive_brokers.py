"""A fake gateway of Interactive Brokers: the library is real, only the socket below it is not.

The client's requests are answered into the library's own wrapper, as its decoder would, one turn of the loop later. So
our adapter is tested over the library as it is, quirks included; the bytes on the wire are the library's affair.

More than 500 lines: one client has all these requests, and each is answered by a method of its own.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ib_async import IB, BarData, Contract, ContractDetails, Execution, Order, OrderState
from ib_async.client import Client

from server.brokers.interactive_brokers.http import Gateway, new_client
from server.core.clock import Clock
from server.domain.instruments import Instrument
from tests.brokers.abroad import quoted_abroad, us_share
from tests.brokers.base import TAKEN, FakeBroker
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused

__all__ = ("FakeGateway",)

_ACCOUNT = "DU1234567"
_SHARES = ("AAPL", "MSFT", "SPY")
_TYPES = {"MKT": "MARKET", "LMT": "LIMIT", "STP LMT": "SL", "STP": "SL-M"}
_WORDS = {ours: theirs for theirs, ours in _TYPES.items()}
_STATES = {
    "OPEN": "Submitted",
    "TRIGGER_PENDING": "PreSubmitted",
    "FILLED": "Filled",
    "CANCELLED": "Cancelled",
    "REJECTED": "Inactive",
}
_CODES = {"not_found": 200, "input": 201, "order": 201, "funds": 201}
_CUTS = ("reset_before", "reset_after")


class FakeGateway(FakeBroker):
    """Its state, and the clients connected to it."""

    name = "interactive_brokers"
    share = "GLOBAL:AAPL"
    revokes = False
    sessions = False

    @property
    def pushed(self) -> int:
        """None is waited for unless messages are under way."""
        return 1 << 60 if self.under_way else 0

    @pushed.setter
    def pushed(self, value: int) -> None:
        """The base counts; here what is under way is known."""

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        shares = [us_share(symbol) for symbol in _SHARES]
        self.accounts = [_ACCOUNT]
        self.currency = "USD"
        self.down = False
        self.under_way = 0
        """Messages to clients that have not arrived."""
        self.clients: list[_Client] = []
        made = exchange or quoted_abroad(shares, clock or _clock(), order_id=lambda n: str(1_500_000_000 + n))
        super().__init__(made, clock)
        self.contracts = {key: 265_598 + n for n, key in enumerate(made.instruments)}
        self.quiet = False
        """Whether what happens is told to no client: its answer is lost."""

    def credentials(self) -> dict[str, str]:
        return {"symbols": ", ".join(i.symbol for i in self.exchange.instruments.values())}

    def base(self) -> Mapping[str, str]:
        return {"gateway": f"127.0.0.1:{self.port}"}

    def expire(self) -> None:
        self.down = True

    def read_product(self, product: str) -> str:
        return "CNC"

    def watching(self) -> int:
        return sum(len(client.watched) for client in self.clients)

    async def start(self, port: int = 0) -> None:
        """Take the place of the library's socket."""
        await super().start(port)
        Gateway.make = staticmethod(self._made)

    async def stop(self) -> None:
        Gateway.make = staticmethod(new_client)
        self.down = True
        self.order_sockets.clear()
        for client in self.clients:
            client.cut()
        await super().stop()

    def _made(self) -> IB:
        ib = IB()
        client = _Client(ib, self)
        ib.client = client
        client.apiEnd += ib.disconnectedEvent
        self.clients.append(client)
        return ib

    def cut(self) -> None:
        for client in self.clients:
            client.cut()

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        for client in self.clients:
            if client.isReady() and order.extra.get("client", client.clientId) == client.clientId:
                client.tell_order(order, trade)

    def on_price(self, key: str) -> None:
        for client in self.clients:
            client.tell_price(key)

    def contract(self, key: str) -> Contract:
        """As the gateway names it."""
        symbol = self.exchange.instruments[key].symbol
        return Contract(
            secType="STK",
            conId=self.contracts[key],
            symbol=symbol,
            exchange="SMART",
            primaryExchange="NASDAQ",
            currency="USD",
            localSymbol=symbol,
        )

    def key_of(self, contract: Contract) -> str:
        """The instrument of a contract; raises Refused."""
        for key, number in self.contracts.items():
            if contract.conId == number or (not contract.conId and key == f"GLOBAL:{contract.symbol}"):
                return key
        raise Refused("not_found", "No security definition has been found for the request")


class _Client(Client):
    """What the library sends through, without a socket."""

    def __init__(self, ib: IB, fake: FakeGateway) -> None:
        super().__init__(ib.wrapper)
        self.ib = ib
        self.fake = fake
        self.watched: dict[int, str] = {}
        self.numbers: dict[int, FakeOrder] = {}
        self._delay = 0.0
        self._late: list[Callable[[], None]] = []

    # the line

    async def connectAsync(self, host: str, port: int, clientId: int, timeout: float | None = 2.0) -> None:  # noqa: N802, N803, ASYNC109
        await asyncio.sleep(0)
        taken = any(c.isReady() and c.clientId == clientId for c in self.fake.clients if c is not self)
        if self.fake.down or self.fake.refuse_sockets or port != self.fake.port or taken:
            raise ConnectionRefusedError("refused")
        self.host, self.port, self.clientId = host, port, clientId
        self.connState, self._apiReady, self._serverVersion = Client.CONNECTED, True, 178
        self._accounts = list(self.fake.accounts)
        self.ib.wrapper.accounts = list(self.fake.accounts)
        self.updateReqId(1 + max(self.numbers, default=0))
        if clientId < 100:  # it counts once it has had a moment to listen
            asyncio.get_running_loop().call_later(0.01, self._listens)

    def _listens(self) -> None:
        if self.isReady():
            self.fake.order_sockets.add(self)  # type: ignore[arg-type]

    def disconnect(self) -> None:
        self.cut()

    def connectionStats(self) -> Any:  # noqa: N802
        self._startTime = 0.0
        return super().connectionStats()

    def cut(self) -> None:
        """The line is down."""
        self.fake.order_sockets.discard(self)
        self.watched.clear()
        if self.isReady():
            self._onSocketDisconnected("cut")

    def send(self, *fields: Any, makeEmpty: bool = True) -> None:  # noqa: N803
        """Requests that nothing here answers."""
        if not self.isReady():
            raise ConnectionError("Not connected")

    def _say(self, *calls: Callable[[], None]) -> None:
        """Answers arrive together, a turn of the loop later."""

        self.fake.under_way += 1

        def arrive() -> None:
            self.fake.under_way -= 1
            if not self.isReady():
                return
            self.ib.wrapper.tcpDataArrived()
            for call in calls:
                call()
            self.ib.wrapper.tcpDataProcessed()

        loop = asyncio.get_running_loop()
        if self._delay:
            loop.call_later(self._delay, arrive)
        else:
            loop.call_soon(arrive)

    def _meets(self, call: str) -> str:
        """Counts a call; the fault it meets, if any. A cut begins here."""
        self.fake.calls[call] += 1
        self._delay = 0.0
        fault = self.fake.faults.take(call)
        if fault is None:
            return ""
        if fault.kind == "late":
            self._delay = fault.seconds
            return ""
        if fault.kind in _CUTS:  # never while the library is still sending: it learns of a dead line from its loop
            asyncio.get_running_loop().call_soon(self.cut)
        return fault.kind

    def _answer(self, call: str, number: int, answer: Callable[[], None]) -> None:
        """Answer a read, or do what its fault says."""
        if not self.isReady():
            raise ConnectionError("Not connected")
        kind = self._meets(call)
        if kind == "429":
            self._say(lambda: self.ib.wrapper.error(number, 100, "Max rate of messages per second exceeded", ""))
        elif not kind:
            self._say(answer)
        self._delay = 0.0

    # orders

    def placeOrder(self, orderId: int, contract: Contract, order: Order) -> None:  # noqa: N802, N803
        if not self.isReady():
            raise ConnectionError("Not connected")
        wrapper = self.ib.wrapper
        if order.whatIf:
            order.orderId = orderId
            state = OrderState(status="PreSubmitted", initMarginChange="400.05", commission=1.0)
            self._answer("margin", orderId, lambda: wrapper.openOrder(orderId, contract, order, state))
            return
        known = self.numbers.get(orderId)
        kind = self._meets("modify" if known is not None else "place")
        if kind == "429":
            self._say(lambda: wrapper.error(orderId, 100, "Max rate of messages per second exceeded", ""))
            return
        if kind and kind not in TAKEN:
            return
        self.fake.quiet = bool(kind)
        try:
            if known is not None:
                self._change(known, order)
            else:
                self._submit(orderId, contract, order)
        except Refused as error:
            text, code = error.message, _CODES.get(error.kind, 201)
            if known is not None:
                code = 104
            if not kind:
                self._say(lambda: wrapper.error(orderId, code, text, ""))
        finally:
            self.fake.quiet = False
            self._delay = 0.0

    def _submit(self, number: int, contract: Contract, order: Order) -> None:
        key = self.fake.key_of(contract)
        extra = {"client": self.clientId, "number": number}
        made = self.fake.exchange.submit(
            key,
            order.action,
            int(order.totalQuantity),
            _TYPES[order.orderType],
            product="NONE",
            validity=order.tif,
            price=_set(order.lmtPrice),
            trigger=_set(order.auxPrice),
            tag=order.orderRef,
            extra=extra,
        )
        self.numbers[number] = made
        if made.state == "REJECTED":
            del self.fake.exchange.orders[made.id]

    def _change(self, known: FakeOrder, order: Order) -> None:
        kind = _TYPES[order.orderType]
        self.fake.exchange.modify(
            known.id,
            quantity=int(order.totalQuantity),
            price=_set(order.lmtPrice) if kind in ("LIMIT", "SL") else None,
            trigger=_set(order.auxPrice) if kind in ("SL", "SL-M") else None,
            type=kind,
        )

    def cancelOrder(self, orderId: int, manualCancelOrderTime: str = "") -> None:  # noqa: N802, N803
        if not self.isReady():
            raise ConnectionError("Not connected")
        wrapper = self.ib.wrapper
        kind = self._meets("cancel")
        if kind == "429":
            self._say(lambda: wrapper.error(orderId, 100, "Max rate of messages per second exceeded", ""))
            return
        if kind and kind not in TAKEN:
            return
        self.fake.quiet = bool(kind)
        try:
            self.fake.exchange.cancel(self.numbers[orderId].id)
        except (Refused, KeyError):
            text = f"OrderId {orderId} that needs to be cancelled cannot be cancelled"
            if not kind:
                self._say(lambda: wrapper.error(orderId, 10148, text, ""))
        finally:
            self.fake.quiet = False
            self._delay = 0.0

    def tell_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        """What the gateway pushes of an order."""
        fault = self.fake.stream_fault
        if self.fake.quiet or fault == "mute":
            return
        wrapper = self.ib.wrapper
        shown = self._shown(order.copy())
        calls = [shown]
        if order.state == "REJECTED":  # the error comes first, the state after it
            number, text = order.extra.get("number", -1), f"Order rejected - reason:{order.reason}"
            calls.insert(0, lambda: wrapper.error(number, 201, text, ""))
        if trade is not None:
            run = self._execution(trade)
            contract = self.fake.contract(order.key)
            calls.append(lambda: wrapper.execDetails(-1, contract, run))
        if fault == "garbage":
            self._say(lambda: wrapper.error(-1, 2104, "Market data farm connection is OK:usfarm", ""))
        if fault == "late" and not self._late:
            self._late = calls
            asyncio.get_running_loop().call_later(0.05, self._flush)
            return
        self._say(*calls)
        if fault == "twice":
            self._say(*calls)
        self._flush()

    def _flush(self) -> None:
        late, self._late = self._late, []
        if late:
            self._say(*late)

    def _shown(self, order: FakeOrder) -> Callable[[], None]:
        wrapper, contract, sent = self.ib.wrapper, self.fake.contract(order.key), self._order(order)
        number, perm, client = sent.orderId, sent.permId, sent.clientId
        status, average = _STATES[order.state], float(order.average) if order.filled else 0.0

        def show() -> None:
            if order.live:
                wrapper.openOrder(number, contract, sent, OrderState(status=status))
            wrapper.orderStatus(
                number, status, float(order.filled), float(order.left), average, perm, 0, average, client, "", 0.0
            )

        return show

    def _order(self, order: FakeOrder) -> Order:
        mine = order.extra
        return Order(
            orderId=mine.get("number", 0),
            clientId=mine.get("client", 0),
            permId=int(order.id),
            action=order.side,
            totalQuantity=float(order.quantity),
            orderType=_WORDS[order.type],
            lmtPrice=float(order.price) if order.price is not None else 0.0,
            auxPrice=float(order.trigger) if order.trigger is not None else 0.0,
            tif=order.validity,
            orderRef=order.tag,
            account=self.fake.accounts[0],
        )

    def _execution(self, trade: FakeTrade) -> Execution:
        order = trade.order
        return Execution(
            execId=f"00025b46.{trade.id}.01.01",
            time=trade.at,
            acctNumber=self.fake.accounts[0],
            exchange="NASDAQ",
            side="BOT" if order.side == "BUY" else "SLD",
            shares=float(trade.quantity),
            price=float(trade.price),
            permId=int(order.id),
            clientId=order.extra.get("client", 0),
            orderId=order.extra.get("number", 0),
            orderRef=order.tag,
        )

    # books

    def reqOpenOrders(self) -> None:  # noqa: N802
        self.reqAllOpenOrders()

    def reqAllOpenOrders(self) -> None:  # noqa: N802
        shown = [self._shown(order.copy()) for order in self.fake.exchange.orders.values() if order.live]

        def answer() -> None:
            for show in shown:
                show()
            self.ib.wrapper.openOrderEnd()

        self._answer("orders", -1, answer)

    def reqCompletedOrders(self, apiOnly: bool) -> None:  # noqa: N802, N803
        rows = []
        for order in self.fake.exchange.orders.values():
            if not order.live:
                sent = self._order(order)
                sent.orderId = sent.clientId = 0
                sent.filledQuantity, sent.totalQuantity = float(order.filled), 0.0
                rows.append((self.fake.contract(order.key), sent, OrderState(status=_STATES[order.state])))

        def answer() -> None:
            for row in rows:
                self.ib.wrapper.completedOrder(*row)
            self.ib.wrapper.completedOrdersEnd()

        self._answer("completed", -1, answer)

    def reqExecutions(self, reqId: int, execFilter: Any) -> None:  # noqa: N802, N803
        rows = [(self.fake.contract(t.order.key), self._execution(t)) for t in self.fake.exchange.trades]

        def answer() -> None:
            for row in rows:
                self.ib.wrapper.execDetails(reqId, *row)
            self.ib.wrapper.execDetailsEnd(reqId)

        self._answer("trades", reqId, answer)

    def reqPositions(self) -> None:  # noqa: N802
        rows = [
            (self.fake.contract(key), float(p.net), float(p.average))
            for (key, _), p in self.fake.exchange.positions().items()
        ]

        def answer() -> None:
            for contract, size, cost in rows:
                self.ib.wrapper.position(self.fake.accounts[0], contract, size, cost)
            self.ib.wrapper.positionEnd()

        self._answer("positions", -1, answer)

    def reqAccountSummary(self, reqId: int, groupName: str, tags: str) -> None:  # noqa: N802, N803
        used = self.fake.exchange.used
        figures = {
            "AvailableFunds": self.fake.exchange.cash - used,
            "InitMarginReq": used,
            "TotalCashValue": self.fake.exchange.cash,
        }

        def answer() -> None:
            for tag, value in figures.items():
                self.ib.wrapper.accountSummary(reqId, self.fake.accounts[0], tag, str(value), self.fake.currency)
            self.ib.wrapper.accountSummaryEnd(reqId)

        self._answer("funds", reqId, answer)

    def reqAccountUpdates(self, subscribe: bool, acctCode: str) -> None:  # noqa: N802, N803
        self._say(lambda: self.ib.wrapper.accountDownloadEnd(acctCode))

    def reqAccountUpdatesMulti(self, reqId: int, account: str, modelCode: str, ledgerAndNLV: bool) -> None:  # noqa: N802, N803
        self._say(lambda: self.ib.wrapper.accountUpdateMultiEnd(reqId))

    def reqCurrentTime(self) -> None:  # noqa: N802
        at = int(self.fake.clock.now().timestamp())
        self._answer("ping", -1, lambda: self.ib.wrapper.currentTime(at))

    # contracts and prices

    def reqContractDetails(self, reqId: int, contract: Contract) -> None:  # noqa: N802, N803
        wrapper = self.ib.wrapper
        try:
            key = self.fake.key_of(contract)
        except Refused as error:
            text = error.message
            self._answer("instruments", reqId, lambda: wrapper.error(reqId, 200, text, ""))
            return
        instrument: Instrument = self.fake.exchange.instruments[key]
        found = ContractDetails(
            contract=self.fake.contract(key), minTick=float(instrument.tick), longName=instrument.title or "A share"
        )

        def answer() -> None:
            wrapper.contractDetails(reqId, found)
            wrapper.contractDetailsEnd(reqId)

        self._answer("instruments", reqId, answer)

    def reqMktData(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        genericTickList: str,  # noqa: N803
        snapshot: bool,
        regulatorySnapshot: bool,  # noqa: N803
        mktDataOptions: Any,  # noqa: N803
    ) -> None:
        key = self.fake.key_of(contract)
        if not snapshot:
            self.watched[reqId] = key
            self._say(lambda: self._ticks(reqId, key))
            return

        def answer() -> None:
            self._ticks(reqId, key)
            self.ib.wrapper.tickSnapshotEnd(reqId)

        self._answer("quotes", reqId, answer)

    def cancelMktData(self, reqId: int) -> None:  # noqa: N802, N803
        self.watched.pop(reqId, None)

    def tell_price(self, key: str) -> None:
        """Ticks for those who watch."""
        if self.isReady() and self.fake.stream_fault != "mute":
            for number, watched in self.watched.items():
                if watched == key:
                    self._say(lambda number=number: self._ticks(number, key))  # type: ignore[misc]

    def _ticks(self, number: int, key: str) -> None:
        book, wrapper = self.fake.exchange.books[key], self.ib.wrapper
        wrapper.priceSizeTick(number, 1, float(book.bid), float(book.bid_left))
        wrapper.priceSizeTick(number, 2, float(book.ask), float(book.ask_left))
        wrapper.priceSizeTick(number, 4, float(book.ltp), 1.0)
        wrapper.priceSizeTick(number, 9, float(book.close), 0.0)

    def reqHistoricalData(self, reqId: int, contract: Contract, end: str, duration: str, size: str, *_: Any) -> None:  # noqa: N802, N803
        many, unit = int(duration.split()[0]), duration.split()[1]
        last = datetime.strptime(end, "%Y%m%d %H:%M:%S UTC").replace(tzinfo=UTC)
        at = last - timedelta(days=many * {"D": 1, "W": 7, "M": 30, "Y": 365}[unit])
        step = timedelta(days=1) if "day" in size else timedelta(hours=1)
        price = float(self.fake.exchange.books[self.fake.key_of(contract)].ltp)
        rows: list[BarData] = []
        at = at.replace(minute=0, second=0, microsecond=0)
        while at < last:
            text = f"{at:%Y%m%d}" if "day" in size else str(int(at.timestamp()))
            rows.append(BarData(text, price, price + 2, price - 2, price + 1, 1000.0))  # type: ignore[arg-type]
            at += step

        def answer() -> None:
            for row in rows:
                self.ib.wrapper.historicalData(reqId, row)
            self.ib.wrapper.historicalDataEnd(reqId, "", "")

        self._answer("history", reqId, answer)


def _set(price: Any) -> Decimal | None:
    """A price, unless it is the library's word for none."""
    return None if price is None or price == 0 or float(price) > 1e300 else Decimal(str(price))


def _clock() -> Clock:
    from server.core.clock import SystemClock

    return SystemClock()

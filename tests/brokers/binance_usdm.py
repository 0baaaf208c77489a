"""A fake Binance USD-M: perpetual contracts, one-way mode, stops in a service of their own, user events by listen key.

A stop is one order at the exchange behind it, and two on the wire: the conditional order (`a1001` here, 1001 there),
and, once triggered, an order of the matching engine under another number that carries no id of ours. What that one
does is told before anybody says that the two belong together: nothing documented promises the other way round.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

from server.core.clock import Clock
from server.domain.instruments import Instrument
from tests.brokers.abroad import coin
from tests.brokers.base import Handler
from tests.brokers.binance import FakeBinance, figure, ms, refuse
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused

__all__ = ("FakeBinanceUsdm",)

_ACTUAL = 500_000
"""Added to the number of a stop, it is the number of the order it becomes."""
_ALGO = {"OPEN": "TRIGGERED", "TRIGGER_PENDING": "NEW", "FILLED": "FINISHED", "CANCELLED": "CANCELED"}
_STOPS = ("SL", "SL-M")
_KEY = "listenkey0000000000000000000000001"


class FakeBinanceUsdm(FakeBinance):
    """Binance USD-M on loopback."""

    share = "CRYPTO:BTCUSDTPERP"
    shorts = True
    prefix = "/fapi/v1"
    smallest: Mapping[str, str] = {"filterType": "MIN_NOTIONAL", "notional": "5"}
    types = {"MARKET": "MARKET", "LIMIT": "LIMIT", "STOP": "SL", "STOP_MARKET": "SL-M"}  # noqa: RUF012

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        self._next_stop = False
        super().__init__(exchange, clock)
        self.hedged = False
        self.kept_alive = 0
        self.keys = 0

    def listed(self) -> list[Instrument]:
        return [
            msgspec.structs.replace(
                coin(name, "USDT", unit="0.001"), symbol=f"{name}USDTPERP", kind="FUTURE", segment="CRYPTO_PERP"
            )
            for name in ("BTC", "ETH", "BNB", "SOL")
        ]

    def symbol_of(self, instrument: Instrument) -> str:
        return instrument.symbol.removesuffix("PERP")

    def number(self, asked: str, n: int) -> str:
        stop, self._next_stop = self._next_stop, False
        return f"{asked.removesuffix('PERP')}:{'a' if stop else ''}{1000 + n}"

    def routes(self) -> list[tuple[str, str, str, Handler, bool]]:
        return [
            ("GET", "time", "time", self._time, False),
            ("GET", "exchangeInfo", "instruments", self._info, False),
            ("GET", "ticker/bookTicker", "quotes", self._book_ticker, False),
            ("GET", "ticker/24hr", "quotes", self._day_ticker, False),
            ("GET", "klines", "history", self._klines, False),
            ("GET", "/fapi/v3/balance", "funds", self._balance, True),
            ("GET", "/fapi/v3/positionRisk", "positions", self._risk, True),
            ("GET", "positionSide/dual", "position_mode", self._mode, True),
            ("POST", "listenKey", "listen_key", self._listen_key, True),
            ("PUT", "listenKey", "keepalive", self._alive, True),
            ("POST", "order", "place", self._place, True),
            ("PUT", "order", "modify", self._amend, True),
            ("DELETE", "order", "cancel", self._cancel, True),
            ("GET", "order", "find", self._one, True),
            ("GET", "openOrders", "orders", self._open, True),
            ("GET", "allOrders", "book", self._all, True),
            ("GET", "userTrades", "trades", self._trades, True),
            ("POST", "algoOrder", "place", self._place_algo, True),
            ("DELETE", "algoOrder", "cancel", self._cancel_algo, True),
            ("GET", "algoOrder", "find", self._one_algo, True),
            ("GET", "openAlgoOrders", "algo_orders", self._open_algos, True),
            ("GET", "allAlgoOrders", "algo_book", self._all_algos, True),
        ]

    def credentials(self) -> dict[str, str]:
        return {**super().credentials(), "market": "usdm"}

    def base(self) -> Mapping[str, str]:
        return {"rest": self.http, "stream": f"{self.ws}/stream", "orders_stream": f"{self.ws}/private/ws"}

    def read_product(self, product: str) -> str:
        return "NRML"

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A listen key is in the path of the stream."""
        if request.path.startswith("/private/ws/"):
            return await self._user_stream(request)
        base: Any = super()._faulty
        found: web.StreamResponse = await base(request, handler)
        return found

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        if request.query["type"] in ("STOP", "STOP_MARKET"):
            return refuse(400, -4120, "Order type not supported for this endpoint. Please use the Algo Order API.")
        return web.json_response(self._order_json(self._submit(request.query)))

    async def _amend(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        order = self._working(f"{asked['symbol']}:{asked['orderId']}")
        units = int(Decimal(asked["quantity"]) / self.exchange.instruments[order.key].unit)
        self.exchange.modify(order.id, quantity=units, price=figure(asked.get("price")))
        return web.json_response(self._order_json(order))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        order = self._by_number(request.query["symbol"], request.query["orderId"])
        if order is None or not order.live:
            raise Refused("not_found", "Unknown order sent.")
        self.exchange.cancel(order.id)
        return web.json_response(self._order_json(order))

    async def _one(self, request: web.Request) -> web.StreamResponse:
        found = [o for o in self.exchange.by_tag(request.query.get("origClientOrderId", "")) if o.type not in _STOPS]
        if not found:
            return refuse(400, -2013, "Order does not exist.")
        return web.json_response(self._order_json(found[-1]))

    async def _open(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([self._order_json(o) for o in self._in_engine() if o.live])

    async def _all(self, request: web.Request) -> web.StreamResponse:
        key = self._keys[request.query["symbol"]]
        return web.json_response([self._order_json(o) for o in self._in_engine() if o.key == key])

    def _in_engine(self) -> list[FakeOrder]:
        """Orders of the matching engine: a stop only once it has been triggered."""
        return [o for o in self.exchange.orders.values() if o.type not in _STOPS or o.extra.get("triggered")]

    def _by_number(self, symbol: str, number: str) -> FakeOrder | None:
        for order in self._in_engine():
            if (order.id.partition(":")[0], str(self._number(order))) == (symbol, number):
                return order
        return None

    def _number(self, order: FakeOrder) -> int:
        """Its number in the matching engine."""
        number = int(order.id.rpartition(":")[2].removeprefix("a"))
        return number + _ACTUAL if order.type in _STOPS else number

    def _order_json(self, order: FakeOrder) -> dict[str, Any]:
        stop = order.type in _STOPS
        return {
            "symbol": order.id.partition(":")[0],
            "orderId": self._number(order),
            "clientOrderId": f"autoexec{self._number(order)}-trigger" if stop else order.tag or f"web_{order.id[-4:]}",
            "price": str(order.price or 0),
            "origQty": self._size(order, order.quantity),
            "executedQty": self._size(order, order.filled),
            "cumQuote": str(order.value),
            "avgPrice": str(order.average),
            "status": self._status(order),
            "timeInForce": "IOC" if order.validity == "IOC" else "GTC",
            "type": {"SL": "LIMIT", "SL-M": "MARKET"}.get(order.type, self._words[order.type]),
            "origType": self._words[order.type],
            "side": order.side,
            "positionSide": "BOTH",
            "reduceOnly": bool(order.extra.get("reduce_only")),
            "stopPrice": "0",
            "time": ms(order.at),
            "updateTime": ms(order.updated),
        }

    def _submit(self, asked: Mapping[str, str]) -> FakeOrder:
        order = super()._submit(asked)
        if asked.get("reduceOnly") == "true":
            order.extra["reduce_only"] = True
        return order

    async def _trades(self, request: web.Request) -> web.StreamResponse:
        key = self._keys[request.query["symbol"]]
        rows = [
            {
                "symbol": request.query["symbol"],
                "id": int(trade.id),
                "orderId": self._number(trade.order),
                "price": str(trade.price),
                "qty": self._size(trade.order, trade.quantity),
                "commission": "0",
                "commissionAsset": "USDT",
                "time": ms(trade.at),
                "side": trade.order.side,
                "buyer": trade.order.side == "BUY",
                "maker": False,
            }
            for trade in self.exchange.trades
            if trade.order.key == key
        ]
        return web.json_response(rows)

    # conditional orders

    async def _place_algo(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("algoType") != "CONDITIONAL":
            return refuse(400, -1102, "Mandatory parameter 'algoType' was not sent.")
        self._next_stop = True
        try:
            order = self._submit(request.query)
        finally:
            self._next_stop = False
        return web.json_response(self._algo_json(order))

    async def _cancel_algo(self, request: web.Request) -> web.StreamResponse:
        order = self._algo(request.query)
        if order is None or order.state != "TRIGGER_PENDING":
            raise Refused("not_found", "Unknown order sent.")
        self.exchange.cancel(order.id)
        number = int(order.id.rpartition(":a")[2])
        return web.json_response({"algoId": number, "clientAlgoId": order.tag, "code": "200", "msg": "success"})

    async def _one_algo(self, request: web.Request) -> web.StreamResponse:
        order = self._algo(request.query)
        if order is None:
            return refuse(400, -2013, "Order does not exist.")
        return web.json_response(self._algo_json(order))

    async def _open_algos(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([self._algo_json(o) for o in self._algos() if o.state == "TRIGGER_PENDING"])

    async def _all_algos(self, request: web.Request) -> web.StreamResponse:
        key = self._keys[request.query["symbol"]]
        return web.json_response([self._algo_json(o) for o in self._algos() if o.key == key])

    def _algos(self) -> list[FakeOrder]:
        return [o for o in self.exchange.orders.values() if o.type in _STOPS]

    def _algo(self, asked: Mapping[str, str]) -> FakeOrder | None:
        for order in self._algos():
            if order.id.endswith(f":a{asked.get('algoId')}") or (order.tag and order.tag == asked.get("clientAlgoId")):
                return order
        return None

    def _algo_json(self, order: FakeOrder) -> dict[str, Any]:
        triggered = bool(order.extra.get("triggered"))
        status = "FINISHED" if triggered and not order.live else _ALGO[order.state]
        return {
            "algoId": int(order.id.rpartition(":a")[2]),
            "clientAlgoId": order.tag,
            "algoType": "CONDITIONAL",
            "orderType": self._words[order.type],
            "symbol": order.id.partition(":")[0],
            "side": order.side,
            "positionSide": "BOTH",
            "timeInForce": "GTC",
            "quantity": self._size(order, order.quantity),
            "algoStatus": status,
            "actualOrderId": str(self._number(order)) if triggered else "",
            "actualPrice": str(order.average),
            "triggerPrice": str(order.trigger),
            "price": str(order.price or 0),
            "icebergQuantity": None,
            "workingType": "CONTRACT_PRICE",
            "closePosition": False,
            "priceProtect": False,
            "reduceOnly": bool(order.extra.get("reduce_only")),
            "createTime": ms(order.at),
            "updateTime": ms(order.updated),
            "triggerTime": 0,
            "goodTillDate": 0,
        }

    # account and market

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        free = self.exchange.cash - self.exchange.used
        row = {"accountAlias": "SgsR", "asset": "USDT", "balance": str(self.exchange.cash), "crossUnPnl": "0"}
        return web.json_response([row | {"availableBalance": str(free), "updateTime": ms(self.clock.now())}])

    async def _risk(self, request: web.Request) -> web.StreamResponse:
        rows = [
            {
                "symbol": self.symbol_of(self.exchange.instruments[key]),
                "positionSide": "BOTH",
                "positionAmt": str(row.net * self.exchange.instruments[key].unit),
                "entryPrice": str(row.average),
                "markPrice": str(row.last),
                "unRealizedProfit": "0",
                "marginAsset": "USDT",
            }
            for (key, _), row in self.exchange.positions().items()
            if row.net
        ]
        return web.json_response(rows)

    async def _mode(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"dualSidePosition": self.hedged})

    async def _book_ticker(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.best_row(request.query["symbol"]) | {"time": ms(self.clock.now())})

    async def _day_ticker(self, request: web.Request) -> web.StreamResponse:
        name = request.query["symbol"]
        best = self.best_row(name).keys() - {"symbol"}  # it tells none of these, and no close of the day before
        return web.json_response({k: v for k, v in self.day_row(name).items() if k not in best | {"prevClosePrice"}})

    def _symbol(self, one: Instrument) -> dict[str, Any]:
        name = self.symbol_of(one)
        row = super()._symbol(one)
        return row | {"symbol": name, "pair": name, "contractType": "PERPETUAL", "deliveryDate": 4133404800000}

    # streams

    async def _listen_key(self, request: web.Request) -> web.StreamResponse:
        self.keys += 1
        return web.json_response({"listenKey": f"{_KEY}{self.keys}"})

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        self.kept_alive += 1
        return web.json_response({"listenKey": f"{_KEY}{self.keys}"})

    def expire_key(self) -> None:
        """What is told when nobody gave a sign of life for an hour."""
        message = {"e": "listenKeyExpired", "E": ms(self.clock.now()), "listenKey": f"{_KEY}{self.keys}"}
        self.push(self.order_sockets, json.dumps(message))

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        if order.state == "REJECTED":
            return
        stop, triggered = order.type in _STOPS, bool(order.extra.get("triggered"))
        if not stop or triggered:
            row = self._order_json(order)
            cancelled = order.state == "CANCELLED"
            unit = self.exchange.instruments[order.key].unit
            event = {
                "s": row["symbol"],
                "c": row["clientOrderId"],
                "S": order.side,
                "o": row["type"],
                "f": row["timeInForce"],
                "q": row["origQty"],
                "p": row["price"],
                "ap": row["avgPrice"],
                "sp": "0",
                "x": "TRADE" if trade else row["status"] if cancelled else "NEW",
                "X": row["status"],
                "i": row["orderId"],
                "l": str(trade.quantity * unit) if trade else "0",
                "z": row["executedQty"],
                "L": str(trade.price) if trade else "0",
                "n": "0",
                "N": "USDT",
                "T": ms(order.updated),
                "t": int(trade.id) if trade else 0,
                "m": False,
                "R": row["reduceOnly"],
                "ps": "BOTH",
            }
            message = {"e": "ORDER_TRADE_UPDATE", "E": ms(order.updated), "T": ms(order.updated), "o": event}
            self.push(self.order_sockets, json.dumps(message), order=True)
        if stop:
            algo = self._algo_json(order)
            told = {
                "caid": algo["clientAlgoId"],
                "aid": algo["algoId"],
                "at": "CONDITIONAL",
                "o": algo["orderType"],
                "s": algo["symbol"],
                "S": order.side,
                "ps": "BOTH",
                "f": "GTC",
                "q": algo["quantity"],
                "X": algo["algoStatus"],
                "ai": algo["actualOrderId"],
                "ap": algo["actualPrice"],
                "aq": self._size(order, order.filled),
                "act": "0",
                "tp": algo["triggerPrice"],
                "p": algo["price"],
                "R": algo["reduceOnly"],
                "rm": "",
            }
            message = {"e": "ALGO_UPDATE", "T": ms(order.updated), "E": ms(order.updated), "o": told}
            self.push(self.order_sockets, json.dumps(message), order=True)

    def on_price(self, key: str) -> None:
        book, name = self.exchange.books[key], self.symbol_of(self.exchange.instruments[key])
        stream = f"{name.lower()}@ticker"
        data = {
            "e": "24hrTicker",
            "E": ms(self.clock.now()),
            "s": name,
            "c": str(book.ltp),
            "Q": "1",
            "o": str(book.open),
            "h": str(book.high),
            "l": str(book.low),
            "v": str(book.volume),
        }
        held = {ws for ws, names in self._watched.items() if stream in names}
        self.push(held, json.dumps({"stream": stream, "data": data}))

    async def _user_stream(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        if not self.valid or not request.path.endswith(f"/{_KEY}{self.keys}"):
            return web.Response(status=401)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.order_sockets.add(ws)
        try:
            async for _ in ws:
                pass
        finally:
            self.order_sockets.discard(ws)
        return ws

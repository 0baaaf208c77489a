"""A fake Binance spot: signed REST, the user stream over the WebSocket API, combined price streams.

Order ids are unique within a symbol; here they are kept with it (`BTCUSDT:1001`) and told without.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from server.core.clock import Clock, SystemClock
from server.domain.instruments import Instrument
from tests.brokers.abroad import coin
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused

__all__ = ("FakeBinance", "figure", "ms", "refuse")

KEY, SECRET = "fakebinancekey00000000000000000001", "fakebinancesecret0000000000000001"
_STATES = {"OPEN": "NEW", "TRIGGER_PENDING": "NEW", "FILLED": "FILLED", "CANCELLED": "CANCELED", "REJECTED": "REJECTED"}
_TYPES = {"MARKET": "MARKET", "LIMIT": "LIMIT", "STOP_LOSS_LIMIT": "SL", "STOP_LOSS": "SL-M"}
_CODES = {"funds": -2010, "input": -1013, "order": -2010, "not_found": -2011}
_MONEY = "USDT"
_STEPS = {"1d": 86_400_000, "1h": 3_600_000}


class _Exchange(FakeExchange):
    """Names orders with their symbol."""

    asked = ""

    def submit(self, key: str, *args: Any, **kwargs: Any) -> FakeOrder:
        self.asked = key.partition(":")[2]
        return super().submit(key, *args, **kwargs)


class FakeBinance(FakeBroker):
    """Binance spot on loopback."""

    name = "binance"
    share = "CRYPTO:BTCUSDT"
    product = "NONE"
    revokes = False
    shorts = False
    too_many = (429, '{"code": -1003, "msg": "Too many requests; current limit exceeded."}')
    prefix = "/api/v3"
    smallest: Mapping[str, str] = {"filterType": "NOTIONAL", "minNotional": "5.00000000"}
    """The filter of an order's least value."""
    types = _TYPES

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        made = _Exchange(self.listed(), clock=clock, order_id=lambda n: self.number(made.asked, n))
        super().__init__(exchange or made, clock)
        self._words = {ours: theirs for theirs, ours in self.types.items()}
        self.valid = True
        self._watched: dict[web.WebSocketResponse, set[str]] = {}
        for key, one in self.exchange.instruments.items():
            self.exchange.market(key, "800.00", str(Decimal(800) + 2 * one.tick), 10_000)
        self._keys = {self.symbol_of(one): key for key, one in self.exchange.instruments.items()}
        for method, path, call, handler, signed in self.routes():
            whole = path if path.startswith("/") else f"{self.prefix}/{path}"
            self.route(method, whole, call, self._checked(handler, signed))
        self.route("GET", "/user", "", self._user_stream)
        self.route("GET", "/stream", "", self._price_stream)

    def listed(self) -> list[Instrument]:
        """What it lists."""
        return [coin(name, _MONEY, unit="0.001") for name in ("BTC", "ETH", "BNB", "SOL")]

    def symbol_of(self, instrument: Instrument) -> str:
        """Its name on the wire."""
        return instrument.symbol

    def number(self, asked: str, n: int) -> str:
        """Name of the n-th order, which is in the symbol that was asked for."""
        return f"{asked}:{1000 + n}"

    def routes(self) -> list[tuple[str, str, str, Handler, bool]]:
        """Method, path, call, handler, whether signed."""
        return [
            ("GET", "time", "time", self._time, False),
            ("GET", "exchangeInfo", "instruments", self._info, False),
            ("GET", "ticker/24hr", "quotes", self._tickers, False),
            ("GET", "klines", "history", self._klines, False),
            ("GET", "account", "", self._account, True),
            ("POST", "order", "place", self._place, True),
            ("POST", "order/cancelReplace", "modify", self._replace, True),
            ("DELETE", "order", "cancel", self._cancel, True),
            ("GET", "order", "find", self._one, True),
            ("GET", "openOrders", "orders", self._open, True),
            ("GET", "allOrders", "book", self._all, True),
            ("GET", "myTrades", "trades", self._trades, True),
        ]

    def credentials(self) -> dict[str, str]:
        return {"api_key": KEY, "secret_key": SECRET, "market": "spot"}

    def base(self) -> Mapping[str, str]:
        return {"rest": self.http, "stream": f"{self.ws}/stream", "orders_stream": f"{self.ws}/user"}

    def expire(self) -> None:
        self.valid = False

    def read_product(self, product: str) -> str:
        return "CNC"

    def watching(self) -> int:
        return sum(len({name.partition("@")[0] for name in held}) for held in self._watched.values())

    def _good(self, text: str, signature: str, key: str) -> bool:
        want = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        return self.valid and key == KEY and hmac.compare_digest(want, signature)

    def _checked(self, handler: Handler, signed: bool) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            text, _, signature = request.rel_url.raw_query_string.rpartition("&signature=")
            if signed and not self._good(text, signature, request.headers.get("X-MBX-APIKEY", "")):
                return refuse(401, -2015, "Invalid API-key, IP, or permissions for action.")
            if signed:
                asked = dict(parse_qsl(text))
                behind = int(self.clock.now().timestamp() * 1000) - int(asked["timestamp"])
                if not -1000 <= behind <= int(asked["recvWindow"]):
                    return refuse(400, -1021, "Timestamp for this request is outside of the recvWindow.")
            try:
                return await handler(request)
            except Refused as error:
                short = "Account has insufficient balance for requested action."
                words = short if error.kind == "funds" else error.message
                return refuse(400, _CODES.get(error.kind, -2010), words)

        return checked

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """One address answers for money and for what is held: the two reads differ in their query."""
        if request.path == "/api/v3/account":
            call = "positions" if "omitZeroBalances" in request.query else "funds"
            request.match_info.handler.__dict__["call"] = call
        base: Any = super()._faulty
        found: web.StreamResponse = await base(request, handler)
        return found

    # orders

    def _submit(self, asked: Mapping[str, str]) -> FakeOrder:
        key = self._keys.get(asked["symbol"], "")
        if not key:
            raise Refused("input", "Invalid symbol.")
        tag = asked.get("newClientOrderId") or asked.get("clientAlgoId", "")
        if any(order.live for order in self.exchange.by_tag(tag)):
            raise Refused("order", "Duplicate order sent.")
        instrument = self.exchange.instruments[key]
        units = int(Decimal(asked["quantity"]) / instrument.unit)
        if not self.shorts and asked["side"] == "SELL" and units > self._held(key):
            raise Refused("funds", "")
        order = self.exchange.submit(
            key,
            asked["side"],
            units,
            self.types[asked["type"]],
            product="NONE",
            validity="IOC" if asked.get("timeInForce") == "IOC" else "DAY",
            price=figure(asked.get("price")),
            trigger=figure(asked.get("stopPrice") or asked.get("triggerPrice")),
            tag=tag,
        )
        if order.state == "REJECTED":
            del self.exchange.orders[order.id]
            raise Refused("order", "Filter failure: PERCENT_PRICE_BY_SIDE")
        return order

    def _held(self, key: str) -> int:
        return sum(row.net for (k, _), row in self.exchange.positions().items() if k == key)

    async def _place(self, request: web.Request) -> web.StreamResponse:
        order = self._submit(request.query)
        fills = [
            {
                "price": str(trade.price),
                "qty": self._size(order, trade.quantity),
                "commission": "0",
                "commissionAsset": "BNB",
                "tradeId": int(trade.id),
            }
            for trade in self.exchange.trades
            if trade.order is order
        ]
        return web.json_response(self._order_json(order) | {"transactTime": ms(order.at), "fills": fills})

    async def _replace(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        old = self._working(f"{asked['symbol']}:{asked['cancelOrderId']}")
        if asked.get("cancelRestrictions") == "ONLY_NEW" and old.filled:
            raise Refused("order", "Order was not canceled due to cancel restrictions.")
        instrument = self.exchange.instruments[old.key]
        price = figure(asked.get("price"))
        units = int(Decimal(asked["quantity"]) / instrument.unit)
        self.exchange._check(instrument, units, old.type, price, figure(asked.get("stopPrice")))
        gone = self._order_json(old)
        self.exchange._end(old, "CANCELLED", "")
        new = self._submit(asked)
        answer = {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": gone | {"status": "CANCELED", "transactTime": ms(old.updated)},
            "newOrderResponse": self._order_json(new) | {"transactTime": ms(new.at)},
        }
        return web.json_response(answer)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        order = self._working(f"{request.query['symbol']}:{request.query['orderId']}")
        self.exchange.cancel(order.id)
        row = self._order_json(order)
        row |= {"origClientOrderId": row["clientOrderId"], "clientOrderId": "cancel1"}
        row["transactTime"] = ms(order.updated)
        return web.json_response(row)

    def _working(self, order_id: str) -> FakeOrder:
        order = self.exchange.orders.get(order_id)
        if order is None or not order.live:
            raise Refused("not_found", "Unknown order sent.")
        return order

    async def _one(self, request: web.Request) -> web.StreamResponse:
        found = self.exchange.by_tag(request.query.get("origClientOrderId", ""))
        if not found:
            return refuse(400, -2013, "Order does not exist.")
        return web.json_response(self._order_json(found[-1]))

    async def _open(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([self._order_json(order) for order in self.exchange.orders.values() if order.live])

    async def _all(self, request: web.Request) -> web.StreamResponse:
        key = self._keys[request.query["symbol"]]
        rows = [self._order_json(order) for order in self.exchange.orders.values() if order.key == key]
        return web.json_response(rows)

    def _size(self, order: FakeOrder, units: int) -> str:
        return str(units * self.exchange.instruments[order.key].unit)

    def _status(self, order: FakeOrder) -> str:
        if order.state == "CANCELLED" and order.reason.startswith("IOC"):
            return "EXPIRED"
        return "PARTIALLY_FILLED" if order.live and order.filled else _STATES[order.state]

    def _order_json(self, order: FakeOrder) -> dict[str, Any]:
        unit = self.exchange.instruments[order.key].unit
        return {
            "symbol": order.id.partition(":")[0],
            "orderId": int(order.id.rpartition(":")[2]),
            "orderListId": -1,
            "clientOrderId": order.tag or f"web_{order.id.replace(':', '')}",
            "price": str(order.price or 0),
            "origQty": self._size(order, order.quantity),
            "executedQty": self._size(order, order.filled),
            "cummulativeQuoteQty": str(order.value * unit),
            "status": self._status(order),
            "timeInForce": "IOC" if order.validity == "IOC" else "GTC",
            "type": self._words[order.type],
            "side": order.side,
            "stopPrice": str(order.trigger or 0),
            "time": ms(order.at),
            "updateTime": ms(order.updated),
            "isWorking": order.state != "TRIGGER_PENDING",
        }

    async def _trades(self, request: web.Request) -> web.StreamResponse:
        key = self._keys[request.query["symbol"]]
        rows = [
            {
                "symbol": request.query["symbol"],
                "id": int(trade.id),
                "orderId": int(trade.order.id.rpartition(":")[2]),
                "price": str(trade.price),
                "qty": self._size(trade.order, trade.quantity),
                "commission": "0",
                "commissionAsset": "BNB",
                "time": ms(trade.at),
                "isBuyer": trade.order.side == "BUY",
                "isMaker": False,
            }
            for trade in self.exchange.trades
            if trade.order.key == key
        ]
        return web.json_response(rows)

    # account and market

    async def _account(self, request: web.Request) -> web.StreamResponse:
        used = self.exchange.used
        rows = [{"asset": _MONEY, "free": str(self.exchange.cash - used), "locked": str(used)}]
        for key, one in self.exchange.instruments.items():
            rows.append({"asset": one.name, "free": str(self._held(key) * one.unit), "locked": "0"})
        return web.json_response({"accountType": "SPOT", "uid": 354937868, "balances": rows})

    async def _time(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"serverTime": ms(self.clock.now())})

    async def _info(self, request: web.Request) -> web.StreamResponse:
        rows = [self._symbol(one) for one in self.exchange.instruments.values()]
        return web.json_response({"timezone": "UTC", "serverTime": 1, "rateLimits": [], "symbols": rows})

    def _symbol(self, one: Instrument) -> dict[str, Any]:
        filters = [
            {"filterType": "PRICE_FILTER", "tickSize": f"{one.tick:f}00"},
            {"filterType": "LOT_SIZE", "stepSize": f"{one.unit:f}00", "maxQty": "9000.00000000"},
            self.smallest,
        ]
        row = {"symbol": one.symbol, "status": "TRADING", "baseAsset": one.name, "quoteAsset": one.currency}
        return row | {"filters": filters}

    async def _tickers(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([self.day_row(name) for name in json.loads(request.query["symbols"])])

    def best_row(self, name: str) -> dict[str, Any]:
        """Best prices."""
        book = self.exchange.books[self._keys[name]]
        return {"symbol": name, "bidPrice": str(book.bid), "bidQty": "1", "askPrice": str(book.ask), "askQty": "1"}

    def day_row(self, name: str) -> dict[str, Any]:
        """A day's figures, with the best prices."""
        book = self.exchange.books[self._keys[name]]
        return self.best_row(name) | {
            "lastPrice": str(book.ltp),
            "openPrice": str(book.open),
            "highPrice": str(book.high),
            "lowPrice": str(book.low),
            "prevClosePrice": str(book.close),
            "volume": str(book.volume),
            "closeTime": ms(self.clock.now()),
        }

    async def _klines(self, request: web.Request) -> web.StreamResponse:
        price = self.exchange.books[self._keys[request.query["symbol"]]].ltp
        at, end = int(request.query["startTime"]), int(request.query["endTime"])
        step, rows = _STEPS.get(request.query["interval"], 3_600_000), []
        while at <= end:
            figures = [str(price), str(price + 1), str(price - 1), str(price), "10"]
            rows.append([at, *figures, at + step - 1, "0", 1, "0", "0", "0"])
            at += step
        return web.json_response(rows)

    # streams

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        if order.state == "REJECTED":
            return
        unit = self.exchange.instruments[order.key].unit
        row = self._order_json(order)
        cancelled = order.state == "CANCELLED"
        event = {
            "e": "executionReport",
            "E": ms(order.updated),
            "s": row["symbol"],
            "c": "cancel1" if cancelled else row["clientOrderId"],
            "C": row["clientOrderId"] if cancelled else "",
            "S": order.side,
            "o": row["type"],
            "f": row["timeInForce"],
            "q": row["origQty"],
            "p": row["price"],
            "P": row["stopPrice"],
            "x": "TRADE" if trade else "CANCELED" if cancelled else "NEW",
            "X": row["status"],
            "r": "NONE",
            "i": row["orderId"],
            "l": str(trade.quantity * unit) if trade else "0",
            "z": row["executedQty"],
            "L": str(trade.price) if trade else "0",
            "n": "0",
            "N": None,
            "T": ms(order.updated),
            "t": int(trade.id) if trade else -1,
            "w": row["isWorking"],
            "m": False,
            "O": row["time"],
            "Z": row["cummulativeQuoteQty"],
        }
        self.push(self.order_sockets, json.dumps({"subscriptionId": 0, "event": event}), order=True)

    def on_price(self, key: str) -> None:
        book, name = self.exchange.books[key], self.exchange.instruments[key].symbol
        stream = f"{name.lower()}@ticker"
        data = {
            "e": "24hrTicker",
            "E": ms(self.clock.now()),
            "s": name,
            "c": str(book.ltp),
            "Q": "1",
            "b": str(book.bid),
            "B": "1",
            "a": str(book.ask),
            "A": "1",
            "o": str(book.open),
            "h": str(book.high),
            "l": str(book.low),
            "x": str(book.close),
            "v": str(book.volume),
        }
        held = {ws for ws, names in self._watched.items() if stream in names}
        self.push(held, json.dumps({"stream": stream, "data": data}))

    async def _user_stream(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            async for message in ws:
                asked = json.loads(message.data)
                params = asked.get("params", {})
                text = f"apiKey={params.get('apiKey')}&timestamp={params.get('timestamp')}"
                if self._good(text, params.get("signature", ""), params.get("apiKey", "")):
                    await ws.send_str(json.dumps({"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}}))
                    self.order_sockets.add(ws)
                else:
                    error = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
                    await ws.send_str(json.dumps({"id": asked["id"], "status": 401, "error": error}))
                    break
        finally:
            self.order_sockets.discard(ws)
        return ws

    async def _price_stream(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.price_sockets.add(ws)
        held = self._watched.setdefault(ws, set())
        try:
            async for message in ws:
                asked = json.loads(message.data)
                (held.update if asked["method"] == "SUBSCRIBE" else held.difference_update)(asked["params"])
                await ws.send_str(json.dumps({"result": None, "id": asked["id"]}))
        finally:
            self.price_sockets.discard(ws)
            self._watched.pop(ws, None)
        return ws


def figure(raw: str | None) -> Decimal | None:
    """A number out of a query, if it is there."""
    return Decimal(raw) if raw else None


def ms(at: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(at.timestamp() * 1000)


def refuse(status: int, code: int, message: str) -> web.Response:
    """A refusal as the service writes it."""
    return web.json_response({"code": code, "msg": message}, status=status)

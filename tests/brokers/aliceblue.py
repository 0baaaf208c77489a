"""A fake Alice Blue: login page, open API v1, price and order sockets. Shapes after the samples of its papers.

Its papers acknowledge a sign-in with `cf` and `k`, its server was seen to say `ck` and `s`: this one does both in turn.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from server.core.clock import IST, Clock, SystemClock
from tests.brokers.base import Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, Refused
from tests.brokers.listed import quoted
from tests.brokers.noren import FakeNoren, text

__all__ = ("FakeAliceBlue",)

CODE, SECRET, USER = "APPFAKE", "abfakesecret000000000000000000001", "AB0001"
_TYPES = {"LIMIT": "LIMIT", "MARKET": "MARKET", "SL": "SL", "SLM": "SL-M"}
_WORDS = {ours: theirs for theirs, ours in _TYPES.items()}
_PRODUCTS = {"LONGTERM": "CNC", "INTRADAY": "MIS", "NORMAL": "NRML"}
_NAMES = {ours: theirs for theirs, ours in _PRODUCTS.items()}
_CODES = {
    "product": "EC969",
    "funds": "Insufficient margin: EC800",
    "input": "EC903",
    "order": "EC801",
    "not_found": "EC994",
}
_STATES = {"OPEN": "open", "TRIGGER_PENDING": "trigger pending", "FILLED": "complete", "CANCELLED": "cancelled"}
_KINDS = {"EQUITY": "EQ", "INDEX": "INDEX", "FUTURE": "FUTIDX", "OPTION": "OPTIDX"}


class FakeAliceBlue(FakeNoren):
    """Alice Blue on loopback."""

    name = "aliceblue"
    revokes = False
    hello = "c"
    too_many = (429, '{"status":"Not_Ok","message":"Too many requests"}')

    def __init__(
        self, exchange: FakeExchange | None = None, clock: Clock | None = None, redirect: str = "http://127.0.0.1/back"
    ) -> None:
        clock = clock or SystemClock()
        super().__init__(exchange or quoted(clock), clock)
        self.redirect = redirect
        self.logins = self.greeted = 0
        self.words = dict(_PRODUCTS)
        """Words for a product that it takes."""
        self._codes: set[str] = set()
        self._tokens: set[str] = set()
        root = "/open-api/od/v1"
        for method, path, call, handler in (
            ("POST", f"{root}/orders/placeorder", "place", self._place),
            ("POST", f"{root}/orders/modify", "modify", self._modify),
            ("POST", f"{root}/orders/cancel", "cancel", self._cancel),
            ("GET", f"{root}/orders/book", "orders", self._orders),
            ("GET", f"{root}/orders/trades", "trades", self._trades),
            ("GET", f"{root}/positions", "positions", self._positions),
            ("GET", f"{root}/holdings/CNC", "holdings", self._holdings),
            ("GET", f"{root}/limits/", "funds", self._limits),
            ("POST", f"{root}/profile/invalidateWsSess", "stream", self._fine),
            ("POST", f"{root}/profile/createWsSess", "stream", self._fine),
            ("GET", "/open-api/order-notify/ws/createWsToken", "stream", self._order_token),
            ("POST", "/open-api/od/ChartAPIService/api/chart/history", "history", self._history),
        ):
            self.route(method, path, call, self._signed(handler))
        self.route("GET", "/login", "login", self._login_page)
        self.route("POST", "/login", "login", self._login_done)
        self.route("POST", f"{root}/vendor/getUserDetails", "session", self._session)
        self.route("GET", "/masters/{name}.csv", "instruments", self._master)
        self.route("GET", "/orders", "", self._order_socket)

    def credentials(self) -> dict[str, str]:
        return {"app_code": CODE, "api_secret": SECRET}

    def base(self) -> Mapping[str, str]:
        return {
            "rest": self.http,
            "login": f"{self.http}/login",
            "stream": f"{self.ws}/ws",
            "orders_stream": f"{self.ws}/orders",
            "masters": f"{self.http}/masters",
        }

    def signed_in(self, asked: dict[str, Any]) -> bool:
        once = hashlib.sha256(self.access.encode()).hexdigest()
        want = hashlib.sha256(once.encode()).hexdigest()
        return bool(self.access) and (asked.get("susertoken"), asked.get("uid")) == (want, f"{USER}_API")

    # login

    async def _login_page(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("appcode") != CODE:
            return web.Response(status=400, text="Invalid app code")
        page = (
            "<!doctype html><title>Fake Alice Blue</title><h1>Fake Alice Blue: sign in as AB0001</h1>"
            '<form method="post"><input type="hidden" name="go" value="1"><button>Sign in</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _login_done(self, request: web.Request) -> web.StreamResponse:
        code = f"auth{len(self._codes) + 1:06d}"
        self._codes.add(code)
        raise web.HTTPFound(f"{self.redirect}?{urlencode({'authCode': code, 'userId': USER})}")

    async def _session(self, request: web.Request) -> web.StreamResponse:
        asked = (await request.json()).get("checkSum", "")
        for code in self._codes:
            if asked == hashlib.sha256((USER + code + SECRET).encode()).hexdigest():
                self._codes.discard(code)
                self.logins += 1
                self.access = hashlib.sha256(f"alice{self.logins}".encode()).hexdigest()
                return web.json_response({"stat": "Ok", "clientId": USER, "userSession": self.access})
        return _no("checksum is not valid")

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self.access or request.headers.get("Authorization") != f"Bearer {self.access}":
                return _no("EC087")
            try:
                return await handler(request)
            except Refused as error:
                return _no(f"{_CODES.get(error.kind, 'EC801')} {error.message}")

        return checked

    async def _fine(self, request: web.Request) -> web.StreamResponse:
        return _ok([{"message": "done"}])

    async def _order_token(self, request: web.Request) -> web.StreamResponse:
        token = f"order{len(self._tokens) + 1:06d}"
        self._tokens.add(token)
        return _ok([{"orderToken": token}])

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        (asked,) = await request.json()
        key = self.by_token.get(f"{asked['exchange']}|{asked['instrumentId']}", "")
        order = self.exchange.submit(
            key,
            asked["transactionType"],
            asked["quantity"],
            _TYPES[asked["orderType"]],
            product=self._product(asked["product"]),
            validity=asked["validity"],
            price=Decimal(asked["price"]) or None,
            trigger=Decimal(asked["slTriggerPrice"]) or None,
            tag=asked.get("orderTag", ""),
            disclosed=asked.get("disclosedQuantity", 0),
            after_market=asked["orderComplexity"] == "AMO",
        )
        return _ok([{"requestTime": "now", "brokerOrderId": order.id}])

    def _product(self, word: str) -> str:
        if word not in self.words:
            raise Refused("product", "Product should be NORMAL or INTRADAY")
        return self.words[word]

    async def _modify(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        order = self.exchange.modify(
            asked["brokerOrderId"],
            quantity=asked["quantity"],
            price=Decimal(asked["price"]) or None,
            trigger=Decimal(asked["slTriggerPrice"]) or None,
            type=_TYPES[asked["orderType"]],
        )
        return _ok([{"brokerOrderId": order.id}])

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        order = self.exchange.cancel((await request.json())["brokerOrderId"])
        return _ok([{"brokerOrderId": order.id}])

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        rows = [self._row(order) for order in self.exchange.orders.values()]
        return _ok(rows) if rows else _no("EC916")

    def _row(self, order: FakeOrder) -> dict[str, Any]:
        where, token, name = self.names[order.key]
        return {
            "brokerOrderId": order.id,
            "exchangeOrderId": order.exchange_id,
            "orderStatus": _STATES.get(order.state, "rejected"),
            "exchange": where,
            "instrumentId": token,
            "tradingSymbol": name,
            "transactionType": order.side,
            "orderType": _WORDS[order.type],
            "product": _NAMES[order.product],
            "validity": order.validity,
            "quantity": order.quantity,
            "filledQuantity": order.filled,
            "price": text(order.price),
            "slTriggerPrice": text(order.trigger),
            "averageTradedPrice": text(order.average),
            "rejectionReason": order.reason,
            "orderTime": _stamp(order.at),
            "exchangeUpdateTime": _stamp(order.updated),
            "orderTag": order.tag,
        }

    async def _trades(self, request: web.Request) -> web.StreamResponse:
        rows = [
            self._row(trade.order)
            | {
                "filledQuantity": trade.quantity,
                "tradedPrice": text(trade.price),
                "exchangeTradeId": trade.id,
                "fillTimestamp": f"{trade.at.astimezone(IST):%Y-%m-%d %H:%M:%S}",
                "orderTag": trade.order.tag or "--",
            }
            for trade in self.exchange.trades
        ]
        return _ok(rows) if rows else _no("EC920")

    # books

    async def _positions(self, request: web.Request) -> web.StreamResponse:
        rows = []
        for (key, product), row in self.exchange.positions().items():
            where, token, name = self.names[key]
            rows.append(
                {
                    "exchange": where,
                    "instrumentId": token,
                    "tradingSymbol": name,
                    "product": _NAMES[product],
                    "netQuantity": str(row.net),
                    "netAveragePrice": text(row.average),
                    "realizedPnl": "0",
                }
            )
        return _ok(rows) if rows else _no("EC922")

    async def _holdings(self, request: web.Request) -> web.StreamResponse:
        return _no("EC926")

    async def _limits(self, request: web.Request) -> web.StreamResponse:
        used = self.exchange.used
        return _ok([{"tradingLimit": text(self.exchange.cash - used), "utilizedMargin": text(used)}])

    async def _history(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        exchange = asked["exchange"].removesuffix("::index")
        price = self.exchange.books[self.by_token[f"{exchange}|{asked['token']}"]].ltp
        at, end = (datetime.fromtimestamp(int(asked[name]) / 1000, UTC) for name in ("from", "to"))
        step = timedelta(days=1) if asked["resolution"] == "D" else timedelta(hours=6)
        rows = []
        while at < end:
            row = {"time": f"{at.astimezone(IST):%Y-%m-%d %H:%M:%S}", "open": float(price), "high": float(price + 1)}
            rows.append(row | {"low": float(price - 1), "close": float(price), "volume": 10})
            at += step
        return _ok(rows)

    async def _master(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["name"]
        head = "Exch,Exchange Segment,Symbol,Token,Instrument Type,Option Type,Strike Price,Instrument Name"
        lines = [f"{head},Trading Symbol,Expiry Date,Lot Size,Tick Size"]
        for key, one in self.exchange.instruments.items():
            where, token, name = self.names[key]
            if ("INDICES" if one.kind == "INDEX" else where) != wanted:
                continue
            strike = text(one.strike) if one.strike else ""
            symbol = name if one.kind == "INDEX" else one.name
            cells = [where, where.lower(), symbol, token, _KINDS[one.kind], one.right or "", strike, one.name, name]
            lines.append(",".join([*cells, str(one.expiry or ""), str(one.lot), str(one.tick)]))
        return web.Response(text="\n".join(lines) + "\n", content_type="text/csv")

    def acknowledged(self, signed: bool) -> dict[str, str]:
        self.greeted += 1
        if self.greeted % 2:
            return super().acknowledged(signed)
        return {"t": "cf", "k": "OK" if signed else "failed"}

    # orders as they change

    def order_row(self, order: FakeOrder) -> dict[str, str]:
        row = super().order_row(order)
        kinds = {"MARKET": "MKT", "LIMIT": "L", "SL": "SL", "SL-M": "SL-M"}
        row |= {"pcode": order.product, "prctyp": kinds[order.type]}
        del row["prd"]
        return row

    async def _order_socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            async for message in ws:
                asked = json.loads(message.data)
                if "orderToken" in asked:
                    if not self.access or asked["orderToken"] not in self._tokens:
                        break
                    self._tokens.discard(asked["orderToken"])
                    self.order_sockets.add(ws)
                    await ws.send_str('{"status": "Ok"}')
        finally:
            self.order_sockets.discard(ws)
        return ws


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M:%S}"


def _ok(rows: list[dict[str, Any]]) -> web.Response:
    return web.json_response({"status": "Ok", "message": "Success", "result": rows})


def _no(message: str) -> web.Response:
    return web.json_response({"status": "Not_Ok", "message": message, "result": None})

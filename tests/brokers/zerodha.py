"""A fake Kite: login page, REST, the binary ticker with order frames, by the public documentation."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import WSMsgType, web

from server.core.clock import IST, Clock, SystemClock
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused
from tests.brokers.frames import kite_frame, kite_full, kite_index, kite_ltp, kite_quote
from tests.brokers.listed import quoted
from tests.brokers.zerodha_json import USER, KiteJson, ist, json_number, kite_name, margins

__all__ = ("FakeKite",)

D = Decimal
KEY, SECRET = "kitefakekey0001", "kitefakesecret0000000000000001"
_SEGMENT = {"NSE": 1, "NFO": 2, "CDS": 3, "BSE": 4, "BFO": 5, "MCX": 7, "NSE_INDEX": 9, "BSE_INDEX": 9}
_KINDS = {"funds": "MarginException", "input": "InputException", "order": "OrderException"}
_COLUMNS = (
    "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry", "strike", "tick_size",
    "lot_size", "instrument_type", "segment", "exchange",
)  # fmt: skip
_WIRE = {3: 10_000_000, 6: 10_000, 12: 10_000}


class FakeKite(FakeBroker):
    """Kite Connect v3 on loopback.

    Args:
        redirect: the address registered with the key: where the login page sends back to.
    """

    name = "zerodha"
    too_many = (429, json.dumps({"status": "error", "message": "Too many requests", "error_type": "NetworkException"}))

    def __init__(
        self, exchange: FakeExchange | None = None, clock: Clock | None = None, redirect: str = "http://127.0.0.1/back"
    ) -> None:
        clock = clock or SystemClock()
        super().__init__(exchange or quoted(clock), clock)
        self.redirect = redirect
        self.access = ""
        self.logins = 0
        self._requests: set[str] = set()
        self._watched: dict[web.WebSocketResponse, dict[int, str]] = {}
        self._tokens: dict[str, int] = {}
        self._names: dict[str, tuple[str, str]] = {}
        for number, one in enumerate(self.exchange.instruments.values(), start=1001):
            self._tokens[one.key] = number << 8 | _SEGMENT[one.exchange]
            self._names[one.key] = kite_name(one)
        self._keys = {name: key for key, name in self._names.items()}
        self._by_token = {token: key for key, token in self._tokens.items()}
        self._json = KiteJson(self.exchange, clock, self._names, self._tokens)
        for method, path, call, handler in (
            ("POST", "/orders/{variety}", "place", self._place),
            ("PUT", "/orders/{variety}/{id}", "modify", self._modify),
            ("DELETE", "/orders/{variety}/{id}", "cancel", self._cancel),
            ("GET", "/orders", "orders", self._orders),
            ("GET", "/orders/{id}", "order_history", self._order),
            ("GET", "/trades", "trades", self._trades),
            ("GET", "/portfolio/positions", "positions", self._positions),
            ("GET", "/portfolio/holdings", "holdings", self._holdings),
            ("GET", "/user/margins", "funds", self._funds),
            ("POST", "/margins/orders", "margin", self._margins),
            ("POST", "/margins/basket", "margin", self._basket),
            ("GET", "/quote", "quotes", self._quotes),
            ("GET", "/instruments", "instruments", self._instruments),
            ("GET", "/instruments/historical/{token}/{interval}", "history", self._history),
            ("DELETE", "/session/token", "revoke", self._logout),
        ):
            self.route(method, path, call, self._signed(handler))
        self.route("POST", "/session/token", "session", self._session)
        self.route("GET", "/connect/login", "login", self._login_page)
        self.route("POST", "/connect/login", "login", self._login_done)
        self.route("GET", "/ws", "", self._ticker)

    def credentials(self) -> dict[str, str]:
        return {"api_key": KEY, "api_secret": SECRET}

    def base(self) -> Mapping[str, str]:
        return {"rest": self.http, "stream": f"{self.ws}/ws", "login": f"{self.http}/connect/login"}

    def expire(self) -> None:
        self.access = ""

    def watching(self) -> int:
        return sum(map(len, self._watched.values()))

    # login

    async def _login_page(self, request: web.Request) -> web.StreamResponse:
        """A page with one button, so that a person can try it."""
        if request.query.get("api_key") != KEY or request.query.get("v") != "3":
            return web.Response(status=400, text="Invalid api_key")
        params = request.query.get("redirect_params", "").replace("&", "&amp;").replace('"', "&quot;")
        page = (
            "<!doctype html><title>Fake Kite</title><h1>Fake Kite: sign in as FK0001</h1>"
            f'<form method="post"><input type="hidden" name="params" value="{params}"><button>Sign in</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _login_done(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        token = f"request{len(self._requests) + 1:04d}{self.logins:04d}"
        self._requests.add(token)
        query = [("action", "login"), ("type", "login"), ("status", "success"), ("request_token", token)]
        query += parse_qsl(str(form.get("params", "")))
        raise web.HTTPFound(f"{self.redirect}?{urlencode(query)}")

    async def _session(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        token = str(form.get("request_token"))
        want = hashlib.sha256((KEY + token + SECRET).encode()).hexdigest()
        if form.get("api_key") != KEY or form.get("checksum") != want or token not in self._requests:
            return self._error(403, "TokenException", "Token is invalid or has expired.")
        self._requests.discard(token)
        self.logins += 1
        self.access = f"access{self.logins:04d}{'x' * 22}"
        return self._data(
            {
                "user_id": USER,
                "user_name": "Fake Trader",
                "user_type": "individual",
                "email": "trader@example.com",
                "broker": "ZERODHA",
                "exchanges": ["NSE", "NFO"],
                "products": ["CNC", "NRML", "MIS"],
                "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
                "api_key": KEY,
                "access_token": self.access,
                "public_token": "public",
                "refresh_token": "",
                "login_time": ist(self.clock.now()),
                "meta": {"demat_consent": "physical"},
            }
        )

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        self.access = ""
        return self._data(True)

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self.access or request.headers.get("Authorization") != f"token {KEY}:{self.access}":
                return self._error(403, "TokenException", "Incorrect `api_key` or `access_token`.")
            try:
                return await handler(request)
            except Refused as no:
                return self._error(400, _KINDS.get(no.kind, "GeneralException"), no.message)

        return checked

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        form = {k: str(v) for k, v in (await request.post()).items()}
        key = self._keys.get((form.get("exchange", ""), form.get("tradingsymbol", "")), "")
        if form.get("order_type") in ("MARKET", "SL-M") and form.get("market_protection", "0") == "0":
            raise Refused("input", "Market orders without market protection are not allowed.")
        if len(form.get("tag", "")) > 20 or not form.get("tag", "x").isalnum():
            raise Refused("input", "Invalid `tag`.")
        if not form.get("quantity", "").isdigit():
            raise Refused("input", "Invalid `quantity`.")
        quantity = int(form["quantity"])
        variety = request.match_info["variety"]
        listed = self.exchange.instruments.get(key)
        freeze = listed.freeze if listed is not None else None
        if freeze is not None and quantity > freeze:
            if form.get("autoslice") != "true":
                raise Refused("input", f"Quantity exceeds the freeze limit of {freeze}.")
            return self._sliced(key, form, variety, quantity, freeze)
        order = self._submit(key, form, variety, quantity)
        return self._data({"order_id": order.id})

    def _sliced(self, key: str, form: dict[str, str], variety: str, quantity: int, freeze: int) -> web.Response:
        parent = ""
        children: list[dict[str, Any]] = []
        while quantity > 0:
            part = min(quantity, freeze)
            quantity -= part
            try:
                order = self._submit(key, form, variety, part, parent)
            except Refused as no:
                error = {"code": 400, "error_type": _KINDS.get(no.kind, "OrderException"), "message": no.message}
                children.append({"error": {**error, "data": None}})
                continue
            parent = parent or order.id
            children.append({"order_id": order.id})
        if not parent:
            raise Refused("funds", "Insufficient funds for every slice.")
        return self._data({"order_id": parent, "children": children})

    def _submit(self, key: str, form: dict[str, str], variety: str, quantity: int, parent: str = "") -> FakeOrder:
        return self.exchange.submit(
            key,
            form.get("transaction_type", ""),
            quantity,
            form.get("order_type", ""),
            product=form.get("product", ""),
            validity=form.get("validity", "DAY"),
            price=D(form["price"]) if form.get("price") else None,
            trigger=D(form["trigger_price"]) if form.get("trigger_price") else None,
            tag=form.get("tag", ""),
            disclosed=int(form.get("disclosed_quantity", "0")),
            after_market=variety == "amo",
            parent=parent,
            extra={"variety": variety},
        )

    async def _modify(self, request: web.Request) -> web.StreamResponse:
        form = {k: str(v) for k, v in (await request.post()).items()}
        order = self.exchange.modify(
            request.match_info["id"],
            quantity=int(form["quantity"]) if "quantity" in form else None,
            price=D(form["price"]) if form.get("price") else None,
            trigger=D(form["trigger_price"]) if form.get("trigger_price") else None,
            type=form.get("order_type"),
        )
        return self._data({"order_id": order.id})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        return self._data({"order_id": self.exchange.cancel(request.match_info["id"]).id})

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        return self._data([self._json.order(o) for o in self.exchange.orders.values()])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.exchange.orders.get(request.match_info["id"])
        if order is None:
            raise Refused("order", "Couldn't find that order.")
        return self._data([self._json.order(order)])

    async def _trades(self, request: web.Request) -> web.StreamResponse:
        return self._data([self._json.trade(t) for t in self.exchange.trades])

    # books

    async def _positions(self, request: web.Request) -> web.StreamResponse:
        rows = [
            self._json.position(key, product, position)
            for (key, product), position in self.exchange.positions().items()
        ]
        return self._data({"net": rows, "day": rows})

    async def _holdings(self, request: web.Request) -> web.StreamResponse:
        exchange, symbol = self._names["NSE:SBIN"]
        book = self.exchange.books["NSE:SBIN"]
        row = {
            "tradingsymbol": symbol,
            "exchange": exchange,
            "instrument_token": self._tokens["NSE:SBIN"],
            "isin": "INE062A01020",
            "product": "CNC",
            "quantity": 16,
            "t1_quantity": 0,
            "used_quantity": 0,
            "collateral_quantity": 0,
            "average_price": 780.5,
            "last_price": json_number(book.ltp),
            "close_price": json_number(book.close),
            "pnl": json_number(16 * (book.ltp - D("780.5"))),
        }
        return self._data([row])

    async def _funds(self, request: web.Request) -> web.StreamResponse:
        used, cash = self.exchange.used, self.exchange.cash
        return self._data({"equity": margins(cash, used), "commodity": margins(D(0), D(0))})

    async def _margins(self, request: web.Request) -> web.StreamResponse:
        return self._data([self._need(one) for one in await request.json()])

    async def _basket(self, request: web.Request) -> web.StreamResponse:
        needs = [self._need(one) for one in await request.json()]
        total = sum(need["total"] for need in needs)
        whole = {"span": 0, "exposure": 0, "option_premium": 0, "charges": {"total": 0}}
        return self._data(
            {
                "initial": whole | {"total": total},
                "final": whole | {"total": total * 0.9},
                "orders": needs,
                "charges": {"total": 0},
            }
        )

    def _need(self, one: dict[str, Any]) -> dict[str, Any]:
        key = self._keys.get((one["exchange"], one["tradingsymbol"]), "")
        if not key:
            raise Refused("input", "Invalid tradingsymbol.")
        price = one["price"] or float(self.exchange.books[key].ask)
        return {
            "type": "equity",
            "tradingsymbol": one["tradingsymbol"],
            "exchange": one["exchange"],
            "span": 0,
            "exposure": 0,
            "option_premium": 0,
            "total": one["quantity"] * price * (1 if one["product"] == "CNC" else 0.2),
            "charges": {"total": 1.5},
        }

    # market data

    async def _quotes(self, request: web.Request) -> web.StreamResponse:
        found = {}
        for name in request.query.getall("i", []):
            exchange, _, symbol = name.partition(":")
            key = self._keys.get((exchange, symbol))
            if key is not None:
                found[name] = self._json.quote(key)
        return self._data(found)

    async def _instruments(self, request: web.Request) -> web.StreamResponse:
        text = io.StringIO()
        out = csv.writer(text)
        out.writerow(_COLUMNS)
        for key, one in self.exchange.instruments.items():
            exchange, symbol = self._names[key]
            kind = one.right or ("FUT" if one.kind == "FUTURE" else "EQ")
            segment = "INDICES" if one.kind == "INDEX" else exchange
            if one.derivative:
                segment = f"{exchange}-{'FUT' if kind == 'FUT' else 'OPT'}"
            token = self._tokens[key]
            name = one.name if one.derivative else symbol
            lot, tick = (0, 0) if one.kind == "INDEX" else (one.lot, one.tick)
            out.writerow(
                [
                    token,
                    token >> 8,
                    symbol,
                    name,
                    0,
                    one.expiry or "",
                    one.strike or 0,
                    tick,
                    lot,
                    kind,
                    segment,
                    exchange,
                ]
            )
        return web.Response(body=gzip.compress(text.getvalue().encode()), content_type="text/csv")

    async def _history(self, request: web.Request) -> web.StreamResponse:
        """One flat candle a day at 09:15 of the span asked for: enough to see paging and times."""
        key = self._by_token.get(int(request.match_info["token"]))
        if key is None:
            raise Refused("input", "invalid token")
        start, end = (
            datetime.strptime(request.query[n], "%Y-%m-%d %H:%M:%S").replace(tzinfo=IST) for n in ("from", "to")
        )
        most = {"minute": 60, "day": 2000}.get(request.match_info["interval"], 400)
        if end - start > timedelta(days=most):
            raise Refused("input", f"interval exceeds max limit: {most} days")
        book, rows = self.exchange.books[key], []
        at = start.replace(hour=9, minute=15, second=0)
        while at <= end:
            if at >= start:
                close = json_number(book.ltp)
                rows.append([at.strftime("%Y-%m-%dT%H:%M:%S%z"), close, close, close, close, at.day])
            at += timedelta(days=1)
        return self._data({"candles": rows})

    # ticker

    async def _ticker(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        if request.query.get("api_key") != KEY or not self.access or request.query.get("access_token") != self.access:
            return web.Response(status=403, text="403 Forbidden")
        if len(self.price_sockets) >= 3:
            return web.Response(status=429)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self._watched[ws] = {}
        self.price_sockets.add(ws)
        self.order_sockets.add(ws)
        self.push({ws}, b"\x00")
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._told(ws, json.loads(message.data))
        finally:
            self.price_sockets.discard(ws)
            self.order_sockets.discard(ws)
            del self._watched[ws]
        return ws

    def _told(self, ws: web.WebSocketResponse, said: dict[str, Any]) -> None:
        held = self._watched[ws]
        if said["a"] == "subscribe":
            held.update((token, held.get(token, "quote")) for token in said["v"] if token in self._by_token)
        elif said["a"] == "unsubscribe":
            for token in said["v"]:
                held.pop(token, None)
        elif said["a"] == "mode":
            mode, tokens = said["v"]
            held.update((token, mode) for token in tokens if token in held)
            packets = [self._packet(token, mode) for token in tokens if token in held]
            if packets:
                self.push({ws}, kite_frame(packets))

    def beat(self) -> None:
        """The one-byte heartbeat."""
        self.push(self.price_sockets, b"\x00")

    def on_price(self, key: str) -> None:
        token = self._tokens[key]
        for ws, held in self._watched.items():
            if token in held:
                self.push({ws}, kite_frame([self._packet(token, held[token])]))

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        data = self._json.order(order) | {"user_id": USER, "unfilled_quantity": order.left, "app_id": 1, "checksum": ""}
        self.push(self.order_sockets, json.dumps({"type": "order", "data": data}), order=True)

    def _packet(self, token: int, mode: str) -> bytes:
        key = self._by_token[token]
        book = self.exchange.books[key]
        unit = _WIRE.get(token & 0xFF, 100)

        def wire(price: Decimal) -> int:
            return int(price * unit)

        now = int(self.clock.now().timestamp())
        day = (wire(book.open), wire(book.high), wire(book.low))
        if mode == "ltp":
            return kite_ltp(token, wire(book.ltp))
        if token & 0xFF == 9:
            return kite_index(token, wire(book.ltp), day, wire(book.close), now if mode == "full" else None)
        if mode == "quote":
            return kite_quote(token, wire(book.ltp), book.volume, wire(book.close), day)
        return kite_full(
            token,
            wire(book.ltp),
            at=now,
            volume=book.volume,
            close=wire(book.close),
            day=day,
            bids=[(book.bid_left, wire(book.bid), 1)] if book.bid_left else [],
            asks=[(book.ask_left, wire(book.ask), 1)] if book.ask_left else [],
        )

    # answers

    def _data(self, data: Any) -> web.Response:
        return web.json_response({"status": "success", "data": data})

    def _error(self, status: int, kind: str, message: str) -> web.Response:
        return web.json_response({"status": "error", "message": message, "error_type": kind}, status=status)

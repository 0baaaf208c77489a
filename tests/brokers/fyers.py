"""A fake FYERS: code page, REST of v3, the binary market data socket and the order socket with the back end's names."""

import base64
import csv
import hashlib
import io
import json
import struct
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from server.core.clock import IST, Clock, SystemClock
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused
from tests.brokers.fyers_frames import NONE, data_frame, result, snapshot, update
from tests.brokers.fyers_json import INDEX, TYPES, USER, FyersJson, name_of, token_of
from tests.brokers.listed import quoted

__all__ = ("FakeFyers",)

D = Decimal
APP, SECRET, PIN = "FAKEAPP01-100", "fyersfakesecret01", "246810"
HSM_KEY = "hsmkey0123456789abcdef"
_TOPIC = {"1010": "nse_cm", "1011": "nse_fo", "1210": "bse_cm", "1211": "bse_fo"}
_CODES = {"funds": -99, "input": -50, "order": -51}


class FakeFyers(FakeBroker):
    """FYERS on loopback."""

    name = "fyers"
    too_many = (429, json.dumps({"s": "error", "code": -429, "message": "request limit reached"}))

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        super().__init__(exchange or quoted(clock), clock)
        self.access = ""
        self.refresh = ""
        self.logins = 0
        self._codes: set[str] = set()
        self._watched: dict[web.WebSocketResponse, dict[str, int]] = {}
        self._tokens = {key: token_of(n, one) for n, (key, one) in enumerate(self.exchange.instruments.items(), 3001)}
        self._names = {key: name_of(one) for key, one in self.exchange.instruments.items()}
        self._keys = {name: key for key, name in self._names.items()}
        self._topics = {self._topic(key): key for key in self._names}
        self._message = 0
        self._json = FyersJson(self.exchange, clock, self._names, self._tokens)
        for method, path, call, handler in (
            ("POST", "/api/orders/sync", "place", self._place),
            ("PATCH", "/api/orders/sync", "modify", self._modify),
            ("DELETE", "/api/orders/sync", "cancel", self._cancel),
            ("GET", "/api/orders", "orders", self._orders),
            ("GET", "/api/tradebook", "trades", self._trades),
            ("GET", "/api/positions", "positions", self._positions),
            ("GET", "/api/holdings", "holdings", self._holdings),
            ("GET", "/api/funds", "funds", self._funds),
            ("POST", "/api/multiorder/margin", "margin", self._margin),
            ("POST", "/api/logout", "revoke", self._logout),
            ("GET", "/data/quotes", "quotes", self._quotes),
            ("GET", "/data/history", "history", self._history),
            ("GET", "/data/options-chain-v3", "option_chain", self._chain),
        ):
            self.route(method, path, call, self._signed(handler))
        self.route("GET", "/login", "login", self._login_page)
        self.route("POST", "/login", "login", self._login_done)
        self.route("POST", "/api/validate-authcode", "session", self._session)
        self.route("POST", "/api/validate-refresh-token", "session", self._refresh)
        self.route("GET", "/masters/{name}.csv", "instruments", self._master)
        self.route("GET", "/masters/index_hsm_mapping.json", "index_names", self._index_names)
        self.route("GET", "/hsm", "", self._market_socket)
        self.route("GET", "/trade", "", self._order_socket)

    def credentials(self) -> dict[str, str]:
        return {"app_id": APP, "secret": SECRET, "pin": PIN}

    def base(self) -> Mapping[str, str]:
        return {
            "rest": f"{self.http}/api",
            "data": f"{self.http}/data",
            "login": f"{self.http}/login",
            "stream": f"{self.ws}/hsm",
            "orders_stream": f"{self.ws}/trade",
            "masters": f"{self.http}/masters",
        }

    def expire(self) -> None:
        self.access = self.refresh = ""

    def watching(self) -> int:
        return sum(len({t.partition("|")[2] for t in held}) for held in self._watched.values())

    def _topic(self, key: str) -> str:
        """Without its kind: `nse_cm|3001`, `nse_cm|Nifty 50`."""
        one, token = self.exchange.instruments[key], self._tokens[key]
        return f"{_TOPIC[token[:4]]}|{INDEX[one.name][1] if one.kind == 'INDEX' else token[10:]}"

    # login

    async def _login_page(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("client_id") != APP or not request.query.get("redirect_uri"):
            return web.Response(status=400, text="invalid app id")
        page = (
            "<!doctype html><title>Fake FYERS</title><h1>Fake FYERS: sign in as FX0001</h1>"
            '<form method="post"><button>Sign in</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _login_done(self, request: web.Request) -> web.StreamResponse:
        code = f"authcode{len(self._codes) + 1:04d}{self.logins}"
        self._codes.add(code)
        query = {"s": "ok", "code": "200", "auth_code": code, "state": request.query.get("state", "")}
        raise web.HTTPFound(f"{request.query['redirect_uri']}?{urlencode(query)}")

    def _hash_fits(self, said: dict[str, Any]) -> bool:
        return bool(said.get("appIdHash") == hashlib.sha256(f"{APP}:{SECRET}".encode()).hexdigest())

    async def _session(self, request: web.Request) -> web.StreamResponse:
        said = await request.json()
        if not self._hash_fits(said) or said.get("code") not in self._codes:
            return self._error(-437, "invalid auth code", status=400)
        self._codes.discard(said["code"])
        self.refresh = f"refresh{self.logins:04d}{'r' * 20}"
        return self._granted(refresh_token=self.refresh)

    async def _refresh(self, request: web.Request) -> web.StreamResponse:
        said = await request.json()
        if not self._hash_fits(said) or said.get("pin") != PIN or said.get("refresh_token") != self.refresh:
            return self._error(-501, "invalid refresh token", status=400)
        return self._granted()

    def _granted(self, **more: str) -> web.Response:
        self.logins += 1
        ends = int((self.clock.now() + timedelta(hours=12)).timestamp())
        claims = {"exp": ends, "fy_id": USER, "display_name": "Fake", "hsm_key": HSM_KEY, "n": self.logins}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        self.access = f"eyJ0eXAi.{payload}.signature{self.logins:04d}"
        return web.json_response({"s": "ok", "code": 200, "message": "", "access_token": self.access, **more})

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        self.access = ""
        return web.json_response({"s": "ok", "code": 200, "message": "you are successfully logged out"})

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self.access or request.headers.get("Authorization") != f"{APP}:{self.access}":
                return self._error(-16, "Could not authenticate the user", status=401)
            try:
                return await handler(request)
            except Refused as no:  # some refusals come with HTTP 200
                return self._error(_CODES.get(no.kind, -50), no.message, status=200 if no.kind == "funds" else 400)

        return checked

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        said = await request.json(loads=_exact)
        tag = said.get("orderTag", "")
        if not tag.isalnum() or len(tag) > 30 or tag == APP:
            raise Refused("input", "invalid order tag")
        key = self._keys.get(said["symbol"], "")
        order = self.exchange.submit(
            key,
            {1: "BUY", -1: "SELL"}[said["side"]],
            said["qty"],
            TYPES[said["type"]],
            product=said["productType"],
            validity=said["validity"],
            price=D(said["limitPrice"]) or None,
            trigger=D(said["stopPrice"]) or None,
            tag=tag,
            disclosed=said["disclosedQty"],
            after_market=said["offlineOrder"],
        )
        text = f"Order submitted successfully. Your Order Ref. No.{order.id}"
        return web.json_response({"s": "ok", "code": 1101, "message": text, "id": order.id})

    async def _modify(self, request: web.Request) -> web.StreamResponse:
        said = await request.json(loads=_exact)
        order = self.exchange.modify(
            said["id"],
            quantity=said["qty"],
            price=D(said["limitPrice"]) or None,
            trigger=D(said["stopPrice"]) or None,
            type=TYPES[said["type"]],
        )
        return web.json_response({"s": "ok", "code": 1102, "message": "Successfully modified order", "id": order.id})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        order = self.exchange.cancel((await request.json())["id"])
        return web.json_response({"s": "ok", "code": 1103, "message": "Successfully cancelled order", "id": order.id})

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        return self._list("orderBook", [self._json.order(o) for o in self.exchange.orders.values()])

    async def _trades(self, request: web.Request) -> web.StreamResponse:
        return self._list("tradeBook", [self._json.trade(t) for t in self.exchange.trades])

    # books

    async def _positions(self, request: web.Request) -> web.StreamResponse:
        rows = [self._json.position(*name, held) for name, held in self.exchange.positions().items()]
        return self._list("netPositions", rows)

    async def _holdings(self, request: web.Request) -> web.StreamResponse:
        book = self.exchange.books["NSE:SBIN"]
        row = {
            "holdingType": "HLD",
            "quantity": 16,
            "remainingQuantity": 16,
            "costPrice": 780.5,
            "pl": float(16 * (book.ltp - D("780.5"))),
            "ltp": float(book.ltp),
            "fyToken": int(self._tokens["NSE:SBIN"]),
            "symbol": self._names["NSE:SBIN"],
            "isin": "INE062A01020",
            "qty_t1": 0,
            "collateralQuantity": 0,
        }
        return self._list("holdings", [row])

    async def _funds(self, request: web.Request) -> web.StreamResponse:
        cash, used = self.exchange.cash, self.exchange.used
        amounts = {
            "Total Balance": cash,
            "Utilized Amount": used,
            "Clear Balance": cash,
            "Realized Profit and Loss": D(0),
            "Collaterals": D(0),
            "Available Balance": cash - used,
        }
        rows = [
            {"id": n, "title": title, "equityAmount": float(amount), "commodityAmount": 0}
            for n, (title, amount) in enumerate(amounts.items(), 1)
        ]
        return self._list("fund_limit", rows)

    async def _margin(self, request: web.Request) -> web.StreamResponse:
        total = 0.0
        for one in (await request.json())["data"]:
            price = one["limitPrice"] or float(self.exchange.books[self._keys[one["symbol"]]].ask)
            total += one["qty"] * price * (1 if one["productType"] == "CNC" else 0.2)
        data = {"margin_avail": float(self.exchange.cash), "margin_total": total, "margin_new_order": total}
        return web.json_response({"s": "ok", "code": 200, "message": "", "data": data})

    # market data

    async def _quotes(self, request: web.Request) -> web.StreamResponse:
        names = request.query.get("symbols", "").split(",")
        if len(names) > 50:
            raise Refused("input", "Please provide at most 50 symbols")
        return self._list("d", [self._json.quote(name) for name in names])

    async def _history(self, request: web.Request) -> web.StreamResponse:
        """One flat candle a day."""
        key = self._keys.get(request.query["symbol"])
        first, last = int(request.query["range_from"]), int(request.query["range_to"])
        most = 366 if request.query["resolution"] == "1D" else 100
        if key is None or last - first > most * 86_400:
            raise Refused("input", "Invalid input")
        price, rows = float(self.exchange.books[key].ltp), []
        at = datetime.combine(datetime.fromtimestamp(first, IST).date(), time(9, 15), IST)
        while at.timestamp() <= last:
            if at.timestamp() >= first:
                rows.append([int(at.timestamp()), price, price, price, price, at.day])
            at += timedelta(days=1)
        if not rows:
            return web.json_response({"s": "no_data", "nextTime": first, "candles": []})
        return self._list("candles", rows)

    async def _chain(self, request: web.Request) -> web.StreamResponse:
        day = datetime.fromtimestamp(int(request.query["timestamp"]), IST).date()
        rows: list[dict[str, Any]] = [
            {"symbol": request.query["symbol"], "strike_price": -1, "option_type": "", "ltp": 24500.0, "fyToken": "1"}
        ]
        for key, one in self.exchange.instruments.items():
            if one.kind == "OPTION" and one.expiry == day:
                book = self.exchange.books[key]
                row = {"symbol": self._names[key], "strike_price": int(one.strike or 0), "option_type": one.right}
                rows.append(row | {"ltp": float(book.ltp), "bid": float(book.bid), "ask": float(book.ask), "oi": 0})
        expiries = [{"date": f"{day:%d-%m-%Y}", "expiry": request.query["timestamp"]}]
        data = {"optionsChain": rows, "expiryData": expiries, "callOi": 0, "putOi": 0}
        return web.json_response({"s": "ok", "code": 200, "message": "", "data": data})

    async def _master(self, request: web.Request) -> web.StreamResponse:
        wanted = {"NSE_CM": "1010", "NSE_FO": "1011"}.get(request.match_info["name"])
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        for key, one in self.exchange.instruments.items():
            token = self._tokens[key]
            if token[:4] != wanted:
                continue
            ends = int(datetime.combine(one.expiry, time(15, 30), IST).timestamp()) if one.expiry else ""
            lot, tick = (10, 0) if one.kind == "INDEX" else (one.lot, one.tick)
            names = [self._names[key], 10, 10, token[10:], one.name, token[10:], one.strike or -1.0, one.right or "XX"]
            head = [token, one.title or one.name, 0, lot, tick, "", "0915-1530|1815-1915:", "2026-11-20", ends]
            out.writerow([*head, *names, "101000000026000", "None", 0, 0.0])
        return web.Response(text=text.getvalue(), content_type="text/csv")

    async def _index_names(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(dict(INDEX.values()))

    # sockets

    async def _order_socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        if not self.access or request.headers.get("authorization") != f"{APP}:{self.access}":
            return web.Response(status=401)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            async for said in ws:
                if said.type is not WSMsgType.TEXT:
                    continue
                if said.data == "ping":
                    await ws.send_str("pong")
                elif json.loads(said.data)["T"] == "SUB_ORD":
                    await ws.send_str('{"code":1605,"message":"Successfully subscribed","s":"ok"}')
                    self.order_sockets.add(ws)
        finally:
            self.order_sockets.discard(ws)
        return ws

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        """The back end's own names, and trades as messages of their own."""
        raw = self._json.pushed_order(order)
        self.push(self.order_sockets, json.dumps({"s": "ok", "orders": raw}), order=True)
        if trade is not None:
            made = self._json.pushed_trade(order, trade)
            self.push(self.order_sockets, json.dumps({"s": "ok", "trades": made}), order=True)

    async def _market_socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self._watched[ws] = {}
        try:
            async for said in ws:
                if said.type is WSMsgType.BINARY and len(said.data) > 3:
                    self._told(ws, said.data)
        finally:
            self.price_sockets.discard(ws)
            del self._watched[ws]
        return ws

    def _told(self, ws: web.WebSocketResponse, data: bytes) -> None:
        """The length in the head is not trusted: the official client writes it wrongly in places."""
        kind, fields = data[2], _fields(data)
        if kind == 1:
            good = bool(self.access) and fields.get(1) == HSM_KEY.encode() and fields.get(2) == b"P"
            self.push({ws}, result(1, "K" if good else "invalid key"))
            if good:
                self.price_sockets.add(ws)
        elif kind in (4, 5) and ws in self.price_sockets:
            for name in _listed(fields[1]):
                if kind == 5:
                    self._watched[ws].pop(name, None)
                elif name.partition("|")[2] in self._topics:
                    number = self._watched[ws].setdefault(name, len(self._watched[ws]) + 1)
                    self.push({ws}, self._frame(self._snapshot(number, name)))
            self.push({ws}, result(kind))
        elif kind == 12:
            self.push({ws}, result(12))

    def _snapshot(self, number: int, name: str) -> bytes:
        key = self._topics[name.partition("|")[2]]
        return snapshot(number, name, self._values(name), symbol=self._names[key])

    def _frame(self, record: bytes) -> bytes:
        self._message += 1
        return data_frame(self._message, [record])

    def _values(self, name: str) -> list[int]:
        kind, _, topic = name.partition("|")
        book, now = self.exchange.books[self._topics[topic]], int(self.clock.now().timestamp())
        ltp, bid, ask, close = (int(p * 100) for p in (book.ltp, book.bid, book.ask, book.close))
        opening, high, low = (int(p * 100) for p in (book.open, book.high, book.low))
        if kind == "if":
            return [ltp, close, now, high, low, opening]
        if kind == "dp":
            rest = [0] * 4
            prices = [bid, *rest, ask, *rest]
            return [*prices, book.bid_left, *rest, book.ask_left, *rest, 1, *rest, 1, *rest]
        day = [low, high, 0, 0, int(close * 0.8), int(close * 1.2), opening, close]
        head = [ltp, book.volume, now, now, book.bid_left, book.ask_left, bid, ask, 1, book.bid_left, book.ask_left]
        return [*head, ltp, 0, *day]

    def on_price(self, key: str) -> None:
        """Only what changed is sent."""
        topic = self._topic(key)
        for ws, held in self._watched.items():
            for name, number in held.items():
                if name.partition("|")[2] == topic:
                    values = self._values(name)
                    if name.startswith("sf|"):
                        values[13:] = [NONE] * (len(values) - 13)
                    self.push({ws}, self._frame(update(number, values)))

    # answers

    def _list(self, name: str, rows: list[Any]) -> web.Response:
        return web.json_response({"s": "ok", "code": 200, "message": "", name: rows})

    def _error(self, code: int, text: str, *, status: int) -> web.Response:
        return web.json_response({"s": "error", "code": code, "message": text}, status=status)


def _fields(data: bytes) -> dict[int, bytes]:
    found, at = {}, 4
    for _ in range(data[3]):
        number, size = struct.unpack_from(">BH", data, at)
        found[number] = data[at + 3 : at + 3 + size]
        at += 3 + size
    return found


def _listed(data: bytes) -> list[str]:
    (count,) = struct.unpack_from(">H", data)
    names, at = [], 2
    for _ in range(count):
        names.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return names


def _exact(text: str) -> Any:
    return json.loads(text, parse_float=D)

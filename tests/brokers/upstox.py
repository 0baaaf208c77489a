"""A fake Upstox: OAuth page, REST of v2 and v3, the market feed as protocol buffers, the portfolio stream as text."""

import gzip
import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from server.core.clock import IST, Clock, SystemClock
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused
from tests.brokers.listed import quoted
from tests.brokers.upstox_frames import feed_frame, full_feed, index_feed, info_frame, ltpc, message
from tests.brokers.upstox_json import USER, UpstoxJson, epoch_ms, token_of

__all__ = ("FakeUpstox",)

D = Decimal
KEY, SECRET = "upstoxfakekey-0001", "upstoxfakesecret01"
_CODES = {"funds": "UDAPI1055", "input": "UDAPI100036", "order": "UDAPI1056"}
_PRODUCTS = {"D": "D", "I": "I"}


class FakeUpstox(FakeBroker):
    """Upstox on loopback; its order host and file host are the same server here."""

    name = "upstox"
    too_many = (429, json.dumps({"status": "error", "errors": [{"errorCode": "UDAPI10005", "message": "Too Many"}]}))
    product = "D"

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        super().__init__(exchange or quoted(clock), clock)
        self.access = ""
        self.logins = 0
        self._codes: dict[str, str] = {}
        self._tickets: set[str] = set()
        self._watched: dict[web.WebSocketResponse, dict[str, str]] = {}
        self._tokens = {key: token_of(n, one) for n, (key, one) in enumerate(self.exchange.instruments.items())}
        self._keys = {token: key for key, token in self._tokens.items()}
        self._json = UpstoxJson(self.exchange, clock, self._tokens)
        for method, path, call, handler in (
            ("POST", "/v3/order/place", "place", self._place),
            ("PUT", "/v3/order/modify", "modify", self._modify),
            ("DELETE", "/v3/order/cancel", "cancel", self._cancel),
            ("GET", "/v2/order/retrieve-all", "orders", self._orders),
            ("GET", "/v2/order/trades/get-trades-for-day", "trades", self._trades),
            ("GET", "/v2/portfolio/short-term-positions", "positions", self._positions),
            ("GET", "/v2/portfolio/long-term-holdings", "holdings", self._holdings),
            ("GET", "/v3/user/get-funds-and-margin", "funds", self._funds),
            ("POST", "/v2/charges/margin", "margin", self._margin),
            ("GET", "/v2/market-quote/quotes", "quotes", self._quotes),
            ("GET", "/v2/option/chain", "option_chain", self._chain),
            ("GET", "/v3/historical-candle/{key}/{unit}/{count}/{to}/{from}", "history", self._history),
            ("GET", "/v3/historical-candle/intraday/{key}/{unit}/{count}", "history", self._intraday),
            ("GET", "/v3/feed/market-data-feed/authorize", "authorise", self._authorise),
            ("GET", "/v2/feed/portfolio-stream-feed/authorize", "authorise", self._authorise),
            ("DELETE", "/v2/logout", "revoke", self._logout),
        ):
            self.route(method, path, call, self._signed(handler))
        self.route("GET", "/login", "login", self._login_page)
        self.route("POST", "/login", "login", self._login_done)
        self.route("POST", "/v2/login/authorization/token", "session", self._session)
        self.route("GET", "/complete.json.gz", "instruments", self._instruments)
        self.route("GET", "/ws/market", "", self._market_socket)
        self.route("GET", "/ws/portfolio", "", self._portfolio_socket)

    def credentials(self) -> dict[str, str]:
        return {"api_key": KEY, "api_secret": SECRET}

    def base(self) -> Mapping[str, str]:
        return {
            "rest": self.http,
            "orders": self.http,
            "login": f"{self.http}/login",
            "instruments": f"{self.http}/complete.json.gz",
        }

    def expire(self) -> None:
        self.access = ""

    def read_product(self, product: str) -> str:
        return "CNC" if product == "NRML" else product

    def watching(self) -> int:
        return sum(map(len, self._watched.values()))

    # login

    async def _login_page(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        if asked.get("client_id") != KEY or asked.get("response_type") != "code" or not asked.get("redirect_uri"):
            return web.Response(status=400, text="Check your 'client_id'")
        page = (
            "<!doctype html><title>Fake Upstox</title><h1>Fake Upstox: sign in as UF0001</h1>"
            '<form method="post"><button>Sign in</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _login_done(self, request: web.Request) -> web.StreamResponse:
        code = f"code{len(self._codes) + 1:04d}"
        back = request.query["redirect_uri"]
        self._codes[code] = back
        raise web.HTTPFound(f"{back}?{urlencode({'code': code, 'state': request.query.get('state', '')})}")

    async def _session(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        back = self._codes.pop(str(form.get("code")), "")  # used up even where the rest is wrong
        if form.get("client_id") != KEY or form.get("client_secret") != SECRET:
            return self._error(401, "UDAPI100016", "Invalid Credentials")
        if not back or back != form.get("redirect_uri") or form.get("grant_type") != "authorization_code":
            return self._error(400, "UDAPI100057", "Invalid Auth code")
        self.logins += 1
        self.access = f"upstoxaccess{self.logins:04d}{'y' * 22}"
        return web.json_response(
            {
                "email": "trader@example.com",
                "exchanges": ["NSE", "NFO"],
                "products": ["D", "I"],
                "broker": "UPSTOX",
                "user_id": USER,
                "user_name": "Fake Trader",
                "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
                "user_type": "individual",
                "poa": False,
                "is_active": True,
                "access_token": self.access,
                "extended_token": f"extended{self.logins:04d}{'z' * 16}",
            }
        )

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        self.access = ""
        return self._data(True)

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self.access or request.headers.get("Authorization") != f"Bearer {self.access}":
                return self._error(401, "UDAPI100050", "Invalid token used to access API")
            try:
                return await handler(request)
            except Refused as no:
                return self._error(400, _CODES.get(no.kind, "UDAPI100036"), no.message)

        return checked

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        said = await request.json(loads=_exact)
        key = self._keys.get(said["instrument_token"], "")
        if said["order_type"] in ("MARKET", "SL-M") and not said.get("market_protection"):
            raise Refused("input", "Market protection is required")
        if said["product"] not in _PRODUCTS or len(said.get("tag", "")) > 40:
            raise Refused("input", "Invalid product or tag")
        listed = self.exchange.instruments.get(key)
        freeze = listed.freeze if listed is not None else None
        quantity, ids = said["quantity"], []
        if freeze is not None and quantity > freeze and not said["slice"]:
            raise Refused("input", f"Quantity above the freeze limit of {freeze}")
        while True:
            part = min(quantity, freeze or quantity)
            order = self.exchange.submit(
                key,
                said["transaction_type"],
                part,
                said["order_type"],
                product=said["product"],
                validity=said["validity"],
                price=D(said["price"]) or None,
                trigger=D(said["trigger_price"]) or None,
                tag=said.get("tag", ""),
                disclosed=said["disclosed_quantity"],
                after_market=said["is_amo"],
            )
            ids.append(order.id)
            quantity -= part
            if quantity <= 0:
                return self._data({"order_ids": ids}, metadata={"latency": 30})

    async def _modify(self, request: web.Request) -> web.StreamResponse:
        said = await request.json(loads=_exact)
        order = self.exchange.modify(
            said["order_id"],
            quantity=said["quantity"],
            price=D(said["price"]) or None,
            trigger=D(said["trigger_price"]) or None,
            type=said["order_type"],
        )
        return self._data({"order_id": order.id})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        return self._data({"order_id": self.exchange.cancel(request.query["order_id"]).id})

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        return self._data([self._json.order(o) for o in self.exchange.orders.values()])

    async def _trades(self, request: web.Request) -> web.StreamResponse:
        return self._data([self._json.trade(t) for t in self.exchange.trades])

    # books

    async def _positions(self, request: web.Request) -> web.StreamResponse:
        return self._data([self._json.position(*name, held) for name, held in self.exchange.positions().items()])

    async def _holdings(self, request: web.Request) -> web.StreamResponse:
        book = self.exchange.books["NSE:SBIN"]
        row = {
            **self._json.name("NSE:SBIN"),
            "isin": "INE062A01020",
            "cnc_used_quantity": 0,
            "collateral_quantity": 0,
            "quantity": 16,
            "t1_quantity": 0,
            "average_price": 780.5,
            "last_price": float(book.ltp),
            "close_price": float(book.close),
            "pnl": float(16 * (book.ltp - D("780.5"))),
            "product": "D",
        }
        return self._data([row])

    async def _funds(self, request: web.Request) -> web.StreamResponse:
        cash, used = self.exchange.cash, self.exchange.used
        trade = {
            "total": float(cash - used),
            "cash_available_to_trade": {
                "total": float(cash - used),
                "cash": {"opening_balance": float(cash)},
                "margin_used": {"total": float(used), "loss": {"total": 0.0, "realised": 0.0, "unrealised": 0.0}},
            },
            "pledge_available_to_trade": {
                "total": 0.0,
                "margin_from_pledge": {"total": 0.0},
                "margin_used": {"total": 0.0},
            },
        }
        return self._data({"available_to_trade": trade, "unavailable_to_trade": {}})

    async def _margin(self, request: web.Request) -> web.StreamResponse:
        needs = []
        for one in (await request.json())["instruments"]:
            key = self._keys.get(one["instrument_key"], "")
            price = one.get("price") or float(self.exchange.books[key].ask)
            total = one["quantity"] * price * (1 if one["product"] == "D" else 0.2)
            needs.append({"span_margin": 0, "exposure_margin": 0, "net_buy_premium": 0, "total_margin": total})
        total = sum(need["total_margin"] for need in needs)
        return self._data({"margins": needs, "required_margin": total, "final_margin": total * 0.9})

    # market data

    async def _quotes(self, request: web.Request) -> web.StreamResponse:
        found = {}
        for token in request.query.get("instrument_key", "").split(","):
            key = self._keys.get(token)
            if key is not None:  # keyed by the symbol, as Upstox does
                found[f"{token.partition('|')[0]}:{self.exchange.instruments[key].symbol}"] = self._json.quote(key)
        return self._data(found)

    async def _chain(self, request: web.Request) -> web.StreamResponse:
        under = self._keys.get(request.query["instrument_key"], "")
        rows: dict[Decimal, dict[str, Any]] = {}
        for key, one in self.exchange.instruments.items():
            if one.kind != "OPTION" or str(one.expiry) != request.query["expiry_date"] or one.strike is None:
                continue
            book = self.exchange.books[key]
            side = {
                "instrument_key": self._tokens[key],
                "market_data": {"ltp": float(book.ltp), "bid_price": float(book.bid), "ask_price": float(book.ask)},
                "option_greeks": {},
            }
            row = rows.setdefault(one.strike, {"strike_price": float(one.strike), "underlying_key": under})
            row |= {"expiry": str(one.expiry), "call_options" if one.right == "CE" else "put_options": side}
        return self._data([rows[strike] for strike in sorted(rows)])

    async def _history(self, request: web.Request) -> web.StreamResponse:
        part = request.match_info
        first, last = (datetime.strptime(part[n], "%Y-%m-%d").replace(tzinfo=IST) for n in ("from", "to"))
        most = (
            31 if part["unit"] == "minutes" and int(part["count"]) <= 15 else 92 if part["unit"] == "minutes" else 3660
        )
        if last - first > timedelta(days=most):
            raise Refused("input", "Invalid date range")
        return self._candles(part["key"], first, last)

    async def _intraday(self, request: web.Request) -> web.StreamResponse:
        today = self.clock.now().astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0)
        return self._candles(request.match_info["key"], today, today)

    def _candles(self, token: str, first: datetime, last: datetime) -> web.Response:
        """One flat candle a day, newest first."""
        key = self._keys.get(token)
        if key is None:
            raise Refused("input", "Invalid Instrument key")
        price, rows = float(self.exchange.books[key].ltp), []
        at = datetime.combine(last.date(), time(9, 15), IST)
        while at.date() >= first.date():
            rows.append([at.isoformat(), price, price, price, price, at.day, 0])
            at -= timedelta(days=1)
        return self._data({"candles": rows})

    async def _instruments(self, request: web.Request) -> web.StreamResponse:
        rows = [self._json.listing(key, one) for key, one in self.exchange.instruments.items()]
        return web.Response(body=gzip.compress(json.dumps(rows).encode()), content_type="application/octet-stream")

    # sockets

    async def _authorise(self, request: web.Request) -> web.StreamResponse:
        ticket = f"ticket{len(self._tickets)}-{self.calls['authorise']}"
        self._tickets.add(ticket)
        where = "market" if "market-data" in request.path else "portfolio"
        address = f"{self.ws}/ws/{where}?code={ticket}"
        return self._data({"authorized_redirect_uri": address, "authorizedRedirectUri": address})

    async def _open(self, request: web.Request) -> web.WebSocketResponse | None:
        ticket = request.query.get("code", "")
        if self.refuse_sockets or ticket not in self._tickets:
            return None
        self._tickets.discard(ticket)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        return ws

    async def _portfolio_socket(self, request: web.Request) -> web.StreamResponse:
        ws = await self._open(request)
        if ws is None:
            return web.Response(status=503)
        self.order_sockets.add(ws)
        try:
            async for _ in ws:
                pass
        finally:
            self.order_sockets.discard(ws)
        return ws

    async def _market_socket(self, request: web.Request) -> web.StreamResponse:
        ws = await self._open(request)
        if ws is None:
            return web.Response(status=503)
        self._watched[ws] = {}
        self.price_sockets.add(ws)
        self.push({ws}, info_frame({"NSE_EQ": 2, "NSE_FO": 2}, epoch_ms(self.clock.now())))
        try:
            async for said in ws:
                if said.type is WSMsgType.BINARY:  # text is not listened to
                    self._told(ws, json.loads(said.data))
        finally:
            self.price_sockets.discard(ws)
            del self._watched[ws]
        return ws

    def _told(self, ws: web.WebSocketResponse, said: dict[str, Any]) -> None:
        held, keys = self._watched[ws], said["data"]["instrumentKeys"]
        if said["method"] == "unsub":
            for token in keys:
                held.pop(token, None)
            return
        known = [token for token in keys if token in self._keys]
        held.update(dict.fromkeys(known, said["data"]["mode"]))
        feeds = {token: self._feed(token, held[token]) for token in known}
        self.push({ws}, feed_frame(feeds, epoch_ms(self.clock.now()), kind=0))

    def on_price(self, key: str) -> None:
        token = self._tokens[key]
        for ws, held in self._watched.items():
            if token in held:
                self.push({ws}, feed_frame({token: self._feed(token, held[token])}, epoch_ms(self.clock.now())))

    def _feed(self, token: str, mode: str) -> bytes:
        book = self.exchange.books[self._keys[token]]
        price = ltpc(float(book.ltp), epoch_ms(self.clock.now()), 1, float(book.close))
        if mode == "ltpc":
            return message((1, price))
        day = (float(book.open), float(book.high), float(book.low), float(book.ltp))
        if token.startswith("NSE_INDEX"):
            return index_feed(price, day)
        levels = [(book.bid_left, float(book.bid), book.ask_left, float(book.ask))]
        return full_feed(price, levels, day=day, average=float(book.ltp), volume=book.volume)

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        said = {"update_type": "order", "user_id": USER, **self._json.order(order)}
        self.push(self.order_sockets, json.dumps(said), order=True)

    # answers

    def _data(self, data: Any, **more: Any) -> web.Response:
        return web.json_response({"status": "success", "data": data, **more})

    def _error(self, status: int, code: str, text: str) -> web.Response:
        problem = {"errorCode": code, "message": text, "propertyPath": None, "invalidValue": None, "error_code": code}
        return web.json_response({"status": "error", "errors": [problem]}, status=status)


def _exact(text: str) -> Any:
    return json.loads(text, parse_float=D)

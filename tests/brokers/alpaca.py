"""A fake Alpaca: trading and market data REST, the price stream, and trade updates in binary frames as the paper
service sends them. Shapes as in the official SDK's samples.

A change makes a new order that carries on what the old one had filled, as the FIX session behind it does.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from server.core.clock import Clock, SystemClock
from server.domain.instruments import Instrument
from tests.brokers.abroad import coin, quoted_abroad, us_share
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused

__all__ = ("FakeAlpaca",)

KEY, SECRET = "PKFAKE0000000001", "fakesecret0000000000000000000001"
_STATES = {"OPEN": "new", "TRIGGER_PENDING": "new", "FILLED": "filled", "CANCELLED": "canceled", "REJECTED": "rejected"}
_TYPES = {"market": "MARKET", "limit": "LIMIT", "stop_limit": "SL", "stop": "SL-M"}
_WORDS = {ours: theirs for theirs, ours in _TYPES.items()}
_CODES = {"funds": (403, 40310000), "input": (422, 42210000), "order": (422, 42210000), "not_found": (404, 40410000)}
_BARS = 10
"""Bars on a page."""


def uuid(number: int) -> str:
    """An id as Alpaca writes them."""
    return f"{number:08d}-0000-4000-8000-000000000000"


class FakeAlpaca(FakeBroker):
    """Alpaca on loopback."""

    name = "alpaca"
    share = "GLOBAL:AAPL"
    product = "NONE"
    revokes = False
    too_many = (429, '{"message": "too many requests."}')

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        listed = [us_share("AAPL", unit="0.000000001"), us_share("MSFT"), us_share("SPY"), coin("BTC"), coin("ETH")]
        super().__init__(exchange or quoted_abroad(listed, clock, order_id=uuid), clock)
        self.valid = True
        self._watched: dict[web.WebSocketResponse, set[str]] = {}
        self._after: dict[str, int] = {}
        """Trade -> what its order had filled after it."""
        self._number = 900_000
        self._names = {key: _symbol(one) for key, one in self.exchange.instruments.items()}
        self._keys = {name: key for key, name in self._names.items()}
        for method, path, call, handler in (
            ("GET", "/v2/account", "funds", self._account),
            ("POST", "/v2/orders", "place", self._place),
            ("GET", "/v2/orders", "orders", self._orders),
            ("GET", "/v2/orders:by_client_order_id", "find", self._by_client),
            ("GET", "/v2/orders/{id}", "find", self._one),
            ("PATCH", "/v2/orders/{id}", "modify", self._modify),
            ("DELETE", "/v2/orders/{id}", "cancel", self._cancel),
            ("GET", "/v2/account/activities/FILL", "trades", self._activities),
            ("GET", "/v2/positions", "positions", self._positions),
            ("GET", "/v2/assets", "instruments", self._assets),
            ("GET", "/data/v2/stocks/snapshots", "quotes", self._snapshots),
            ("GET", "/data/v1beta3/crypto/us/snapshots", "quotes", self._snapshots),
            ("GET", "/data/v2/stocks/bars", "history", self._bars),
            ("GET", "/data/v1beta3/crypto/us/bars", "history", self._bars),
            ("GET", "/data/v1beta1/options/snapshots/{root}", "option_chain", self._chain),
        ):
            self.route(method, path, call, self._signed(handler))
        self.route("GET", "/orders/stream", "", self._order_stream)
        self.route("GET", "/prices/{kind}", "", self._price_stream)

    def credentials(self) -> dict[str, str]:
        return {"key_id": KEY, "secret_key": SECRET, "environment": "paper"}

    def base(self) -> Mapping[str, str]:
        return {
            "rest": f"{self.http}/v2",
            "data": f"{self.http}/data",
            "stream": f"{self.ws}/prices/shares",
            "crypto_stream": f"{self.ws}/prices/coins",
            "orders_stream": f"{self.ws}/orders/stream",
        }

    def expire(self) -> None:
        self.valid = False

    def takes(self, product: str) -> bool:
        return True

    def read_product(self, product: str) -> str:
        return "CNC"

    def watching(self) -> int:
        return sum(map(len, self._watched.values()))

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            keys = (request.headers.get("APCA-API-KEY-ID"), request.headers.get("APCA-API-SECRET-KEY"))
            if not self.valid or keys != (KEY, SECRET):
                return _refuse(401, 40110000, "request is not authorized")
            try:
                return await handler(request)
            except Refused as error:
                status, code = _CODES.get(error.kind, (422, 42210000))
                return _refuse(status, code, error.message)

        checked.__name__ = handler.__name__
        return checked

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        tag = body.get("client_order_id") or uuid(self._next())
        if self.exchange.by_tag(tag):
            raise Refused("order", "client_order_id must be unique")
        key = self._keys.get(body["symbol"], "")
        if not key:
            raise Refused("input", f'asset "{body["symbol"]}" not found')
        instrument = self.exchange.instruments[key]
        order = self.exchange.submit(
            key,
            body["side"].upper(),
            int(Decimal(body["qty"]) / instrument.unit),
            _TYPES[body["type"]],
            product="NONE",
            validity={"day": "DAY", "gtc": "GTC", "ioc": "IOC", "fok": "FOK"}[body["time_in_force"]],
            price=_figure(body.get("limit_price")),
            trigger=_figure(body.get("stop_price")),
            tag=tag,
        )
        if order.state == "REJECTED":
            del self.exchange.orders[order.id]
            raise Refused("order", order.reason)
        return web.json_response(self._order_json(order))

    async def _modify(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        old = self._working(request.match_info["id"])
        instrument = self.exchange.instruments[old.key]
        price, trigger = _figure(body.get("limit_price")), _figure(body.get("stop_price"))
        quantity = int(Decimal(body["qty"]) / instrument.unit) if "qty" in body else old.quantity
        self.exchange._check(instrument, quantity, old.type, price or old.price, trigger or old.trigger)
        if quantity <= old.filled:
            raise Refused("order", "qty must be greater than filled_qty")
        if self.exchange.by_tag(body["client_order_id"]):
            raise Refused("order", "client_order_id must be unique")
        new = old.copy()
        new.id, new.tag, new.extra = uuid(self._next()), body["client_order_id"], {"replaces": old.id}
        new.quantity, new.price, new.trigger = quantity, price or old.price, trigger or old.trigger
        new.at = new.updated = self.clock.now()
        old.extra["replaced_by"] = new.id
        self.exchange.orders[new.id] = new
        self.exchange._end(old, "CANCELLED", "")
        self.exchange._tell(new)
        answer = self._order_json(new)
        self.exchange._work(new)
        return web.json_response(answer)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        self._working(request.match_info["id"])
        self.exchange.cancel(request.match_info["id"])
        return web.Response(status=204)

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        found = [o for o in self.exchange.orders.values() if request.query.get("status") != "open" or o.live]
        if request.query.get("direction") != "asc":
            found.reverse()
        return web.json_response([self._order_json(o) for o in found[: int(request.query.get("limit", "50"))]])

    async def _by_client(self, request: web.Request) -> web.StreamResponse:
        found = self.exchange.by_tag(request.query.get("client_order_id", ""))
        if not found:
            raise Refused("not_found", "order not found")
        return web.json_response(self._order_json(found[0]))

    async def _one(self, request: web.Request) -> web.StreamResponse:
        found = self.exchange.orders.get(request.match_info["id"])
        if found is None:
            raise Refused("not_found", f"order not found for {request.match_info['id']}")
        return web.json_response(self._order_json(found))

    def _working(self, order_id: str) -> FakeOrder:
        order = self.exchange.orders.get(order_id)
        if order is None:
            raise Refused("not_found", f"order not found for {order_id}")
        if not order.live:
            raise Refused("order", f'order is already in "{self._status(order)}" state')
        return order

    def _status(self, order: FakeOrder) -> str:
        if "replaced_by" in order.extra:
            return "replaced"
        return "partially_filled" if order.live and order.filled else _STATES[order.state]

    def _order_json(self, order: FakeOrder) -> dict[str, Any]:
        unit = self.exchange.instruments[order.key].unit
        coins = self.exchange.instruments[order.key].kind == "CRYPTO"
        return {
            "id": order.id,
            "client_order_id": order.tag or f"elsewhere-{order.id}",
            "created_at": _stamp(order.at),
            "updated_at": _stamp(order.updated),
            "submitted_at": _stamp(order.at),
            "filled_at": _stamp(order.updated) if order.state == "FILLED" else None,
            "expired_at": None,
            "canceled_at": _stamp(order.updated) if order.state == "CANCELLED" else None,
            "failed_at": None,
            "replaced_at": None,
            "replaced_by": order.extra.get("replaced_by"),
            "replaces": order.extra.get("replaces"),
            "asset_id": _asset_id(self._names[order.key]),
            "symbol": self._names[order.key],
            "asset_class": "crypto" if coins else "us_equity",
            "notional": None,
            "qty": _text(order.quantity * unit),
            "filled_qty": _text(order.filled * unit),
            "filled_avg_price": str(order.average) if order.filled else None,
            "order_class": "simple",
            "order_type": _WORDS[order.type],
            "type": _WORDS[order.type],
            "side": order.side.lower(),
            "time_in_force": order.validity.lower(),
            "limit_price": _text(order.price),
            "stop_price": _text(order.trigger),
            "status": self._status(order),
            "extended_hours": False,
            "legs": None,
            "trail_percent": None,
            "trail_price": None,
            "hwm": None,
        }

    # books

    async def _activities(self, request: web.Request) -> web.StreamResponse:
        rows = [self._activity(trade) for trade in self.exchange.trades]
        token = request.query.get("page_token")
        if token:
            rows = rows[next((n for n, row in enumerate(rows) if row["id"] == token), len(rows)) + 1 :]
        return web.json_response(rows[: int(request.query.get("page_size", "100"))])

    def _activity(self, trade: FakeTrade) -> dict[str, Any]:
        unit = self.exchange.instruments[trade.order.key].unit
        total = self._after[trade.id]
        return {
            "activity_type": "FILL",
            "id": f"{trade.at:%Y%m%d%H%M%S}000::{_execution(trade)}",
            "cum_qty": _text(total * unit),
            "leaves_qty": _text((trade.order.quantity - total) * unit),
            "price": _text(trade.price),
            "qty": _text(trade.quantity * unit),
            "side": trade.order.side.lower(),
            "symbol": self._names[trade.order.key],
            "transaction_time": _stamp(trade.at),
            "order_id": trade.order.id,
            "type": "fill" if total == trade.order.quantity else "partial_fill",
        }

    async def _positions(self, request: web.Request) -> web.StreamResponse:
        found = []
        for (key, _), row in self.exchange.positions().items():
            if not row.net:
                continue
            instrument, name = self.exchange.instruments[key], self._names[key]
            found.append(
                {
                    "asset_id": _asset_id(name),
                    "symbol": name.replace("/", ""),
                    "exchange": "CRYPTO" if instrument.kind == "CRYPTO" else "NASDAQ",
                    "asset_class": "crypto" if instrument.kind == "CRYPTO" else "us_equity",
                    "avg_entry_price": _text(row.average),
                    "qty": _text(row.net * instrument.unit),
                    "side": "long" if row.net > 0 else "short",
                    "unrealized_pl": "0",
                    "current_price": _text(row.last),
                    "lastday_price": _text(self.exchange.books[key].close),
                }
            )
        return web.json_response(found)

    async def _account(self, request: web.Request) -> web.StreamResponse:
        used = self.exchange.used
        return web.json_response(
            {
                "id": uuid(1),
                "account_number": "PA000FAKE",
                "status": "ACTIVE",
                "currency": "USD",
                "buying_power": str(self.exchange.cash - used),
                "cash": str(self.exchange.cash - used),
                "equity": str(self.exchange.cash),
                "initial_margin": str(used),
            }
        )

    # market data

    async def _assets(self, request: web.Request) -> web.StreamResponse:
        kind = request.query.get("asset_class", "us_equity")
        found = []
        for key, one in self.exchange.instruments.items():
            coins = one.kind == "CRYPTO"
            if coins != (kind == "crypto"):
                continue
            row: dict[str, Any] = {
                "id": _asset_id(self._names[key]),
                "class": kind,
                "exchange": "CRYPTO" if coins else "NASDAQ",
                "symbol": self._names[key],
                "name": one.title or one.name,
                "status": "active",
                "tradable": True,
                "fractionable": one.unit != 1,
            }
            if coins:
                row |= {"min_trade_increment": _text(one.unit), "price_increment": _text(one.tick)}
            found.append(row)
        return web.json_response(found)

    async def _snapshots(self, request: web.Request) -> web.StreamResponse:
        found = {}
        for name in request.query["symbols"].split(","):
            if (key := self._keys.get(name)) is None:
                continue
            book, now = self.exchange.books[key], _stamp(self.clock.now())
            day = {"t": now, "o": float(book.open), "h": float(book.high), "l": float(book.low), "c": float(book.ltp)}
            found[name] = {
                "latestTrade": {"t": now, "x": "V", "p": float(book.ltp), "s": 100, "c": ["@"], "i": 1, "z": "C"},
                "latestQuote": {
                    "t": now,
                    "ax": "V",
                    "ap": float(book.ask),
                    "as": 1,
                    "bx": "V",
                    "bp": float(book.bid),
                    "bs": 1,
                },
                "dailyBar": day | {"v": book.volume},
                "prevDailyBar": day | {"c": float(book.close), "v": 1},
            }
        crypto = "crypto" in request.path
        return web.json_response({"snapshots": found} if crypto else found)

    async def _bars(self, request: web.Request) -> web.StreamResponse:
        name = request.query["symbols"]
        start, end = (datetime.fromisoformat(request.query[k]) for k in ("start", "end"))
        days = {"1Day": 1, "1Week": 7, "1Month": 30}.get(request.query["timeframe"])
        step = timedelta(days=days) if days else timedelta(minutes=60)
        at = datetime.fromisoformat(request.query.get("page_token") or start.isoformat())
        price = float(self.exchange.books[self._keys[name]].ltp)
        bars: list[dict[str, Any]] = []
        while at <= end and len(bars) < _BARS:
            row = {"t": _stamp(at), "o": price, "h": price + 2, "l": price - 2, "c": price + 1, "v": 1000, "n": 9}
            bars.append(row | {"vw": price})
            at += step
        token = at.isoformat() if at <= end else None
        return web.json_response({"bars": {name: bars}, "next_page_token": token})

    async def _chain(self, request: web.Request) -> web.StreamResponse:
        day = datetime.fromisoformat(request.query["expiration_date"])
        root, now = request.match_info["root"], _stamp(self.clock.now())
        quote = {"t": now, "ax": "C", "ap": 5.2, "as": 10, "bx": "C", "bp": 5.1, "bs": 12, "c": "A"}
        found = {
            f"{root}{day:%y%m%d}{right}{strike * 1000:08d}": {"latestQuote": quote, "impliedVolatility": 0.25}
            for strike in (790, 800, 810)
            for right in "CP"
        }
        return web.json_response({"snapshots": found, "next_page_token": None})

    # streams

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        if trade is not None:
            self._after[trade.id] = order.filled
        if order.state == "REJECTED":
            return
        unit = self.exchange.instruments[order.key].unit
        event = {"new": "new", "filled": "fill", "partially_filled": "partial_fill"}.get(
            self._status(order), self._status(order)
        )
        data: dict[str, Any] = {
            "event": ("fill" if order.state == "FILLED" else "partial_fill") if trade is not None else event,
            "timestamp": _stamp(order.updated),
            "order": self._order_json(order),
        }
        if trade is None and event in ("fill", "partial_fill"):
            data["event"] = "new"  # an order carried on from one that was filled in part
        if trade is not None:
            data |= {
                "execution_id": _execution(trade),
                "price": _text(trade.price),
                "qty": _text(trade.quantity * unit),
                "position_qty": "0",
            }
        frame = json.dumps({"stream": "trade_updates", "data": data}).encode()
        self.push(self.order_sockets, frame, order=True)

    def on_price(self, key: str) -> None:
        book, name, now = self.exchange.books[key], self._names[key], _stamp(self.clock.now())
        messages = [
            {"T": "t", "S": name, "i": 1, "x": "V", "p": float(book.ltp), "s": 100, "c": ["@"], "z": "C", "t": now},
            {"T": "q", "S": name, "bp": float(book.bid), "bs": 1, "ap": float(book.ask), "as": 1, "t": now},
        ]
        self.push({ws for ws, names in self._watched.items() if name in names}, json.dumps(messages))

    async def _order_stream(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            async for message in ws:
                asked = json.loads(message.data)
                if asked.get("action") == "auth":
                    good = self.valid and (asked.get("key"), asked.get("secret")) == (KEY, SECRET)
                    status = "authorized" if good else "unauthorized"
                    answer = {"stream": "authorization", "data": {"status": status, "action": "authenticate"}}
                    await ws.send_bytes(json.dumps(answer).encode())
                    if not good:
                        break
                elif asked.get("action") == "listen":
                    await ws.send_bytes(json.dumps({"stream": "listening", "data": asked["data"]}).encode())
                    self.order_sockets.add(ws)
        finally:
            self.order_sockets.discard(ws)
        return ws

    async def _price_stream(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.price_sockets.add(ws)
        signed = False
        await ws.send_str('[{"T":"success","msg":"connected"}]')
        try:
            async for message in ws:
                asked = json.loads(message.data)
                if asked.get("action") == "auth":
                    signed = self.valid and (asked.get("key"), asked.get("secret")) == (KEY, SECRET)
                    good = '[{"T":"success","msg":"authenticated"}]'
                    await ws.send_str(good if signed else '[{"T":"error","code":402,"msg":"auth failed"}]')
                    continue
                if not signed:
                    await ws.send_str('[{"T":"error","code":401,"msg":"not authenticated"}]')
                    continue
                held = self._watched.setdefault(ws, set())
                names = set(asked.get("trades", []))
                held = held | names if asked["action"] == "subscribe" else held - names
                self._watched[ws] = held
                await ws.send_str(json.dumps([{"T": "subscription", "trades": sorted(held), "quotes": sorted(held)}]))
        finally:
            self.price_sockets.discard(ws)
            self._watched.pop(ws, None)
        return ws

    def _next(self) -> int:
        self._number += 1
        return self._number


def _symbol(one: Instrument) -> str:
    return f"{one.name}/{one.currency}" if one.kind == "CRYPTO" else one.symbol


def _asset_id(name: str) -> str:
    return f"asset-{name.replace('/', '-').lower()}"


def _execution(trade: FakeTrade) -> str:
    return f"execution-{trade.id}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


def _figure(raw: object) -> Decimal | None:
    return Decimal(str(raw)) if raw is not None else None


def _text(value: Decimal | int | None) -> str | None:
    return format(Decimal(value).normalize() + 0, "f") if value is not None else None


def _refuse(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)

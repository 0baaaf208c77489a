"""A fake OANDA v20: accounts, orders, transactions, pricing, and both streams as lines over chunked HTTP."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

from aiohttp import web

from server.core.clock import Clock, SystemClock
from server.domain.instruments import Instrument
from tests.brokers.abroad import quoted_abroad
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade, Refused

__all__ = ("FakeOanda",)

TOKEN, ACCOUNT = "fakeoandatoken00000000000000000-0000000001", "101-004-0000001-001"
_STATES = {
    "OPEN": "PENDING",
    "TRIGGER_PENDING": "PENDING",
    "FILLED": "FILLED",
    "CANCELLED": "CANCELLED",
    "REJECTED": "CANCELLED",
}
_WORDS = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "STOP", "SL-M": "STOP"}
_VALID = {"GFD": "DAY", "GTC": "GTC", "FOK": "FOK", "IOC": "IOC"}
_TIMES = {ours: theirs for theirs, ours in _VALID.items()}
_REASONS = {"input": "PRICE_PRECISION_EXCEEDED", "order": "ORDER_DOESNT_EXIST", "funds": "INSUFFICIENT_MARGIN"}


def pair(symbol: str, tick: str, currency: str = "USD") -> Instrument:
    """A currency pair or a metal."""
    return Instrument(
        symbol=symbol,
        exchange="GLOBAL",
        kind="CURRENCY",
        name=symbol[:3],
        segment="FX",
        tick=Decimal(tick),
        currency=currency,
    )


class LineOut:
    """An answer that goes on, with the words of a socket that the base uses."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self.response = response
        self._request = request
        self._writer = SimpleNamespace(transport=request.transport)

    @property
    def closed(self) -> bool:
        return self._request.transport is None or self._request.transport.is_closing()

    async def send_str(self, message: str) -> None:
        await self.response.write(message.encode() + b"\n")

    async def send_bytes(self, message: bytes) -> None:
        await self.response.write(message + b"\n")

    async def close(self, code: int = 0) -> None:
        if self._request.transport is not None:
            self._request.transport.close()


class FakeOanda(FakeBroker):
    """OANDA on loopback."""

    name = "oanda"
    share = "GLOBAL:XAUUSD"
    product = "NONE"
    revokes = False
    too_many = (429, '{"errorMessage": "Rate limit exceeded"}')

    def __init__(self, exchange: FakeExchange | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        ids = count(6001)
        self._next: Callable[[], str] = lambda: str(next(ids))
        listed = [
            pair("XAUUSD", "0.01"),
            pair("EURUSD", "0.00001"),
            pair("USDJPY", "0.001", "JPY"),
            pair("GBPUSD", "0.00001"),
        ]
        super().__init__(exchange or quoted_abroad(listed, clock, order_id=lambda n: self._next()), clock)
        self.valid = True
        self.rest = "stays"
        """What becomes of the rest of a partly filled order: stays, reissued (the new order names the old one and keeps
        our id), reissued bare (it does neither: their batch alone joins them), rejected (the reissue is), cancelled,
        dropped (nothing is said)."""
        self.log: list[dict[str, Any]] = []
        self._made: set[str] = set()
        self._watched: dict[Any, set[str]] = {}
        self._names = {key: f"{one.symbol[:3]}_{one.symbol[3:]}" for key, one in self.exchange.instruments.items()}
        self._keys = {name: key for key, name in self._names.items()}
        root = f"/v3/accounts/{ACCOUNT}"
        for method, path, call, handler in (
            ("GET", f"{root}/summary", "funds", self._summary),
            ("GET", f"{root}/instruments", "instruments", self._instruments),
            ("GET", f"{root}/orders", "orders", self._orders),
            ("GET", f"{root}/orders/@{{tag}}", "find", self._one),
            ("POST", f"{root}/orders", "place", self._place),
            ("PUT", f"{root}/orders/{{id}}/cancel", "cancel", self._cancel),
            ("PUT", f"{root}/orders/{{id}}", "modify", self._modify),
            ("GET", f"{root}/openPositions", "positions", self._positions),
            ("GET", f"{root}/pricing", "quotes", self._pricing),
            ("GET", f"{root}/transactions", "trades", self._pages),
            ("GET", f"{root}/transactions/sinceid", "trades", self._since),
            ("GET", "/v3/instruments/{name}/candles", "history", self._candles),
            ("GET", f"{root}/transactions/stream", "", self._order_stream),
            ("GET", f"{root}/pricing/stream", "", self._price_stream),
        ):
            self.route(method, path, call, self._signed(handler))

    def credentials(self) -> dict[str, str]:
        return {"token": TOKEN, "account_id": ACCOUNT, "environment": "practice"}

    def base(self) -> Mapping[str, str]:
        return {"rest": f"{self.http}/v3", "stream": f"{self.http}/v3"}

    def expire(self) -> None:
        self.valid = False

    def read_product(self, product: str) -> str:
        return "CNC"

    def watching(self) -> int:
        return sum(map(len, self._watched.values()))

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self.valid or request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return web.json_response({"errorMessage": "Insufficient authorization to perform request."}, status=401)
            try:
                return await handler(request)
            except Refused as error:
                reason = "NO_SUCH_ORDER" if error.kind == "not_found" else _REASONS.get(error.kind, "REJECTED")
                body = {
                    "errorMessage": error.message,
                    "errorCode": reason,
                    "orderRejectTransaction": {"rejectReason": reason},
                }
                return web.json_response(body, status=404 if error.kind in ("not_found", "order") else 400)

        return checked

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        asked = (await request.json())["order"]
        tag = asked.get("clientExtensions", {}).get("id", "")
        if tag and self.exchange.by_tag(tag):
            return web.json_response(
                {"errorMessage": "The client ID is taken", "errorCode": "CLIENT_ORDER_ID_ALREADY_EXISTS"}, status=400
            )
        key = self._keys.get(asked["instrument"], "")
        units, kind = int(asked["units"]), self._type(asked)
        price, trigger = self._prices(asked, kind)
        before = len(self.log)
        try:
            order = self.exchange.submit(
                key,
                "BUY" if units > 0 else "SELL",
                abs(units),
                kind,
                product="NONE",
                validity=_VALID[asked["timeInForce"]],
                price=price,
                trigger=trigger,
                tag=tag,
            )
        except Refused as error:
            if error.kind != "funds":
                raise
            return self._killed(asked)
        if order.state == "REJECTED":
            del self.exchange.orders[order.id]
            raise Refused("order", order.reason)
        return self._told(self.log[before:])

    def _killed(self, asked: dict[str, Any]) -> web.Response:
        """A 201 that is no success."""
        made = {"id": self._next(), "type": f"{asked['type']}_ORDER", "time": _stamp(self.clock.now()), **asked}
        gone = {
            "id": self._next(),
            "type": "ORDER_CANCEL",
            "orderID": made["id"],
            "reason": "INSUFFICIENT_MARGIN",
            "time": made["time"],
        }
        return self._told([made, gone])

    async def _modify(self, request: web.Request) -> web.StreamResponse:
        asked = (await request.json())["order"]
        old = self._working(request.match_info["id"])
        kind = self._type(asked)
        price, trigger = self._prices(asked, kind)
        self.exchange._check(self.exchange.instruments[old.key], abs(int(asked["units"])), kind, price, trigger)
        before = len(self.log)
        new = old.copy()
        new.id, new.quantity, new.filled, new.value = self._next(), abs(int(asked["units"])), 0, Decimal(0)
        new.price, new.trigger, new.extra = price, trigger, {"replaces": old.id}
        new.at = new.updated = self.clock.now()
        old.extra["replaced_by"] = new.id
        self.exchange.orders[new.id] = new
        self.exchange._end(old, "CANCELLED", "CLIENT_REQUEST_REPLACED")
        self.exchange._tell(new)
        self.exchange._work(new)
        return self._told(self.log[before:])

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        order = self._working(request.match_info["id"])
        before = len(self.log)
        self.exchange._end(order, "CANCELLED", "CLIENT_REQUEST")
        return self._told(self.log[before:], status=200)

    def _told(self, rows: list[dict[str, Any]], status: int = 201) -> web.Response:
        body: dict[str, Any] = {"relatedTransactionIDs": [row["id"] for row in rows]}
        for row in rows:
            name = {"ORDER_FILL": "orderFillTransaction", "ORDER_CANCEL": "orderCancelTransaction"}.get(row["type"])
            if name is None and row["type"].endswith("_REJECT"):
                name = "orderReissueRejectTransaction"
            elif name is None:
                name = "orderReissueTransaction" if "orderCreateTransaction" in body else "orderCreateTransaction"
            body[name] = row
        return web.json_response(body | {"lastTransactionID": rows[-1]["id"]}, status=status)

    def _type(self, asked: dict[str, Any]) -> str:
        word = asked["type"]
        return ("SL" if "priceBound" in asked else "SL-M") if word == "STOP" else str(word)

    def _prices(self, asked: dict[str, Any], kind: str) -> tuple[Decimal | None, Decimal | None]:
        price = Decimal(asked["price"]) if "price" in asked else None
        if kind in ("SL", "SL-M"):
            return (Decimal(asked["priceBound"]) if kind == "SL" else None), price
        return price, None

    def _working(self, order_id: str) -> FakeOrder:
        order = self.exchange.orders.get(order_id)
        if order is None or not order.live:
            raise Refused("order", "The Order specified does not exist")
        return order

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        rows = [self._order_json(order) for order in reversed(self.exchange.orders.values())]
        return web.json_response({"orders": rows, "lastTransactionID": self._last()})

    async def _one(self, request: web.Request) -> web.StreamResponse:
        found = self.exchange.by_tag(request.match_info["tag"])
        if not found:
            raise Refused("not_found", "The Order specified does not exist")
        return web.json_response({"order": self._order_json(found[-1]), "lastTransactionID": self._last()})

    def _order_json(self, order: FakeOrder) -> dict[str, Any]:
        row = self._terms(order) | {
            "id": order.id,
            "type": _WORDS[order.type],
            "state": _STATES[order.state],
            "createTime": _stamp(order.at),
        }
        if order.state == "FILLED":
            row["filledTime"] = _stamp(order.updated)
        if order.state == "CANCELLED":
            row["cancelledTime"] = _stamp(order.updated)
        if "replaced_by" in order.extra:
            row["replacedByOrderID"] = order.extra["replaced_by"]
        return row

    def _terms(self, order: FakeOrder) -> dict[str, Any]:
        units = order.quantity if order.side == "BUY" else -order.quantity
        row: dict[str, Any] = {
            "instrument": self._names[order.key],
            "units": str(units),
            "timeInForce": _TIMES[order.validity],
            "positionFill": "DEFAULT",
        }
        if order.type == "LIMIT":
            row["price"] = str(order.price)
        if order.trigger is not None:
            row["price"] = str(order.trigger)
        if order.type == "SL":
            row["priceBound"] = str(order.price)
        if order.tag:
            row["clientExtensions"] = {"id": order.tag}
        if "replaces" in order.extra:
            row["replacesOrderID"] = order.extra["replaces"]
        return row

    # transactions

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        if order.state == "REJECTED":
            return
        at = _stamp(order.updated)
        row: dict[str, Any]
        if order.id not in self._made:
            self._made.add(order.id)
            reason = "REPLACEMENT" if "replaces" in order.extra else "CLIENT_ORDER"
            row = self._terms(order) | {"id": order.id, "type": f"{_WORDS[order.type]}_ORDER", "reason": reason}
        elif trade is not None:
            units = trade.quantity if order.side == "BUY" else -trade.quantity
            row = {
                "id": self._next(),
                "type": "ORDER_FILL",
                "orderID": order.id,
                "instrument": self._names[order.key],
                "units": str(units),
                "price": str(trade.price),
                "reason": f"{_WORDS[order.type]}_ORDER",
            }
        elif order.state == "CANCELLED":
            reason = order.reason if order.reason.isupper() else "CLIENT_REQUEST"
            reason = "TIME_IN_FORCE_EXPIRED" if order.reason.startswith("IOC") else reason
            row = {"id": self._next(), "type": "ORDER_CANCEL", "orderID": order.id, "reason": reason}
        else:
            return  # a stop that fired: OANDA says so with its fill
        if order.tag and row["type"] in ("ORDER_FILL", "ORDER_CANCEL"):
            row["clientOrderID"] = order.tag
        self._say(row, at)
        if trade is not None and order.left and order.validity == "DAY":
            self._on_rest(self.exchange.orders[order.id], row["id"])

    def _say(self, row: dict[str, Any], at: str, batch: str = "") -> None:
        row |= {"time": at, "accountID": ACCOUNT, "batchID": batch or row["id"]}
        self.log.append(row)
        self.push(self.order_sockets, json.dumps(row), order=True)

    def _on_rest(self, order: FakeOrder, batch: str) -> None:
        """The fate of what a fill has left over, told in the fill's own batch."""
        if self.rest == "stays":
            return
        at, word = _stamp(order.updated), _WORDS[order.type]
        order.state = "FILLED"
        if self.rest == "cancelled":
            gone = {"id": self._next(), "type": "ORDER_CANCEL", "orderID": order.id, "reason": "INSUFFICIENT_LIQUIDITY"}
            self._say(gone, at, batch)
        elif self.rest == "rejected":
            row = self._terms(order) | {"id": self._next(), "type": f"{word}_ORDER_REJECT"}
            del row["clientExtensions"]
            units = order.left if order.side == "BUY" else -order.left
            self._say(row | {"units": str(units), "rejectReason": "INVALID_REISSUE_IMMEDIATE_PARTIAL_FILL"}, at, batch)
        elif self.rest.startswith("reissued"):
            new = order.copy()
            new.id, new.quantity, new.filled, new.value, new.state = self._next(), order.left, 0, Decimal(0), "OPEN"
            new.extra = {} if self.rest.endswith("bare") else {"replaces": order.id}
            new.tag = "" if self.rest.endswith("bare") else order.tag
            self.exchange.orders[new.id] = new
            self._made.add(new.id)
            self._say(self._terms(new) | {"id": new.id, "type": f"{word}_ORDER", "reason": "REPLACEMENT"}, at, batch)

    def _last(self) -> str:
        return str(self.log[-1]["id"]) if self.log else "6000"

    async def _pages(self, request: web.Request) -> web.StreamResponse:
        pages = []
        if self.log:
            query = f"from={self.log[0]['id']}&to={self._last()}"
            pages = [f"{self.http}/v3/accounts/{ACCOUNT}/transactions/idrange?{query}"]
        return web.json_response({"pages": pages, "count": len(self.log), "lastTransactionID": self._last()})

    async def _since(self, request: web.Request) -> web.StreamResponse:
        rows = [row for row in self.log if int(row["id"]) > int(request.query["id"])]
        rows.sort(key=lambda row: int(row["id"]))
        return web.json_response({"transactions": rows, "lastTransactionID": self._last()})

    # books and market data

    async def _summary(self, request: web.Request) -> web.StreamResponse:
        used, cash = self.exchange.used, self.exchange.cash
        account = {
            "id": ACCOUNT,
            "currency": "USD",
            "balance": str(cash),
            "NAV": str(cash),
            "marginUsed": str(used),
            "marginAvailable": str(cash - used),
            "unrealizedPL": "0.0000",
            "pl": "0.0000",
        }
        return web.json_response({"account": account, "lastTransactionID": self._last()})

    async def _instruments(self, request: web.Request) -> web.StreamResponse:
        rows = [
            {
                "name": self._names[key],
                "type": "METAL" if one.name == "XAU" else "CURRENCY",
                "displayName": self._names[key].replace("_", "/"),
                "displayPrecision": -int(one.tick.as_tuple().exponent),
                "tradeUnitsPrecision": 0,
                "minimumTradeSize": "1",
                "maximumOrderUnits": "100000000",
                "marginRate": "0.05",
            }
            for key, one in self.exchange.instruments.items()
        ]
        return web.json_response({"instruments": rows, "lastTransactionID": self._last()})

    async def _positions(self, request: web.Request) -> web.StreamResponse:
        rows = []
        for (key, _), row in self.exchange.positions().items():
            flat = {"units": "0", "pl": "0.0000", "unrealizedPL": "0.0000"}
            held = {"units": str(row.net), "averagePrice": str(row.average), "pl": "0.0000", "unrealizedPL": "0.0000"}
            sides = {"long": held if row.net > 0 else flat, "short": held if row.net < 0 else flat}
            if row.net:
                rows.append({"instrument": self._names[key], "pl": "0.0000", "unrealizedPL": "0.0000", **sides})
        return web.json_response({"positions": rows, "lastTransactionID": self._last()})

    def _price(self, key: str) -> dict[str, Any]:
        book = self.exchange.books[key]
        return {
            "instrument": self._names[key],
            "time": _stamp(self.clock.now()),
            "status": "tradeable",
            "bids": [{"price": str(book.bid), "liquidity": book.bid_left}],
            "asks": [{"price": str(book.ask), "liquidity": book.ask_left}],
            "closeoutBid": str(book.bid),
            "closeoutAsk": str(book.ask),
        }

    async def _pricing(self, request: web.Request) -> web.StreamResponse:
        names = [name for name in request.query["instruments"].split(",") if name in self._keys]
        return web.json_response({"prices": [self._price(self._keys[name]) for name in names]})

    async def _candles(self, request: web.Request) -> web.StreamResponse:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        price, name = self.exchange.books[self._keys[request.match_info["name"]]].ltp, request.match_info["name"]
        step = timedelta(days=1) if request.query["granularity"] == "D" else timedelta(hours=6)
        rows = []
        while start < end:
            mid = {"o": str(price), "h": str(price + 1), "l": str(price - 1), "c": str(price)}
            rows.append({"time": _stamp(start), "complete": True, "volume": 10, "mid": mid})
            start += step
        return web.json_response({"instrument": name, "granularity": request.query["granularity"], "candles": rows})

    # streams

    def on_price(self, key: str) -> None:
        line = json.dumps({"type": "PRICE", **self._price(key)})
        self.push({out for out, names in self._watched.items() if self._names[key] in names}, line)

    def beat(self) -> None:
        now = _stamp(self.clock.now())
        self.push(self.order_sockets, json.dumps({"type": "HEARTBEAT", "lastTransactionID": self._last(), "time": now}))
        self.push(set(self._watched), json.dumps({"type": "HEARTBEAT", "time": now}))

    async def _order_stream(self, request: web.Request) -> web.StreamResponse:
        outs: Any = self.order_sockets
        return await self._hold(request, outs)

    async def _price_stream(self, request: web.Request) -> web.StreamResponse:
        return await self._hold(request, None)

    async def _hold(self, request: web.Request, among: set[Any] | None) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        out: Any = LineOut(request, response)
        first = {"type": "HEARTBEAT", "time": _stamp(self.clock.now()), "lastTransactionID": self._last()}
        await out.send_str(json.dumps(first))
        if among is not None:
            among.add(out)
        else:
            names = set(request.query["instruments"].split(","))
            self._watched[out] = names
            self.price_sockets.add(out)
            for name in names:
                await out.send_str(json.dumps({"type": "PRICE", **self._price(self._keys[name])}))
        try:
            while not out.closed:
                await self.clock.sleep(0.02)
        finally:
            if among is not None:
                among.discard(out)
            self._watched.pop(out, None)
            self.price_sockets.discard(out)
        return response


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"

"""A fake Schwab: OAuth with a code, trading and market data REST, and the streamer. Shapes as in the samples of the
libraries and of the streamer guide.

It keeps no id of ours, tells times to the second, names an order in the Location header unless it filled at once, and
makes a new order of every change, for the quantity the change names.
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import quote

from aiohttp import web

from server.brokers.kit.occ import OccSymbol, occ_symbol
from server.core.clock import Clock, SystemClock
from server.domain.instruments import Instrument
from tests.brokers.abroad import quoted_abroad, us_option, us_share
from tests.brokers.base import FakeBroker, Handler
from tests.brokers.exchange import FakeExchange, FakeOrder, Refused
from tests.brokers.schwab_market import Market
from tests.brokers.schwab_stream import Streamer

__all__ = ("FakeSchwab",)

KEY, SECRET = "FakeAppKey0000000000000000000001", "FakeSecret000001"
NUMBER, HASH = "12345678", "ABC123HASH0FAKE0ABC123HASH0FAKE0"
_STATES = {
    "OPEN": "WORKING",
    "TRIGGER_PENDING": "AWAITING_STOP_CONDITION",
    "FILLED": "FILLED",
    "CANCELLED": "CANCELED",
    "REJECTED": "REJECTED",
}
_TYPES = {"MARKET": "MARKET", "LIMIT": "LIMIT", "STOP_LIMIT": "SL", "STOP": "SL-M"}
_WORDS = {ours: theirs for theirs, ours in _TYPES.items()}
_DURATIONS = {"DAY": "DAY", "IMMEDIATE_OR_CANCEL": "IOC", "GOOD_TILL_CANCEL": "GTC", "FILL_OR_KILL": "FOK"}
_STRIKES = (790, 800, 810)


class FakeSchwab(FakeBroker):
    """Schwab on loopback."""

    name = "schwab"
    share = "GLOBAL:AAPL"
    product = "NONE"
    revokes = False
    shorts = False
    silent = frozenset({"cancel"})
    serves: Mapping[str, str] = {"trades": "orders", "positions": "funds"}
    too_many = (429, '{"message": "Too many requests"}')

    def __init__(
        self,
        exchange: FakeExchange | None = None,
        clock: Clock | None = None,
        redirect: str = "",
    ) -> None:
        clock = clock or SystemClock()
        self.expiry = clock.now().date() + timedelta(days=18)
        listed = [us_share("AAPL"), us_share("BRK.B"), us_share("SPY")]
        listed += [us_option("AAPL", self.expiry, strike, right) for strike in _STRIKES for right in ("CE", "PE")]
        made = exchange or quoted_abroad(listed, clock, order_id=lambda n: f"10025{n:06d}")
        super().__init__(made, clock)
        self.callback = redirect if redirect.startswith("https://") else "https://127.0.0.1:8182"
        self.nameless = True
        """Whether an order that filled at once is not named in the answer."""
        self.symbols = {key: _symbol(one) for key, one in self.exchange.instruments.items()}
        self.keys = {symbol: key for key, symbol in self.symbols.items()}
        self._codes: set[str] = set()
        self._tokens: set[str] = set()
        self._renewing: set[str] = set()
        self._number = count(1)
        self.renewed = 0
        """Access tokens given for a renewing one."""
        self.streamer = Streamer(self)
        market = Market(self)
        account = f"/trader/v1/accounts/{HASH}"
        for method, path, call, handler in (
            ("GET", "/trader/v1/accounts/accountNumbers", "session", self._numbers),
            ("GET", "/trader/v1/userPreference", "", self._preferences),
            ("GET", account, "funds", self._account),
            ("POST", f"{account}/orders", "place", self._place),
            ("GET", f"{account}/orders", "orders", self._orders),
            ("GET", f"{account}/orders/{{id}}", "find", self._one),
            ("PUT", f"{account}/orders/{{id}}", "modify", self._replace),
            ("DELETE", f"{account}/orders/{{id}}", "cancel", self._cancel),
            ("GET", "/marketdata/v1/instruments", "instruments", market.instruments),
            ("GET", "/marketdata/v1/quotes", "quotes", market.quotes),
            ("GET", "/marketdata/v1/pricehistory", "history", market.history),
            ("GET", "/marketdata/v1/expirationchain", "option_chain", market.expirations),
            ("GET", "/marketdata/v1/chains", "option_chain", market.chain),
        ):
            self.route(method, path, call, self._signed(handler))
        self.route("GET", "/v1/oauth/authorize", "", self._authorize)
        self.route("POST", "/v1/oauth/token", "token", self._token)
        self.route("GET", "/ws", "", self.streamer.serve)

    def credentials(self) -> dict[str, str]:
        return {
            "app_key": KEY,
            "app_secret": SECRET,
            "callback": self.callback,
            "symbols": "AAPL, BRK.B, SPY, NOSUCH",
            "options": "AAPL",
        }

    def base(self) -> Mapping[str, str]:
        return {
            "rest": f"{self.http}/trader/v1",
            "data": f"{self.http}/marketdata/v1",
            "login": f"{self.http}/v1/oauth/authorize",
            "token": f"{self.http}/v1/oauth/token",
            "stream": f"{self.ws}/ws",
        }

    def expire(self) -> None:
        self._tokens.clear()
        self._renewing.clear()

    def age(self) -> None:
        """End the access tokens; they can be renewed."""
        self._tokens.clear()

    def valid(self, token: str) -> bool:
        """Whether an access token lives."""
        return token in self._tokens

    def orders_of(self, client_id: str) -> list[FakeOrder]:
        return list(self.exchange.orders.values())

    def read_product(self, product: str) -> str:
        return "CNC"

    def watching(self) -> int:
        return self.streamer.watching()

    def on_order(self, order: FakeOrder, trade: object) -> None:
        self.streamer.tell(order)

    def on_price(self, key: str) -> None:
        self.streamer.price(key)

    def beat(self) -> None:
        self.streamer.beat()

    def _signed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self.valid(request.headers.get("Authorization", "").removeprefix("Bearer ")):
                return web.json_response(
                    {
                        "errors": [
                            {"id": "1", "status": 401, "title": "Unauthorized", "detail": "Client not authorized"}
                        ]
                    },
                    status=401,
                )
            try:
                return await handler(request)
            except Refused as error:
                status = 404 if error.kind == "not_found" else 400
                return web.json_response({"message": error.message}, status=status)

        checked.__name__ = handler.__name__
        return checked

    # signing in

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        if (asked.get("client_id"), asked.get("redirect_uri")) != (KEY, self.callback):
            return web.Response(status=403, text="<html>Access Denied</html>", content_type="text/html")
        code = f"C0.fakecode{next(self._number):04d}@"
        self._codes.add(code)
        place = f"{self.callback}?code={quote(code)}&session=fake-session&state={quote(asked.get('state', ''))}"
        return web.Response(status=302, headers={"Location": place})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {pair}":
            return web.json_response({"error": "invalid_client", "error_description": "Unauthorized"}, status=401)
        form = await request.post()
        if form.get("grant_type") == "refresh_token":
            renewing = str(form.get("refresh_token"))
            if renewing not in self._renewing:
                told = {"error": "unsupported_token_type", "error_description": "refresh_token_authentication_error"}
                return web.json_response(told, status=400)
            self.renewed += 1
        else:
            code = str(form.get("code"))
            if code not in self._codes or form.get("redirect_uri") != self.callback:
                return web.json_response({"error": "invalid_grant"}, status=400)
            self._codes.remove(code)
            renewing = f"fake-renewing-token-{next(self._number):06d}"
            self._renewing.add(renewing)
        access = f"I0.fake-access-token-{next(self._number):06d}@"
        self._tokens.add(access)
        return web.json_response(
            {
                "expires_in": 1800,
                "token_type": "Bearer",
                "scope": "api",
                "refresh_token": renewing,
                "access_token": access,
                "id_token": "fake-id-token",
            }
        )

    async def _numbers(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([{"accountNumber": NUMBER, "hashValue": HASH}])

    async def _preferences(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"accounts": [{"accountNumber": NUMBER}], "streamerInfo": [self.streamer.info(self.ws)]}
        )

    # orders

    async def _place(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        (leg,) = body["orderLegCollection"]
        key = self._key(leg["instrument"]["symbol"])
        if leg["instruction"] == "SELL" and self._held(key) < leg["quantity"]:
            raise Refused("order", "You do not hold enough shares to sell.")
        order = self.exchange.submit(
            key,
            leg["instruction"],
            leg["quantity"],
            _TYPES[body["orderType"]],
            product="NONE",
            validity=_DURATIONS[body["duration"]],
            price=_figure(body.get("price")),
            trigger=_figure(body.get("stopPrice")),
        )
        return self._created(order)

    async def _replace(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        old = self._working(request.match_info["id"])
        (leg,) = body["orderLegCollection"]
        kind, price, trigger = _TYPES[body["orderType"]], _figure(body.get("price")), _figure(body.get("stopPrice"))
        return self._created(self.replaced(old.id, quantity=leg["quantity"], type=kind, price=price, trigger=trigger))

    def replaced(self, order_id: str, **terms: Any) -> FakeOrder:
        """Replace a working order, as a request or another program does; raises Refused."""
        old = self._working(order_id)
        new = replace(old, **terms)
        self.exchange._check(self.exchange.instruments[old.key], new.quantity, new.type, new.price, new.trigger)
        new.id, new.extra, new.filled, new.value = f"20025{next(self._number):06d}", {}, 0, Decimal(0)
        new.at = new.updated = self.clock.now()
        old.extra["replaced"] = True
        self.exchange.orders[new.id] = new
        self.exchange._end(old, "CANCELLED", "")
        self.exchange._tell(new)
        self.exchange._work(new)
        return new

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        self._working(request.match_info["id"])
        self.exchange.cancel(request.match_info["id"])
        return web.Response(status=200)

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("fromEnteredTime", "toEnteredTime"))
        rows = [o for o in self.exchange.orders.values() if start <= o.at <= end]
        return web.json_response([self._order_json(o) for o in reversed(rows)][: int(request.query["maxResults"])])

    async def _one(self, request: web.Request) -> web.StreamResponse:
        found = self.exchange.orders.get(request.match_info["id"])
        if found is None:
            raise Refused("not_found", "Order not found")
        return web.json_response(self._order_json(found))

    def _created(self, order: FakeOrder) -> web.Response:
        place = f"{self.http}/trader/v1/accounts/{HASH}/orders/{order.id}"
        named = not (self.nameless and order.state == "FILLED")
        return web.Response(status=201, headers={"Location": place} if named else {})

    def _working(self, order_id: str) -> FakeOrder:
        order = self.exchange.orders.get(order_id)
        if order is None:
            raise Refused("not_found", "Order not found")
        if not order.live:
            raise Refused("order", "Order cannot be canceled or replaced")
        return order

    def _key(self, symbol: str) -> str:
        if symbol not in self.keys:
            raise Refused("input", f"Instrument {symbol} was not found")
        return self.keys[symbol]

    def _held(self, key: str) -> int:
        return sum(row.net for (held, _), row in self.exchange.positions().items() if held == key)

    def _order_json(self, order: FakeOrder) -> dict[str, Any]:
        symbol = self.symbols[order.key]
        fills = [trade for trade in self.exchange.trades if trade.order.id == order.id]
        instrument = {"assetType": "EQUITY", "cusip": "037833100", "symbol": symbol, "instrumentId": 1}
        left = float(order.quantity)
        activities = []
        for trade in fills:
            left -= trade.quantity
            leg = {"legId": 1, "quantity": float(trade.quantity), "mismarkedQuantity": 0.0, "price": float(trade.price)}
            activities.append(
                {
                    "activityType": "EXECUTION",
                    "activityId": int(trade.id),
                    "executionType": "FILL",
                    "quantity": float(trade.quantity),
                    "orderRemainingQuantity": left,
                    "executionLegs": [leg | {"time": _stamp(trade.at), "instrumentId": 1}],
                }
            )
        row: dict[str, Any] = {
            "session": "NORMAL",
            "duration": {ours: theirs for theirs, ours in _DURATIONS.items()}[order.validity],
            "orderType": _WORDS[order.type],
            "complexOrderStrategyType": "NONE",
            "quantity": float(order.quantity),
            "filledQuantity": float(order.filled),
            "remainingQuantity": float(order.left if order.live else 0),
            "requestedDestination": "AUTO",
            "destinationLinkName": "AutoRoute",
            "orderLegCollection": [
                {
                    "orderLegType": "EQUITY",
                    "legId": 1,
                    "instrument": instrument,
                    "instruction": order.side,
                    "positionEffect": "OPENING",
                    "quantity": float(order.quantity),
                }
            ],
            "orderStrategyType": "SINGLE",
            "orderId": int(order.id),
            "cancelable": order.live,
            "editable": False,
            "status": "REPLACED" if order.extra.get("replaced") else _STATES[order.state],
            "enteredTime": _stamp(order.at),
            "accountNumber": int(NUMBER),
            "tag": "API_TOS:FAKE",
        }
        for name, value in (("price", order.price), ("stopPrice", order.trigger)):
            if value is not None:
                row[name] = float(value)
        if not order.live:
            row["closeTime"] = _stamp(order.updated)
        if order.reason:
            row["statusDescription"] = order.reason
        if activities:
            row["orderActivityCollection"] = activities
        return row

    # the account

    async def _account(self, request: web.Request) -> web.StreamResponse:
        used = self.exchange.used
        account: dict[str, Any] = {
            "type": "MARGIN",
            "accountNumber": NUMBER,
            "roundTrips": 0,
            "isDayTrader": False,
            "currentBalances": {
                "availableFunds": float(self.exchange.cash - used),
                "buyingPower": float(self.exchange.cash - used),
                "cashBalance": float(self.exchange.cash - used),
                "equity": float(self.exchange.cash),
                "maintenanceRequirement": float(used),
            },
        }
        if "positions" in request.query.get("fields", ""):
            account["positions"] = [
                {
                    "shortQuantity": float(max(0, -row.net)),
                    "longQuantity": float(max(0, row.net)),
                    "averagePrice": float(row.average),
                    "longOpenProfitLoss": float((row.last - row.average) * row.net),
                    "instrument": {"assetType": "EQUITY", "cusip": "037833100", "symbol": self.symbols[key]},
                    "marketValue": float(row.net * row.last),
                }
                for (key, _), row in self.exchange.positions().items()
                if row.net
            ]
        return web.json_response({"securitiesAccount": account})


def _symbol(one: Instrument) -> str:
    if one.kind != "OPTION":
        return one.symbol.replace(".", "/")
    assert one.expiry is not None and one.strike is not None and one.right is not None
    return occ_symbol(OccSymbol(one.name, one.expiry, one.right, one.strike), padded=True)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+0000"


def _figure(raw: object) -> Decimal | None:
    return Decimal(str(raw)) if raw is not None else None

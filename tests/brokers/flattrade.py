"""A fake Flattrade: login page, PiConnect calls with `jData` bodies, socket. Shapes as in its README's samples."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from server.core.clock import IST, Clock, SystemClock
from tests.brokers.exchange import FakeExchange, Refused
from tests.brokers.listed import quoted
from tests.brokers.noren import PRODUCTS, FakeNoren, stamp, text

__all__ = ("FakeFlattrade",)

KEY, SECRET, USER = "ftfakekey0000000000000000000001", "ftfakesecret0000000000000000001", "FT001"
_TYPES = {"LMT": "LIMIT", "SL-LMT": "SL"}
_OURS = {theirs: ours for ours, theirs in PRODUCTS.items()}
_MASTERS = {
    "NSE_Equity": "NSE",
    "BSE_Equity": "BSE",
    "Nfo_Index_Derivatives": "NFO",
    "Nfo_Equity_Derivatives": "",
    "Bfo_Index_Derivatives": "BFO",
    "Bfo_Equity_Derivatives": "",
    "Currency_Derivatives": "CDS",
    "Commodity": "MCX",
}
_WORDS = {"EQUITY": "EQ", "INDEX": "UNDIND", "FUTURE": "FUTIDX", "OPTION": "OPTIDX"}
Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]


class FakeFlattrade(FakeNoren):
    """Flattrade on loopback."""

    name = "flattrade"
    revokes = False
    too_many = (429, '{"stat":"Not_Ok","emsg":"Rate limit exceeded: too many requests"}')

    def __init__(
        self, exchange: FakeExchange | None = None, clock: Clock | None = None, redirect: str = "http://127.0.0.1/back"
    ) -> None:
        clock = clock or SystemClock()
        super().__init__(exchange or quoted(clock), clock)
        self.redirect = redirect
        self.logins = 0
        self._codes: set[str] = set()
        for path, call, answer in (
            ("PlaceOrder", "place", self._place),
            ("ModifyOrder", "modify", self._modify),
            ("CancelOrder", "cancel", self._cancel),
            ("OrderBook", "orders", self._orders),
            ("TradeBook", "trades", self._trades),
            ("PositionBook", "positions", self._positions),
            ("Holdings", "holdings", self._holdings),
            ("Limits", "funds", self._limits),
            ("GetBasketMargin", "margin", self._margin),
            ("GetQuotes", "quotes", self._quotes),
            ("TPSeries", "history", self._minutes),
            ("EODChartData", "history", self._days),
        ):
            self.route("POST", f"/api/{path}", call, self._signed(answer))
        self.route("GET", "/login", "login", self._login_page)
        self.route("POST", "/login", "login", self._login_done)
        self.route("POST", "/token", "session", self._token)
        self.route("GET", "/masters/{name}.csv", "instruments", self._master)

    def credentials(self) -> dict[str, str]:
        return {"api_key": KEY, "api_secret": SECRET}

    def base(self) -> Mapping[str, str]:
        return {
            "rest": f"{self.http}/api",
            "stream": f"{self.ws}/ws",
            "login": f"{self.http}/login",
            "token": f"{self.http}/token",
            "masters": f"{self.http}/masters",
        }

    def tag(self, client_id: str) -> str:
        return client_id

    def arrives(self, kind: str) -> str:
        return {"MARKET": "LIMIT", "SL-M": "SL"}.get(kind, kind)

    # login

    async def _login_page(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("app_key") != KEY:
            return web.Response(status=400, text="Invalid app key")
        page = (
            "<!doctype html><title>Fake Flattrade</title><h1>Fake Flattrade: sign in as FT001</h1>"
            '<form method="post"><input type="hidden" name="go" value="1"><button>Sign in</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _login_done(self, request: web.Request) -> web.StreamResponse:
        code = f"code{len(self._codes) + 1:06d}"
        self._codes.add(code)
        raise web.HTTPFound(f"{self.redirect}?{urlencode({'code': code, 'client': USER})}")

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        code = body.get("request_code", "")
        want = hashlib.sha256((KEY + code + SECRET).encode()).hexdigest()
        if code not in self._codes or body.get("api_secret") != want or body.get("api_key") != KEY:
            return web.json_response({"stat": "Not_Ok", "emsg": "Invalid Request Code or API secret"})
        self._codes.discard(code)
        self.logins += 1
        self.access = hashlib.sha256(f"access{self.logins}".encode()).hexdigest()
        return web.json_response({"token": self.access, "client": USER, "status": "Ok", "stat": "Ok", "emsg": ""})

    def _signed(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def checked(request: web.Request) -> web.StreamResponse:
            body = (await request.read()).decode()
            data, _, key = body.removeprefix("jData=").rpartition("&jKey=")
            if not self.access or key != self.access:
                return _refused("Session Expired : Invalid Session Key")
            try:
                asked = json.loads(data.replace("%26", "&"))
                return await answer(asked)
            except Refused as error:
                return _refused(f"Rejected : {error.message}")
            except (ValueError, KeyError):
                return _refused('Error Occurred : 2 "invalid input"')

        return checked

    # orders

    async def _place(self, asked: dict[str, Any]) -> web.Response:
        key = self.by_symbol.get((asked["exch"], asked["tsym"]), "")
        if asked["prctyp"] not in _TYPES:
            raise Refused("order", "market orders are not allowed through the API")
        remarks = asked.get("remarks", "")
        order = self.exchange.submit(
            key,
            "BUY" if asked["trantype"] == "B" else "SELL",
            int(asked["qty"]),
            _TYPES[asked["prctyp"]],
            product=_OURS[asked["prd"]],
            validity=asked["ret"],
            price=Decimal(asked["prc"]) or None,
            trigger=Decimal(asked["trgprc"]) if asked.get("trgprc") else None,
            tag=remarks.removesuffix("-M"),
            disclosed=int(asked.get("dscqty", "0")),
            after_market=asked.get("amo") == "Yes",
            extra={"mark": remarks.endswith("-M")},
        )
        return web.json_response({"request_time": stamp(self.clock.now()), "stat": "Ok", "norenordno": order.id})

    async def _modify(self, asked: dict[str, Any]) -> web.Response:
        order = self.exchange.modify(
            asked["norenordno"],
            quantity=int(asked["qty"]),
            price=Decimal(asked["prc"]) or None,
            trigger=Decimal(asked["trgprc"]) if asked.get("trgprc") else None,
            type=_TYPES[asked["prctyp"]],
        )
        return web.json_response({"request_time": stamp(self.clock.now()), "stat": "Ok", "result": order.id})

    async def _cancel(self, asked: dict[str, Any]) -> web.Response:
        order = self.exchange.cancel(asked["norenordno"])
        return web.json_response({"request_time": stamp(self.clock.now()), "stat": "Ok", "result": order.id})

    def order_row(self, order: Any) -> dict[str, str]:
        row = super().order_row(order)
        return row | {"remarks": f"{order.tag}-M"} if order.extra.get("mark") else row

    async def _orders(self, asked: dict[str, Any]) -> web.Response:
        return _list([self.order_row(order) for order in reversed(self.exchange.orders.values())])

    async def _trades(self, asked: dict[str, Any]) -> web.Response:
        return _list([self.trade_row(trade) for trade in self.exchange.trades])

    # books

    async def _positions(self, asked: dict[str, Any]) -> web.Response:
        found = []
        for (key, product), row in self.exchange.positions().items():
            where, token, name = self.names[key]
            found.append(
                {
                    "stat": "Ok",
                    "exch": where,
                    "tsym": name,
                    "token": token,
                    "prd": PRODUCTS[product],
                    "netqty": str(row.net),
                    "netavgprc": text(row.average),
                    "daybuyqty": str(row.bought),
                    "daysellqty": str(row.sold),
                    "daybuyamt": text(row.bought_value),
                    "daysellamt": text(row.sold_value),
                    "cfbuyqty": "0",
                    "cfsellqty": "0",
                    "lp": text(row.last),
                    "urmtom": text(row.net * (row.last - row.average)),
                    "rpnl": "0.00",
                    "prcftr": "1.000000",
                }
            )
        return _list(found)

    async def _holdings(self, asked: dict[str, Any]) -> web.Response:
        where, token, name = self.names["NSE:INFY"]
        listing = {"exch": where, "token": token, "tsym": name}
        return _list([{"stat": "Ok", "exch_tsym": [listing], "holdqty": "10", "upldprc": "1500.00", "usedqty": "0"}])

    async def _limits(self, asked: dict[str, Any]) -> web.Response:
        return web.json_response(
            {
                "request_time": stamp(self.clock.now()),
                "stat": "Ok",
                "cash": text(self.exchange.cash),
                "payin": "0.00",
                "brkcollamt": "0.00",
                "marginused": text(self.exchange.used),
            }
        )

    async def _margin(self, asked: dict[str, Any]) -> web.Response:
        rows = [asked, *asked.get("basketlists", [])]
        total = sum((int(row["qty"]) * Decimal(row["prc"]) for row in rows), Decimal(0)) / 5
        return web.json_response({"stat": "Ok", "marginused": text(total), "marginusedtrade": text(total * 4 / 5)})

    # market data

    async def _quotes(self, asked: dict[str, Any]) -> web.Response:
        key = self.by_token.get(f"{asked['exch']}|{asked['token']}")
        if key is None:
            return _refused('Error Occurred : 5 "no data"')
        where, token, name = self.names[key]
        head = {"stat": "Ok", "request_time": stamp(self.clock.now()), "exch": where, "token": token, "tsym": name}
        return web.json_response(head | self.quote_row(key))

    async def _minutes(self, asked: dict[str, Any]) -> web.Response:
        rows = self._candles(f"{asked['exch']}|{asked['token']}", asked["st"], asked["et"], timedelta(hours=6))
        return _list([row | {"stat": "Ok"} for row in reversed(rows)])

    async def _days(self, asked: dict[str, Any]) -> web.Response:
        where, _, name = asked["sym"].partition(":")
        key = self.by_symbol[(where, name)]
        exchange, token, _ = self.names[key]
        rows = self._candles(f"{exchange}|{token}", asked["from"], asked["to"], timedelta(days=1))
        return web.json_response([json.dumps(row) for row in reversed(rows)])

    def _candles(self, token: str, start: str, end: str, step: timedelta) -> list[dict[str, str]]:
        last = self.exchange.books[self.by_token[token]].ltp
        at, until = (datetime.fromtimestamp(int(t), UTC) for t in (start, end))
        rows = []
        while at <= until:
            row = {"time": f"{at.astimezone(IST):%d-%m-%Y %H:%M:%S}", "ssboe": str(int(at.timestamp()))}
            row |= {
                "into": text(last),
                "inth": text(last + 1),
                "intl": text(last - 1),
                "intc": text(last),
                "intv": "10",
            }
            rows.append(row)
            at += step
        return rows

    async def _master(self, request: web.Request) -> web.StreamResponse:
        wanted = _MASTERS[request.match_info["name"]]
        lines = ["Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument,Expiry,Strike,Optiontype"]
        for key, one in self.exchange.instruments.items():
            where, token, name = self.names[key]
            if where != wanted:
                continue
            expiry = f"{one.expiry:%d-%b-%Y}".upper() if one.expiry else ""
            strike = text(one.strike) if one.strike else "0.00"
            symbol = name if one.kind == "INDEX" else one.name
            lines.append(
                f"{where},{token},{one.lot},{symbol},{name},{_WORDS[one.kind]},{expiry},{strike},{one.right or 'XX'}"
            )
        return web.Response(text="\n".join(lines) + "\n", content_type="text/csv")


def _refused(message: str) -> web.Response:
    return web.json_response({"stat": "Not_Ok", "request_time": "10:00:00 20-11-2026", "emsg": message})


def _list(rows: list[dict[str, Any]]) -> web.Response:
    return web.json_response(rows) if rows else _refused('Error Occurred : 5 "no data"')

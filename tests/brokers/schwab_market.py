"""Market data of the fake Schwab. Shapes as in the samples of the libraries."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.brokers.schwab import FakeSchwab

__all__ = ("Market",)


class Market:
    """Answers for one fake."""

    def __init__(self, fake: "FakeSchwab") -> None:
        self._fake = fake

    async def instruments(self, request: web.Request) -> web.StreamResponse:
        """Instruments by their exact symbols."""
        if request.query.get("projection") != "symbol-search":
            return _market_error(400, "Bad Request")
        found = []
        for symbol in request.query["symbol"].split(","):
            one = self._fake.exchange.instruments.get(self._fake.keys.get(symbol, ""))
            if one is not None:
                kind = "ETF" if symbol == "SPY" else "EQUITY"
                facts = {"cusip": "037833100", "symbol": symbol, "description": f"{one.name} Inc"}
                found.append(facts | {"exchange": "NASDAQ", "assetType": kind})
        return web.json_response({"instruments": found})

    async def quotes(self, request: web.Request) -> web.StreamResponse:
        """Snapshots by symbol."""
        found: dict[str, Any] = {}
        now = int(self._fake.clock.now().timestamp() * 1000)
        unknown = []
        for symbol in request.query["symbols"].split(","):
            key = self._fake.keys.get(symbol)
            if key is None:
                unknown.append(symbol)
                continue
            book = self._fake.exchange.books[key]
            found[symbol] = {
                "assetMainType": self._fake.exchange.instruments[key].kind,
                "ssid": 1,
                "symbol": symbol,
                "realtime": True,
                "quote": {
                    "lastPrice": float(book.ltp),
                    "lastSize": 1,
                    "bidPrice": float(book.bid),
                    "bidSize": 1,
                    "askPrice": float(book.ask),
                    "askSize": 1,
                    "openPrice": float(book.open),
                    "highPrice": float(book.high),
                    "lowPrice": float(book.low),
                    "closePrice": float(book.close),
                    "totalVolume": book.volume,
                    "quoteTime": now,
                    "tradeTime": now,
                },
            }
        if unknown:
            found["errors"] = {"invalidSymbols": unknown}
        return web.json_response(found)

    async def history(self, request: web.Request) -> web.StreamResponse:
        """Bars, where period and frequency go together."""
        asked = request.query
        allowed = {"minute": ("day", ("1", "5", "10", "15", "30")), "daily": ("year", ("1",))}
        allowed |= {"weekly": ("year", ("1",)), "monthly": ("year", ("1",))}
        period, frequencies = allowed[asked["frequencyType"]]
        if (
            asked["periodType"] != period
            or asked["frequency"] not in frequencies
            or asked["symbol"] not in self._fake.keys
        ):
            return _market_error(400, "Bad Request")
        days = {"daily": 1, "weekly": 7, "monthly": 30}.get(asked["frequencyType"])
        step = timedelta(days=days) if days else timedelta(minutes=int(asked["frequency"]))
        at, end = (datetime.fromtimestamp(int(asked[name]) / 1000, UTC) for name in ("startDate", "endDate"))
        price = float(self._fake.exchange.books[self._fake.keys[asked["symbol"]]].ltp)
        rows: list[dict[str, Any]] = []
        while at <= end and len(rows) < 2000:
            row = {"open": price, "high": price + 2, "low": price - 2, "close": price + 1, "volume": 1000}
            rows.append(row | {"datetime": int(at.timestamp() * 1000)})
            at += step
        return web.json_response({"symbol": asked["symbol"], "empty": not rows, "candles": rows})

    async def expirations(self, request: web.Request) -> web.StreamResponse:
        """The one expiry day there is."""
        day = {"expirationDate": self._fake.expiry.isoformat(), "daysToExpiration": 18, "expirationType": "W"}
        rows = [day | {"standard": True, "settlementType": "P", "optionRoots": request.query["symbol"]}]
        return web.json_response(
            {"status": "SUCCESS", "expirationList": rows if request.query["symbol"] == "AAPL" else []}
        )

    async def chain(self, request: web.Request) -> web.StreamResponse:
        """Calls and puts of a stretch of days."""
        maps: dict[str, Any] = {"callExpDateMap": {}, "putExpDateMap": {}}
        wanted = request.query["fromDate"] <= self._fake.expiry.isoformat() <= request.query["toDate"]
        for key, one in self._fake.exchange.instruments.items():
            if one.kind != "OPTION" or one.name != request.query["symbol"] or not wanted:
                continue
            book, call = self._fake.exchange.books[key], one.right == "CE"
            contract = {
                "putCall": "CALL" if call else "PUT",
                "symbol": self._fake.symbols[key],
                "bidPrice": float(book.bid),
                "askPrice": float(book.ask),
                "lastPrice": float(book.ltp),
                "strikePrice": float(one.strike or 0),
                "volatility": 25.0,
                "delta": 0.5 if call else -0.5,
                "openInterest": 12,
                "multiplier": 100.0,
            }
            rows = maps["callExpDateMap" if call else "putExpDateMap"].setdefault(f"{self._fake.expiry}:18", {})
            rows[f"{one.strike}.0"] = [contract]
        return web.json_response(
            {"symbol": request.query["symbol"], "status": "SUCCESS", "underlyingPrice": 800.0} | maps
        )


def _market_error(status: int, title: str) -> web.Response:
    return web.Response(
        status=status,
        text=json.dumps({"errors": [{"id": "1", "status": str(status), "title": title}]}),
        content_type="application/json",
    )

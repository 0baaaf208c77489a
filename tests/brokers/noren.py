"""What the fakes of Noren brokers share: names, messages of the socket, rows of the books."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from server.core.clock import IST, Clock
from server.domain.instruments import Instrument
from tests.brokers.base import FakeBroker
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade

__all__ = ("PRODUCTS", "FakeNoren", "noren_symbol", "stamp", "text")

_STATES = {
    "OPEN": "OPEN",
    "TRIGGER_PENDING": "TRIGGER_PENDING",
    "FILLED": "COMPLETE",
    "CANCELLED": "CANCELED",
    "REJECTED": "REJECTED",
}
_REPORTS = {
    "OPEN": "New",
    "TRIGGER_PENDING": "TriggerPending",
    "FILLED": "Fill",
    "CANCELLED": "Canceled",
    "REJECTED": "Rejected",
}
_TYPES = {"MARKET": "MKT", "LIMIT": "LMT", "SL": "SL-LMT", "SL-M": "SL-MKT"}
PRODUCTS = {"CNC": "C", "NRML": "M", "MIS": "I"}
_INDEX = {"NIFTY": "Nifty 50", "BANKNIFTY": "Nifty Bank"}


def noren_symbol(one: Instrument) -> str:
    """The trading symbol."""
    if one.kind == "INDEX":
        return _INDEX[one.name]
    if one.kind == "EQUITY":
        return f"{one.symbol}-EQ"
    assert one.expiry is not None
    tail = "F" if one.kind == "FUTURE" else f"{str(one.right)[0]}{one.strike:f}"
    return f"{one.name}{one.expiry:%d%b%y}".upper() + tail


def stamp(at: datetime) -> str:
    """`HH:MM:SS DD-MM-YYYY`."""
    return f"{at.astimezone(IST):%H:%M:%S %d-%m-%Y}"


def text(value: Decimal | int | None) -> str:
    """Every figure is text."""
    return format(Decimal(value), "f") if value is not None else "0"


class FakeNoren(FakeBroker):
    """Tokens, symbols and the socket of a Noren back end."""

    hello = "a"
    """What signs in on the socket: `a` with an access token, `c` with a session's digest."""

    def __init__(self, exchange: FakeExchange, clock: Clock) -> None:
        super().__init__(exchange, clock)
        self.access = ""
        self._watched: dict[web.WebSocketResponse, dict[str, str]] = {}
        self._told: dict[str, dict[str, str]] = {}
        self.names: dict[str, tuple[str, str, str]] = {}
        """Key -> exchange, token, trading symbol."""
        for number, (key, one) in enumerate(exchange.instruments.items(), start=3001):
            where = "NSE" if one.kind == "INDEX" else one.exchange
            self.names[key] = (where, str(number), noren_symbol(one))
        self.by_symbol = {(where, name): key for key, (where, _, name) in self.names.items()}
        self.by_token = {f"{where}|{token}": key for key, (where, token, _) in self.names.items()}
        self.route("GET", "/ws", "", self._socket)

    def expire(self) -> None:
        self.access = ""

    def watching(self) -> int:
        return sum(map(len, self._watched.values()))

    def signed_in(self, asked: dict[str, Any]) -> bool:
        """Whether what a socket says signs in."""
        return bool(self.access) and asked.get("accesstoken") == self.access

    def acknowledged(self, signed: bool) -> dict[str, str]:
        """The answer to a sign-in."""
        return {"t": f"{self.hello}k", "s": "OK" if signed else "NOT_OK"}

    # rows

    def order_row(self, order: FakeOrder) -> dict[str, str]:
        """A row of the book, and the body of an `om` message."""
        where, token, name = self.names[order.key]
        row = {
            "stat": "Ok",
            "norenordno": order.id,
            "uid": "FT001",
            "actid": "FT001",
            "exch": where,
            "tsym": name,
            "token": token,
            "qty": str(order.quantity),
            "trantype": order.side[0],
            "prctyp": _TYPES[order.type],
            "ret": order.validity,
            "prd": PRODUCTS[order.product],
            "prc": text(order.price),
            "trgprc": text(order.trigger),
            "dscqty": str(order.disclosed),
            "status": _STATES[order.state],
            "norentm": stamp(order.at),
            "exch_tm": stamp(order.updated),
            "remarks": order.tag,
            "exchordid": order.exchange_id,
        }
        if order.filled:
            row |= {"fillshares": str(order.filled), "avgprc": text(order.average)}
        if order.reason:
            row["rejreason"] = order.reason
        return row

    def trade_row(self, trade: FakeTrade) -> dict[str, str]:
        """A row of the trade book."""
        where, token, name = self.names[trade.order.key]
        return {
            "stat": "Ok",
            "norenordno": trade.order.id,
            "exch": where,
            "tsym": name,
            "token": token,
            "trantype": trade.order.side[0],
            "prd": PRODUCTS[trade.order.product],
            "flid": trade.id,
            "flqty": str(trade.quantity),
            "flprc": text(trade.price),
            "fltm": f"{trade.at.astimezone(IST):%d-%m-%Y %H:%M:%S}",
            "norentm": stamp(trade.order.at),
            "remarks": trade.order.tag,
            "exchordid": trade.order.exchange_id,
        }

    def quote_row(self, key: str) -> dict[str, str]:
        """Prices of an instrument, one level a side."""
        book = self.exchange.books[key]
        row = {
            "lp": text(book.ltp),
            "o": text(book.open),
            "h": text(book.high),
            "l": text(book.low),
            "c": text(book.close),
            "v": str(book.volume),
        }
        if self.exchange.instruments[key].kind != "INDEX":
            row |= {"bp1": text(book.bid), "bq1": str(book.bid_left), "sp1": text(book.ask), "sq1": str(book.ask_left)}
        return row

    # the socket

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        message = self.order_row(order) | {"t": "om", "reporttype": "Fill" if trade else _REPORTS[order.state]}
        if trade is not None:
            row = self.trade_row(trade)
            message |= {name: row[name] for name in ("flid", "flqty", "flprc", "fltm")}
        self.push(self.order_sockets, json.dumps(message), order=True)

    def on_price(self, key: str) -> None:
        """A delta: only what changed since the last message."""
        where, token, _ = self.names[key]
        name = f"{where}|{token}"
        now = self.quote_row(key)
        changed = {field: value for field, value in now.items() if self._told.get(name, {}).get(field) != value}
        self._told[name] = now
        for ws, held in self._watched.items():
            if (word := held.get(name)) is not None:
                head = {"t": f"{word}f", "e": where, "tk": token, "ft": str(int(self.clock.now().timestamp()))}
                self.push({ws}, json.dumps(head | changed))

    def beat(self) -> None:
        self.push(self.price_sockets, '{"t":"hk"}')

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        signed = False
        try:
            async for message in ws:
                asked = json.loads(message.data)
                word = asked.get("t")
                if word == self.hello:
                    signed = self.signed_in(asked)
                    await ws.send_str(json.dumps(self.acknowledged(signed)))
                    if signed:
                        self.price_sockets.add(ws)
                        self._watched[ws] = {}
                elif not signed:
                    break
                elif word == "h":
                    await ws.send_str('{"t":"hk"}')
                elif word == "o":
                    self.order_sockets.add(ws)
                elif word in ("t", "d", "u", "ud"):
                    await self._subscribe(ws, word, str(asked.get("k", "")).split("#"))
        finally:
            self.order_sockets.discard(ws)
            self.price_sockets.discard(ws)
            self._watched.pop(ws, None)
        return ws

    async def _subscribe(self, ws: web.WebSocketResponse, word: str, names: list[str]) -> None:
        held = self._watched[ws]
        for name in names:
            key = self.by_token.get(name)
            if key is None:
                continue
            if word in ("u", "ud"):
                held.pop(name, None)
                continue
            held[name] = word
            where, token, symbol = self.names[key]
            head = {
                "t": f"{word}k",
                "e": where,
                "tk": token,
                "ts": symbol,
                "ft": str(int(self.clock.now().timestamp())),
            }
            await ws.send_str(json.dumps(head | self.quote_row(key)))

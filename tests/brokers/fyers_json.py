"""What a fake FYERS answers: its account and market as FYERS writes them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from server.core.clock import IST, Clock
from server.domain.instruments import Instrument
from tests.brokers.exchange import FakeExchange, FakeOrder, FakePosition, FakeTrade

__all__ = ("INDEX", "TYPES", "USER", "FyersJson", "name_of", "token_of")

D = Decimal
USER = "FX0001"
_SEGMENT = {"NSE": "1010", "NFO": "1011", "BSE": "1210", "BFO": "1211", "NSE_INDEX": "1010"}
INDEX = {"NIFTY": ("NSE:NIFTY50-INDEX", "Nifty 50"), "BANKNIFTY": ("NSE:NIFTYBANK-INDEX", "Nifty Bank")}
_STATES = {"OPEN": 6, "TRIGGER_PENDING": 6, "FILLED": 2, "CANCELLED": 1, "REJECTED": 5}
TYPES = {1: "LIMIT", 2: "MARKET", 3: "SL-M", 4: "SL"}
_NUMBERS = {name: number for number, name in TYPES.items()}


class FyersJson:
    """The rows of one fake exchange, by FYERS' names and tokens."""

    def __init__(self, exchange: FakeExchange, clock: Clock, names: dict[str, str], tokens: dict[str, str]) -> None:
        self.exchange, self.clock = exchange, clock
        self.names, self.tokens = names, tokens
        self.keys = {name: key for key, name in names.items()}

    def order(self, order: FakeOrder) -> dict[str, Any]:
        """An order of the book."""
        return {
            "clientId": USER,
            "id": order.id,
            "exchOrdId": order.exchange_id,
            "qty": order.quantity,
            "remainingQuantity": order.left,
            "filledQty": order.filled,
            "discloseQty": order.disclosed,
            "limitPrice": float(order.price or 0),
            "stopPrice": float(order.trigger or 0) if order.state == "TRIGGER_PENDING" or order.trigger else 0,
            "tradedPrice": float(order.average),
            "type": _NUMBERS[order.type],
            "fyToken": self.tokens[order.key],
            "exchange": 10,
            "segment": 10,
            "symbol": self.names[order.key],
            "instrument": 0,
            "message": order.reason,
            "offlineOrder": order.after_market,
            "orderDateTime": _stamp(order.updated),
            "orderValidity": order.validity,
            "pan": "",
            "productType": order.product,
            "side": 1 if order.side == "BUY" else -1,
            "status": _STATES[order.state],
            "source": "ITS",
            "orderNumStatus": f"{order.id}:{_STATES[order.state]}",
            "orderTag": f"1:{order.tag}" if order.tag else "2:Untagged",
        }

    def trade(self, trade: FakeTrade) -> dict[str, Any]:
        """An execution of the book."""
        order = trade.order
        return {
            "clientId": USER,
            "orderDateTime": _stamp(trade.at),
            "orderNumber": order.id,
            "exchangeOrderNo": order.exchange_id,
            "exchange": 10,
            "side": 1 if order.side == "BUY" else -1,
            "segment": 10,
            "orderType": _NUMBERS[order.type],
            "fyToken": self.tokens[order.key],
            "productType": order.product,
            "tradedQty": trade.quantity,
            "tradePrice": float(trade.price),
            "tradeValue": float(trade.price * trade.quantity),
            "tradeNumber": trade.id,
            "symbol": self.names[order.key],
            "orderTag": f"1:{order.tag}" if order.tag else "2:Untagged",
        }

    def position(self, key: str, product: str, row: FakePosition) -> dict[str, Any]:
        """A position."""
        return {
            "netQty": row.net,
            "netAvg": float(row.average),
            "side": (row.net > 0) - (row.net < 0),
            "productType": product,
            "realized_profit": 0.0,
            "unrealized_profit": float(row.sold_value - row.bought_value + row.net * row.last),
            "ltp": float(row.last),
            "buyQty": row.bought,
            "buyVal": float(row.bought_value),
            "sellQty": row.sold,
            "sellVal": float(row.sold_value),
            "fyToken": self.tokens[key],
            "qtyMulti_com": 1.0,
            "symbol": self.names[key],
        }

    def quote(self, name: str) -> dict[str, Any]:
        """A quote; an error where nothing has this name."""
        key = self.keys.get(name)
        if key is None:
            return {"n": name, "s": "error", "v": {"code": -300, "errmsg": "invalid symbol", "s": "error"}}
        book = self.exchange.books[key]
        value = {
            "lp": float(book.ltp),
            "bid": float(book.bid),
            "ask": float(book.ask),
            "open_price": float(book.open),
            "high_price": float(book.high),
            "low_price": float(book.low),
            "prev_close_price": float(book.close),
            "atp": float(book.ltp),
            "volume": book.volume,
            "symbol": name,
            "fyToken": self.tokens[key],
            "tt": str(int(self.clock.now().timestamp())),
        }
        return {"n": name, "s": "ok", "v": value}

    def pushed_order(self, order: FakeOrder) -> dict[str, Any]:
        """An order by the back end's own names."""
        return {
            "client_id": USER,
            "id": order.id,
            "id_exchange": order.exchange_id,
            "qty": order.quantity,
            "qty_remaining": order.left,
            "qty_filled": order.filled,
            "price_limit": float(order.price or 0),
            "price_stop": float(order.trigger or 0),
            "price_traded": float(order.average),
            "ord_type": _NUMBERS[order.type],
            "fy_token": self.tokens[order.key],
            "symbol": self.names[order.key],
            "oms_msg": order.reason,
            "time_oms": _stamp(order.updated),
            "validity": order.validity,
            "product_type": order.product,
            "tran_side": 1 if order.side == "BUY" else -1,
            "org_ord_status": _STATES[order.state],
            "ordertag": f"1:{order.tag}" if order.tag else "2:Untagged",
        }

    def pushed_trade(self, order: FakeOrder, trade: FakeTrade) -> dict[str, Any]:
        """An execution by the back end's own names."""
        return {
            "id_fill": trade.id,
            "id": order.id,
            "qty_traded": str(trade.quantity),
            "price_traded": str(trade.price),
            "product_type": order.product,
            "id_exchange": order.exchange_id,
            "ord_type": str(_NUMBERS[order.type]),
            "tran_side": "1" if order.side == "BUY" else "-1",
            "symbol": self.names[order.key],
            "fill_time": _stamp(trade.at),
            "fy_token": self.tokens[order.key],
        }


def token_of(number: int, one: Instrument) -> str:
    """An fyToken: segment, expiry, number."""
    day = one.expiry or datetime(2020, 1, 1, tzinfo=IST).date()
    return f"{_SEGMENT[one.exchange]}{day:%y%m%d}{number}"


def name_of(one: Instrument) -> str:
    """A symbol, as NSE:SBIN-EQ."""
    if one.kind == "INDEX":
        return INDEX[one.name][0]
    if one.expiry is None:
        return f"{one.exchange}:{one.symbol}-EQ"
    month = f"{one.expiry:%y%b}".upper()
    tail = "FUT" if one.kind == "FUTURE" else f"{one.strike:f}{one.right}"
    return f"NSE:{one.name}{month}{tail}"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%d-%b-%Y %H:%M:%S}"

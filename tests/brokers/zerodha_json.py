"""What a fake Kite answers: its account and market as Kite writes them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from server.core.clock import IST, Clock
from server.domain.instruments import Instrument
from tests.brokers.exchange import FakeExchange, FakeOrder, FakePosition, FakeTrade

__all__ = ("USER", "KiteJson", "ist", "json_number", "kite_name", "margins")

D = Decimal
USER = "FK0001"
_INDEX = {"NIFTY": "NIFTY 50", "BANKNIFTY": "NIFTY BANK", "SENSEX": "SENSEX"}
_STATES = {
    "OPEN": "OPEN",
    "TRIGGER_PENDING": "TRIGGER PENDING",
    "FILLED": "COMPLETE",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
}


class KiteJson:
    """The rows of one fake exchange, by Kite's names and tokens."""

    def __init__(
        self, exchange: FakeExchange, clock: Clock, names: dict[str, tuple[str, str]], tokens: dict[str, int]
    ) -> None:
        self.exchange, self.clock = exchange, clock
        self.names, self.tokens = names, tokens

    def order(self, order: FakeOrder) -> dict[str, Any]:
        """An order."""
        exchange, symbol = self.names[order.key]
        ended = order.state in ("CANCELLED", "REJECTED")
        return {
            "placed_by": USER,
            "order_id": order.id,
            "exchange_order_id": order.exchange_id,
            "parent_order_id": order.parent or None,
            "status": _STATES[order.state] if not order.after_market or order.state != "OPEN" else "AMO REQ RECEIVED",
            "status_message": order.reason or None,
            "status_message_raw": order.reason or None,
            "order_timestamp": ist(order.at),
            "exchange_update_timestamp": ist(order.updated),
            "exchange_timestamp": ist(order.at),
            "variety": order.extra.get("variety", "regular"),
            "modified": False,
            "exchange": exchange,
            "tradingsymbol": symbol,
            "instrument_token": self.tokens[order.key],
            "order_type": order.type,
            "transaction_type": order.side,
            "validity": order.validity,
            "product": order.product,
            "quantity": order.quantity,
            "disclosed_quantity": order.disclosed,
            "price": json_number(order.price or D(0)),
            "trigger_price": json_number(order.trigger or D(0)),
            "average_price": json_number(order.average),
            "filled_quantity": order.filled,
            "pending_quantity": order.left,
            "cancelled_quantity": order.left if ended else 0,
            "market_protection": 0,
            "meta": {},
            "tag": order.tag or None,
            "guid": "XXXXX",
        }

    def trade(self, trade: FakeTrade) -> dict[str, Any]:
        """An execution."""
        exchange, symbol = self.names[trade.order.key]
        return {
            "trade_id": trade.id,
            "order_id": trade.order.id,
            "exchange": exchange,
            "tradingsymbol": symbol,
            "instrument_token": self.tokens[trade.order.key],
            "product": trade.order.product,
            "average_price": json_number(trade.price),
            "quantity": trade.quantity,
            "exchange_order_id": trade.order.exchange_id,
            "transaction_type": trade.order.side,
            "fill_timestamp": ist(trade.at),
            "order_timestamp": ist(trade.at)[11:],
            "exchange_timestamp": ist(trade.at),
        }

    def position(self, key: str, product: str, row: FakePosition) -> dict[str, Any]:
        """A position."""
        exchange, symbol = self.names[key]
        profit = row.sold_value - row.bought_value + row.net * row.last
        return {
            "tradingsymbol": symbol,
            "exchange": exchange,
            "instrument_token": self.tokens[key],
            "product": product,
            "quantity": row.net,
            "overnight_quantity": 0,
            "multiplier": 1,
            "average_price": json_number(row.average if row.net else D(0)),
            "close_price": 0,
            "last_price": json_number(row.last),
            "value": json_number(row.sold_value - row.bought_value),
            "pnl": json_number(profit),
            "m2m": json_number(profit),
            "unrealised": json_number(profit),
            "realised": 0,
            "buy_quantity": row.bought,
            "buy_value": json_number(row.bought_value),
            "sell_quantity": row.sold,
            "sell_value": json_number(row.sold_value),
        }

    def quote(self, key: str) -> dict[str, Any]:
        """A quote with five levels a side."""
        book = self.exchange.books[key]
        none = {"price": 0, "quantity": 0, "orders": 0}
        now = ist(self.clock.now())
        return {
            "instrument_token": self.tokens[key],
            "timestamp": now,
            "last_trade_time": now,
            "last_price": json_number(book.ltp),
            "last_quantity": 1,
            "buy_quantity": book.bid_left,
            "sell_quantity": book.ask_left,
            "volume": book.volume,
            "average_price": json_number(book.ltp),
            "oi": 0,
            "oi_day_high": 0,
            "oi_day_low": 0,
            "net_change": 0,
            "lower_circuit_limit": json_number(book.close * D("0.8")),
            "upper_circuit_limit": json_number(book.close * D("1.2")),
            "ohlc": {n: json_number(getattr(book, n)) for n in ("open", "high", "low", "close")},
            "depth": {
                "buy": [{"price": json_number(book.bid), "quantity": book.bid_left, "orders": 1}, *[none] * 4],
                "sell": [{"price": json_number(book.ask), "quantity": book.ask_left, "orders": 1}, *[none] * 4],
            },
        }


def kite_name(one: Instrument) -> tuple[str, str]:
    """Exchange and trading symbol by Kite's names."""
    if one.kind == "INDEX":
        return one.exchange.removesuffix("_INDEX"), _INDEX.get(one.name, one.name)
    if one.expiry is None:
        return one.exchange, one.symbol
    month = f"{one.expiry:%y%b}".upper()
    if one.kind == "FUTURE":
        return one.exchange, f"{one.name}{month}FUT"
    return one.exchange, f"{one.name}{month}{one.strike:f}{one.right}"


def margins(cash: Decimal, used: Decimal) -> dict[str, Any]:
    """A segment's funds."""
    return {
        "enabled": True,
        "net": json_number(cash - used),
        "available": {
            "adhoc_margin": 0,
            "cash": json_number(cash),
            "opening_balance": json_number(cash),
            "live_balance": json_number(cash - used),
            "collateral": 0,
            "intraday_payin": 0,
        },
        "utilised": {"debits": json_number(used), "exposure": 0, "m2m_realised": 0, "m2m_unrealised": 0, "span": 0},
    }


def json_number(value: Decimal) -> float | int:
    """As JSON numbers go out: whole ones without a point."""
    return int(value) if value == value.to_integral_value() else float(value)


def ist(moment: datetime) -> str:
    """A naive IST time."""
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")

"""What a fake Upstox answers: its account and market as Upstox writes them."""

from datetime import datetime, time
from decimal import Decimal
from typing import Any

from server.core.clock import IST, Clock
from server.domain.instruments import Instrument
from tests.brokers.exchange import FakeExchange, FakeOrder, FakePosition, FakeTrade

__all__ = ("USER", "UpstoxJson", "epoch_ms", "token_of")

D = Decimal
USER = "UF0001"
_SEGMENT = {"NSE": "NSE_EQ", "BSE": "BSE_EQ", "NFO": "NSE_FO", "BFO": "BSE_FO", "NSE_INDEX": "NSE_INDEX"}
_INDEX = {"NIFTY": "Nifty 50", "BANKNIFTY": "Nifty Bank"}
_STATES = {
    "OPEN": "open",
    "TRIGGER_PENDING": "trigger pending",
    "FILLED": "complete",
    "CANCELLED": "cancelled",
    "REJECTED": "rejected",
}


class UpstoxJson:
    """The rows of one fake exchange, by Upstox's names and keys."""

    def __init__(self, exchange: FakeExchange, clock: Clock, tokens: dict[str, str]) -> None:
        self.exchange, self.clock = exchange, clock
        self.tokens = tokens

    def name(self, key: str) -> dict[str, str]:
        """How every row names its instrument."""
        one = self.exchange.instruments[key]
        return {
            "exchange": one.exchange,
            "instrument_token": self.tokens[key],
            "trading_symbol": one.symbol,
            "tradingsymbol": one.symbol,
        }

    def order(self, order: FakeOrder) -> dict[str, Any]:
        """An order."""
        state = _STATES[order.state]
        if order.after_market and order.state == "OPEN":
            state = "after market order req received"
        return {
            **self.name(order.key),
            "product": order.product,
            "price": float(order.price or 0),
            "quantity": order.quantity,
            "status": state,
            "guid": None,
            "tag": order.tag or None,
            "placed_by": USER,
            "order_type": order.type,
            "validity": order.validity,
            "trigger_price": float(order.trigger or 0),
            "disclosed_quantity": order.disclosed,
            "transaction_type": order.side,
            "average_price": float(order.average),
            "filled_quantity": order.filled,
            "pending_quantity": order.left,
            "status_message": order.reason or None,
            "status_message_raw": order.reason or None,
            "exchange_order_id": order.exchange_id,
            "parent_order_id": None,
            "order_id": order.id,
            "variety": "SIMPLE",
            "order_timestamp": _ist(order.at),
            "exchange_timestamp": _ist(order.updated),
            "is_amo": order.after_market,
            "order_request_id": "1",
            "order_ref_id": f"ref{order.id}",
        }

    def trade(self, trade: FakeTrade) -> dict[str, Any]:
        """An execution."""
        order = trade.order
        return {
            **self.name(order.key),
            "product": order.product,
            "order_type": order.type,
            "transaction_type": order.side,
            "quantity": trade.quantity,
            "exchange_order_id": order.exchange_id,
            "order_id": order.id,
            "exchange_timestamp": f"{trade.at.astimezone(IST):%d-%b-%Y %H:%M:%S}",
            "average_price": float(trade.price),
            "trade_id": trade.id,
            "order_ref_id": f"ref{order.id}",
            "order_timestamp": f"{order.at.astimezone(IST):%d-%b-%Y %H:%M:%S}",
        }

    def position(self, key: str, product: str, row: FakePosition) -> dict[str, Any]:
        """A position."""
        return {
            **self.name(key),
            "multiplier": 1.0,
            "value": float(row.bought_value - row.sold_value),
            "pnl": float(row.sold_value - row.bought_value + row.net * row.last),
            "product": product,
            "average_price": float(row.average) if row.net else None,
            "buy_value": float(row.bought_value),
            "overnight_quantity": 0,
            "day_buy_quantity": row.bought,
            "day_sell_quantity": row.sold,
            "quantity": row.net,
            "last_price": float(row.last),
            "unrealised": float(row.sold_value - row.bought_value + row.net * row.last),
            "realised": 0.0,
            "sell_value": float(row.sold_value),
            "close_price": 0.0,
        }

    def quote(self, key: str) -> dict[str, Any]:
        """A quote with five levels a side."""
        book, now = self.exchange.books[key], self.clock.now()
        none = {"quantity": 0, "price": 0, "orders": 0}
        return {
            "ohlc": {n: float(getattr(book, n)) for n in ("open", "high", "low", "close")},
            "depth": {
                "buy": [{"quantity": book.bid_left, "price": float(book.bid), "orders": 1}, *[none] * 4],
                "sell": [{"quantity": book.ask_left, "price": float(book.ask), "orders": 1}, *[none] * 4],
            },
            "timestamp": now.astimezone(IST).isoformat(timespec="milliseconds"),
            "instrument_token": self.tokens[key],
            "symbol": self.exchange.instruments[key].symbol,
            "last_price": float(book.ltp),
            "volume": book.volume,
            "average_price": float(book.ltp),
            "oi": 0,
            "net_change": 0,
            "total_buy_quantity": book.bid_left,
            "total_sell_quantity": book.ask_left,
            "lower_circuit_limit": float(book.close * D("0.8")),
            "upper_circuit_limit": float(book.close * D("1.2")),
            "last_trade_time": str(epoch_ms(now)),
            "oi_day_high": 0,
            "oi_day_low": 0,
        }

    def listing(self, key: str, one: Instrument) -> dict[str, Any]:
        """A row of the master."""
        token = self.tokens[key]
        row: dict[str, Any] = {
            "segment": token.partition("|")[0],
            "name": one.title or one.name,
            "exchange": "NSE",
            "instrument_type": one.right or {"EQUITY": "EQ", "FUTURE": "FUT", "INDEX": "INDEX"}[one.kind],
            "instrument_key": token,
            "exchange_token": "1",
            "trading_symbol": _INDEX.get(one.symbol, one.symbol) if one.kind == "INDEX" else one.symbol,
        }
        if one.kind != "INDEX":
            row |= {"lot_size": one.lot, "tick_size": float(one.tick * 100)}
        if one.expiry is not None:
            end = datetime.combine(one.expiry, time(23, 59, 59), IST)
            row |= {"expiry": epoch_ms(end), "underlying_symbol": one.name, "strike_price": float(one.strike or 0)}
        return row


def token_of(number: int, one: Instrument) -> str:
    """An instrument key, as NSE_EQ|INE000000001."""
    segment = _SEGMENT[one.exchange]
    if one.kind == "INDEX":
        return f"{segment}|{_INDEX.get(one.symbol, one.symbol)}"
    return f"{segment}|{40000 + number}" if one.derivative else f"{segment}|INE{number:09d}"


def _ist(moment: datetime) -> str:
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)

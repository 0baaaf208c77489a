"""What Alpaca sends, field by field, by its own names. Numbers are text or JSON numbers: typed Any, read exactly."""

from typing import Any

import msgspec

__all__ = (
    "Account",
    "Activity",
    "Asset",
    "Bar",
    "Book",
    "BookLevel",
    "Contract",
    "ErrorBody",
    "OptionSnapshot",
    "OrderBody",
    "Part",
    "PositionBody",
    "Quote",
    "Snapshot",
    "StreamMessage",
    "Trade",
    "TradeUpdate",
    "TradeUpdateFrame",
)


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order."""

    id: str
    status: str
    side: str | None = None
    symbol: str | None = None
    client_order_id: str | None = None
    asset_id: str | None = None
    qty: Any = None
    notional: Any = None
    filled_qty: Any = None
    filled_avg_price: Any = None
    type: str | None = None
    order_type: str | None = None
    order_class: str | None = None
    time_in_force: str | None = None
    limit_price: Any = None
    stop_price: Any = None
    created_at: str | None = None
    submitted_at: str | None = None
    updated_at: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    legs: "tuple[OrderBody, ...] | None" = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a multi-status answer: an order cancelled or a position closed, or why not."""

    status: int
    id: str = ""
    symbol: str = ""
    body: Any = None


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal."""

    message: str
    code: int | None = None


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """A FILL of /account/activities."""

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Any
    price: Any
    transaction_time: str
    activity_type: str = "FILL"
    cum_qty: Any = None


class PositionBody(msgspec.Struct, frozen=True, kw_only=True):
    """An open position."""

    symbol: str
    qty: Any
    side: str = "long"
    asset_id: str = ""
    exchange: str = ""
    asset_class: str = ""
    avg_entry_price: Any = None
    current_price: Any = None
    lastday_price: Any = None
    unrealized_pl: Any = None
    cost_basis: Any = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account."""

    account_number: str
    buying_power: Any
    cash: Any
    status: str = ""
    equity: Any = None
    initial_margin: Any = None
    currency: str = "USD"


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the asset master."""

    id: str
    asset_class: str = msgspec.field(name="class")
    exchange: str
    symbol: str
    status: str
    tradable: bool
    name: str | None = None
    price_increment: Any = None
    min_trade_increment: Any = None
    min_order_size: Any = None
    fractionable: bool = False


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """An option contract."""

    id: str
    symbol: str
    status: str
    tradable: bool
    expiration_date: str
    underlying_symbol: str
    type: str
    strike_price: Any
    size: Any = None
    name: str = ""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar."""

    t: str
    o: Any
    h: Any
    l: Any  # noqa: E741 - the service's own name
    c: Any
    v: Any = None


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A best bid and offer."""

    t: str
    bp: Any = None
    bs: Any = None
    ap: Any = None
    asked: Any = msgspec.field(name="as", default=None)


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of the market."""

    t: str
    p: Any
    s: Any = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A snapshot of a share or coin; any part may be missing."""

    latest_trade: Trade | None = None
    latest_quote: Quote | None = None
    minute_bar: Bar | None = None
    daily_bar: Bar | None = None
    prev_daily_bar: Bar | None = None


class Greeks(msgspec.Struct, frozen=True, kw_only=True):
    """Greeks of an option."""

    delta: Any = None
    gamma: Any = None
    theta: Any = None
    vega: Any = None


class OptionSnapshot(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A snapshot of an option."""

    latest_trade: Trade | None = None
    latest_quote: Quote | None = None
    daily_bar: Bar | None = None
    prev_daily_bar: Bar | None = None
    greeks: Greeks | None = None
    implied_volatility: Any = None


class BookLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A price of a crypto book."""

    p: Any
    s: Any


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A crypto book."""

    t: str
    b: tuple[BookLevel, ...] = ()
    a: tuple[BookLevel, ...] = ()


class StreamMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the price stream; which fields are set depends on `T`."""

    T: str = ""
    S: str = ""
    t: str = ""
    msg: str = ""
    code: int | None = None
    p: Any = None
    s: Any = None
    bp: Any = None
    bs: Any = None
    ap: Any = None
    asked: Any = msgspec.field(name="as", default=None)
    o: Any = None
    h: Any = None
    l: Any = None  # noqa: E741 - the service's own name
    c: Any = None
    v: Any = None
    b: Any = None
    a: Any = None
    r: bool = False


class TradeUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a trade update."""

    event: str
    order: OrderBody
    price: Any = None
    qty: Any = None
    timestamp: str | None = None
    execution_id: str | None = None


class TradeUpdateFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of the order stream."""

    stream: str = ""
    action: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")

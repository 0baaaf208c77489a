"""What brokers tell, in one vocabulary: lines of their books as they stand, before Sauda draws any conclusion.

`brokers/<name>/parse.py` makes these out of bytes and nothing else does. Numbers are exact Decimals (never by way of a
float), moments aware UTC at the source's own precision. `symbol` and `exchange` are the broker's own words; the
adapter's `symbols.py` maps them to canonical keys. A normalised word that the broker used and we do not know is
`UNKNOWN`; the `raw_...` field beside it keeps what was said. A figure the broker did not give is None, never 0.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = (
    "BarLine",
    "BeatEvent",
    "ChainLine",
    "ChainSide",
    "DepthEvent",
    "DepthLevel",
    "Event",
    "FundsLine",
    "GttLine",
    "HoldingLine",
    "LineState",
    "ListingLine",
    "MarginLine",
    "NoticeEvent",
    "OrderEvent",
    "OrderLine",
    "PositionEvent",
    "PositionLine",
    "QuoteLine",
    "Receipt",
    "ReceiptPart",
    "Refusal",
    "RefusalKind",
    "SessionGrant",
    "TickEvent",
    "TradeEvent",
    "TradeLine",
)

LineState = Literal[
    "PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL", "FILLED", "CANCELLED", "REJECTED", "EXPIRED", "UNKNOWN"
]
"""PENDING: with the broker, not yet at the exchange (validation, after-market). UNKNOWN: a word we do not know."""

LineSide = Literal["BUY", "SELL", "UNKNOWN"]
LineType = Literal["MARKET", "LIMIT", "SL", "SL-M", "UNKNOWN"]
LineProduct = Literal["MIS", "NRML", "CNC", "MTF", "CO", "BO", "NONE", "UNKNOWN"]
"""NONE: the broker has no products (US shares, crypto, foreign exchange)."""
LineValidity = Literal["DAY", "IOC", "GTC", "GTD", "FOK", "TTL", "OPG", "CLS", "UNKNOWN"]

RefusalKind = Literal[
    "auth", "input", "order", "funds", "permission", "rate", "not_found", "duplicate", "network", "other"
]
"""What the caller can do: sign in, mend the input, accept the refusal, add funds, ask for rights, wait, look elsewhere,
look up the first one, treat the fate as unknown, read the message."""


class SessionGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that worked. Its repr shows no token."""

    user: str
    name: str = ""
    access_token: str = ""
    refresh_token: str = ""
    feed_token: str = ""
    issued: datetime | None = None
    expires: datetime | None = None
    """None when the answer does not say; the manifest's session end applies then."""
    exchanges: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"SessionGrant(user={self.user!r}, expires={self.expires})"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's no, or its word that it cannot say."""

    kind: RefusalKind
    code: str
    message: str
    fate_unknown: bool = False
    """True where an order may exist in spite of this answer (back-end time-outs): never a proof of refusal."""


class ReceiptPart(msgspec.Struct, frozen=True, kw_only=True):
    """One of several orders made by one call (slices, batches): an id or a refusal."""

    broker_id: str = ""
    refusal: Refusal | None = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the broker's book."""

    broker_id: str
    exchange_id: str = ""
    client_id: str = ""
    """Our id as the broker kept it (client order id or tag); empty when there is none."""
    parent_id: str = ""
    symbol: str
    exchange: str = ""
    token: str = ""
    side: LineSide
    quantity: Decimal
    filled: Decimal = Decimal(0)
    pending: Decimal | None = None
    """Still to fill as we compute it where the broker's own figure is known to be wrong."""
    cancelled: Decimal | None = None
    price: Decimal | None = None
    """Limit price; None for a market order."""
    trigger: Decimal | None = None
    average: Decimal | None = None
    """None while nothing is filled."""
    disclosed: Decimal | None = None
    type: LineType
    product: LineProduct
    validity: LineValidity
    variety: str = ""
    state: LineState
    raw_state: str
    reason: str = ""
    placed: datetime | None = None
    """When the broker took it."""
    updated: datetime | None = None
    """When the exchange, else the broker, changed it last."""
    tags: tuple[str, ...] = ()
    fetch_again: bool = False
    """The line is a hint only: read the book for the truth."""


class TradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One execution."""

    execution: str
    broker_id: str
    exchange_id: str = ""
    client_id: str = ""
    symbol: str
    exchange: str = ""
    token: str = ""
    side: LineSide
    quantity: Decimal
    price: Decimal
    product: LineProduct
    at: datetime | None
    fee: Decimal | None = None
    fee_currency: str = ""
    maker: bool | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to place, modify or cancel."""

    broker_id: str
    client_id: str = ""
    message: str = ""
    parts: tuple[ReceiptPart, ...] = ()
    order: OrderLine | None = None
    """The order itself where the answer carries it."""
    trades: tuple[TradeLine, ...] = ()
    refusal: Refusal | None = None
    """Set where the call succeeded and yet the order was refused or killed (OANDA's 201, sliced orders)."""


class PositionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A position; `quantity` is signed, short below zero."""

    symbol: str
    exchange: str = ""
    token: str = ""
    product: LineProduct
    quantity: Decimal
    average: Decimal | None = None
    last: Decimal | None = None
    close: Decimal | None = None
    realised: Decimal | None = None
    unrealised: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    overnight: Decimal | None = None
    buy_quantity: Decimal | None = None
    buy_value: Decimal | None = None
    sell_quantity: Decimal | None = None
    sell_value: Decimal | None = None
    kind: Literal["net", "day"] = "net"
    currency: str = ""


class HoldingLine(msgspec.Struct, frozen=True, kw_only=True):
    """Shares held for delivery."""

    symbol: str
    exchange: str = ""
    token: str = ""
    isin: str = ""
    quantity: Decimal
    """Free and settled."""
    unsettled: Decimal | None = None
    """Bought, not yet delivered (T1)."""
    pledged: Decimal | None = None
    used: Decimal | None = None
    """Sold today out of it."""
    average: Decimal | None = None
    last: Decimal | None = None
    close: Decimal | None = None
    profit: Decimal | None = None
    currency: str = ""


class FundsLine(msgspec.Struct, frozen=True, kw_only=True):
    """Money in one segment or currency of an account."""

    segment: str
    """equity, commodity, all; or a currency or asset code."""
    available: Decimal | None
    """What new orders may use."""
    used: Decimal | None = None
    cash: Decimal | None = None
    net: Decimal | None = None
    collateral: Decimal | None = None
    realised: Decimal | None = None
    unrealised: Decimal | None = None
    currency: str = ""


class MarginLine(msgspec.Struct, frozen=True, kw_only=True):
    """Margin of an order or basket as the broker computes it."""

    symbol: str = ""
    exchange: str = ""
    total: Decimal
    """Required for this order; for a basket the final figure with hedge benefit."""
    initial: Decimal | None = None
    """Before hedge benefit."""
    span: Decimal | None = None
    exposure: Decimal | None = None
    premium: Decimal | None = None
    charges: Decimal | None = None
    available: Decimal | None = None


class DepthLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One price of the book."""

    price: Decimal
    quantity: Decimal
    orders: int | None = None


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of one instrument; `bids` and `asks` best first."""

    symbol: str = ""
    exchange: str = ""
    token: str = ""
    last: Decimal | None = None
    last_quantity: Decimal | None = None
    average: Decimal | None = None
    bid: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask: Decimal | None = None
    ask_quantity: Decimal | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    """Close of the session before."""
    volume: Decimal | None = None
    oi: Decimal | None = None
    oi_high: Decimal | None = None
    oi_low: Decimal | None = None
    total_bid: Decimal | None = None
    total_ask: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    bids: tuple[DepthLevel, ...] = ()
    asks: tuple[DepthLevel, ...] = ()
    traded_at: datetime | None = None
    at: datetime | None = None


class BarLine(msgspec.Struct, frozen=True, kw_only=True):
    """One bar; `start` is its beginning."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None
    oi: Decimal | None = None
    symbol: str = ""
    complete: bool = True


class ListingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the broker's instrument master."""

    symbol: str
    exchange: str
    token: str = ""
    exchange_token: str = ""
    name: str = ""
    """Underlying's name for derivatives, short name else."""
    title: str = ""
    kind: Literal["INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO", "UNKNOWN"]
    raw_kind: str = ""
    expiry: date | None = None
    strike: Decimal | None = None
    right: Literal["CE", "PE"] | None = None
    lot: Decimal = Decimal(1)
    tick: Decimal | None = None
    step: Decimal | None = None
    """Smallest quantity step where fractions are allowed."""
    least: Decimal | None = None
    """Smallest quantity of one order."""
    least_value: Decimal | None = None
    """Smallest value of one order, in `currency`."""
    freeze: Decimal | None = None
    isin: str = ""
    currency: str = ""
    tradable: bool = True


class ChainSide(msgspec.Struct, frozen=True, kw_only=True):
    """A call or a put of one strike."""

    symbol: str
    token: str = ""
    last: Decimal | None = None
    bid: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask: Decimal | None = None
    ask_quantity: Decimal | None = None
    close: Decimal | None = None
    volume: Decimal | None = None
    oi: Decimal | None = None
    oi_before: Decimal | None = None
    iv: Decimal | None = None
    """As the broker states it, in percent."""
    delta: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None


class ChainLine(msgspec.Struct, frozen=True, kw_only=True):
    """One strike of one expiry."""

    underlying: str
    expiry: date | None
    strike: Decimal
    spot: Decimal | None = None
    call: ChainSide | None = None
    put: ChainSide | None = None


class GttLine(msgspec.Struct, frozen=True, kw_only=True):
    """A resting trigger at the broker, or the receipt for one (then only `id` is set)."""

    id: str
    state: str = ""
    symbol: str = ""
    exchange: str = ""
    kind: str = ""
    """single or oco."""
    triggers: tuple[Decimal, ...] = ()
    orders: tuple[OrderLine, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None


class TickEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A price message of a stream; only what the message carries is set (a delta carries little)."""

    quote: QuoteLine
    mode: str = ""
    snapshot: bool = True
    """False: fields that are None keep their last value."""


class DepthEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A book message: whole sides, or with `snapshot` False levels to set (quantity 0 removes)."""

    symbol: str = ""
    exchange: str = ""
    token: str = ""
    bids: tuple[DepthLevel, ...] = ()
    asks: tuple[DepthLevel, ...] = ()
    snapshot: bool = True
    first: int | None = None
    last: int | None = None
    at: datetime | None = None


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An order's change as pushed."""

    order: OrderLine
    trade: TradeLine | None = None


class TradeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as pushed."""

    trade: TradeLine


class PositionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A position's change as pushed."""

    position: PositionLine


class BeatEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat: the line lives. It is not data (law 11)."""

    at: datetime | None = None


class NoticeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Anything else a stream says: signed in, subscribed, refused, market status, closing down."""

    kind: Literal["connected", "subscribed", "refused", "status", "closing", "other"]
    text: str = ""
    refusal: Refusal | None = None


Event = TickEvent | DepthEvent | OrderEvent | TradeEvent | PositionEvent | BeatEvent | NoticeEvent

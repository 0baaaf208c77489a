"""Kite's answers as they are on the wire: what has no default must be there, everything else may be missing."""

from decimal import Decimal

import msgspec

__all__ = (
    "AvailableWire",
    "BasketWire",
    "CandleWire",
    "CandlesWire",
    "ChargesWire",
    "ChildWire",
    "ConditionWire",
    "DepthWire",
    "EnvelopeWire",
    "ErrorWire",
    "GttLegWire",
    "GttOutcomeWire",
    "GttReceiptWire",
    "GttResultWire",
    "GttWire",
    "HoldingWire",
    "LevelWire",
    "MarginWire",
    "OhlcWire",
    "OrderWire",
    "PlacedWire",
    "PositionWire",
    "PositionsWire",
    "PushedWire",
    "QuoteWire",
    "SegmentWire",
    "SessionWire",
    "SliceWire",
    "TradeWire",
    "UtilisedWire",
)

D = Decimal


class ErrorWire(msgspec.Struct):
    """Error."""

    status: str
    message: str = ""
    error_type: str = ""


class ChildWire(msgspec.Struct):
    """Child."""

    code: int | str = ""
    error_type: str = ""
    message: str = ""


class SliceWire(msgspec.Struct):
    """Slice."""

    order_id: str | None = None
    error: ChildWire | None = None


class PlacedWire(msgspec.Struct):
    """Placed."""

    order_id: str
    children: list[SliceWire] = []


class OrderWire(msgspec.Struct):
    """Order."""

    order_id: str
    status: str
    tradingsymbol: str
    transaction_type: str
    quantity: D
    exchange: str = ""
    exchange_order_id: str | None = None
    parent_order_id: str | None = None
    instrument_token: int | None = None
    order_type: str = ""
    product: str = ""
    validity: str = ""
    variety: str | None = None
    price: D | None = None
    trigger_price: D | None = None
    average_price: D | None = None
    disclosed_quantity: D | None = None
    filled_quantity: D | None = None
    cancelled_quantity: D | None = None
    order_timestamp: str | None = None
    exchange_timestamp: str | None = None
    exchange_update_timestamp: str | None = None
    status_message: str | None = None
    status_message_raw: str | None = None
    tag: str | None = None
    tags: list[str] | None = None


class TradeWire(msgspec.Struct):
    """Trade."""

    trade_id: str
    order_id: str
    tradingsymbol: str
    transaction_type: str
    quantity: D
    average_price: D
    exchange: str = ""
    exchange_order_id: str | None = None
    instrument_token: int | None = None
    product: str = ""
    fill_timestamp: str | None = None
    exchange_timestamp: str | None = None


class PositionWire(msgspec.Struct):
    """Position."""

    tradingsymbol: str
    quantity: D
    exchange: str = ""
    instrument_token: int | None = None
    product: str = ""
    average_price: D | None = None
    last_price: D | None = None
    close_price: D | None = None
    realised: D | None = None
    unrealised: D | None = None
    multiplier: D = D(1)
    overnight_quantity: D | None = None
    buy_quantity: D | None = None
    buy_value: D | None = None
    sell_quantity: D | None = None
    sell_value: D | None = None


class PositionsWire(msgspec.Struct):
    """Positions."""

    net: list[PositionWire]
    day: list[PositionWire] = []


class HoldingWire(msgspec.Struct):
    """Holding."""

    tradingsymbol: str
    quantity: D
    exchange: str = ""
    instrument_token: int | None = None
    isin: str | None = None
    t1_quantity: D | None = None
    collateral_quantity: D | None = None
    used_quantity: D | None = None
    average_price: D | None = None
    last_price: D | None = None
    close_price: D | None = None
    pnl: D | None = None


class AvailableWire(msgspec.Struct):
    """Available."""

    cash: D | None = None
    collateral: D | None = None


class UtilisedWire(msgspec.Struct):
    """Utilised."""

    debits: D | None = None
    m2m_realised: D | None = None
    m2m_unrealised: D | None = None


class SegmentWire(msgspec.Struct):
    """Segment."""

    net: D
    available: AvailableWire
    utilised: UtilisedWire


class ChargesWire(msgspec.Struct):
    """Charges."""

    total: D | None = None


class MarginWire(msgspec.Struct):
    """Margin."""

    total: D
    tradingsymbol: str = ""
    exchange: str = ""
    span: D | None = None
    exposure: D | None = None
    option_premium: D | None = None
    charges: ChargesWire | None = None


class BasketWire(msgspec.Struct):
    """Basket."""

    final: MarginWire
    initial: MarginWire
    orders: list[MarginWire] = []
    charges: ChargesWire | None = None


class LevelWire(msgspec.Struct):
    """Level."""

    price: D
    quantity: D
    orders: int | None = None


class DepthWire(msgspec.Struct):
    """Depth."""

    buy: list[LevelWire] = []
    sell: list[LevelWire] = []


class OhlcWire(msgspec.Struct):
    """Ohlc."""

    open: D | None = None
    high: D | None = None
    low: D | None = None
    close: D | None = None


class QuoteWire(msgspec.Struct):
    """Quote."""

    instrument_token: int
    timestamp: str | None = None
    last_trade_time: str | None = None
    last_price: D | None = None
    last_quantity: D | None = None
    average_price: D | None = None
    volume: D | None = None
    buy_quantity: D | None = None
    sell_quantity: D | None = None
    oi: D | None = None
    oi_day_high: D | None = None
    oi_day_low: D | None = None
    lower_circuit_limit: D | None = None
    upper_circuit_limit: D | None = None
    lower: D | None = None
    upper: D | None = None
    ohlc: OhlcWire = msgspec.field(default_factory=OhlcWire)
    depth: DepthWire = msgspec.field(default_factory=DepthWire)


class CandleWire(msgspec.Struct, array_like=True):
    """Candle."""

    at: str
    open: D
    high: D
    low: D
    close: D
    volume: D | None = None
    oi: D | None = None


class CandlesWire(msgspec.Struct):
    """Candles."""

    candles: list[CandleWire]


class GttOutcomeWire(msgspec.Struct):
    """Gtt outcome."""

    status: str = ""
    order_id: str | None = None
    rejection_reason: str | None = None


class GttResultWire(msgspec.Struct):
    """Gtt result."""

    order_result: GttOutcomeWire | None = None


class GttLegWire(msgspec.Struct):
    """Gtt leg."""

    tradingsymbol: str
    transaction_type: str
    quantity: D
    exchange: str = ""
    order_type: str = ""
    product: str = ""
    price: D | None = None
    result: GttResultWire | None = None


class ConditionWire(msgspec.Struct):
    """Condition."""

    exchange: str = ""
    tradingsymbol: str = ""
    trigger_values: list[D] = []


class GttWire(msgspec.Struct):
    """Gtt."""

    id: int
    type: str = ""
    status: str = ""
    condition: ConditionWire = msgspec.field(default_factory=ConditionWire)
    orders: list[GttLegWire] = []
    created_at: str | None = None
    updated_at: str | None = None
    expires_at: str | None = None


class GttReceiptWire(msgspec.Struct):
    """Gtt receipt."""

    trigger_id: int


class SessionWire(msgspec.Struct):
    """Session."""

    user_id: str
    access_token: str
    user_name: str = ""
    refresh_token: str | None = None
    login_time: str | None = None
    exchanges: list[str] = []
    products: list[str] = []


class PushedWire(msgspec.Struct):
    """Pushed."""

    type: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class EnvelopeWire(msgspec.Struct):
    """Envelope."""

    status: str
    data: msgspec.Raw

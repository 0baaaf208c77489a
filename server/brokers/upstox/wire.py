"""Upstox' answers as they are on the wire: what has no default must be there, everything else may be missing."""

from decimal import Decimal

import msgspec

__all__ = (
    "AvailableWire",
    "CandleWire",
    "CandlesWire",
    "CashWire",
    "ChainSideWire",
    "DepthWire",
    "EnvelopeWire",
    "ErrorWire",
    "GreeksWire",
    "GttIdsWire",
    "GttWire",
    "HoldingWire",
    "LevelWire",
    "LossWire",
    "MarginWire",
    "MarketWire",
    "NeedWire",
    "OhlcWire",
    "OrderWire",
    "PlacedWire",
    "PledgeWire",
    "PositionWire",
    "ProblemWire",
    "PushedWire",
    "QuoteWire",
    "RuleWire",
    "SegmentWire",
    "SessionWire",
    "StrikeWire",
    "TotalWire",
    "TradeWire",
    "UsedWire",
)

D = Decimal


class ProblemWire(msgspec.Struct):
    """Problem."""

    error_code: str | None = None
    errorCode: str | None = None
    message: str | None = None
    correlation_id: str | None = None
    order_id: str | None = None

    @property
    def code(self) -> str:
        return self.error_code or self.errorCode or ""


class ErrorWire(msgspec.Struct):
    """Error."""

    status: str
    errors: list[ProblemWire] = []
    message: str | None = None


class EnvelopeWire(msgspec.Struct):
    """Envelope."""

    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[ProblemWire] | None = None


class PlacedWire(msgspec.Struct):
    """Placed."""

    order_id: str | None = None
    order_ids: list[str] | None = None
    correlation_id: str | None = None


class OrderWire(msgspec.Struct):
    """Order."""

    order_id: str
    status: str
    transaction_type: str
    quantity: D
    trading_symbol: str | None = None
    tradingsymbol: str | None = None
    exchange: str = ""
    instrument_token: str | None = None
    instrument_key: str | None = None
    product: str = ""
    order_type: str = ""
    validity: str = ""
    variety: str | None = None
    price: D | None = None
    trigger_price: D | None = None
    average_price: D | None = None
    disclosed_quantity: D | None = None
    filled_quantity: D | None = None
    pending_quantity: D | None = None
    exchange_order_id: str | None = None
    parent_order_id: str | None = None
    status_message: str | None = None
    status_message_raw: str | None = None
    order_timestamp: str | None = None
    exchange_timestamp: str | None = None
    tag: str | None = None


class TradeWire(msgspec.Struct):
    """Trade."""

    trade_id: str
    order_id: str
    transaction_type: str
    quantity: D
    average_price: D
    trading_symbol: str | None = None
    tradingsymbol: str | None = None
    exchange: str = ""
    instrument_token: str | None = None
    product: str = ""
    exchange_order_id: str | None = None
    exchange_timestamp: str | None = None
    order_timestamp: str | None = None


class PositionWire(msgspec.Struct):
    """Position."""

    quantity: D
    trading_symbol: str | None = None
    tradingsymbol: str | None = None
    exchange: str = ""
    instrument_token: str | None = None
    product: str = ""
    multiplier: D | None = None
    average_price: D | None = None
    last_price: D | None = None
    close_price: D | None = None
    realised: D | None = None
    unrealised: D | None = None
    overnight_quantity: D | None = None
    day_buy_quantity: D | None = None
    day_sell_quantity: D | None = None
    overnight_buy_quantity: D | None = None
    overnight_sell_quantity: D | None = None
    buy_value: D | None = None
    sell_value: D | None = None


class HoldingWire(msgspec.Struct):
    """Holding."""

    quantity: D
    trading_symbol: str | None = None
    tradingsymbol: str | None = None
    exchange: str = ""
    instrument_token: str | None = None
    isin: str | None = None
    t1_quantity: D | None = None
    collateral_quantity: D | None = None
    cnc_used_quantity: D | None = None
    average_price: D | None = None
    last_price: D | None = None
    close_price: D | None = None
    pnl: D | None = None


class SegmentWire(msgspec.Struct):
    """Segment."""

    available_margin: D | None
    used_margin: D | None = None
    notional_cash: D | None = None


class LossWire(msgspec.Struct):
    """Loss."""

    realised: D | None = None
    unrealised: D | None = None


class UsedWire(msgspec.Struct):
    """Used."""

    total: D | None = None
    loss: LossWire | None = None


class TotalWire(msgspec.Struct):
    """Total."""

    total: D | None = None


class CashWire(msgspec.Struct):
    """Cash."""

    total: D | None = None
    margin_used: UsedWire | None = None


class PledgeWire(msgspec.Struct):
    """Pledge."""

    total: D | None = None
    margin_from_pledge: TotalWire | None = None
    margin_used: UsedWire | None = None


class AvailableWire(msgspec.Struct):
    """Available."""

    cash_available_to_trade: CashWire
    total: D | None = None
    pledge_available_to_trade: PledgeWire | None = None


class NeedWire(msgspec.Struct):
    """Need."""

    total_margin: D | None = None
    span_margin: D | None = None
    exposure_margin: D | None = None
    net_buy_premium: D | None = None
    additional_margin: D | None = None


class MarginWire(msgspec.Struct):
    """Margin."""

    required_margin: D
    final_margin: D | None = None
    margins: list[NeedWire] = []


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
    volume: D | None = None
    ts: int | None = None


class QuoteWire(msgspec.Struct):
    """Quote."""

    instrument_token: str
    symbol: str | None = None
    last_price: D | None = None
    timestamp: str | None = None
    last_trade_time: str | int | None = None
    ohlc: OhlcWire | None = None
    live_ohlc: OhlcWire | None = None
    prev_ohlc: OhlcWire | None = None
    depth: DepthWire | None = None
    ltq: D | None = None
    volume: D | None = None
    cp: D | None = None
    average_price: D | None = None
    oi: D | None = None
    oi_day_high: D | None = None
    oi_day_low: D | None = None
    total_buy_quantity: D | None = None
    total_sell_quantity: D | None = None
    lower_circuit_limit: D | None = None
    upper_circuit_limit: D | None = None


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


class MarketWire(msgspec.Struct):
    """Market."""

    ltp: D | None = None
    volume: D | None = None
    oi: D | None = None
    close_price: D | None = None
    bid_price: D | None = None
    bid_qty: D | None = None
    ask_price: D | None = None
    ask_qty: D | None = None
    prev_oi: D | None = None


class GreeksWire(msgspec.Struct):
    """Greeks."""

    iv: D | None = None
    delta: D | None = None
    gamma: D | None = None
    theta: D | None = None
    vega: D | None = None


class ChainSideWire(msgspec.Struct):
    """Chain side."""

    instrument_key: str
    market_data: MarketWire = msgspec.field(default_factory=MarketWire)
    option_greeks: GreeksWire = msgspec.field(default_factory=GreeksWire)


class StrikeWire(msgspec.Struct):
    """Strike."""

    strike_price: D
    expiry: str | None = None
    underlying_key: str = ""
    underlying_spot_price: D | None = None
    call_options: ChainSideWire | None = None
    put_options: ChainSideWire | None = None


class RuleWire(msgspec.Struct):
    """Rule."""

    strategy: str = ""
    status: str | None = None
    trigger_price: D | None = None
    transaction_type: str | None = None
    order_id: str | None = None
    message: str | None = None


class GttWire(msgspec.Struct):
    """Gtt."""

    gtt_order_id: str
    type: str = ""
    exchange: str = ""
    trading_symbol: str | None = None
    instrument_token: str | None = None
    quantity: D | None = None
    product: str = ""
    rules: list[RuleWire] = []
    created_at: int | None = None
    expires_at: int | None = None


class GttIdsWire(msgspec.Struct):
    """Gtt ids."""

    gtt_order_ids: list[str]


class SessionWire(msgspec.Struct):
    """Session."""

    user_id: str
    access_token: str
    user_name: str = ""
    extended_token: str | None = None
    exchanges: list[str] = []
    products: list[str] = []


class PushedWire(msgspec.Struct):
    """Pushed."""

    update_type: str = "order"

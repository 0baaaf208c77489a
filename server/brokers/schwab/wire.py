"""What Schwab sends, by its own names. Numbers are JSON numbers, at times the text `NaN`: typed Any, read exactly."""

from typing import Any

import msgspec

__all__ = ("Account", "Candles", "Chain", "ErrorBody", "Instrument", "OrderBody", "Quoted", "StreamFrame", "Token")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the token address."""

    access_token: str
    refresh_token: str = ""
    expires_in: int = 1800


class AssetName(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument inside an order or a position."""

    symbol: str = ""
    assetType: str = ""
    cusip: str = ""
    description: str = ""


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A leg of an order."""

    instruction: str
    instrument: AssetName
    quantity: Any = None
    legId: int | None = None


class ExecutionLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One execution."""

    quantity: Any
    price: Any
    legId: int | None = None
    time: str = ""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an order."""

    activityType: str = ""
    executionLegs: tuple[ExecutionLeg, ...] = ()


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order."""

    orderId: int
    status: str
    quantity: Any
    orderType: str = ""
    duration: str = ""
    price: Any = None
    stopPrice: Any = None
    filledQuantity: Any = None
    remainingQuantity: Any = None
    enteredTime: str = ""
    closeTime: str = ""
    statusDescription: str = ""
    tag: str = ""
    orderStrategyType: str = ""
    orderLegCollection: tuple[Leg, ...] = ()
    orderActivityCollection: tuple[Activity, ...] = ()
    childOrderStrategies: "tuple[OrderBody, ...]" = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of an order says."""

    activityMessage: str = ""
    originalSeverity: str = ""


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of a previewed order."""

    rejects: tuple[Verdict, ...] = ()


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A previewed order."""

    orderId: int
    orderValidationResult: Verdicts | None = None


class PositionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A position."""

    instrument: AssetName
    longQuantity: Any = None
    shortQuantity: Any = None
    averagePrice: Any = None
    longOpenProfitLoss: Any = None
    shortOpenProfitLoss: Any = None
    currentDayProfitLoss: Any = None


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """Money; cash and margin accounts fill different fields."""

    buyingPower: Any = None
    availableFunds: Any = None
    cashAvailableForTrading: Any = None
    totalCash: Any = None
    cashBalance: Any = None
    equity: Any = None
    liquidationValue: Any = None
    maintenanceRequirement: Any = None


class SecuritiesAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    type: str
    accountNumber: str
    currentBalances: Balances | None = None
    positions: tuple[PositionBody, ...] = ()


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account in its envelope."""

    securitiesAccount: SecuritiesAccount


class AccountNumber(msgspec.Struct, frozen=True, kw_only=True):
    """An account's number and the hash that paths carry."""

    accountNumber: str
    hashValue: str


class TransferItem(msgspec.Struct, frozen=True, kw_only=True):
    """What changed hands in a transaction."""

    instrument: AssetName = AssetName()
    amount: Any = None
    price: Any = None
    feeType: str = ""


class TransactionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction of the account."""

    activityId: int
    type: str
    time: str = ""
    orderId: int | None = None
    transferItems: tuple[TransferItem, ...] = ()


class QuoteBody(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of an instrument."""

    lastPrice: Any = None
    lastSize: Any = None
    bidPrice: Any = None
    bidSize: Any = None
    askPrice: Any = None
    askSize: Any = None
    openPrice: Any = None
    highPrice: Any = None
    lowPrice: Any = None
    closePrice: Any = None
    totalVolume: Any = None
    openInterest: Any = None
    quoteTime: int | None = None
    tradeTime: int | None = None


class Regular(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of the regular session."""

    regularMarketTradeTime: int | None = None


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """A quote in its envelope."""

    symbol: str
    quote: QuoteBody | None = None
    regular: Regular | None = None


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """A candle."""

    datetime: int
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any = None


class Candles(msgspec.Struct, frozen=True, kw_only=True):
    """Price history."""

    symbol: str
    candles: tuple[Candle, ...]


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A row of an instrument search."""

    symbol: str
    assetType: str
    exchange: str = ""
    description: str = ""
    cusip: str = ""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a chain; two spellings of the prices are seen."""

    symbol: str
    putCall: str
    strikePrice: Any
    bidPrice: Any = None
    askPrice: Any = None
    lastPrice: Any = None
    bid: Any = None
    ask: Any = None
    last: Any = None
    bidSize: Any = None
    askSize: Any = None
    closePrice: Any = None
    totalVolume: Any = None
    openInterest: Any = None
    volatility: Any = None
    delta: Any = None
    gamma: Any = None
    theta: Any = None
    vega: Any = None


Strikes = dict[str, dict[str, tuple[Contract, ...]]]


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """An option chain: expiry and days left -> strike -> contracts."""

    symbol: str
    underlyingPrice: Any = None
    callExpDateMap: Strikes = {}
    putExpDateMap: Strikes = {}


class Expiration(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which options expire."""

    expirationDate: str


class Expirations(msgspec.Struct, frozen=True, kw_only=True):
    """The expiry days of one name."""

    rows: tuple[Expiration, ...] = msgspec.field(name="expirationList")


class MarketError(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a market data refusal."""

    status: Any = None
    title: str = ""
    detail: str = ""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal of any of the services, the token address included."""

    message: str = ""
    errors: tuple[MarketError | str, ...] = ()
    error: str = ""
    error_description: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a command."""

    code: int
    msg: str = ""


class StreamResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a command."""

    service: str
    command: str
    content: Content


class StreamNotify(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat, or word that the line closes."""

    heartbeat: str = ""
    service: str = ""
    content: Content | None = None


class StreamData(msgspec.Struct, frozen=True, kw_only=True):
    """Data of a service."""

    service: str
    timestamp: int | None = None
    content: tuple[dict[str, Any], ...] = ()


class StreamFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame."""

    response: tuple[StreamResponse, ...] = ()
    notify: tuple[StreamNotify, ...] = ()
    data: tuple[StreamData, ...] = ()
    snapshot: tuple[StreamData, ...] = ()


class StreamerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the streamer."""

    streamerSocketUrl: str
    schwabClientCustomerId: str
    schwabClientCorrelId: str
    schwabClientChannel: str
    schwabClientFunctionId: str


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """The user's preferences."""

    streamerInfo: tuple[StreamerInfo, ...]

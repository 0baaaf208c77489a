"""What Alice Blue sends, by its own names. Its papers show one sample each: only what names an order is required."""

from typing import Any

import msgspec

__all__ = (
    "Candle",
    "Envelope",
    "HoldingRow",
    "LimitsRow",
    "OrderRow",
    "PlacedRow",
    "PositionRow",
    "SessionBody",
    "TradeRow",
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope of every answer; `status` Ok at the top may hide a refused row."""

    status: str = ""
    stat: str = ""
    message: str = ""
    emsg: str = ""
    result: msgspec.Raw = msgspec.Raw(b"")


class SessionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in."""

    userSession: str = ""
    accessToken: str = ""
    clientId: str = ""
    userId: str = ""


class PlacedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the answer to a command."""

    status: str = ""
    message: str = ""
    brokerOrderId: str | int = ""
    errorCode: str = ""


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the order book."""

    brokerOrderId: str | int
    orderStatus: str
    transactionType: str
    orderType: str
    quantity: Any
    exchange: str = ""
    exchangeOrderId: str | int | None = None
    instrumentId: str | int | None = None
    formattedInstrumentName: str | None = None
    tradingSymbol: str | None = None
    product: str | None = None
    validity: str | None = None
    orderComplexity: str | None = None
    price: Any = None
    slTriggerPrice: Any = None
    filledQuantity: Any = None
    pendingQuantity: Any = None
    cancelledQuantity: Any = None
    averageTradedPrice: Any = None
    disclosedQuantity: Any = None
    rejectionReason: str | None = None
    orderTime: str | None = None
    exchangeTime: str | None = None
    exchangeUpdateTime: str | None = None
    brokerUpdateTime: str | None = None
    orderTag: str | None = None


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the trade book."""

    brokerOrderId: str | int
    transactionType: str
    filledQuantity: Any
    tradedPrice: Any
    exchange: str = ""
    exchangeOrderId: str | int | None = None
    exchangeTradeId: str | int | None = None
    tradeNumber: str | int | None = None
    fillId: str | int | None = None
    instrumentId: str | int | None = None
    formattedInstrumentName: str | None = None
    tradingSymbol: str | None = None
    product: str | None = None
    fillTimestamp: str | None = None
    orderTag: str | None = None


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the positions."""

    netQuantity: Any
    exchange: str = ""
    instrumentId: str | int | None = None
    formattedInstrumentName: str | None = None
    tradingSymbol: str | None = None
    product: str | None = None
    netAveragePrice: Any = None
    realizedPnl: Any = None
    unrealizedPnl: Any = None
    buyQuantity: Any = None
    sellQuantity: Any = None


class HoldingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the holdings."""

    totalQuantity: Any = None
    dpQuantity: Any = None
    t1Quantity: Any = None
    collateralQuantity: Any = None
    averageTradedPrice: Any = None
    isin: str | None = None
    exchange: str | None = None
    instrumentId: str | int | None = None
    nseInstrumentId: str | int | None = None
    nseTradingSymbol: str | None = None
    bseInstrumentId: str | int | None = None
    bseTradingSymbol: str | None = None
    tradingSymbol: str | None = None
    formattedInstrumentName: str | None = None


class LimitsRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the limits."""

    tradingLimit: Any
    utilizedMargin: Any = None
    collateralMargin: Any = None
    openingCashLimit: Any = None


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """A candle."""

    time: str
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any = None

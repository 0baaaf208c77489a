"""What OANDA sends, field by field, by its own names. Prices and units are text, moments RFC 3339 to the nanosecond."""

from typing import Any

import msgspec

__all__ = (
    "AccountBody",
    "AccountRef",
    "Candle",
    "Candles",
    "Changes",
    "ClientExtensions",
    "ErrorBody",
    "InstrumentBody",
    "OpenTrade",
    "OrderBody",
    "Placed",
    "PositionBody",
    "Price",
    "Reject",
    "Transaction",
)


class ClientExtensions(msgspec.Struct, frozen=True):
    """Our words on an order."""

    id: str = ""
    tag: str = ""
    comment: str = ""


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order. Those that hang on a trade (`tradeID`) name no instrument and no units."""

    id: str
    type: str
    state: str
    createTime: str | None = None
    filledTime: str | None = None
    cancelledTime: str | None = None
    instrument: str = ""
    units: Any = None
    price: Any = None
    priceBound: Any = None
    timeInForce: str = ""
    tradeID: str = ""
    replacesOrderID: str = ""
    clientExtensions: ClientExtensions | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction; which fields are set depends on `type`."""

    id: str = ""
    type: str = ""
    batchID: str = ""
    time: str | None = None
    lastTransactionID: str = ""
    instrument: str = ""
    units: Any = None
    price: Any = None
    fullVWAP: Any = None
    priceBound: Any = None
    orderID: str = ""
    clientOrderID: str = ""
    replacesOrderID: str = ""
    replacedByOrderID: str = ""
    tradeID: str = ""
    timeInForce: str = ""
    reason: str = ""
    rejectReason: str = ""
    commission: Any = None
    clientExtensions: ClientExtensions | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a command: which transactions it made."""

    orderCreateTransaction: Transaction | None = None
    orderFillTransaction: Transaction | None = None
    orderCancelTransaction: Transaction | None = None
    orderReissueTransaction: Transaction | None = None
    orderReissueRejectTransaction: Transaction | None = None
    orderClientExtensionsModifyTransaction: Transaction | None = None
    longOrderCreateTransaction: Transaction | None = None
    longOrderFillTransaction: Transaction | None = None
    longOrderCancelTransaction: Transaction | None = None
    shortOrderCreateTransaction: Transaction | None = None
    shortOrderFillTransaction: Transaction | None = None
    shortOrderCancelTransaction: Transaction | None = None
    lastTransactionID: str = ""


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction that says why."""

    rejectReason: str = ""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal."""

    errorMessage: str
    errorCode: str = ""
    rejectReason: str = ""
    orderRejectTransaction: Reject | None = None
    orderCancelRejectTransaction: Reject | None = None


class PositionSide(msgspec.Struct, frozen=True, kw_only=True):
    """The long or short half of a position."""

    units: Any
    averagePrice: Any = None
    pl: Any = None
    unrealizedPL: Any = None


class PositionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A position; `short` has units below zero."""

    instrument: str
    long: PositionSide | None = None
    short: PositionSide | None = None
    pl: Any = None
    unrealizedPL: Any = None


class OpenTrade(msgspec.Struct, frozen=True, kw_only=True):
    """An open lot."""

    id: str
    instrument: str
    price: Any
    openTime: str
    initialUnits: Any


class AccountRef(msgspec.Struct, frozen=True, kw_only=True):
    """An account by its id."""

    id: str


class AccountBody(msgspec.Struct, frozen=True, kw_only=True):
    """An account's state."""

    marginAvailable: Any
    marginUsed: Any
    NAV: Any = None
    balance: Any = None
    unrealizedPL: Any = None
    pl: Any = None
    currency: str = ""
    id: str = ""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since a transaction."""

    ordersCreated: tuple[OrderBody, ...] = ()
    ordersCancelled: tuple[OrderBody, ...] = ()
    ordersFilled: tuple[OrderBody, ...] = ()
    ordersTriggered: tuple[OrderBody, ...] = ()
    positions: tuple[PositionBody, ...] = ()
    transactions: tuple[Transaction, ...] = ()


class PriceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A price of the book."""

    price: Any
    liquidity: Any


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A price of an instrument; `type` is set in the stream."""

    type: str = ""
    instrument: str = ""
    time: str | None = None
    bids: tuple[PriceLevel, ...] = ()
    asks: tuple[PriceLevel, ...] = ()
    errorMessage: str = ""


class CandleData(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a candle."""

    o: Any
    h: Any
    l: Any  # noqa: E741 - the service's own name
    c: Any


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """A candle of mid, bid or ask prices."""

    time: str
    complete: bool = True
    volume: Any = None
    mid: CandleData | None = None
    bid: CandleData | None = None
    ask: CandleData | None = None


class Candles(msgspec.Struct, frozen=True, kw_only=True):
    """Candles of an instrument."""

    candles: tuple[Candle, ...]
    instrument: str = ""


class InstrumentBody(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the instrument list."""

    name: str
    type: str
    displayName: str = ""
    displayPrecision: int = 5
    tradeUnitsPrecision: int = 0
    minimumTradeSize: Any = None
    maximumOrderUnits: Any = None
    marginRate: Any = None

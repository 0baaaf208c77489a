"""What ib_async tells, field by field under its own names: its objects, written as JSON before they are read here.

Unset numbers are sentinels there (1.797e308, 2147483647) or NaN, which JSON has as null: typed Any, read as nothing.
"""

from typing import Any

import msgspec

__all__ = (
    "AccountValue",
    "Bar",
    "Contract",
    "Details",
    "ErrorBody",
    "Fill",
    "Position",
    "Ticker",
    "TradeBody",
    "WhatIf",
)


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract."""

    secType: str
    symbol: str
    conId: int = 0
    lastTradeDateOrContractMonth: str = ""
    strike: Any = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primaryExchange: str = ""
    currency: str = ""
    localSymbol: str = ""


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was sent."""

    action: str
    totalQuantity: Any
    orderType: str
    orderId: int = 0
    permId: int = 0
    lmtPrice: Any = None
    auxPrice: Any = None
    tif: str = ""
    orderRef: str = ""
    parentId: int = 0
    filledQuantity: Any = None
    """Of completed orders, whose status has no figures."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands."""

    status: str
    filled: Any = None
    remaining: Any = None
    avgFillPrice: Any = None
    permId: int = 0
    whyHeld: str = ""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of its log."""

    time: str = ""
    message: str = ""
    errorCode: int = 0


class TradeBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its contract, status and log: what ib_async calls a trade."""

    contract: Contract
    order: OrderBody
    orderStatus: Status
    log: tuple[LogEntry, ...] = ()


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution."""

    execId: str
    side: str
    shares: Any
    price: Any
    time: str = ""
    permId: int = 0
    orderId: int = 0
    orderRef: str = ""


class Commission(msgspec.Struct, frozen=True, kw_only=True):
    """What it cost."""

    commission: Any = None
    currency: str = ""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """An execution with its contract."""

    contract: Contract
    execution: Execution
    commissionReport: Commission | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A position."""

    contract: Contract
    position: Any
    avgCost: Any = None


class AccountValue(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of the account."""

    tag: str
    value: str
    currency: str = ""


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a contract."""

    contract: Contract
    time: str | None = None
    bid: Any = None
    bidSize: Any = None
    ask: Any = None
    askSize: Any = None
    last: Any = None
    lastSize: Any = None
    volume: Any = None
    open: Any = None
    high: Any = None
    low: Any = None
    close: Any = None


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar."""

    date: str
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any = None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """A contract with what one must know to trade it."""

    contract: Contract
    minTick: Any = None
    longName: str = ""


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would change."""

    initMarginChange: Any
    equityWithLoanAfter: Any = None
    commission: Any = None


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error event."""

    errorCode: int
    errorString: str
    reqId: int = -1

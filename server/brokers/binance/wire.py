"""What Binance sends, spot and USD-M futures, by its own names. Amounts are text: typed Any and read exactly.

One struct serves both services where their names agree; what one of them lacks is optional.
"""

from typing import Any

import msgspec

__all__ = (
    "AccountUpdate",
    "AlgoEvent",
    "AlgoUpdate",
    "Balance",
    "Depth",
    "ErrorBody",
    "ExchangeInfo",
    "Execution",
    "Fill",
    "FuturesOrder",
    "FuturesUpdate",
    "MarketEvent",
    "OrderBody",
    "Position",
    "Replaced",
    "Symbol",
    "Ticker",
    "TradeBody",
    "Wallet",
    "code_of",
)


def code_of(raw: int | str | None) -> int | None:
    """A code as a number; None where it is none."""
    if isinstance(raw, str):
        return int(raw) if raw.lstrip("-").isdigit() and len(raw) < 12 else None
    return raw


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, or what a half-done cancel-and-replace did."""

    code: int
    msg: str = ""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """An execution inside an order's answer."""

    price: Any
    qty: Any
    tradeId: int = -1
    allocId: int = -1
    commission: Any = None
    commissionAsset: str = ""


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order, an algo order, an amended order, or the bare acknowledgement of one."""

    symbol: str = ""
    orderId: int | None = None
    algoId: int | None = None
    clientOrderId: str | None = None
    clientAlgoId: str | None = None
    origClientOrderId: str | None = None
    side: str | None = None
    type: str | None = None
    orderType: str | None = None
    status: str | None = None
    algoStatus: str | None = None
    timeInForce: str | None = None
    origQty: Any = None
    quantity: Any = None
    qty: Any = None
    executedQty: Any = None
    price: Any = None
    stopPrice: Any = None
    triggerPrice: Any = None
    avgPrice: Any = None
    cummulativeQuoteQty: Any = None
    cumulativeQuoteQty: Any = None
    positionSide: str = ""
    time: int | None = None
    transactTime: int | None = None
    workingTime: int | None = None
    createTime: int | None = None
    updateTime: int | None = None
    isWorking: bool | None = None
    orderListId: int | None = None
    fills: tuple[Fill, ...] = ()
    actualOrderId: Any = None
    actualQty: Any = None
    actualPrice: Any = None
    code: int | str | None = None
    msg: str = ""

    @property
    def number(self) -> int | None:
        """The code; the service of conditional orders writes it as text."""
        return code_of(self.code)


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """A cancel-and-replace."""

    cancelResult: str
    newOrderResult: str
    cancelResponse: Any = None
    newOrderResponse: Any = None


class TradeBody(msgspec.Struct, frozen=True, kw_only=True):
    """An own execution."""

    symbol: str
    id: int
    orderId: int
    price: Any
    qty: Any
    time: int
    isBuyer: bool | None = None
    side: str = ""
    isMaker: bool | None = None
    maker: bool | None = None
    commission: Any = None
    commissionAsset: str = ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A futures position."""

    symbol: str
    positionAmt: Any
    positionSide: str = "BOTH"
    entryPrice: Any = None
    markPrice: Any = None
    unRealizedProfit: Any = None
    unrealizedProfit: Any = None
    marginAsset: str = ""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Spot money in one asset."""

    asset: str
    free: Any
    locked: Any


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """Futures money in one asset."""

    asset: str
    availableBalance: Any
    balance: Any = None
    walletBalance: Any = None
    crossUnPnl: Any = None
    unrealizedProfit: Any = None
    initialMargin: Any = None
    accountAlias: str = ""


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """Any of the ticker answers."""

    symbol: str
    price: Any = None
    lastPrice: Any = None
    lastQty: Any = None
    weightedAvgPrice: Any = None
    bidPrice: Any = None
    bidQty: Any = None
    askPrice: Any = None
    askQty: Any = None
    openPrice: Any = None
    highPrice: Any = None
    lowPrice: Any = None
    prevClosePrice: Any = None
    volume: Any = None
    openInterest: Any = None
    time: int | None = None
    closeTime: int | None = None


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """A book; pairs of price and quantity."""

    bids: tuple[tuple[Any, ...], ...]
    asks: tuple[tuple[Any, ...], ...]
    lastUpdateId: int = 0
    E: int | None = None


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the exchange's master."""

    symbol: str
    status: str
    baseAsset: str
    quoteAsset: str
    contractType: str = ""
    deliveryDate: int | None = None
    filters: tuple[dict[str, Any], ...] = ()


class ExchangeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The master and the limits."""

    symbols: tuple[Symbol, ...]


class MarketEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the price streams; what the letters mean depends on `e`."""

    e: str = ""
    E: int | None = None
    T: int | None = None
    s: str = ""
    c: Any = None
    Q: Any = None
    o: Any = None
    h: Any = None
    l: Any = None  # noqa: E741 - the service's own name
    v: Any = None
    x: Any = None
    w: Any = None
    b: Any = None
    B: Any = None
    a: Any = None
    A: Any = None
    p: Any = None
    q: Any = None
    U: int | None = None
    u: int | None = None
    lastUpdateId: int | None = None
    bids: Any = None
    asks: Any = None
    id: Any = None
    code: int | None = None
    msg: str = ""
    result: Any = None
    error: Any = None


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A spot `executionReport`."""

    s: str
    c: str
    S: str
    o: str
    f: str
    q: Any
    p: Any
    x: str
    X: str
    i: int
    z: Any
    P: Any = None
    C: str = ""
    r: str = ""
    l: Any = None  # noqa: E741 - the service's own name
    L: Any = None
    n: Any = None
    N: str | None = None
    T: int | None = None
    t: int = -1
    w: bool | None = None
    m: bool | None = None
    O: int | None = None  # noqa: E741 - the service's own name
    Z: Any = None
    E: int | None = None


class FuturesOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The order inside an `ORDER_TRADE_UPDATE`."""

    s: str
    c: str
    S: str
    o: str
    f: str
    q: Any
    p: Any
    x: str
    X: str
    i: int
    z: Any
    ap: Any = None
    sp: Any = None
    l: Any = None  # noqa: E741 - the service's own name
    L: Any = None
    n: Any = None
    N: str | None = None
    T: int | None = None
    t: int = 0
    m: bool | None = None
    R: bool | None = None
    ps: str = ""


class FuturesUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """An `ORDER_TRADE_UPDATE`."""

    o: FuturesOrder
    E: int | None = None
    T: int | None = None


class AlgoUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The conditional order inside an `ALGO_UPDATE`."""

    caid: str
    aid: int
    o: str
    s: str
    S: str
    f: str
    q: Any
    X: str
    ai: Any = None
    ap: Any = None
    aq: Any = None
    tp: Any = None
    p: Any = None
    R: bool | None = None
    rm: str = ""


class AlgoEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An `ALGO_UPDATE`."""

    o: AlgoUpdate
    E: int | None = None
    T: int | None = None


class FuturesPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position inside an `ACCOUNT_UPDATE`."""

    s: str
    pa: Any
    ep: Any = None
    up: Any = None
    ps: str = ""
    ma: str = ""


class FuturesAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What changed of a futures account."""

    P: tuple[FuturesPosition, ...] = ()


class SpotBalance(msgspec.Struct, frozen=True, kw_only=True):
    """A balance inside an `outboundAccountPosition`."""

    a: str
    f: Any
    l: Any  # noqa: E741 - the service's own name


class AccountUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """An `ACCOUNT_UPDATE` or an `outboundAccountPosition`."""

    a: FuturesAccount | None = None
    B: tuple[SpotBalance, ...] = ()

"""Orders, fills and the words they use. State changes are decided in `orders.machine` only."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = (
    "LIVE_STATES",
    "TERMINAL_STATES",
    "Fill",
    "Order",
    "OrderRequest",
    "OrderState",
    "OrderType",
    "Product",
    "Side",
    "Validity",
    "recounted",
)

Side = Literal["BUY", "SELL"]
OrderType = Literal["MARKET", "LIMIT", "SL", "SL-M"]
Product = Literal["MIS", "NRML", "CNC"]
"""MIS intraday, NRML carry-forward (derivatives), CNC delivery (shares)."""
Validity = Literal["DAY", "IOC"]

OrderState = Literal["DENIED", "SUBMITTING", "UNKNOWN", "OPEN", "PARTIAL", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"]
"""DENIED: refused here, never sent. SUBMITTING: intent on disk, answer not yet known. UNKNOWN: sent, fate not proved.
OPEN: working at the broker (trigger pending and after-market included). PARTIAL: working, partly filled."""

LIVE_STATES: frozenset[str] = frozenset({"SUBMITTING", "UNKNOWN", "OPEN", "PARTIAL"})
TERMINAL_STATES: frozenset[str] = frozenset({"DENIED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"})


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user, basket, trigger or strategy asks for; not yet an order."""

    account: str
    key: str
    """Instrument key, `NFO:NIFTY01DEC2624500CE`."""
    side: Side
    quantity: int
    """Whole units of the instrument's `unit`, not lots: 0.015 coins in steps of 0.00001 are 1500."""
    type: OrderType
    product: Product
    unit: Decimal | None = None
    """The `unit` that `quantity` was counted in, where the sender says it: refused when the exchange's step has changed
    since. None = the instrument's own."""
    price: Decimal | None = None
    trigger: Decimal | None = None
    validity: Validity = "DAY"
    disclosed: int = 0
    after_market: bool = False
    protection: Decimal | None = None
    """Market protection, percent of the price; None = the rulebook's slab."""
    tag: str = ""
    request_id: str = ""
    """The caller's own id for this request: the same id twice is the same order."""
    parent: str = ""
    """Basket or trigger that made it."""
    origin: str = "user"
    """user, api, basket, trigger, squareoff, settlement, kill, check, external."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the books hold it. `id` is the client order id, minted before anything is sent."""

    id: str
    account: str
    market: str
    broker: str
    mode: Literal["PAPER", "LIVE"]
    key: str
    side: Side
    quantity: int
    type: OrderType
    product: Product
    price: Decimal | None
    trigger: Decimal | None
    validity: Validity
    disclosed: int
    after_market: bool
    protection: Decimal | None
    tag: str
    request_id: str
    parent: str
    origin: str
    state: OrderState
    filled: int = 0
    average: Decimal | None = None
    """Volume-weighted fill price so far, exact quotient rounded to 4 places."""
    triggered: bool = False
    broker_id: str = ""
    reason: str = ""
    """Why it was denied, rejected, cancelled, expired, or is unknown: one sentence."""
    reference: Decimal | None = None
    """Price at arrival, for slippage."""
    created: datetime
    """Wall time, aware UTC."""
    created_market: datetime
    """Market time, aware UTC."""
    updated: datetime
    revision: int = 0
    """Counts accepted changes; a modify names the revision it saw."""
    unit: Decimal = Decimal(1)
    """What one unit of `quantity` and `filled` is, as the instrument said when the order was made."""

    @property
    def pending(self) -> int:
        """Units still to fill while the order lives."""
        return self.quantity - self.filled if self.state in LIVE_STATES else 0

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self.side == "BUY" else -1


def recounted(quantity: int, was: Decimal, unit: Decimal) -> int:
    """A quantity counted in units of `was`, in units of `unit`; what is no whole number of them is cut off."""
    return quantity if was == unit else int(quantity * was / unit)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. Identity is (account, execution): applying it twice changes nothing."""

    execution: str
    """The broker's execution id."""
    account: str
    order: str
    key: str
    side: Side
    quantity: int
    price: Decimal
    at: datetime
    """Wall time we learnt of it."""
    at_market: datetime
    """Time of the trade there."""
    liquidity: Literal["taker", "maker", "settlement", "unknown"] = "unknown"
    unit: Decimal = Decimal(1)
    """What one unit of `quantity` is, as the instrument said when we learnt of it."""

    @property
    def value(self) -> Decimal:
        """Price x quantity x unit, exact."""
        return self.price * self.quantity * self.unit

    @property
    def signed(self) -> int:
        """Quantity with the sign of the side."""
        return self.quantity if self.side == "BUY" else -self.quantity

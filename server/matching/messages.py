"""What goes into the simulated exchange and what comes out of it."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from server.domain.instruments import Instrument
from server.domain.orders import Order, OrderState, OrderType
from server.matching.snapshot import Snapshot

__all__ = ("Cancel", "Changed", "Event", "Input", "Modify", "Price", "Reply", "Restore", "Submit", "Trade")


class Submit(msgspec.Struct, frozen=True):
    """A new order, on its way to the exchange."""

    order: Order
    instrument: Instrument


class Modify(msgspec.Struct, frozen=True, kw_only=True):
    """A change on its way; None leaves a field as it is, `quantity` is the new total."""

    order_id: str
    quantity: int | None = None
    price: Decimal | None = None
    trigger: Decimal | None = None
    type: OrderType | None = None


class Cancel(msgspec.Struct, frozen=True):
    """A cancel on its way. `reason` goes into the order; `at_once` skips the latency (the broker's own cancels)."""

    order_id: str
    reason: str = "Cancelled by you"
    at_once: bool = False


class Restore(msgspec.Struct, frozen=True):
    """An order that worked before a restart: it works on, at the back of its queue, without an answer."""

    order: Order
    instrument: Instrument


class Price(msgspec.Struct, frozen=True):
    """The market in one instrument is now this."""

    key: str
    snapshot: Snapshot


Input = Submit | Modify | Cancel | Restore | Price


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's answer to a command. A refused submit leaves no order, other refusals leave it as it was."""

    order_id: str
    command: Literal["submit", "modify", "cancel"]
    ok: bool
    reason: str = ""
    code: str = ""
    at: datetime


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """An order's state at the exchange after something happened to it."""

    order_id: str
    state: OrderState
    quantity: int
    filled: int
    price: Decimal | None
    trigger: Decimal | None
    type: OrderType
    triggered: bool
    reason: str
    at: datetime


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. The id is the order's and its filled quantity: the same trade has the same id after a restart."""

    execution: str
    order_id: str
    quantity: int
    price: Decimal
    liquidity: Literal["taker", "maker"]
    at: datetime


Event = Reply | Changed | Trade

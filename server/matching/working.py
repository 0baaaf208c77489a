"""An order as the simulated exchange holds it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from server.domain.instruments import Instrument
from server.domain.orders import Order, OrderState
from server.matching.messages import Changed

__all__ = ("Stage", "Working")

Stage = Literal["queued", "collected", "stop", "live"]
"""queued: after-market, waits for a session. collected: in an auction's book. stop: awaits its trigger. live: works."""


class Working:
    """Mutable state of one order; `order` is the order as it was sent or last modified."""

    __slots__ = (
        "ahead",
        "day",
        "eager",
        "ends",
        "filled",
        "instrument",
        "limit",
        "order",
        "sequence",
        "shown",
        "stage",
        "triggered",
    )

    def __init__(self, order: Order, instrument: Instrument, stage: Stage, sequence: int, day: date) -> None:
        self.order = order
        self.instrument = instrument
        self.stage: Stage = stage
        self.sequence = sequence
        """Time priority among our own orders."""
        self.day = day
        """Session day it is good for."""
        self.ends: datetime | None = None
        """When it expires, once it has entered a session."""
        self.filled = order.filled
        self.triggered = order.triggered
        self.limit: Decimal | None = order.price
        """Worst price it takes now; None for a market order before it meets a price."""
        self.ahead: int | None = None
        """Quantity queued before it at its price; None while that price is not shown."""
        self.eager = True
        """Whether it still takes from the other side like a new order (arrived, triggered or cut short just now)."""
        self.shown = order.disclosed
        """What is left of the disclosed part; 0 when all is shown."""

    @property
    def left(self) -> int:
        """Units still to fill."""
        return self.order.quantity - self.filled

    @property
    def buy(self) -> bool:
        """Whether it buys."""
        return self.order.side == "BUY"

    def crosses(self, price: Decimal) -> bool:
        """Whether its limit reaches `price` (a market order reaches any)."""
        return self.limit is None or (price <= self.limit if self.buy else price >= self.limit)

    def changed(self, at: datetime, state: OrderState | None = None, reason: str = "") -> Changed:
        """The order as it now stands; `state` is given for one that ends."""
        order = self.order
        if state is None:
            state = "FILLED" if self.left <= 0 else "PARTIAL" if self.filled else "OPEN"
        return Changed(
            order_id=order.id,
            state=state,
            quantity=order.quantity,
            filled=self.filled,
            price=order.price,
            trigger=order.trigger,
            type=order.type,
            triggered=self.triggered,
            reason=reason,
            at=at,
        )

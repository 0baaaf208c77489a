"""What the order path needs from outside: a broker that executes, a journal that keeps.

Brokers implement `Execution`; storage implements `Journal`; the composition root joins them.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from server.domain.journal import Entry
from server.domain.orders import Fill, Order, OrderState, Product

__all__ = (
    "Ack",
    "BrokerFunds",
    "BrokerPosition",
    "Change",
    "Execution",
    "Journal",
    "NotAccepted",
    "OrderReport",
    "Update",
)


class Ack(msgspec.Struct, frozen=True):
    """Proof that the broker has taken a command."""

    broker_id: str


class NotAccepted(Exception):
    """Proof that the broker or exchange refused. Anything else that goes wrong in a submit means UNKNOWN (law 3)."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a modify asks for; None leaves a field as it is. `quantity` is the new total, not the rest."""

    quantity: int | None = None
    price: Decimal | None = None
    trigger: Decimal | None = None
    type: str | None = None


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's own view of one order."""

    broker_id: str
    client_id: str
    """Our id as the broker keeps it (tag or client order id); empty when it has none: an EXTERNAL order."""
    key: str
    state: OrderState
    quantity: int
    filled: int
    average: Decimal | None
    side: str
    type: str
    product: Product
    price: Decimal | None
    trigger: Decimal | None
    triggered: bool = False
    reason: str = ""
    at_market: datetime


class BrokerPosition(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's own view of one position."""

    key: str
    product: Product
    quantity: int


class BrokerFunds(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's own view of the money, in minor units."""

    available_minor: int
    used_minor: int


Update = OrderReport | Fill
"""What a broker pushes: an order's new state, or one execution (order = our client id, empty if foreign)."""


class Execution(Protocol):
    """The part of a broker that trades, for one account. Every call may raise; see each for what that means."""

    name: str
    can_look_up: bool
    """Whether `find` proves absence as well as presence."""

    async def connect(self) -> None:
        """Open what is needed; raises Unavailable or Unauthorised."""
        ...

    async def place(self, order: Order) -> Ack:
        """Send once. NotAccepted = proof of refusal; any other exception = fate unknown."""
        ...

    async def modify(self, order: Order, change: Change) -> Ack:
        """Ask for a change; NotAccepted = the order is as it was."""
        ...

    async def cancel(self, order: Order) -> Ack:
        """Ask to cancel; NotAccepted = it was too late or it is not there."""
        ...

    async def find(self, client_id: str) -> OrderReport | None:
        """Look an order up by our id; None proves that it never arrived (where `can_look_up`)."""
        ...

    async def orders(self) -> list[OrderReport]:
        """Today's order book."""
        ...

    async def trades(self) -> list[Fill]:
        """Today's executions."""
        ...

    async def positions(self) -> list[BrokerPosition]:
        """Open positions."""
        ...

    async def funds(self) -> BrokerFunds:
        """Money as the broker counts it."""
        ...

    def updates(self) -> AsyncIterator[Update]:
        """Updates as they come, from now until the connection ends."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Journal(Protocol):
    """The append-only journal. A commit is durable when it returns, or raises and has changed nothing."""

    async def commit(self, *entries: Entry) -> int:
        """Write entries and their projections in one transaction; returns the last sequence number.

        Raises Unavailable when the journal cannot be written: the caller must stop trading (law 9)."""
        ...

    @property
    def healthy(self) -> bool:
        """False from the first failed write until one succeeds again."""
        ...

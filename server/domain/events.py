"""Bus events: facts, already on disk, that screens and engines want to hear about. Prices are not events."""

from datetime import datetime
from typing import Any

import msgspec

from server.domain.books import Position
from server.domain.orders import Fill, Order

__all__ = (
    "Event",
    "FillSeen",
    "FundsChanged",
    "ListChanged",
    "MarketChanged",
    "Notice",
    "OrderSeen",
    "PartChanged",
    "RiskSeen",
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events; `topic` on the stream is the struct's tag."""

    at: datetime
    correlation: str = ""


class OrderSeen(Event, frozen=True, tag="order", kw_only=True):
    """An order changed; `event` as in `journal.OrderChanged`."""

    event: str
    order: Order


class FillSeen(Event, frozen=True, tag="fill", kw_only=True):
    """A fill was applied."""

    fill: Fill
    position: Position
    order: Order


class FundsChanged(Event, frozen=True, tag="funds", kw_only=True):
    """Cash, margin or profit of an account changed: read it again."""

    account: str


class ListChanged(Event, frozen=True, tag="list", kw_only=True):
    """Triggers, baskets, watchlists or another kept list changed."""

    name: str
    id: str = ""
    body: dict[str, Any] = {}


class RiskSeen(Event, frozen=True, tag="risk", kw_only=True):
    """Trading state, kill switch or limits changed."""

    account: str
    name: str
    body: dict[str, Any] = {}
    reason: str = ""


class MarketChanged(Event, frozen=True, tag="market", kw_only=True):
    """A market started, stopped, changed phase, speed, scenario or day."""

    market: str
    body: dict[str, Any] = {}


class PartChanged(Event, frozen=True, tag="part", kw_only=True):
    """A part of the program changed state."""

    name: str
    state: str
    error: str = ""


class Notice(Event, frozen=True, tag="notice", kw_only=True):
    """A sentence for the user: level is info, warn or bad."""

    level: str
    text: str
    subject: str = ""

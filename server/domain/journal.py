"""Journal entries: every fact that changes Sauda's state, in the order it became true.

The journal is append-only and hash-chained, so it is the audit log as well. Tables are projections of it
and nothing else: each entry carries the finished rows (order, position, postings), so that applying it is mechanical
and a rebuild gives the same tables. One `commit` of several entries is one transaction (law 6).
"""

from datetime import date, datetime
from typing import Any

import msgspec

from server.domain.accounts import Account
from server.domain.books import Charges, Mark, Position, Posting
from server.domain.orders import Fill, Order

__all__ = (
    "AccountOpened",
    "BasketChanged",
    "Entry",
    "FillApplied",
    "FundsMoved",
    "MarketMoved",
    "Noted",
    "OrderChanged",
    "ParentChanged",
    "Payload",
    "PositionMarked",
    "RiskChanged",
    "SettingChanged",
    "StrategyChanged",
    "TriggerChanged",
)


class AccountOpened(msgspec.Struct, frozen=True, tag="account.opened", kw_only=True):
    """A trading account was opened, with its first postings."""

    account: Account
    postings: tuple[Posting, ...] = ()


class OrderChanged(msgspec.Struct, frozen=True, tag="order.changed", kw_only=True):
    """An order is now as given. `event` is the step: intended, denied, accepted, rejected, unknown,
    resolved, triggered, modified, cancelled, expired, external, released."""

    event: str
    order: Order
    postings: tuple[Posting, ...] = ()
    """Margin held or released with this step."""


class FillApplied(msgspec.Struct, frozen=True, tag="fill.applied", kw_only=True):
    """A fill with all it changed: order, position, ledger."""

    fill: Fill
    order: Order
    position: Position
    charges: Charges
    postings: tuple[Posting, ...]


class PositionMarked(msgspec.Struct, frozen=True, tag="position.marked", kw_only=True):
    """A futures position was brought to the day's settlement price, with the cash that moved."""

    mark: Mark
    position: Position
    postings: tuple[Posting, ...]


class FundsMoved(msgspec.Struct, frozen=True, tag="funds.moved", kw_only=True):
    """Deposit, withdrawal or correction, with its postings."""

    account: str
    reason: str
    postings: tuple[Posting, ...]


class TriggerChanged(msgspec.Struct, frozen=True, tag="trigger.changed", kw_only=True):
    """A GTT or OCO kept by Sauda is now as given (`body` is the trigger's own struct, as plain data)."""

    event: str
    id: str
    account: str
    state: str
    body: dict[str, Any]


class BasketChanged(msgspec.Struct, frozen=True, tag="basket.changed", kw_only=True):
    """A basket is now as given."""

    event: str
    id: str
    account: str
    state: str
    body: dict[str, Any]


class ParentChanged(msgspec.Struct, frozen=True, tag="parent.changed", kw_only=True):
    """An iceberg, cover or bracket order kept by Sauda is now as given (`body` is its own struct, as plain data)."""

    event: str
    id: str
    account: str
    state: str
    body: dict[str, Any]


class StrategyChanged(msgspec.Struct, frozen=True, tag="strategy.changed", kw_only=True):
    """An option strategy (draft or tracked) is now as given (`body` is its own struct, as plain data)."""

    event: str
    id: str
    account: str
    state: str
    body: dict[str, Any]


class RiskChanged(msgspec.Struct, frozen=True, tag="risk.changed", kw_only=True):
    """Limits, trading state or day-start equity of an account ('*' = all) are now as given."""

    account: str
    name: str
    """`limits`, `state`, `kill_switch`, `day_start`."""
    body: dict[str, Any]
    reason: str = ""


class SettingChanged(msgspec.Struct, frozen=True, tag="setting.changed", kw_only=True):
    """A user setting (watchlist, layout, preference) is now as given."""

    name: str
    value: Any


class MarketMoved(msgspec.Struct, frozen=True, tag="market.moved", kw_only=True):
    """A simulated or replayed market reached a moment worth keeping (day start, seek, close)."""

    market: str
    at_market: datetime
    day: date
    body: dict[str, Any] = {}


class Noted(msgspec.Struct, frozen=True, tag="noted", kw_only=True):
    """Something that changes no table but must be on record: refused input, sign-in, backup, start, stop."""

    what: str
    detail: dict[str, Any] = {}


Payload = (
    AccountOpened
    | OrderChanged
    | FillApplied
    | PositionMarked
    | FundsMoved
    | TriggerChanged
    | BasketChanged
    | StrategyChanged
    | ParentChanged
    | RiskChanged
    | SettingChanged
    | MarketMoved
    | Noted
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A payload on its way to the journal; `seq`, hash and previous hash are given by the writer."""

    at: datetime
    actor: str
    """Who: `owner`, `api:<key id>`, `system`, `broker:paper`."""
    correlation: str = ""
    subject: str = ""
    """Order id, account or name this is about, for finding it again."""
    payload: Payload

"""One live account's link to its broker: what it is, how it stands, and the words the Connect page shows for it."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from server.api.live import LinkState
from server.brokers.kit.ports import Adapter, Connection
from server.brokers.kit.symbols import SymbolMap
from server.domain.accounts import Account
from server.domain.brokerage import FundsLine, HoldingLine, PositionLine, SessionGrant

__all__ = ("Kept", "Link", "Snapshot")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of an account beside its secrets (setting `live.<account>`)."""

    addresses: dict[str, str] = {}
    unlocked: bool = False
    """Its check has passed: it takes orders."""
    checked: datetime | None = None
    confirmed: date | None = None
    """The day in India for which its first order was confirmed."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An account as its broker last told it."""

    at: datetime
    funds: list[FundsLine] = []
    positions: list[PositionLine] = []
    holdings: list[HoldingLine] = []


class Link:
    """Mutable; owned by `LiveAccounts`."""

    def __init__(self, account: Account, adapter: Adapter, kept: Kept) -> None:
        self.account = account
        self.adapter = adapter
        self.kept = kept
        self.symbols = SymbolMap(account.broker)
        self.credentials: dict[str, str] = {}
        self.grant: SessionGrant | None = None
        self.connection: Connection | None = None
        self.state: LinkState = "signed_out"
        self.problem = ""
        self.since: datetime | None = None
        self.snapshot: Snapshot | None = None
        self.watch = asyncio.Event()
        """Set when the watched instruments have changed."""
        self.fresh: set[str] = set()
        """Keys that got a row and have no price yet."""
        self.warned: tuple[datetime, timedelta] | None = None
        """The session end that was announced, and how long before."""

    @property
    def name(self) -> str:
        """The account's id."""
        return self.account.id

    def facts(self) -> dict[str, Any]:
        """For logs: nothing secret."""
        return {"account": self.name, "broker": self.account.broker, "state": self.state}

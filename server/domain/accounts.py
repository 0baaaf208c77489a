"""Accounts: each belongs to one broker and one market, and is paper or live for good."""

from typing import Literal

import msgspec

__all__ = ("Account", "MarketKind")

MarketKind = Literal["simulated", "replay", "live"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A trading account. Paper or live is a property of it, printed on each of its orders (law 10)."""

    id: str
    title: str
    broker: str
    market: str
    mode: Literal["PAPER", "LIVE"]
    currency: str = "INR"

"""What tracking strategies needs from storage: strategies on disk, and the trades of an account in order."""

from collections.abc import Sequence
from typing import Protocol

from server.domain.books import Charges
from server.domain.orders import Fill, Order, Product
from server.orders.ports import KeptRow

__all__ = ("OrderRows", "StrategyRows", "TradeRow", "TradeRows")


class StrategyRows(Protocol):
    """Strategies on disk."""

    async def load_all(self, states: tuple[str, ...]) -> Sequence[KeptRow]:
        """All in the given states, oldest first."""
        ...

    async def get(self, item_id: str) -> KeptRow:
        """One; raises NotFound."""
        ...

    async def page(
        self, account: str, limit: int = 100, before: str | None = None, states: tuple[str, ...] = ()
    ) -> Sequence[KeptRow]:
        """Those of an account, newest first."""
        ...


class TradeRow(Protocol):
    """A fill with its charges."""

    @property
    def fill(self) -> Fill: ...
    @property
    def product(self) -> Product: ...
    @property
    def charges(self) -> Charges: ...
    @property
    def entry(self) -> int: ...


class TradeRows(Protocol):
    """Trades on disk."""

    async def after(self, account: str, entry: int, limit: int = 500) -> Sequence[TradeRow]:
        """Trades recorded after a journal entry, oldest first."""
        ...

    async def page(self, account: str, limit: int = 100, before: int | None = None) -> Sequence[TradeRow]:
        """Trades, newest first."""
        ...


class OrderRows(Protocol):
    """Orders on disk."""

    async def get(self, order_id: str) -> Order:
        """One order; raises NotFound."""
        ...

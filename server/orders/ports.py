"""What the order path needs from outside: a broker that executes, a journal that keeps.

Brokers implement `Execution`; storage implements `Journal` and `Shelf`; the ledger has the shape of `Ledger`;
the composition root joins them.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from server.domain.books import Charges, Mark, Position, Posting
from server.domain.instruments import Instrument
from server.domain.journal import Entry
from server.domain.orders import Fill, Order, OrderState, Product
from server.risk.ports import Books

__all__ = (
    "Ack",
    "Applied",
    "BrokerFunds",
    "BrokerPosition",
    "Change",
    "Execution",
    "FillRows",
    "Journal",
    "KeptRow",
    "KeptRows",
    "Ledger",
    "Marked",
    "NotAccepted",
    "OrderReport",
    "OrderRows",
    "RiskRow",
    "RiskRows",
    "Shelf",
    "TradeRow",
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
    origin: str = "external"
    """Who made it when it was not us: `external`, or the broker himself by `squareoff` or `settlement`."""


class BrokerPosition(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's own view of one position."""

    key: str
    product: Product
    quantity: int
    average: Decimal | None = None
    """What it was bought or sold at, where the broker says."""


class BrokerFunds(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's own view of the money, in minor units."""

    available_minor: int
    used_minor: int


Update = OrderReport | Fill
"""What a broker pushes: an order's new state, or one execution. A fill's `order` is our client id where the broker
keeps it, else the broker's own order id; empty when it names none (a settlement)."""


class Execution(Protocol):
    """The part of a broker that trades, for one account. Every call may raise; see each for what that means."""

    name: str
    can_look_up: bool
    """Whether `find` proves absence as well as presence."""

    def recall(self, orders: Iterable[Order]) -> None:
        """Told before `connect`: the account's orders that may still change, for a broker whose look-up needs more of
        an order than our id."""
        ...

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


class Applied(Protocol):
    """What a fill does to the books, worked out but not yet folded in."""

    @property
    def position(self) -> Position:
        """The position after it."""
        ...

    @property
    def charges(self) -> Charges:
        """What it cost."""
        ...

    @property
    def postings(self) -> tuple[Posting, ...]:
        """Balanced postings."""
        ...


class Marked(Protocol):
    """What a settlement price changes in the ledger."""

    @property
    def position(self) -> Position:
        """The position carried at it."""
        ...

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The day's profit or loss in cash."""
        ...


class Ledger(Books, Protocol):
    """The books of all accounts, in memory. `apply`, `hold` and `adjust_hold` only compute; `commit` and `fold` change.

    The order path folds at once and journals in the same order (`server/decisions/0005-order-path.md`), so every
    computation sees all earlier ones. When the journal fails, the books are loaded again from disk."""

    def apply(self, fill: Fill, product: Product, instrument: Instrument, *, origin: str = "user") -> Applied | None:
        """Work out what `fill` changes; None when it is in the books already (law 5). `origin` is the order's: an
        automatic square-off pays the broker's fee."""
        ...

    def mark_to_market(self, mark: Mark) -> Marked | None:
        """What a mark would change; None when there is nothing to mark, or it is marked already. Changes nothing."""
        ...

    def commit_mark(self, marked: Any) -> None:
        """Fold what `mark_to_market` returned."""
        ...

    def depository(self, account: str, instrument: Instrument, product: Product, signed: int, day: date) -> Charges:
        """The depository's charge that `signed` more units would bring; Invalid where it is not known."""
        ...

    def commit(self, applied: Any) -> None:
        """Fold in what `apply` gave."""
        ...

    def fold(self, postings: Iterable[Posting]) -> None:
        """Fold in postings that are no fill: margin held and released."""
        ...

    def seen(self, account: str, execution: str) -> bool:
        """Whether this execution is in the books."""
        ...

    def held(self, account: str, reference: str) -> int:
        """Paise held under an order id."""
        ...

    def hold(self, order: Order, minor: int, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that make the cash held for `order` exactly `minor`."""
        ...

    def deposit(self, account: str, minor: int, reason: str, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that pay money in; raises Invalid unless positive."""
        ...

    def withdraw(self, account: str, minor: int, reason: str, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that take money out; raises Invalid unless positive and free."""
        ...

    def state_free(self, account: str, free_minor: int, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that make the free money exactly what the broker states (live accounts only)."""
        ...

    def adjust_hold(self, account: str, need_minor: int, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that make the margin held for the account as a whole exactly `need_minor`."""
        ...


class OrderRows(Protocol):
    """Orders on disk."""

    async def get(self, order_id: str) -> Order:
        """One order; raises NotFound."""
        ...

    async def by_request(self, account: str, request_id: str) -> Order | None:
        """The order made for a caller's request id."""
        ...

    async def load_live(self) -> list[Order]:
        """Every order of every account that may still change, oldest first."""
        ...

    async def load_requests(self) -> list[tuple[str, str]]:
        """(account, request id) of every order that has one."""
        ...

    async def by_broker_id(self, account: str, broker_id: str) -> Order | None:
        """The order the broker knows under this id: ours or an EXTERNAL one."""
        ...


class TradeRow(Protocol):
    """A fill on disk."""

    @property
    def fill(self) -> Fill:
        """The fill."""
        ...


class FillRows(Protocol):
    """Fills on disk."""

    async def of_order(self, order_id: str) -> Sequence[TradeRow]:
        """Fills of one order, oldest first."""
        ...

    async def load_executions(self, since: datetime | None = None) -> set[tuple[str, str]]:
        """(account, execution id) of fills learnt of since a moment."""
        ...


class KeptRow(Protocol):
    """A trigger, basket or parent order on disk."""

    @property
    def id(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def body(self) -> dict[str, Any]: ...


class KeptRows(Protocol):
    """Triggers, baskets or parent orders on disk."""

    async def load_all(self, states: tuple[str, ...]) -> Sequence[KeptRow]:
        """All in the given states, oldest first."""
        ...


class RiskRow(Protocol):
    """One thing risk remembers, on disk."""

    @property
    def account(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def body(self) -> dict[str, Any]: ...
    @property
    def reason(self) -> str: ...


class RiskRows(Protocol):
    """Limits, trading state, kill switch and day starts on disk."""

    async def load_all(self) -> Sequence[RiskRow]:
        """Everything."""
        ...


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What the order path reads back from disk at start-up and after a failed write (one code path)."""

    orders: OrderRows
    fills: FillRows
    triggers: KeptRows
    baskets: KeptRows
    parents: KeptRows
    risk: RiskRows

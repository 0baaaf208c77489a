"""What every broker folder offers, in the words of the composition root.

`server/brokers/<name>/__init__.py` exports `ADAPTER`, an `Adapter`; `app/` knows the folder's name and nothing else.
An adapter is stateless; `open` makes a `Connection` for one account out of credentials, a session and a base address
(the address is overridden in tests and when a fake server is tried). The order side is `orders.ports.Execution`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from server.brokers.kit.manifest import Manifest
from server.brokers.kit.symbols import Listing, SymbolMap
from server.core.clock import Clock
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    Event,
    FundsLine,
    HoldingLine,
    MarginLine,
    PositionLine,
    QuoteLine,
    SessionGrant,
)
from server.domain.orders import Order
from server.market.ports import TickBatch
from server.orders.ports import Execution

__all__ = ("Adapter", "BatchStream", "Connection", "Context", "Data", "Login", "LoginStep", "Stream", "Usage")


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a broker, for the usage log. Holds no secret and no body."""

    account: str
    broker: str
    endpoint: str
    """The manifest's name of the endpoint group: orders, quotes, history ..."""
    call: str
    status: int
    """HTTP status; 0 when there was no answer."""
    seconds: float
    at: datetime
    left: int | None = None
    """Calls left in the broker's window, where it says so or our limiter knows."""
    problem: str = ""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection is given."""

    account: str
    credentials: Mapping[str, str]
    """By the names of the manifest's `login.fields`; from the vault."""
    session: SessionGrant | None
    clock: Clock
    symbols: SymbolMap
    """Empty until a master was loaded; filled in place."""
    used: Callable[[Usage], None]
    base: Mapping[str, str] = {}
    """Overrides of the manifest's addresses (rest, stream, login ...), for fakes on loopback."""
    keep: Callable[[SessionGrant], Awaitable[None]] | None = None
    """Told of a session that the adapter renewed by itself, so that the next start begins with it."""


class LoginStep(msgspec.Struct, frozen=True, kw_only=True):
    """What the user does next to sign in."""

    kind: str
    """redirect: open `url`, come back to the local callback. none: the credentials are enough."""
    url: str = ""
    listen: str = ""
    """An https address on this machine to which the broker sends the browser instead of our callback."""


class Login(Protocol):
    """Signing in, as the broker's users do it (auth.py). No method logs or returns a secret in an error."""

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """The login page's address with our callback and state where the broker carries it."""
        ...

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Turn the callback's parameters (or the credentials alone, TOTP included) into a session.

        Raises Unauthorised with the broker's words, Invalid when the answer lacks what is needed, Unavailable."""
        ...

    async def refresh(self, context: Context) -> SessionGrant | None:
        """A fresh session without the user, or None where the broker has no such thing."""
        ...

    async def revoke(self, context: Context) -> None:
        """Tell the broker that the session is over (where it can be told)."""
        ...

    def expires(self, grant: SessionGrant) -> datetime | None:
        """When the session ends: as granted, else by the manifest's rule; None = it does not."""
        ...


class Data(Protocol):
    """Reading (data.py). Every call raises Unauthorised, RateLimited, Unavailable or Invalid; reads may be repeated."""

    async def instruments(self) -> list[Listing]:
        """The master of today, mapped; what could not be mapped is in the symbol map's report."""
        ...

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Snapshots by canonical key, paged within the broker's limit; what the broker omits is absent."""
        ...

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Bars in [start, end), oldest first, paged within the broker's limit; intervals as `market.intervals`."""
        ...

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """The broker's own option chain, where the manifest has one; raises NotFound elsewhere."""
        ...

    async def holdings(self) -> list[HoldingLine]:
        """Shares held."""
        ...

    async def positions(self) -> list[PositionLine]:
        """Positions in full, with prices and profit."""
        ...

    async def funds(self) -> list[FundsLine]:
        """Money by segment or currency."""
        ...

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """The broker's own margin for orders; raises NotFound where it has no such call."""
        ...


class Stream(Protocol):
    """Live prices of one connection (stream.py), sharded over as many sockets as the manifest demands."""

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Keep the sockets up until cancelled; `sink(key, event, received_ns)` for each event of a known instrument,
        with the monotonic time of receipt. Reconnects with backoff; a dead token raises Unauthorised."""
        ...

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`, each in mode `ltp`, `quote` or `full`."""
        ...

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte (heartbeats included)."""
        ...


@runtime_checkable
class BatchStream(Protocol):
    """A stream that can hand over whole messages as batches for the hub, where that saves much."""

    def into(self, row: Callable[[str], int | None], take: Callable[[TickBatch], None]) -> None:
        """From now on `take` gets prices instead of `run`'s sink; `row` tells a key's row in the market."""
        ...


class Connection(Protocol):
    """One account at one broker."""

    execution: Execution
    data: Data
    stream: Stream | None

    async def open(self) -> None:
        """Open what is needed (HTTP session); no login is done here."""
        ...

    async def ping(self) -> float:
        """Seconds of the cheapest authenticated read; raises as `Data`."""
        ...

    def order_events(self) -> AsyncIterator[Event]:
        """Order updates as pushed, from now on."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Adapter(Protocol):
    """A broker folder."""

    manifest: Manifest
    login: Login

    def connect(self, context: Context) -> Connection:
        """A connection, not yet open."""
        ...

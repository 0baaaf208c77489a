"""What the routes of live accounts work with; the composition root implements `Live`. No secret is in any of these."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Protocol

import msgspec

__all__ = (
    "AccountLine",
    "Begun",
    "BrokerWire",
    "CheckReport",
    "CheckStep",
    "CoursePoint",
    "FieldWire",
    "FundsWireLine",
    "HeldLine",
    "LinkState",
    "LinkWire",
    "Live",
    "MasterWire",
    "OrderRoute",
    "ReadRoute",
    "Routing",
    "RoutingAsked",
    "ScoreWire",
    "UsageCall",
    "UsageLine",
)

LinkState = Literal["signed_out", "connecting", "connected", "expired", "failed"]


class FieldWire(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the user types to connect."""

    name: str
    title: str
    secret: bool
    optional: bool
    help: str


class BrokerWire(msgspec.Struct, frozen=True, kw_only=True):
    """A broker that can be connected, as its manifest and quality file declare it."""

    name: str
    title: str
    country: str
    currency: str
    tier: str
    """none, bronze, silver or gold; live orders need gold."""
    segments: list[str]
    products: list[str]
    types: list[str]
    validities: list[str]
    client_id: str
    look_up: bool
    login: str
    """redirect, keys, totp, gateway"""
    fields: list[FieldWire]
    session_ends: str
    static_ip: bool
    portal: str
    todo: list[str]
    """Why its tier is not higher."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way: go to `url` and come back, or it is done and `account` is connected."""

    done: bool
    url: str = ""
    account: str = ""


class ScoreWire(msgspec.Struct, frozen=True, kw_only=True):
    """How good an account is for reads, from its last calls, and what that is made of."""

    score: float
    """0 to 1: 0.6 x success + 0.3 x speed (half at 300 ms) + 0.1 while the limit has room."""
    success: float | None
    """Share of calls that succeeded; null before the first one."""
    median_ms: float | None
    free: int | None
    """Calls left in the tightest window of those used within the last 2 s; null when none was."""


class LinkWire(msgspec.Struct, frozen=True, kw_only=True):
    """How a live account stands."""

    account: str
    title: str
    broker: str
    broker_title: str
    market: str
    currency: str
    state: LinkState
    problem: str
    user: str
    expires: datetime | None
    """When its session ends; null = it does not."""
    unlocked: bool
    locked_because: str
    checked: datetime | None
    tier: str
    static_ip: bool
    instruments: int
    unmapped: dict[str, int]
    """Rows of its master without a canonical symbol, by reason."""
    snapshot_at: datetime | None
    since: datetime | None
    score: ScoreWire


class FundsWireLine(msgspec.Struct, frozen=True, kw_only=True):
    """Money in one segment or currency, as the broker states it."""

    segment: str
    currency: str
    available: Decimal | None
    used: Decimal | None
    net: Decimal | None


class HeldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A position or holding as the broker states it."""

    key: str
    """Canonical key; empty where the master does not list it."""
    symbol: str
    product: str
    quantity: Decimal
    average: Decimal | None
    last: Decimal | None
    profit: Decimal | None
    currency: str


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account in the unified portfolio."""

    account: str
    title: str
    broker: str
    mode: Literal["PAPER", "LIVE"]
    currency: str
    state: str
    problem: str
    age: float | None
    """Seconds since its figures were read; null when they never were."""
    funds: list[FundsWireLine]
    positions: list[HeldLine]
    holdings: list[HeldLine]
    profit: Decimal | None
    """Open and realised profit of positions; null when the broker does not say."""
    value: Decimal | None
    """Worth of the holdings."""


class CoursePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one stretch of time; `at` is its middle."""

    at: datetime
    calls: int
    failures: int
    p50_ms: float
    p99_ms: float


class UsageLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of one endpoint of one account over the span asked for."""

    account: str
    broker: str
    endpoint: str
    calls: int
    failures: int
    p50_ms: float
    p99_ms: float
    left: int | None
    """Calls left in the broker's window, where known."""
    last_problem: str
    course: list[CoursePoint]
    """The span in 60 equal stretches, oldest first; those without a call are left out."""


class UsageCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    at: datetime
    account: str
    endpoint: str
    call: str
    status: int
    ms: float
    problem: str


class ReadRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Whom one kind of read is asked of."""

    operation: Literal["quotes", "history"]
    order: list[str]
    """Accounts in the user's order; those not named follow by their score."""
    now: list[str]
    """Accounts as they are asked at this moment, best first; those that are down are left out."""


class OrderRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ticket of one segment begins."""

    segment: str
    able: list[str]
    """Live accounts that trade it."""
    account: str
    """Empty: the account in use."""


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of the router and what they lead to now. Reads fall back; an order never does."""

    reads: list[ReadRoute]
    orders: list[OrderRoute]
    revision: int
    """Changes so far; a change names the one it is based on."""


class RoutingAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All rules, as they are to be."""

    quotes: Annotated[list[str], msgspec.Meta(max_length=50)]
    history: Annotated[list[str], msgspec.Meta(max_length=50)]
    orders: Annotated[dict[str, str], msgspec.Meta(max_length=20)]
    """Account by segment; a segment not named goes to the account in use."""
    revision: int


class MasterWire(msgspec.Struct, frozen=True, kw_only=True):
    """The merged master of one live market."""

    market: str
    instruments: int
    carriers: dict[str, int]
    """Instruments by account."""
    unmapped: dict[str, dict[str, int]]
    """By account: rows without a canonical symbol, by reason."""
    conflicts: list[str]
    """Where brokers say different things."""
    switches: dict[str, int]
    """Changes of the price source, `from>to`."""
    dropped: dict[str, int]


class CheckStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an account's check."""

    name: str
    state: Literal["ok", "failed", "skipped"]
    expected: str
    got: str
    ms: float


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """An account's check: what was tried, what came, what differed. Can be exported; no secret is in it."""

    account: str
    broker: str
    version: str
    at: datetime
    with_order: bool
    passed: bool
    unlocked: bool
    steps: list[CheckStep]


class Live(Protocol):
    """Live accounts."""

    def brokers(self) -> list[BrokerWire]:
        """Every broker there is."""
        ...

    def wires(self) -> list[LinkWire]:
        """Every live account."""
        ...

    async def begin(
        self, broker: str, title: str, fields: Mapping[str, str], addresses: Mapping[str, str], account: str = ""
    ) -> Begun:
        """Sign in; see `app.live.accounts`."""
        ...

    async def finish(self, answer: Mapping[str, str]) -> str:
        """The broker's redirect came back."""
        ...

    async def sign_out(self, account: str) -> None:
        """End its session."""
        ...

    async def forget(self, account: str) -> None:
        """Sign out and remove its keys."""
        ...

    async def refresh(self, account: str) -> None:
        """Read its figures now."""
        ...

    async def check(self, account: str, key: str, with_order: bool) -> CheckReport:
        """Run its check; `with_order` is the user's consent to one smallest order far from the market."""
        ...

    async def report(self, account: str) -> CheckReport:
        """The last check; raises NotFound."""
        ...

    def portfolio(self) -> list[AccountLine]:
        """Live accounts as their brokers told them last."""
        ...

    async def usage_lines(self, hours: float) -> list[UsageLine]:
        """Calls by endpoint, over the last hours."""
        ...

    async def usage_calls(self, limit: int) -> list[UsageCall]:
        """The last calls, newest first."""
        ...

    def routing(self) -> Routing:
        """Rules of the router."""
        ...

    async def route(self, asked: RoutingAsked) -> Routing:
        """Change them; raises Invalid naming the field, Conflict when they changed meanwhile."""
        ...

    def masters(self) -> list[MasterWire]:
        """Merged masters."""
        ...

    def read_back(self, account: str) -> str:
        """What must be confirmed before the first live order of the day; empty when it was."""
        ...

    async def confirm(self, account: str) -> None:
        """The user has confirmed it."""
        ...

"""What the routes of live accounts work with; the composition root implements `Live`. No secret is in any of these."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

__all__ = (
    "AccountLine",
    "Begun",
    "BrokerWire",
    "CheckReport",
    "CheckStep",
    "FieldWire",
    "FundsWireLine",
    "HeldLine",
    "LinkState",
    "LinkWire",
    "Live",
    "MasterWire",
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
    score: float
    """0 to 1: success, latency and room left of its reads."""


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


class UsageLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of one endpoint of one account since the start."""

    account: str
    broker: str
    endpoint: str
    calls: int
    failures: int
    p50_ms: float
    p99_ms: float
    recent_ms: list[float]
    """Latencies of the last calls, oldest first."""
    left: int | None
    """Calls left in the broker's window, where known."""
    last_problem: str


class UsageCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    at: datetime
    account: str
    endpoint: str
    call: str
    status: int
    ms: float
    problem: str


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

    def usage_lines(self) -> list[UsageLine]:
        """Calls by endpoint."""
        ...

    def usage_calls(self, limit: int) -> list[UsageCall]:
        """The last calls, newest first."""
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

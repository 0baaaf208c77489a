"""All settings of Sauda in one frozen struct: documented, range-checked, whole or not at all."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from server.core import settings as base
from server.core.errors import Invalid
from server.core.paths import bundled

__all__ = ("Settings", "load_settings")


Scenario = Literal["calm", "trend", "crash", "expiry", "gap", "halted"]


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the app listens."""

    host: Literal["127.0.0.1", "localhost", "::1"] = "127.0.0.1"
    """Loopback only; a phone on the LAN comes with pairing, which is not built yet."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 8420
    mode: Literal["production", "development"] = "production"
    open_browser: bool = True
    timezone: str = "Asia/Kolkata"


class Logging(Struct, frozen=True, forbid_unknown_fields=True):
    """Structured logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    keep_days: Annotated[int, Meta(ge=1, le=3650)] = 90


class Market(Struct, frozen=True, forbid_unknown_fields=True):
    """The built-in simulated market."""

    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 4
    scenario: Scenario = "calm"
    speed: Annotated[float, Meta(ge=1, le=60)] = 1.0
    volatility: Annotated[float, Meta(gt=0, le=5)] = 1.0
    """Multiplier of the calibrated volatility."""
    start: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    """First market day, ISO date; empty = today or the next trading day."""
    history_days: Annotated[int, Meta(ge=0, le=30)] = 5


class Paper(Struct, frozen=True, forbid_unknown_fields=True):
    """The paper broker."""

    capital: Annotated[int, Meta(ge=1_000, le=10_000_000_000)] = 500_000
    """Rupees in a new paper account."""
    latency_ms: Annotated[int, Meta(ge=0, le=10_000)] = 50
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 7


class Orders(Struct, frozen=True, forbid_unknown_fields=True):
    """The order path."""

    timeout_s: Annotated[float, Meta(ge=0.1, le=30)] = 3.0
    """After this long without an answer a submit is UNKNOWN."""
    reconcile_s: Annotated[float, Meta(ge=1, le=3600)] = 30.0


class Store(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept, and how long."""

    keep_tick_days: Annotated[int, Meta(ge=1, le=3650)] = 10
    keep_second_bar_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    keep_minute_bar_days: Annotated[int, Meta(ge=1, le=36500)] = 1825
    keep_usage_days: Annotated[int, Meta(ge=1, le=366)] = 14
    """Calls to brokers: some 30,000 a day and account."""
    keep_backups: Annotated[int, Meta(ge=0, le=366)] = 7
    """Daily backups kept; 0 = none are made by themselves."""


class Live(Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts at real brokers."""

    prefer: dict[str, str] = {}
    """Account asked first, by kind of read (quotes, history), until rules are set on the Brokers page."""


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """Groups of uncertain market rules that are switched off."""

    without: tuple[str, ...] = ()


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What computes option volatilities and Greeks."""

    engine: Literal["auto", "numpy", "numba"] = "auto"
    """`auto` compiles in the background when the extra `fast` is there and a large batch comes."""
    device: Literal["auto", "off", "npu", "gpu", "cpu"] = "auto"
    """Where the Greeks on the screen are computed; `auto` takes an NPU, else a GPU, else the processor in float64."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    server: Server = field(default_factory=Server)
    logging: Logging = field(default_factory=Logging)
    market: Market = field(default_factory=Market)
    paper: Paper = field(default_factory=Paper)
    orders: Orders = field(default_factory=Orders)
    store: Store = field(default_factory=Store)
    live: Live = field(default_factory=Live)
    rules: Rules = field(default_factory=Rules)
    options: Options = field(default_factory=Options)


def load_settings(data: Path, environment: dict[str, str], flags: dict[str, str]) -> Settings:
    """Defaults < `sauda.toml` in the data folder < environment < flags; raises Invalid and changes nothing."""
    settings = base.load(Settings, [bundled("config") / "defaults.toml", data / "sauda.toml"], environment, flags)
    try:
        date.fromisoformat(settings.market.start or "2026-11-20")
    except ValueError:
        raise Invalid(
            f"setting market.start: there is no day {settings.market.start}.",
            code="settings.value",
            field="market.start",
            remedy="Write a day as 2026-11-20, or leave it empty for today.",
        ) from None
    return settings

"""What a broker can do, declared in `manifest.toml` and never guessed."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from server.core.errors import Fault

__all__ = ("EndpointLimit", "LoginFacts", "Manifest", "StreamFacts", "load_manifest")


class EndpointLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often an endpoint group may be called; None = no such limit known."""

    per_second: float | None = None
    burst: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    batch: int | None = None
    """Most instruments or orders in one call."""


class LoginField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing the user types on the Connect page."""

    name: str
    title: str
    secret: bool = True
    optional: bool = False
    help: str = ""


class LoginFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How its users sign in."""

    kind: Literal["redirect", "keys", "totp", "gateway"]
    fields: tuple[LoginField, ...]
    ends: str = ""
    """When a session ends if the answer does not say: `06:00 Asia/Kolkata`, `24h`, empty = never."""
    refresh: bool = False
    static_ip: bool = False
    """Whether order endpoints want a registered address."""
    portal: str = ""
    """Where the user makes keys."""


class StreamFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the price stream carries."""

    sockets: int
    per_socket: int
    modes: tuple[str, ...]
    depth: int = 0
    silence_s: float = 10.0
    """After this many seconds without a byte in market hours the line counts as dead."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One broker's capabilities."""

    name: str
    title: str
    country: str
    currency: str
    segments: tuple[str, ...]
    """Canonical exchanges it trades: NSE, BSE, NFO, BFO, CDS, MCX, GLOBAL, CRYPTO."""
    products: tuple[str, ...]
    types: tuple[str, ...]
    validities: tuple[str, ...]
    after_market: bool = False
    gtt: bool = False
    chain: bool = False
    margin: bool = False
    history: tuple[str, ...] = ()
    """Intervals it serves, in the words of market.intervals."""
    market_protection: bool = False
    """MARKET and SL-M orders must carry a protection."""
    modify_quantity: Literal["total", "remaining", "none"] = "total"
    """What a modify's quantity means on the wire."""
    client_id: Literal["unique", "tag", "none"]
    """unique: the broker refuses a second order with our id. tag: kept and returned, not unique. none: not kept."""
    client_id_length: int = 20
    look_up: bool
    """Whether a submit can be proved absent: by id or by tag in the order book."""
    quantity_step: bool = False
    """Whether instruments have fractional quantity steps."""
    addresses: dict[str, str]
    """rest, stream, orders_stream, login ...: the live services."""
    limits: dict[str, EndpointLimit]
    """By endpoint group; `default` applies elsewhere."""
    login: LoginFacts
    stream: StreamFacts | None = None
    calls: tuple[str, ...] = ()
    """Names in PARSERS; a test compares."""

    def limit(self, endpoint: str) -> EndpointLimit:
        """The limit of an endpoint group."""
        return self.limits.get(endpoint) or self.limits["default"]


def load_manifest(folder: Path) -> Manifest:
    """Read `manifest.toml` of a broker folder; raises Fault, naming the file, when it does not fit."""
    path = folder / "manifest.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Manifest, strict=False)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Fault(f"{path.parent.name}/manifest.toml: {error}", code="broker.manifest") from error

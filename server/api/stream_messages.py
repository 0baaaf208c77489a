"""What a client may say on /stream, decoded strictly. Anything else is an Invalid that closes the connection."""

from datetime import date
from typing import Annotated, Any

import msgspec

from server.core.errors import Invalid

__all__ = (
    "MOST_BYTES",
    "Bars",
    "Chain",
    "Chains",
    "ClientMessage",
    "Depth",
    "Hello",
    "Ping",
    "Rate",
    "Series",
    "Watch",
    "decode",
)

MOST_BYTES = 262_144
"""Characters of one message: a full set of keys fits several times over."""

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MarketId = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="hello"):
    """First message. `since` and `boot`: the last event seen, and in which run of the server."""

    v: int
    since: Annotated[int, msgspec.Meta(ge=0)] | None = None
    boot: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="watch"):
    """Replace the quotes shown of one market."""

    market: MarketId
    keys: Annotated[list[Key], msgspec.Meta(max_length=2_000)]


class Depth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="depth"):
    """Replace the books shown of one market."""

    market: MarketId
    keys: Annotated[list[Key], msgspec.Meta(max_length=20)]


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One live bar series."""

    key: Key
    interval: Annotated[str, msgspec.Meta(max_length=8)]


class Bars(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="bars"):
    """Replace the live bars of one market."""

    market: MarketId
    series: Annotated[list[Series], msgspec.Meta(max_length=64)]


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One option chain; `strikes` on each side of the money, 0 = all."""

    underlying: Key
    expiry: date
    strikes: Annotated[int, msgspec.Meta(ge=0, le=200)] = 20


class Chains(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="chains"):
    """Replace the option chains shown of one market."""

    market: MarketId
    chains: Annotated[list[Chain], msgspec.Meta(max_length=8)]


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="rate"):
    """Price flushes a second, at most."""

    hz: Annotated[float, msgspec.Meta(ge=1, le=60)]


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="ping"):
    """Sign of life; `t` comes back in the pong."""

    t: Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)] = 0


ClientMessage = Hello | Watch | Depth | Bars | Chains | Rate | Ping
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(ClientMessage, strict=True)


def decode(text: str) -> ClientMessage:
    """One message; raises Invalid that names the field."""
    try:
        message: ClientMessage = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        said, _, where = str(error).partition(" - at `$")
        raise Invalid(
            f"The message cannot be read: {said}.",
            code="stream.message",
            field=where.strip("`").lstrip("."),
            remedy="See /docs/stream for what may be sent.",
        ) from None
    return message

"""Bytes in, structs of `domain.brokerage` out; pure. Written first, tested on the broker's own samples.

| call | gives | |
|---|---|---|
| error | Refusal | required: it decides what an answer proves |
| session | SessionGrant | where there is a sign-in |
| place, modify, cancel | Receipt | required for orders |
| orders, order_history | list[OrderLine] | orders required |
| trades | list[TradeLine] | required for orders |
| positions, holdings, funds, margin | list[...Line] | funds and positions required |
| quotes, depth | list[QuoteLine] | |
| history | list[BarLine] | |
| instruments | list[ListingLine] | required |
| option_chain | list[ChainLine] | |
| gtt | list[GttLine] | |
| postback | list[Event] | |

What the broker lacks is left out, here and in the manifest's `calls`. Nothing but Invalid is raised: wrap each with
`kit.reading.guard`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from server.brokers.kit.reading import Reader, guard
from server.domain.brokerage import Event, NoticeEvent, Refusal

__all__ = ("PARSERS", "decode_orders", "decode_stream")

BROKER = "template"


class _Error(msgspec.Struct):
    message: str
    code: str = ""


_errors: Reader[_Error] = Reader(BROKER, "error", _Error)


def _error(body: bytes) -> Refusal:
    """Without knowing better, an error proves nothing: the fate of what was sent is unknown."""
    said = _errors(body)
    return Refusal(kind="other", code=said.code, message=said.message, fate_unknown=True)


def decode_stream(frame: bytes | str) -> list[Event]:
    """Prices of the stream."""
    return [NoticeEvent(kind="other", text=f"{len(frame)} long")]


def decode_orders(frame: bytes | str) -> list[Event]:
    """Order updates of the stream."""
    return []


PARSERS: Mapping[str, Callable[[bytes], Any]] = {"error": guard(BROKER, "error", _error)}

"""The TWS protocol's outermost layer: fields of text that end in NUL, in a frame led by its length in four bytes.

The layout is that of IB's published API (`comm.py`, `connection.py` of its Python package): the first message of a
client alone is led by the word `API`, and holds the versions that it can speak.
"""

import asyncio
import struct
from decimal import Decimal

__all__ = ("GREETING", "UNSET", "UNSET_WHOLE", "Unreadable", "double", "fields_of", "frame", "read_frame")

GREETING = b"API\0"
UNSET = "1.7976931348623157E308"
"""A double that is not set, as Java writes it."""
UNSET_WHOLE = "2147483647"
_MOST = 0xFFFFFF
"""IB's own client refuses longer messages."""


class Unreadable(Exception):
    """A message that is none; the gateway answers with error 320."""


def frame(*fields: object) -> bytes:
    """One message. None is empty, true is 1, a Decimal has no exponent."""
    body = b"".join(_text(field).encode() + b"\0" for field in fields)
    return struct.pack(">I", len(body)) + body


def double(value: Decimal | None) -> str:
    """As Java writes doubles: at least one decimal."""
    if value is None:
        return "0.0"
    text = format(value.normalize(), "f")
    return text if "." in text else f"{text}.0"


def fields_of(body: bytes) -> list[str]:
    """The fields of a message; raises Unreadable when the last one has no end."""
    if body[-1:] != b"\0":
        raise Unreadable("the message does not end in NUL")
    return body[:-1].decode().split("\0")


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The next message's body. Raises IncompleteReadError at the end, Unreadable when it is absurdly long."""
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    if size > _MOST:
        raise Unreadable(f"a message of {size} bytes")
    return await reader.readexactly(size)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)

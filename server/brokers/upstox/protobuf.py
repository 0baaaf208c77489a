"""Just enough of the protocol buffers wire format to read Upstox's feed: varints, doubles, nested messages.

A hand-made reader instead of the protobuf runtime: the feed has eleven small messages that change once in years, and
damaged bytes must end as our own error with the place in the frame.
"""

import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import NoReturn

from server.brokers.kit.reading import refuse

__all__ = ("Field", "as_decimal", "as_int", "fields")

Field = tuple[int, int, int | bytes]
"""(field number, wire type, value): int for varints and fixed numbers, bytes for what has a length."""
_DOUBLE = struct.Struct("<d")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(broker: str, data: bytes, path: str) -> Iterator[Field]:
    """The fields of one message, in order; refuses what does not add up."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(broker, data, at, path)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            _bad(broker, path, "field number 0")
        if kind == _VARINT:
            value, at = _varint(broker, data, at, path)
            yield number, kind, value
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
            if at + size > end:
                _bad(broker, path, "it ends within a number")
            yield number, kind, data[at : at + size]
            at += size
        elif kind == _BYTES:
            size, at = _varint(broker, data, at, path)
            if at + size > end:
                _bad(broker, path, f"{size} bytes were promised, {end - at} are there")
            yield number, kind, data[at : at + size]
            at += size
        else:
            _bad(broker, path, f"wire type {kind}")


def as_int(broker: str, field: Field, path: str) -> int:
    """A signed 64-bit number."""
    _, kind, value = field
    if kind != _VARINT or not isinstance(value, int):
        _bad(broker, path, "expected a whole number")
    return value - (1 << 64) if value >= 1 << 63 else value


def as_decimal(broker: str, field: Field, path: str) -> Decimal:
    """A double, as the shortest decimal that means the same double: `52.05`, not its binary neighbour."""
    _, kind, value = field
    if kind != _FIXED64 or not isinstance(value, bytes):
        _bad(broker, path, "expected a double")
    number = _DOUBLE.unpack(value)[0]
    if not abs(number) < 1e30:
        _bad(broker, path, "expected a finite number of sensible size")
    found = Decimal(repr(number))
    return Decimal(int(found)) if found == found.to_integral_value() else found


def _varint(broker: str, data: bytes, at: int, path: str) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift >= 70:
            break
    return _bad(broker, path, "a number that does not end")


def _bad(broker: str, path: str, problem: str) -> NoReturn:
    refuse(broker, "stream", path, problem)

"""The simulator's snapshot: all it takes to go on after a crash, packed small."""

import zlib
from datetime import date

import msgspec

from server.core.errors import Invalid
from server.feeds.simulator.day import DayState
from server.feeds.simulator.scenario import Change

__all__ = ("Snapshot", "pack", "unpack")

_VERSION = 1


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a simulated market stands."""

    seed: int
    first_day: date
    state: DayState
    changes: tuple[Change, ...]
    now_ns: int
    speed: float
    paused: bool
    version: int = _VERSION


def pack(snapshot: Snapshot) -> bytes:
    """Compressed MessagePack, some tens of kilobytes."""
    return zlib.compress(msgspec.msgpack.encode(snapshot), 6)


def unpack(raw: bytes, names: tuple[str, ...]) -> Snapshot:
    """Read one back. Raises Invalid when it cannot be read, is of another version, or of other shares than `names`."""
    try:
        snapshot = msgspec.msgpack.decode(zlib.decompress(raw), type=Snapshot)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise _unreadable(str(error)) from error
    if snapshot.version != _VERSION or snapshot.state.names != names:
        raise _unreadable("it is of another version, or of other shares")
    return snapshot


def _unreadable(why: str) -> Invalid:
    return Invalid(
        f"The simulator's snapshot cannot be used: {why}",
        code="simulator.snapshot",
        field="snapshot",
        remedy="Start the simulated market anew.",
    )

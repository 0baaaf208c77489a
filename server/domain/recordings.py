"""Recorded market data: what an import found in a file, and which days can be replayed."""

from datetime import date, datetime
from typing import Literal

import msgspec

__all__ = ("FaultFound", "Grain", "ImportJob", "ImportState", "Outcome", "Replay")

Grain = Literal["ticks", "snapshots", "1m", "5m", "15m"]
"""How fine a recording is: single ticks, whole snapshots some minutes apart, or bars of that length."""

Outcome = Literal["taken", "repaired", "refused"]

ImportState = Literal["waiting", "reading", "done", "failed"]


class FaultFound(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fault in a file."""

    fault: str
    """A word for programs: `after_close`, `stale_copy`; underscores stand for spaces."""
    count: int
    """Rows (or gaps, or days: `action` says which)."""
    example: str
    """A row as it stands in the file, or the gap itself."""
    action: str
    """What was done, in a sentence."""
    outcome: Outcome


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way in, or what became of it. Each row ends up taken, repaired or refused."""

    id: str
    file: str
    state: ImportState
    at: datetime
    kind: str = ""
    """What the file was recognised as, `index minutes`; empty before."""
    rows: int = 0
    taken: int = 0
    repaired: int = 0
    refused: int = 0
    report: tuple[FaultFound, ...] = ()
    days: tuple[date, ...] = ()
    """Days that can now be replayed, or that reference data was stored for."""
    detail: str = ""
    """Why it failed, or what else the user should know."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A day that can be replayed."""

    id: str
    """The day itself, `2024-01-05`."""
    day: date
    kind: str
    """In words: `ticks`, `one-minute bars`, `ticks and snapshots`."""
    instruments: int
    rows: int
    faults: int
    """Kinds of fault reported when its files were taken in."""
    tradable: int
    """Instruments of it that orders can be placed in."""
    detail: str
    """What the user should know before: made from bars, no rules known for trading."""

"""What the readers of the layouts share: what they ask of the import, and what they end with."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import msgspec

from server.domain.instruments import Instrument
from server.feeds.replay.columns import Series
from server.feeds.replay.names import Names
from server.feeds.replay.tally import Tally

__all__ = ("DailyRow", "Found", "Import", "OpeningRow", "Reader", "Token")


class DailyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's day in a bhavcopy. Prices are None where nothing was traded or said."""

    day: date
    instrument: Instrument
    open: float | None
    high: float | None
    low: float | None
    close: float
    previous: float | None
    """Close of the session before."""
    volume: int
    """Units traded."""
    oi: int


class OpeningRow(msgspec.Struct, frozen=True, kw_only=True):
    """Open interest of a contract at the end of the session before `day`, as the day's own file states it."""

    day: date
    key: str
    oi: int
    """Units."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's number for an instrument."""

    token: int
    instrument: Instrument
    lot: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a file held: prices to replay, or figures to look things up in."""

    series: Sequence[Series] = ()
    daily: Sequence[DailyRow] = ()
    tokens: Sequence[Token] = ()
    opening: Sequence[OpeningRow] = ()


class Import(Protocol):
    """What readers ask of the import of one file."""

    @property
    def name(self) -> str:
        """What the user calls the file, with its folder where that is known."""
        ...

    @property
    def names(self) -> Names:
        """Names of instruments."""
        ...

    @property
    def tally(self) -> Tally:
        """Where faults are counted."""
        ...

    def token(self, token: int) -> Token | None:
        """What a broker's number means, as an instruments file said."""
        ...

    def lot(self, name: str, expiry: date) -> int | None:
        """Lot of a contract; None = not known."""
        ...

    def settle(self, written: Instrument | None, called: Instrument | None, series: Series) -> Series:
        """The series under the right instrument: `written` is what its rows say, `called` what the file's name says.
        Raises Invalid when it cannot be told."""
        ...


class Reader(Protocol):
    """Reads the rows of one layout."""

    kind: str
    """What such a file is, in words."""

    def row(self, cells: list[str], line: int) -> None:
        """Take one row; raises BadRow."""
        ...

    def finish(self) -> Found:
        """Everything read; raises Invalid when the file cannot be used."""
        ...

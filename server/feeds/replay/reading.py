"""Opens a file somebody hands in and gives its lines, safely: plain, gzip or a zip of one file, within hard limits.

What a file is follows from its first bytes, not from its name. A file that unpacks to more than `MAX_BYTES`, has a
line longer than `MAX_LINE` or is not UTF-8 text is refused; nothing is ever read whole.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from server.core.errors import Invalid

__all__ = ("MAX_BYTES", "MAX_LINE", "Lines", "open_lines", "refuse")

MAX_BYTES = 512 * 1024 * 1024
"""Most bytes a file may unpack to."""
MAX_LINE = 64 * 1024
"""Longest line, in bytes."""


class _Source(Protocol):
    def readline(self, size: int, /) -> bytes: ...


class Lines:
    """Iterates over the lines of an open file, without their ends; counts what was read."""

    def __init__(self, raw: _Source, max_bytes: int = MAX_BYTES) -> None:
        self._raw = raw
        self._left = max_bytes
        self.number = 0
        """Lines given so far; the last one given has this number."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._raw.readline(MAX_LINE + 1)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise refuse(f"it is damaged after line {self.number} ({error})", "Get the file again.") from error
        if not line:
            raise StopIteration
        self.number += 1
        self._left -= len(line)
        if len(line) > MAX_LINE:
            raise refuse(f"line {self.number} is longer than {MAX_LINE:,} bytes", "It is not a table of market data.")
        if self._left < 0:
            raise refuse("it unpacks to more than 512 MB", "Cut it into files of a month or a day.")
        if b"\0" in line:
            raise refuse("it is not text (a zero byte was found)", "Save it as CSV in UTF-8.")
        try:
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise refuse(f"line {self.number} is not UTF-8 text", "Save it as CSV in UTF-8.") from error
        return text.rstrip("\r\n")


@contextmanager
def open_lines(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[Lines]:
    """Lines of a file. Raises Invalid for what is not a text file we can open."""
    try:
        with path.open("rb") as peek:
            magic = peek.read(4)
    except OSError as error:
        raise refuse(f"it cannot be read ({error.strerror or error})", "Check the path and its permissions.") from error
    if not magic:
        raise refuse("it is empty", "Choose a file with data in it.")
    if magic[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise refuse("it is UTF-16 text", "Save it as CSV in UTF-8.")
    if magic[:2] == b"\x1f\x8b":
        with gzip.open(path, "rb") as raw:
            yield Lines(raw, max_bytes)
    elif magic == b"PK\x03\x04":
        with _only_member(path) as raw:
            yield Lines(raw, max_bytes)
    else:
        with path.open("rb") as raw:
            yield Lines(raw, max_bytes)


def refuse(why: str, remedy: str) -> Invalid:
    """The one sentence for a file that is not taken."""
    return Invalid(f"The file was not taken: {why}.", code="import.file", field="file", remedy=remedy)


@contextmanager
def _only_member(path: Path) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            files = [i for i in archive.infolist()[:1000] if not i.is_dir()]
            if len(files) != 1 or files[0].flag_bits & 0x1:
                raise refuse("it is a zip of several files, or a locked one", "Unpack it and import its files.")
            with archive.open(files[0]) as raw:
                yield raw
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise refuse(f"its zip form cannot be read ({error})", "Unpack it and import its files.") from error

"""What the replay tests share: an importer on an empty folder, and files written in one line."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from pathlib import Path

from server.core.clock import IST, to_ns
from server.core.paths import bundled
from server.domain.recordings import FaultFound, ImportJob
from server.feeds.replay.importing import Importer
from server.feeds.replay.known import Known
from server.feeds.replay.library import Library
from server.feeds.replay.recordings import Recorded, Recordings
from tests.trading import rulebook

__all__ = ("AT", "Bench", "faults", "known", "minute_rows", "ns")

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_ids = count(1)


@cache
def known() -> Known:
    """Hours and levels of older days, as they ship."""
    return Known(bundled("config") / "recordings.toml", rulebook())


@dataclass
class Bench:
    """An importer on a folder of its own."""

    folder: Path

    def __post_init__(self) -> None:
        self.recordings = Recordings(self.folder)
        assert self.recordings.open(AT) == ""
        self.importer = Importer(self.recordings, rulebook(), known())
        self.library = Library(self.recordings, rulebook(), known(), "zerodha")

    def take(self, path: Path, name: str = "") -> ImportJob:
        """Import a file under its own name, its folder in front, or another name."""
        shown = name or "/".join(path.parts[-2:])
        return self.importer.take(path, ImportJob(id=f"J{next(_ids)}", file=shown, state="reading", at=AT))

    def write(self, name: str, lines: Iterable[str], *, packed: bool = False) -> ImportJob:
        """Import a file of these lines."""
        path = self.folder / f"file{next(_ids)}"
        data = ("\n".join(lines) + "\n").encode()
        path.write_bytes(gzip.compress(data) if packed else data)
        return self.take(path, name)

    def recorded(self, day: date, key: str) -> Recorded:
        """The rows of a recording."""
        about = next(r for r in self.recordings.recordings(day) if r.instrument.key == key)
        found = self.recordings.load(about)
        assert found is not None
        return found


def faults(job: ImportJob) -> dict[str, FaultFound]:
    """The report by fault; checks that no row is lost on the way."""
    assert job.taken + job.repaired + job.refused == job.rows
    return {fault.fault: fault for fault in job.report}


def minute_rows(day: str, start: str = "09:15", count: int = 375, price: float = 22_000.0) -> list[str]:
    """`stamp,open,high,low,close,volume` rows of a day, a price a minute that rises by one."""
    hour, minute = (int(part) for part in start.split(":"))
    rows = []
    for i in range(count):
        at = hour * 60 + minute + i
        p = price + i
        rows.append(f"{day} {at // 60:02d}:{at % 60:02d}:00,{p},{p + 2},{p - 2},{p + 1},10")
    return rows


def ns(text: str) -> int:
    """Nanoseconds of a time in India."""
    return to_ns(datetime.fromisoformat(text).replace(tzinfo=IST))
